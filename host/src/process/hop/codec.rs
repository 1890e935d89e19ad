//! The messages of the hop protocol as bytes.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use serde::{Serialize, de::DeserializeOwned};

use super::limits::payload_bytes_max;
use super::{CallId, Deadline, Down, Fate, HopError, Taint, Up, WorkerId};
use crate::logline::{LogLevel, LogSource};
use crate::stash::{StashAnswer, StashError};

/// Length of a message's header.
const HEADER_BYTES: usize = 16;

/// A buffer starts with this much room, and grows by what a started message still lacks.
const READ_BYTES_MIN: usize = 64 << 10;

/// Room for a large message is made in one go only when this much of it has arrived.
const READ_BYTES_STEP: usize = 1 << 20;

/// A message as it is written: the header with a call's fixed fields, then the payload.
#[derive(Debug)]
pub(crate) struct Encoded {
    head: [u8; HEADER_BYTES + CALL_FIELDS_BYTES],
    head_bytes: usize,
    /// The rest of the message, shared, not copied.
    pub body: Bytes,
}

impl Encoded {
    /// The first part of the message.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head[..self.head_bytes]
    }
}

/// Deadline and timeout of a call, in nanoseconds; `u64::MAX` for none.
const CALL_FIELDS_BYTES: usize = 16;

/// The length of a frame that lies in shared memory.
const FRAME_LEN_BYTES: usize = 8;

mod kind {
    pub(super) const SETUP: u8 = 1;
    pub(super) const FORK: u8 = 2;
    pub(super) const CALL: u8 = 3;
    pub(super) const CANCEL: u8 = 4;
    pub(super) const STOP: u8 = 5;
    pub(super) const STASH_ANSWER: u8 = 6;
    pub(super) const HELLO: u8 = 32;
    pub(super) const STAGE: u8 = 33;
    pub(super) const INITIALISED: u8 = 34;
    pub(super) const FAILED: u8 = 35;
    pub(super) const FORKED: u8 = 36;
    pub(super) const FORK_FAILED: u8 = 37;
    pub(super) const EXITED: u8 = 38;
    pub(super) const READY: u8 = 39;
    pub(super) const CHUNK: u8 = 40;
    pub(super) const FINAL: u8 = 41;
    pub(super) const LOG: u8 = 42;
    pub(super) const OVER_MEMORY: u8 = 43;
    pub(super) const STASH: u8 = 44;
    pub(super) const WANTS_WORKERS: u8 = 45;
}

/// Of the flags: the payload ends with the length of a frame that lies in shared memory, u64.
const IN_AREA: u8 = 0x80;

/// Where a header has its flags.
const FLAGS_OFFSET: usize = 5;

/// Where a header has its order.
const ORDER_OFFSET: usize = 6;

/// The header of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    len: usize,
    kind: u8,
    flags: u8,
    subject: u64,
}

impl Header {
    /// As it is written.
    pub(crate) fn bytes(self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        out[..4].copy_from_slice(&(self.len as u32).to_le_bytes());
        out[4] = self.kind;
        out[FLAGS_OFFSET] = self.flags;
        out[8..].copy_from_slice(&self.subject.to_le_bytes());
        out
    }

    /// Of a chunk whose payload has this length.
    pub(crate) fn chunk(call: CallId, len: usize) -> Header {
        Header {
            len,
            kind: kind::CHUNK,
            flags: 0,
            subject: call.0,
        }
    }

    /// Of the end of a reply, whose payload has this length.
    pub(crate) fn last(call: CallId, fate: Fate, len: usize) -> Header {
        Header {
            len,
            kind: kind::FINAL,
            flags: fate_flags(fate),
            subject: call.0,
        }
    }

    /// Of a line for the log, whose text has this length.
    pub(crate) fn log(
        call: Option<CallId>,
        source: LogSource,
        level: LogLevel,
        len: usize,
    ) -> Header {
        let flags = (source as u8) << 4 | level as u8;
        let subject = call.map_or(0, |call| call.0);
        Header {
            len,
            kind: kind::LOG,
            flags,
            subject,
        }
    }

    /// The same message with its frame in shared memory, and what it carries instead.
    pub(crate) fn in_area(self) -> (Header, [u8; FRAME_LEN_BYTES]) {
        let header = Header {
            len: FRAME_LEN_BYTES,
            flags: self.flags | IN_AREA,
            ..self
        };
        (header, (self.len as u64).to_le_bytes())
    }

    /// The frame: what is left of the payload, or what `borrow` has of this length.
    fn frame(
        &self,
        payload: Bytes,
        borrow: impl FnOnce(usize) -> Option<Bytes>,
    ) -> Result<Bytes, HopError> {
        if self.flags & IN_AREA == 0 {
            return Ok(payload);
        }
        let len = payload[..].try_into().map(u64::from_le_bytes).ok();
        let frame = len.and_then(|len| borrow(usize::try_from(len).ok()?));
        frame.ok_or(HopError::Payload { kind: self.kind })
    }
}

/// A header with its message's place among those that went over the socket; none if it is no header.
pub(crate) fn with_order(header: &[u8], order: u16) -> Option<[u8; HEADER_BYTES]> {
    let mut header: [u8; HEADER_BYTES] = header.try_into().ok()?;
    header[ORDER_OFFSET..][..2].copy_from_slice(&order.to_le_bytes());
    Some(header)
}

/// The place of the message that these bytes begin with, if its header is there.
pub(crate) fn order_of(bytes: &[u8]) -> Option<u16> {
    let header = bytes.first_chunk::<HEADER_BYTES>()?;
    Some(u16::from_le_bytes([
        header[ORDER_OFFSET],
        header[ORDER_OFFSET + 1],
    ]))
}

/// Bit 0: tainted; bit 1, with it: it lacked memory.
fn fate_flags(fate: Fate) -> u8 {
    match fate {
        Fate::Healthy => 0,
        Fate::Tainted(Taint::Trap) => 1,
        Fate::Tainted(Taint::Memory) => 3,
    }
}

fn fate(flags: u8) -> Option<Fate> {
    match flags {
        0 => Some(Fate::Healthy),
        1 => Some(Fate::Tainted(Taint::Trap)),
        3 => Some(Fate::Tainted(Taint::Memory)),
        _ => None,
    }
}

/// Takes the next whole message from `buf`, if there is one. The payload of a large one does not
/// share its memory with what is read next.
pub(crate) fn next_message(
    buf: &mut BytesMut,
    frame_bytes_max: usize,
) -> Result<Option<(Header, Bytes)>, HopError> {
    let Some(len) = announced(buf) else {
        return Ok(None);
    };
    if len > payload_bytes_max(frame_bytes_max) {
        return Err(HopError::TooLong(len));
    }
    if buf.len() < HEADER_BYTES + len {
        return Ok(None);
    }
    let mut head = buf.split_to(HEADER_BYTES);
    head.advance(4);
    let (kind, flags) = (head.get_u8(), head.get_u8());
    head.advance(2);
    let subject = head.get_u64_le();
    let payload = buf.split_to(len).freeze();
    if len > READ_BYTES_STEP {
        // Else the link would go on reading into, and so keep, an allocation of this size.
        *buf = BytesMut::from(&buf[..]);
    }
    let header = Header {
        len,
        kind,
        flags,
        subject,
    };
    Ok(Some((header, payload)))
}

/// How much room the next read into `buf` should have.
pub(crate) fn bytes_wanted(buf: &BytesMut) -> usize {
    let missing = announced(buf).map_or(0, |len| (HEADER_BYTES + len).saturating_sub(buf.len()));
    if buf.len() < READ_BYTES_STEP {
        missing.clamp(READ_BYTES_MIN, READ_BYTES_STEP)
    } else {
        missing.max(READ_BYTES_MIN)
    }
}

fn announced(buf: &BytesMut) -> Option<usize> {
    let len = buf
        .first_chunk::<4>()
        .map(|len| u32::from_le_bytes(*len) as usize)?;
    (buf.len() >= HEADER_BYTES).then_some(len)
}

fn json(value: &impl Serialize) -> Bytes {
    // Our own types: strings, numbers, options, maps with strings as keys, and paths as their
    // bytes (`os_path`), because a path as text fails where it is not UTF-8. None can fail.
    serde_json::to_vec(value)
        .expect("control messages serialise")
        .into()
}

fn from_json<T: DeserializeOwned>(kind: u8, payload: &[u8]) -> Result<T, HopError> {
    serde_json::from_slice(payload).map_err(|_| HopError::Payload { kind })
}

fn postcard(value: &impl Serialize) -> Bytes {
    // Our own types as above; all their lists know their length.
    postcard::to_allocvec(value)
        .expect("uses of the stash serialise")
        .into()
}

fn from_postcard<T: DeserializeOwned>(kind: u8, payload: &[u8]) -> Result<T, HopError> {
    postcard::from_bytes(payload).map_err(|_| HopError::Payload { kind })
}

/// A [`Down::Stash`], without a copy of the value that it may carry.
pub(crate) fn stash_answer(answer: &Result<StashAnswer<'_>, StashError>) -> Encoded {
    encoded(kind::STASH_ANSWER, 0, &[], postcard(answer))
}

/// A [`Down::Call`] whose frame, of this length, lies in shared memory.
pub(crate) fn call_in_area(call: CallId, deadline: Deadline, frame_len: usize) -> Encoded {
    let len = Bytes::copy_from_slice(&(frame_len as u64).to_le_bytes());
    let mut encoded = encoded(kind::CALL, call.0, &call_fields(deadline), len);
    encoded.head[FLAGS_OFFSET] |= IN_AREA;
    encoded
}

fn call_fields(deadline: Deadline) -> [u8; CALL_FIELDS_BYTES] {
    let mut fields = [0; CALL_FIELDS_BYTES];
    let timeout = deadline.timeout.map_or(u64::MAX, |d| d.as_nanos() as u64);
    fields[..8].copy_from_slice(&deadline.at_nanos.unwrap_or(u64::MAX).to_le_bytes());
    fields[8..].copy_from_slice(&timeout.to_le_bytes());
    fields
}

fn encoded(kind: u8, subject: u64, fields: &[u8], body: Bytes) -> Encoded {
    let mut head = [0; HEADER_BYTES + CALL_FIELDS_BYTES];
    let header = Header {
        len: fields.len() + body.len(),
        kind,
        flags: 0,
        subject,
    };
    head[..HEADER_BYTES].copy_from_slice(&header.bytes());
    let head_bytes = HEADER_BYTES + fields.len();
    head[HEADER_BYTES..head_bytes].copy_from_slice(fields);
    Encoded {
        head,
        head_bytes,
        body,
    }
}

impl Down {
    /// The message as it is written.
    pub(crate) fn encode(&self) -> Encoded {
        let none = Bytes::new();
        match self {
            Down::Setup(setup) => encoded(kind::SETUP, 0, &[], json(setup)),
            Down::Fork(worker) => encoded(kind::FORK, worker.0, &[], none),
            Down::Call {
                call,
                deadline,
                frame,
            } => encoded(kind::CALL, call.0, &call_fields(*deadline), frame.clone()),
            Down::Cancel(call) => encoded(kind::CANCEL, call.0, &[], none),
            Down::Stash(answer) => stash_answer(answer),
            Down::Stop => encoded(kind::STOP, 0, &[], none),
        }
    }

    /// Reads a message that [`next_message`] returned; `borrow`: the frame of this length that lies in
    /// shared memory, if one can.
    pub(crate) fn decode_with(
        header: Header,
        mut payload: Bytes,
        borrow: impl FnOnce(usize) -> Option<Bytes>,
    ) -> Result<Down, HopError> {
        let kind = header.kind;
        Ok(match kind {
            kind::SETUP => Down::Setup(from_json(kind, &payload)?),
            kind::FORK => Down::Fork(WorkerId(header.subject)),
            kind::CALL => {
                if payload.len() < CALL_FIELDS_BYTES {
                    return Err(HopError::Payload { kind });
                }
                let mut nanos = || Some(payload.get_u64_le()).filter(|nanos| *nanos != u64::MAX);
                let at_nanos = nanos();
                let timeout = nanos().map(Duration::from_nanos);
                let deadline = Deadline { at_nanos, timeout };
                Down::Call {
                    call: CallId(header.subject),
                    deadline,
                    frame: header.frame(payload, borrow)?,
                }
            }
            kind::CANCEL => Down::Cancel(CallId(header.subject)),
            kind::STASH_ANSWER => Down::Stash(from_postcard(kind, &payload)?),
            kind::STOP => Down::Stop,
            unknown => return Err(HopError::UnknownKind(unknown)),
        })
    }
}

impl Up {
    /// The message as it is written.
    pub(crate) fn encode(&self) -> Encoded {
        let none = Bytes::new();
        match self {
            Up::Hello(version) => encoded(kind::HELLO, u64::from(*version), &[], none),
            Up::Stage(stage) => encoded(kind::STAGE, 0, &[], json(stage)),
            Up::WantsWorkers(workers) => {
                encoded(kind::WANTS_WORKERS, u64::from(*workers), &[], none)
            }
            Up::Initialised(how) => encoded(kind::INITIALISED, 0, &[], json(how)),
            Up::Failed(failure) => encoded(kind::FAILED, 0, &[], json(&failure.cut())),
            Up::Forked { worker, pid } => encoded(kind::FORKED, worker.0, &[], json(pid)),
            Up::ForkFailed(worker, failure) => {
                encoded(kind::FORK_FAILED, worker.0, &[], json(&failure.cut()))
            }
            Up::Exited(worker, exit) => encoded(kind::EXITED, worker.0, &[], json(exit)),
            Up::Ready => encoded(kind::READY, 0, &[], none),
            Up::Chunk(call, frame) => with_header(Header::chunk(*call, frame.len()), frame),
            Up::Final(call, fate, frames) => {
                with_header(Header::last(*call, *fate, frames.len()), frames)
            }
            Up::Stash(request) => encoded(kind::STASH, 0, &[], postcard(request)),
            Up::OverMemory(bytes) => encoded(kind::OVER_MEMORY, *bytes, &[], none),
            Up::Log {
                call,
                source,
                level,
                message,
            } => with_header(Header::log(*call, *source, *level, message.len()), message),
        }
    }

    /// Reads a message that [`next_message`] returned, from somebody who shares no memory.
    pub(crate) fn decode(header: Header, payload: Bytes) -> Result<Up, HopError> {
        Up::decode_with(header, payload, |_| None)
    }

    /// Reads a message that [`next_message`] returned; `borrow`: as in [`Down::decode_with`].
    pub(crate) fn decode_with(
        header: Header,
        payload: Bytes,
        borrow: impl FnOnce(usize) -> Option<Bytes>,
    ) -> Result<Up, HopError> {
        let Header {
            kind,
            flags,
            subject,
            ..
        } = header;
        Ok(match kind {
            kind::HELLO => Up::Hello(subject as u32),
            kind::STAGE => Up::Stage(from_json(kind, &payload)?),
            kind::WANTS_WORKERS => Up::WantsWorkers(subject as u32),
            kind::INITIALISED => Up::Initialised(from_json(kind, &payload)?),
            kind::FAILED => Up::Failed(from_json(kind, &payload)?),
            kind::FORKED => Up::Forked {
                worker: WorkerId(subject),
                pid: from_json(kind, &payload)?,
            },
            kind::FORK_FAILED => Up::ForkFailed(WorkerId(subject), from_json(kind, &payload)?),
            kind::EXITED => Up::Exited(WorkerId(subject), from_json(kind, &payload)?),
            kind::READY => Up::Ready,
            kind::CHUNK => Up::Chunk(CallId(subject), header.frame(payload, borrow)?),
            kind::FINAL => {
                let fate = fate(flags & !IN_AREA).ok_or(HopError::Payload { kind })?;
                Up::Final(CallId(subject), fate, header.frame(payload, borrow)?)
            }
            kind::STASH => Up::Stash(from_postcard(kind, &payload)?),
            kind::OVER_MEMORY => Up::OverMemory(subject),
            kind::LOG => Up::Log {
                call: (subject != 0).then_some(CallId(subject)),
                source: LogSource::from_code(flags >> 4).ok_or(HopError::Payload { kind })?,
                level: LogLevel::from_code(flags & 15).ok_or(HopError::Payload { kind })?,
                message: payload,
            },
            unknown => return Err(HopError::UnknownKind(unknown)),
        })
    }
}

fn with_header(header: Header, body: &Bytes) -> Encoded {
    let mut head = [0; HEADER_BYTES + CALL_FIELDS_BYTES];
    head[..HEADER_BYTES].copy_from_slice(&header.bytes());
    Encoded {
        head,
        head_bytes: HEADER_BYTES,
        body: body.clone(),
    }
}

#[cfg(test)]
mod tests;
