//! The dialects that a connection may speak, behind one type.
//!
//! The arbiter and the workers read and write through it, so that they do not know which dialects
//! there are. A connection's dialect is detected once and never changes.

use bytes::{Bytes, BytesMut};

use super::buffer::Buffer;
use super::stash::read_json_stash;
use super::{
    EnvelopeError, EnvelopeFault, FrameError, Message, ReplyFault, ReplyValue, Request, Sketch,
    StashRequest, WireError, begun_frame, bytes_wanted, decode_frame, gd, read_beginning,
    read_envelope, read_request, write_chunk, write_end, write_error, write_response,
};

/// How messages are written on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// JSON objects behind a 4-byte length: what gunicorn 25.0 speaks, and our own clients.
    Json,
    /// TLV behind a 16-byte header: what gunicorn 25.1 and later speak.
    Gd,
}

impl Dialect {
    /// Tells the dialect from the first bytes of a connection; None while they are too few.
    pub fn detect(first_bytes: &[u8]) -> Option<Self> {
        if first_bytes.starts_with(&gd::MAGIC) {
            Some(Self::Gd)
        } else if gd::MAGIC.starts_with(first_bytes) {
            None
        } else {
            Some(Self::Json)
        }
    }

    /// The dialect of a frame that [`read_envelope`](Self::read_envelope) has taken. (A message of
    /// the JSON dialect begins with a bracket or a space.)
    pub fn of_frame(frame: &[u8]) -> Self {
        match frame.starts_with(&gd::MAGIC) {
            true => Self::Gd,
            false => Self::Json,
        }
    }

    /// See [`decode_frame`].
    ///
    /// # Errors
    /// The connection cannot be read further.
    pub fn decode_frame(
        self,
        buf: &mut BytesMut,
        frame_bytes_max: usize,
    ) -> Result<Option<Bytes>, FrameError> {
        match self {
            Self::Json => decode_frame(buf, frame_bytes_max),
            Self::Gd => gd::decode_frame(buf, frame_bytes_max),
        }
    }

    /// See [`begun_frame`].
    pub fn begun_frame(self, buf: &[u8]) -> Option<(&[u8], usize)> {
        match self {
            Self::Json => begun_frame(buf),
            Self::Gd => gd::begun_frame(buf),
        }
    }

    /// See [`bytes_wanted`].
    pub fn bytes_wanted(self, buf: &BytesMut) -> usize {
        match self {
            Self::Json => bytes_wanted(buf),
            Self::Gd => gd::bytes_wanted(buf),
        }
    }

    /// See [`read_envelope`].
    ///
    /// # Errors
    /// The message is refused.
    pub fn read_envelope(self, frame: &Bytes) -> Result<Message, EnvelopeError> {
        match self {
            Self::Json => read_envelope(frame),
            Self::Gd => gd::read_envelope(frame),
        }
    }

    /// See [`read_beginning`].
    pub fn read_beginning(self, beginning: &Bytes) -> Sketch {
        match self {
            Self::Json => read_beginning(beginning),
            Self::Gd => gd::read_beginning(beginning),
        }
    }

    /// Reads a use of the stash, a message that [`read_envelope`](Self::read_envelope) has taken. A
    /// value may have `value_bytes_max` bytes as apps see it, its binaries included.
    ///
    /// # Errors
    /// It is malformed, or a value is too much.
    pub fn read_stash(
        self,
        frame: &[u8],
        value_bytes_max: usize,
    ) -> Result<StashRequest, EnvelopeFault> {
        match self {
            Self::Json => read_json_stash(frame, value_bytes_max),
            Self::Gd => gd::read_stash(frame, value_bytes_max),
        }
    }

    /// See [`read_request`].
    ///
    /// # Errors
    /// The request is refused.
    pub fn read_request(self, frame: &[u8]) -> Result<Request<'_>, EnvelopeError> {
        match self {
            Self::Json => read_request(frame),
            Self::Gd => gd::read_request(frame),
        }
    }

    /// See [`write_response`].
    ///
    /// # Errors
    /// The value cannot be sent in this dialect, or the frame would be too large.
    pub fn write_response<'a>(
        self,
        out: &mut impl Buffer,
        id: &str,
        result: impl Into<ReplyValue<'a>>,
        frame_bytes_max: usize,
    ) -> Result<(), ReplyFault> {
        match self {
            Self::Json => write_response(out, id, result, frame_bytes_max),
            Self::Gd => gd::write_response(out, id, result.into(), frame_bytes_max),
        }
    }

    /// See [`write_chunk`].
    ///
    /// # Errors
    /// The value cannot be sent in this dialect, or the frame would be too large.
    pub fn write_chunk<'a>(
        self,
        out: &mut impl Buffer,
        id: &str,
        data: impl Into<ReplyValue<'a>>,
        frame_bytes_max: usize,
    ) -> Result<(), ReplyFault> {
        match self {
            Self::Json => write_chunk(out, id, data, frame_bytes_max),
            Self::Gd => gd::write_chunk(out, id, data.into(), frame_bytes_max),
        }
    }

    /// See [`write_end`].
    pub fn write_end(self, out: &mut impl Buffer, id: &str) {
        match self {
            Self::Json => write_end(out, id),
            Self::Gd => gd::write_end(out, id),
        }
    }

    /// See [`write_error`].
    pub fn write_error(self, out: &mut impl Buffer, id: &str, error: &WireError) {
        match self {
            Self::Json => write_error(out, id, error),
            Self::Gd => gd::write_error(out, id, error),
        }
    }
}
