//! Frames of the JSON dialect: a 4-byte big-endian length, then that many bytes.
//!
//! It cuts buffers into frames and makes frames around payloads; what a payload means is for the
//! other modules.

use bytes::{Buf, Bytes, BytesMut};

use super::buffer::Buffer;

/// Largest payload, in bytes, that the existing clients send and accept.
pub const FRAME_BYTES_MAX_DEFAULT: usize = 64 << 20;

const LENGTH_BYTES: usize = 4;
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
    /// A frame longer than the limit.
    #[error("Message too large: {len} bytes (max: {max})")]
    TooLarge {
        /// Payload length in bytes.
        len: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// A frame of the binary dialect that does not begin as its frames do.
    #[error("Invalid magic: a frame of the binary protocol begins with `GD`")]
    NoMagic,
    /// A frame of the binary dialect, in a version that nobody knows.
    #[error("Unsupported protocol version: {version}, expected 1")]
    UnknownVersion {
        /// The version.
        version: u8,
    },
    /// A frame of the binary dialect, of a type that nobody knows.
    #[error("Unknown message type: {code:#04x}")]
    UnknownType {
        /// The type's byte.
        code: u8,
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
    check_length(len, frame_bytes_max)?;
    if buf.len() - LENGTH_BYTES < len {
        return Ok(None);
    }
    buf.advance(LENGTH_BYTES);
    Ok(Some(split_frame(buf, len)))
}

/// Takes `len` bytes, which are there, off the front of `buf`.
pub(super) fn split_frame(buf: &mut BytesMut, len: usize) -> Bytes {
    let frame = buf.split_to(len).freeze();
    if len > TRUSTED_BYTES {
        // Else the connection would go on reading into, and so keep, an allocation of this size.
        *buf = BytesMut::from(&buf[..]);
    }
    frame
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
    capacity_wanted(claimed_length(buf).map(|len| (buf.len() - LENGTH_BYTES, len)))
}

/// The same, of a frame of which it is known how much has arrived and how long it claims to be.
pub(super) fn capacity_wanted(begun: Option<(usize, usize)>) -> usize {
    let Some((arrived, len)) = begun else {
        return READ_BYTES_MIN;
    };
    let missing = len.saturating_sub(arrived);
    if arrived >= TRUSTED_BYTES {
        missing.max(READ_BYTES_MIN)
    } else {
        missing.min(arrived).max(READ_BYTES_MIN)
    }
}

/// Appends one frame with the payload that `write` appends. On an error `out` is as it was.
pub(super) fn append_frame<B: Buffer>(
    out: &mut B,
    frame_bytes_max: usize,
    write: impl FnOnce(&mut B),
) -> Result<(), FrameError> {
    try_append_frame(out, frame_bytes_max, |out| {
        write(out);
        Ok(())
    })
}

/// The same, of a payload that may turn out to be impossible.
pub(super) fn try_append_frame<B: Buffer, E: From<FrameError>>(
    out: &mut B,
    frame_bytes_max: usize,
    write: impl FnOnce(&mut B) -> Result<(), E>,
) -> Result<(), E> {
    let start = out.len();
    out.extend_from_slice(&[0; LENGTH_BYTES]);
    let written = write(out).and_then(|()| {
        let len = out.len() - start - LENGTH_BYTES;
        Ok(check_length(len, frame_bytes_max)?)
    });
    match written {
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
    check_length_max(len, max)
}

/// A payload's length as it stands in a frame, if it is not too long.
pub(super) fn check_length_max(len: usize, max: usize) -> Result<u32, FrameError> {
    match u32::try_from(len) {
        Ok(length) if len <= max => Ok(length),
        _ => Err(FrameError::TooLarge { len, max }),
    }
}

#[cfg(test)]
#[path = "tests/frame.rs"]
mod tests;
