//! Frames of the JSON dialect: a 4-byte big-endian length, then that many bytes.
//!
//! It cuts buffers into frames and makes frames around payloads; what a payload means is for the
//! other modules.

use bytes::{Buf, Bytes, BytesMut};

/// Largest payload, in bytes, that the existing clients send and accept.
pub const FRAME_BYTES_MAX_DEFAULT: usize = 64 << 20;

const LENGTH_BYTES: usize = 4;
/// What the binary protocol begins with.
const BINARY_MAGIC: &[u8] = b"GD";
/// What is read at once when nothing is known of the next frame.
const READ_BYTES_MIN: usize = 16 << 10;
/// A frame of which this much has arrived is believed to be as long as it says.
const TRUSTED_BYTES: usize = 1 << 20;

/// Why the rest of a connection cannot be cut into frames. The sender has lost its place: answer
/// it, then close the connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A frame of length zero.
    #[error("Empty message received: a frame holds one JSON object")]
    Empty,
    /// Another protocol. (As a length its first bytes would stand for more than 1 GiB.)
    #[error(
        "this is the binary protocol of gunicorn 25.1 and later, which this host does not speak: \
         use a client of gunicorn 25.0"
    )]
    BinaryDialect,
    /// A frame longer than the limit.
    #[error("Message too large: {len} bytes (max: {max})")]
    TooLarge {
        /// Payload length in bytes.
        len: usize,
        /// The limit in bytes.
        max: usize,
    },
}

/// Takes the next whole frame off the front of `buf`: its payload, without the length. None means
/// that more must be read: see [`bytes_wanted`].
///
/// # Errors
/// The length is zero or above `frame_bytes_max`; found as soon as the length has arrived.
pub fn decode_frame(
    buf: &mut BytesMut,
    frame_bytes_max: usize,
) -> Result<Option<Bytes>, FrameError> {
    let Some(len) = claimed_length(buf) else {
        return Ok(None);
    };
    if buf.starts_with(BINARY_MAGIC) {
        return Err(FrameError::BinaryDialect);
    }
    check_length(len, frame_bytes_max)?;
    if buf.len() - LENGTH_BYTES < len {
        return Ok(None);
    }
    buf.advance(LENGTH_BYTES);
    let payload = buf.split_to(len).freeze();
    if len > TRUSTED_BYTES {
        // Else the connection would go on reading into, and so keep, an allocation of this size.
        *buf = BytesMut::from(&buf[..]);
    }
    Ok(Some(payload))
}

/// Of a frame that [`decode_frame`] has found unfinished: the part of its payload that is in `buf`,
/// and how many bytes are still to come. None while not even its length has arrived.
pub fn begun_frame(buf: &[u8]) -> Option<(&[u8], usize)> {
    let len = claimed_length(buf)?;
    let payload = &buf[LENGTH_BYTES..];
    Some((payload, len.saturating_sub(payload.len())))
}

/// How many bytes of capacity to reserve in `buf` for the next read.
///
/// It grows with what has arrived, so that memory is spent only on clients that send: a claimed
/// length alone reserves nothing.
pub fn bytes_wanted(buf: &BytesMut) -> usize {
    let Some(len) = claimed_length(buf) else {
        return READ_BYTES_MIN;
    };
    let arrived = buf.len() - LENGTH_BYTES;
    let missing = len.saturating_sub(arrived);
    if arrived >= TRUSTED_BYTES {
        missing.max(READ_BYTES_MIN)
    } else {
        missing.min(arrived).max(READ_BYTES_MIN)
    }
}

/// Appends one frame with the payload that `write` appends. On an error `out` is as it was.
pub(super) fn append_frame(
    out: &mut Vec<u8>,
    frame_bytes_max: usize,
    write: impl FnOnce(&mut Vec<u8>),
) -> Result<(), FrameError> {
    let start = out.len();
    out.extend_from_slice(&[0; LENGTH_BYTES]);
    write(out);
    let len = out.len() - start - LENGTH_BYTES;
    match check_length(len, frame_bytes_max) {
        Ok(length) => {
            out[start..start + LENGTH_BYTES].copy_from_slice(&length.to_be_bytes());
            Ok(())
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}

fn claimed_length(buf: &[u8]) -> Option<usize> {
    let length = buf.first_chunk::<LENGTH_BYTES>()?;
    // Where a length does not fit into usize, it is above every limit.
    Some(usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX))
}

fn check_length(len: usize, max: usize) -> Result<u32, FrameError> {
    if len == 0 {
        return Err(FrameError::Empty);
    }
    match u32::try_from(len) {
        Ok(length) if len <= max => Ok(length),
        _ => Err(FrameError::TooLarge { len, max }),
    }
}

#[cfg(test)]
#[path = "tests/frame.rs"]
mod tests;
