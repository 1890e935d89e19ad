//! Replies in the binary dialect, as a worker or the arbiter writes them.

use serde_json::Value;

use super::super::buffer::Buffer;
use super::super::error::WireError;
use super::super::frame::check_length_max;
use super::super::value::{ReplyFault, ReplyValue};
use super::code;
use super::header::{HEADER_BYTES, Header, Kind};
use super::to_tlv::append_tlv;

/// Appends the frame that ends the call `id` with a result.
///
/// # Errors
/// The value cannot be sent in this dialect; `out` is as it was.
pub(in super::super) fn write_response(
    out: &mut impl Buffer,
    id: &str,
    result: ReplyValue<'_>,
    frame_bytes_max: usize,
) -> Result<(), ReplyFault> {
    write_value(out, Kind::Response, id, ("result", result), frame_bytes_max)
}

/// Appends a frame with one chunk of a stream.
///
/// # Errors
/// The value cannot be sent in this dialect; `out` is as it was.
pub(in super::super) fn write_chunk(
    out: &mut impl Buffer,
    id: &str,
    data: ReplyValue<'_>,
    frame_bytes_max: usize,
) -> Result<(), ReplyFault> {
    write_value(out, Kind::Chunk, id, ("data", data), frame_bytes_max)
}

/// Appends the frame that ends the stream `id`.
pub(in super::super) fn write_end(out: &mut impl Buffer, id: &str) {
    let header = Header {
        kind: Kind::End,
        len: 0,
        id: number(id),
    };
    out.extend_from_slice(&header.to_bytes());
}

/// Appends the frame that ends the call `id` with an error, its texts cut as in the other dialect.
pub(in super::super) fn write_error(out: &mut impl Buffer, id: &str, error: &WireError) {
    append_frame(out, Kind::Error, id, usize::MAX, |out| {
        let error = error.fitted();
        append_dict(out, 1);
        append_text(out, "error");
        append_dict(out, 3);
        append_text(out, "error_type");
        append_text(out, error.error_type.as_str());
        append_text(out, "message");
        append_text(out, &error.message);
        append_text(out, "details");
        append_dict(out, error.details.len());
        for (key, value) in &error.details {
            append_text(out, key);
            append_own(out, value);
        }
        Ok(())
    })
    .expect("an error is far below 4 GiB");
}

fn write_value(
    out: &mut impl Buffer,
    kind: Kind,
    id: &str,
    (name, value): (&str, ReplyValue<'_>),
    frame_bytes_max: usize,
) -> Result<(), ReplyFault> {
    let payload_at = out.len() + HEADER_BYTES;
    append_frame(out, kind, id, frame_bytes_max, |out| {
        append_dict(out, 1);
        append_text(out, name);
        append_tlv(out, value, payload_at, frame_bytes_max)
    })
}

/// Appends one frame with the payload that `write` appends. On an error `out` is as it was.
fn append_frame<B: Buffer>(
    out: &mut B,
    kind: Kind,
    id: &str,
    frame_bytes_max: usize,
    write: impl FnOnce(&mut B) -> Result<(), ReplyFault>,
) -> Result<(), ReplyFault> {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_BYTES]);
    let written = write(out).and_then(|()| {
        let len = out.len() - start - HEADER_BYTES;
        Ok::<u32, ReplyFault>(check_length_max(len, frame_bytes_max)?)
    });
    match written {
        Ok(len) => {
            let id = number(id);
            let header = Header { kind, len, id };
            out[start..start + HEADER_BYTES].copy_from_slice(&header.to_bytes());
            Ok(())
        }
        Err(fault) => {
            out.truncate(start);
            Err(fault)
        }
    }
}

/// The id as a header has it. Where it is none of this dialect's, because no request could be read,
/// it is 0.
fn number(id: &str) -> u64 {
    id.parse().unwrap_or(0)
}

/// A value of our own: of an error's details, which are few and flat.
fn append_own(out: &mut impl Buffer, value: &Value) {
    match value {
        Value::Null => out.push(code::NONE),
        Value::Bool(value) => out.extend_from_slice(&[code::BOOL, u8::from(*value)]),
        Value::Number(number) => match number.as_i64() {
            Some(number) => append_number(out, code::INT64, number.to_be_bytes()),
            None => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                append_number(out, code::FLOAT64, number.to_be_bytes());
            }
        },
        Value::String(text) => append_text(out, text),
        Value::Array(items) => {
            append_prefix(out, code::LIST, items.len());
            for item in items {
                append_own(out, item);
            }
        }
        Value::Object(members) => {
            append_dict(out, members.len());
            for (key, value) in members {
                append_text(out, key);
                append_own(out, value);
            }
        }
    }
}

fn append_number(out: &mut impl Buffer, code: u8, bytes: [u8; 8]) {
    out.push(code);
    out.extend_from_slice(&bytes);
}

fn append_text(out: &mut impl Buffer, text: &str) {
    append_prefix(out, code::STRING, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn append_dict(out: &mut impl Buffer, pairs: usize) {
    append_prefix(out, code::DICT, pairs);
}

fn append_prefix(out: &mut impl Buffer, code: u8, number: usize) {
    let number = u32::try_from(number).expect("what is our own is short");
    out.push(code);
    out.extend_from_slice(&number.to_be_bytes());
}
