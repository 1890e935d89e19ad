//! Frames of the binary dialect: magic, version, type, length and id in 16 bytes, big-endian, then
//! the payload.
//!
//! A frame is passed on with its header, because the type and the id stand nowhere else.

use bytes::{Bytes, BytesMut};

use super::super::fields::EnvelopeError;
use super::super::frame::{FrameError, capacity_wanted, check_length_max, split_frame};
use super::super::id::RawId;
use super::cursor::TlvError;

/// What every frame begins with. As a length of the JSON dialect it would be above 1 GiB.
pub(in super::super) const MAGIC: [u8; 2] = *b"GD";

pub(super) const HEADER_BYTES: usize = 16;
const VERSION: u8 = 1;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Request = 0x01,
    Response = 0x02,
    Error = 0x03,
    Chunk = 0x04,
    End = 0x05,
    Stash = 0x10,
    Status = 0x11,
    Manage = 0x12,
}

impl Kind {
    const ALL: [Kind; 8] = [
        Kind::Request,
        Kind::Response,
        Kind::Error,
        Kind::Chunk,
        Kind::End,
        Kind::Stash,
        Kind::Status,
        Kind::Manage,
    ];

    /// What the JSON dialect calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Request => "request",
            Kind::Response => "response",
            Kind::Error => "error",
            Kind::Chunk => "chunk",
            Kind::End => "end",
            Kind::Stash => "stash",
            Kind::Status => "status",
            Kind::Manage => "manage",
        }
    }
}

/// The header of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    /// Length of the payload in bytes.
    pub(super) len: u32,
    pub(super) id: u64,
}

impl Header {
    /// The header that `buf` begins with; None if it has not arrived as a whole. What is wrong is
    /// found as soon as it is there.
    pub(super) fn read(buf: &[u8]) -> Result<Option<Header>, FrameError> {
        if !MAGIC.starts_with(&buf[..buf.len().min(MAGIC.len())]) {
            return Err(FrameError::NoMagic);
        }
        if let Some(&version) = buf.get(2)
            && version != VERSION
        {
            return Err(FrameError::UnknownVersion { version });
        }
        let Some(&code) = buf.get(3) else {
            return Ok(None);
        };
        let kind = Kind::ALL.into_iter().find(|kind| *kind as u8 == code);
        let kind = kind.ok_or(FrameError::UnknownType { code })?;
        let Some([_, _, _, _, l0, l1, l2, l3, id @ ..]) = buf.first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        Ok(Some(Header {
            kind,
            len: u32::from_be_bytes([*l0, *l1, *l2, *l3]),
            id: u64::from_be_bytes(*id),
        }))
    }

    /// The header of a frame that has been cut off.
    pub(super) fn of_frame(frame: &[u8]) -> Result<Header, EnvelopeError> {
        let header = Self::read(frame).ok().flatten();
        header.ok_or_else(|| EnvelopeError {
            id: RawId::null(),
            fault: TlvError::Truncated { at: 0 }.into(),
        })
    }

    pub(super) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..2].copy_from_slice(&MAGIC);
        bytes[2] = VERSION;
        bytes[3] = self.kind as u8;
        bytes[4..8].copy_from_slice(&self.len.to_be_bytes());
        bytes[8..].copy_from_slice(&self.id.to_be_bytes());
        bytes
    }

    /// Length of header and payload together.
    fn frame_len(self) -> usize {
        HEADER_BYTES.saturating_add(usize::try_from(self.len).unwrap_or(usize::MAX))
    }
}

/// Takes the next whole frame off the front of `buf`, with its header. None means that more must be
/// read.
///
/// # Errors
/// The header makes no sense, or announces more than `frame_bytes_max` of payload.
pub(in super::super) fn decode_frame(
    buf: &mut BytesMut,
    frame_bytes_max: usize,
) -> Result<Option<Bytes>, FrameError> {
    let Some(header) = Header::read(buf)? else {
        return Ok(None);
    };
    let len = header.frame_len();
    check_length_max(len - HEADER_BYTES, frame_bytes_max)?;
    Ok((buf.len() >= len).then(|| split_frame(buf, len)))
}

/// Of a frame that [`decode_frame`] has found unfinished: the part that is in `buf`, and how many
/// bytes are still to come. None while its header has not arrived.
pub(in super::super) fn begun_frame(buf: &[u8]) -> Option<(&[u8], usize)> {
    let header = Header::read(buf).ok().flatten()?;
    Some((buf, header.frame_len().saturating_sub(buf.len())))
}

/// How many bytes of capacity to reserve in `buf` for the next read.
pub(in super::super) fn bytes_wanted(buf: &BytesMut) -> usize {
    let header = Header::read(buf).ok().flatten();
    capacity_wanted(header.map(|header| (buf.len(), header.frame_len())))
}
