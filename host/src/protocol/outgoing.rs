//! What a client of ours sends.
//!
//! It writes the fields that the arbiter reads before the arguments, so that the arbiter need not
//! look further.

use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;

use super::frame::{FrameError, append_frame};
use super::stash::StashOperation;

/// A request to be written.
#[derive(Debug, Clone, Copy)]
pub struct RequestParts<'a> {
    /// The app's name.
    pub app_path: &'a str,
    /// What the app is to do.
    pub action: &'a str,
    /// Positional arguments.
    pub args: &'a [Box<RawValue>],
    /// Arguments by name; each name once.
    pub kwargs: &'a [(String, Box<RawValue>)],
    /// A limit of the client's own, which may only shorten the app's.
    pub timeout: Option<Duration>,
}

/// A command to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum ControlParts<'a> {
    /// See [`Command::Reload`](super::Command::Reload).
    Reload {
        /// The app, or all of them.
        #[serde(skip_serializing_if = "Option::is_none")]
        app: Option<&'a str>,
    },
    /// See [`Command::Restart`](super::Command::Restart).
    Restart {
        /// The app.
        app: &'a str,
    },
    /// See [`Command::Scale`](super::Command::Scale).
    Scale {
        /// The app.
        app: &'a str,
        /// How many workers.
        workers: u32,
    },
}

/// A use of the stash to be written.
#[derive(Debug, Clone, Copy)]
pub struct StashParts<'a> {
    /// What is to be done.
    pub operation: StashOperation,
    /// The name of the table.
    pub table: &'a str,
    /// The key, where the operation has one.
    pub key: Option<&'a str>,
    /// The value, where the operation has one.
    pub value: Option<&'a RawValue>,
    /// Which keys are meant, where the operation lists them.
    pub pattern: Option<&'a str>,
    /// After which time the value is to be forgotten, where the operation has one.
    pub ttl: Option<Duration>,
    /// What is to be added, where the operation adds.
    pub delta: Option<i64>,
    /// The value that should be there, where the operation compares.
    pub expected: Option<&'a RawValue>,
}

/// Appends the frame of a request that may be in flight beside others (`multiplex`).
///
/// # Errors
/// The frame would be above `frame_bytes_max`; `out` is as it was.
pub fn write_request(
    out: &mut Vec<u8>,
    id: u64,
    request: &RequestParts<'_>,
    frame_bytes_max: usize,
) -> Result<(), FrameError> {
    append_frame(out, frame_bytes_max, |out| {
        out.extend_from_slice(br#"{"type":"request","id":"#);
        append_json(out, &id);
        out.extend_from_slice(br#","app_path":"#);
        append_json(out, request.app_path);
        out.extend_from_slice(br#","action":"#);
        append_json(out, request.action);
        out.extend_from_slice(br#","multiplex":true"#);
        if let Some(timeout) = request.timeout {
            out.extend_from_slice(br#","timeout":"#);
            append_json(out, &timeout.as_secs_f64());
        }
        out.extend_from_slice(br#","args":"#);
        append_json(out, request.args);
        out.extend_from_slice(br#","kwargs":{"#);
        for (index, (name, value)) in request.kwargs.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            append_json(out, name);
            out.push(b':');
            out.extend_from_slice(value.get().as_bytes());
        }
        out.extend_from_slice(b"}}");
    })
}

/// Appends the frame that cancels the call `id`.
pub fn write_cancel(out: &mut Vec<u8>, id: u64) {
    write_bare(out, "cancel", id);
}

/// Appends the frame that asks for the host's status; it is answered as a call is.
pub fn write_status(out: &mut Vec<u8>, id: u64) {
    write_bare(out, "status", id);
}

/// Appends the frame of a command; it is answered as a call is.
///
/// # Errors
/// The frame would be above `frame_bytes_max`; `out` is as it was.
pub fn write_control(
    out: &mut Vec<u8>,
    id: u64,
    control: &ControlParts<'_>,
    frame_bytes_max: usize,
) -> Result<(), FrameError> {
    #[derive(Serialize)]
    struct Message<'a> {
        #[serde(rename = "type")]
        kind: &'static str,
        id: u64,
        #[serde(flatten)]
        control: &'a ControlParts<'a>,
    }
    let message = Message {
        kind: "control",
        id,
        control,
    };
    append_frame(out, frame_bytes_max, |out| append_json(out, &message))
}

/// Appends the frame of a use of the stash; it is answered as a call is.
///
/// # Errors
/// The frame would be above `frame_bytes_max`; `out` is as it was.
pub fn write_stash(
    out: &mut Vec<u8>,
    id: u64,
    stash: &StashParts<'_>,
    frame_bytes_max: usize,
) -> Result<(), FrameError> {
    #[derive(Serialize)]
    struct Message<'a> {
        #[serde(rename = "type")]
        kind: &'static str,
        id: u64,
        op: u8,
        table: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pattern: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<&'a RawValue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        ttl: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        delta: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        expected: Option<&'a RawValue>,
    }
    let message = Message {
        kind: "stash",
        id,
        op: stash.operation.number(),
        table: stash.table,
        key: stash.key,
        pattern: stash.pattern,
        value: stash.value,
        ttl: stash.ttl.map(|ttl| ttl.as_secs_f64()),
        delta: stash.delta,
        expected: stash.expected,
    };
    append_frame(out, frame_bytes_max, |out| append_json(out, &message))
}

fn write_bare(out: &mut Vec<u8>, kind: &str, id: u64) {
    let payload = format!(r#"{{"type":"{kind}","id":{id}}}"#);
    append_frame(out, payload.len(), |out| {
        out.extend_from_slice(payload.as_bytes());
    })
    .expect("a type and a number are a short frame");
}

fn append_json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("strings, numbers and raw JSON are always JSON");
}

#[cfg(test)]
#[path = "tests/outgoing.rs"]
mod tests;
