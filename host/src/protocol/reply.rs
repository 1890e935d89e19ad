//! Replies: how a worker or the arbiter writes them, and how a client reads them.
//!
//! Results and chunks are JSON text on both sides, not converted but for an app's binaries. Whoever
//! writes one has checked it with [`check_value`](super::check_value), or says that nobody has.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::buffer::Buffer;
use super::client_values::append_for_client;
use super::error::WireError;
use super::frame::{append_frame, try_append_frame};
use super::json::has_dollar_keys;
use super::value::{ReplyFault, ReplyValue};

/// Appends the frame that ends the call `id` with `result`. `id` is the JSON text of the request's
/// id.
///
/// # Errors
/// The frame would be above `frame_bytes_max`, or an app's value names a binary that does not exist;
/// `out` is as it was.
pub fn write_response<'a>(
    out: &mut impl Buffer,
    id: &str,
    result: impl Into<ReplyValue<'a>>,
    frame_bytes_max: usize,
) -> Result<(), ReplyFault> {
    let head = [r#"{"type":"response","id":"#, id, r#","result":"#];
    write_value(out, head, result.into(), frame_bytes_max)
}

/// Appends a frame with one chunk of a stream: `data`.
///
/// # Errors
/// As [`write_response`].
pub fn write_chunk<'a>(
    out: &mut impl Buffer,
    id: &str,
    data: impl Into<ReplyValue<'a>>,
    frame_bytes_max: usize,
) -> Result<(), ReplyFault> {
    let head = [r#"{"type":"chunk","id":"#, id, r#","data":"#];
    write_value(out, head, data.into(), frame_bytes_max)
}

/// Appends the frame that ends the stream `id`.
pub fn write_end(out: &mut impl Buffer, id: &str) {
    write_small(out, &[r#"{"type":"end","id":"#, id, "}"]);
}

/// Appends the frame that ends the call `id` with an error. An error with more text than
/// [`ERROR_TEXT_BYTES_MAX`](super::ERROR_TEXT_BYTES_MAX) is cut.
pub fn write_error(out: &mut impl Buffer, id: &str, error: &WireError) {
    let error = error.to_json();
    let error = std::str::from_utf8(&error).expect("JSON is UTF-8");
    let parts = [r#"{"type":"error","id":"#, id, r#","error":"#, error, "}"];
    write_small(out, &parts);
}

fn write_value(
    out: &mut impl Buffer,
    head: [&str; 3],
    value: ReplyValue<'_>,
    frame_bytes_max: usize,
) -> Result<(), ReplyFault> {
    try_append_frame(out, frame_bytes_max, |out| {
        let payload_at = out.len();
        let head_len: usize = head.iter().map(|part| part.len()).sum();
        out.reserve(head_len + value.json().len() + 1);
        push_all(out, &head);
        match value {
            ReplyValue::Plain(json) => push_all(out, &[json]),
            ReplyValue::Unchecked { json, blobs } if has_dollar_keys(json)? => {
                append_for_client(out, json, blobs, payload_at, frame_bytes_max)?;
            }
            ReplyValue::Unchecked { json, .. } => push_all(out, &[json]),
            ReplyValue::App { json, blobs } => {
                append_for_client(out, json, blobs, payload_at, frame_bytes_max)?;
            }
        }
        out.push(b'}');
        Ok(())
    })
}

/// Ids and errors are bounded, so what is made of them alone needs no limit.
fn write_small(out: &mut impl Buffer, parts: &[&str]) {
    append_frame(out, usize::MAX, |out| push_all(out, parts))
        .expect("ids and errors are far below 4 GiB");
}

fn push_all(out: &mut impl Buffer, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

/// A reply as its client reads it.
#[derive(Debug)]
pub struct Reply<'a> {
    /// The JSON text of the id of the request that it answers; `null` where the host could not
    /// tell which one that is.
    pub id: &'a str,
    /// What the host answers.
    pub body: ReplyBody<'a>,
}

/// What a reply says.
#[derive(Debug)]
pub enum ReplyBody<'a> {
    /// The result; the call has ended.
    Response(&'a RawValue),
    /// A chunk; more may follow.
    Chunk(&'a RawValue),
    /// The stream has ended.
    End,
    /// The call has failed and ended.
    Error(WireError),
}

/// Why a frame from the host is no reply.
#[derive(Debug, thiserror::Error)]
pub enum ReplyError {
    /// It is not the JSON of a reply.
    #[error("the host sent a malformed reply: {0}")]
    Malformed(#[from] serde_json::Error),
    /// An error reply that lacks its error.
    #[error("the host sent an error reply without an `error`")]
    NoError,
}

/// Reads the reply in `frame`.
///
/// # Errors
/// The frame is not a reply. The frames after it may be sound.
pub fn read_reply(frame: &[u8]) -> Result<Reply<'_>, ReplyError> {
    let fields: ReplyFields<'_> = serde_json::from_slice(frame)?;
    let body = match fields.kind {
        ReplyKind::Response => ReplyBody::Response(fields.result.unwrap_or(RawValue::NULL)),
        ReplyKind::Chunk => ReplyBody::Chunk(fields.data.unwrap_or(RawValue::NULL)),
        ReplyKind::End => ReplyBody::End,
        ReplyKind::Error => ReplyBody::Error(fields.error.ok_or(ReplyError::NoError)?),
    };
    let id = fields.id.unwrap_or(RawValue::NULL).get();
    Ok(Reply { id, body })
}

#[derive(Deserialize)]
struct ReplyFields<'a> {
    #[serde(rename = "type")]
    kind: ReplyKind,
    // None stands for `null`, too.
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<WireError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ReplyKind {
    Response,
    Chunk,
    End,
    Error,
}

#[cfg(test)]
#[path = "tests/reply.rs"]
mod tests;
