//! A worker's way to the arbiter and back, shared between its loop and the app: the call being served,
//! its deadline, and whether anybody still waits for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use super::blobs::{self, Noting};
use super::reply_buffer::ReplyBuffer;
use crate::logline::{LogLevel, LogSource};
use crate::process::hop::{CallId, Deadline, Fate, Header, Up};
use crate::process::inbox::Inbox;
use crate::process::inspect;
use crate::process::link::{LinkError, LinkWriter};
use crate::protocol::{Dialect, ReplyFault, ReplyValue, check_value};
use crate::runtime::{CallBlobs, EmitError, StashFault, Uplink};
use crate::stash::{StashAnswer, StashRequest};

use super::stash;

/// The shared state. Clones are handles on the same one.
#[derive(Clone)]
pub(super) struct Desk(Arc<Mutex<Shared>>);

struct Shared {
    writer: LinkWriter,
    inbox: Inbox,
    frame_bytes_max: usize,
    /// For the frames of replies, reused.
    buffer: ReplyBuffer,
    current: Option<Current>,
    /// This process and the arbiter run in turns.
    has_one_core: bool,
}

/// The call being served.
struct Current {
    call: CallId,
    deadline: Deadline,
    dialect: Dialect,
    /// As the client wrote it.
    id: String,
    emitted: bool,
    cancelled: bool,
    /// Why a chunk could not be sent, which is how the call fails.
    unsendable: Option<ReplyFault>,
}

impl Desk {
    pub(super) fn new(writer: LinkWriter, inbox: Inbox, frame_bytes_max: usize) -> Desk {
        let shared = Shared {
            writer,
            inbox,
            frame_bytes_max,
            buffer: ReplyBuffer::default(),
            current: None,
            has_one_core: inspect::has_one_core(),
        };
        Desk(Arc::new(Mutex::new(shared)))
    }

    pub(super) fn frame_bytes_max(&self) -> usize {
        self.lock().frame_bytes_max
    }

    pub(super) fn send(&self, message: &Up) -> Result<(), LinkError> {
        self.lock().writer.send(message)
    }

    /// What the arbiter sends. Whoever waits for it keeps everybody else from the desk.
    pub(super) fn with_inbox<T>(&self, f: impl FnOnce(&mut Inbox) -> T) -> T {
        f(&mut self.lock().inbox)
    }

    pub(super) fn log(
        &self,
        source: LogSource,
        level: LogLevel,
        line: &str,
    ) -> Result<(), LinkError> {
        let mut shared = self.lock();
        let call = shared.current.as_ref().map(|current| current.call);
        shared.writer.log(call, source, level, line)
    }

    /// A call begins; its client is known by this id.
    pub(super) fn begin(&self, call: CallId, deadline: Deadline, dialect: Dialect, id: &str) {
        let id = id.to_owned();
        let current = Current {
            call,
            deadline,
            dialect,
            id,
            emitted: false,
            cancelled: false,
            unsendable: None,
        };
        self.lock().current = Some(current);
    }

    /// Whether the call being served has emitted a chunk.
    pub(super) fn has_emitted(&self) -> bool {
        self.lock()
            .current
            .as_ref()
            .is_some_and(|current| current.emitted)
    }

    /// Why a chunk of the call being served could not be sent.
    pub(super) fn take_unsendable(&self) -> Option<ReplyFault> {
        self.lock().current.as_mut()?.unsendable.take()
    }

    /// Has the end of the reply written, which [`Desk::finish`] sends. It is probably so long.
    pub(super) fn write(&self, bytes_expected: usize, write: impl FnOnce(&mut ReplyBuffer)) {
        let Shared { writer, buffer, .. } = &mut *self.lock();
        buffer.begin(writer.take_area(bytes_expected));
        write(buffer);
    }

    /// The call ends with the frames that were written.
    pub(super) fn finish(&self, call: CallId, fate: Fate) -> Result<(), LinkError> {
        let mut shared = self.lock();
        shared.current = None;
        let Shared { writer, buffer, .. } = &mut *shared;
        send(writer, Header::last(call, fate, buffer.len()), buffer)
    }

    /// Whether the lane has memory for a reply since this was last asked.
    pub(super) fn take_has_taken_area(&self) -> bool {
        self.lock().writer.take_has_taken_area()
    }

    /// Nobody waits for this call any more.
    pub(super) fn cancel(&self, call: CallId) {
        cancel(&mut self.lock().current, call);
    }

    /// Nobody waits for anything any more.
    pub(super) fn cancel_current(&self) {
        if let Some(current) = self.lock().current.as_mut() {
            current.cancelled = true;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // One thread uses it, and a panic there ends the process.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn send(
    writer: &mut LinkWriter,
    header: Header,
    buffer: &mut ReplyBuffer,
) -> Result<(), LinkError> {
    match buffer.take_area() {
        Some(area) => writer.send_area(header, area)?,
        None => writer.send_frames(header, buffer)?,
    }
    buffer.end();
    Ok(())
}

fn cancel(current: &mut Option<Current>, call: CallId) {
    if let Some(current) = current.as_mut().filter(|current| current.call == call) {
        current.cancelled = true;
    }
}

impl Uplink for Desk {
    fn log(&mut self, source: LogSource, level: LogLevel, line: &str) {
        // If the arbiter is gone, the loop is about to find out.
        let _ = Desk::log(self, source, level, line);
    }

    fn emit(&mut self, chunk: &str, blobs: &mut CallBlobs) -> Result<bool, EmitError> {
        let mut shared = self.lock();
        let Shared {
            writer,
            frame_bytes_max,
            buffer,
            current,
            has_one_core,
            ..
        } = &mut *shared;
        let Some(current) = current else {
            return Ok(false);
        };
        check_value(chunk).map_err(|error| EmitError::Malformed(error.to_string()))?;
        if current.cancelled {
            return Ok(false);
        }
        buffer.begin(writer.take_area(blobs::bytes_expected(chunk, blobs)));
        let noting = Noting::new(blobs);
        let value = ReplyValue::App {
            json: chunk,
            blobs: &noting,
        };
        let written = current
            .dialect
            .write_chunk(buffer, &current.id, value, *frame_bytes_max);
        let named = noting.into_found();
        match written {
            Ok(()) => named.into_iter().for_each(|index| blobs.consume(index)),
            Err(ReplyFault::Frame(error)) if named.is_empty() => {
                buffer.end();
                return Err(EmitError::TooLarge(error.to_string()));
            }
            Err(fault) => {
                // The text is sound, and only this client's dialect cannot say it, or it names what
                // does not exist or is too large for a frame. That is no reason to trap: the app is
                // told to stop, and the call fails when it does.
                buffer.end();
                current.unsendable = Some(fault);
                current.cancelled = true;
                return Ok(false);
            }
        }
        let is_first = !std::mem::replace(&mut current.emitted, true);
        if send(writer, Header::chunk(current.call, buffer.len()), buffer).is_err() {
            current.cancelled = true;
            return Ok(false);
        }
        if is_first && *has_one_core {
            // Else the arbiter could not run before the app waits: a stream that does not would be
            // with its reader only as a whole.
            std::thread::yield_now();
        }
        if let Some(timeout) = current.deadline.timeout {
            // The arbiter counts from when it has the chunk; this is a moment earlier.
            current.deadline.at_nanos =
                Some(monotonic_nanos().saturating_add(timeout.as_nanos() as u64));
        }
        Ok(true)
    }

    fn stash(&mut self, request: StashRequest) -> Result<StashAnswer<'static>, StashFault> {
        let mut shared = self.lock();
        let Shared {
            writer,
            inbox,
            frame_bytes_max,
            current,
            ..
        } = &mut *shared;
        stash::ask(writer, inbox, *frame_bytes_max, request, |call| {
            cancel(current, call);
        })
    }

    fn time_left(&self) -> Option<Duration> {
        let at = self.lock().current.as_ref()?.deadline.at_nanos?;
        Some(Duration::from_nanos(at.saturating_sub(monotonic_nanos())))
    }

    fn cancelled(&self) -> bool {
        self.lock()
            .current
            .as_ref()
            .is_some_and(|current| current.cancelled)
    }
}

/// The system's monotonic clock, which the arbiter reads too.
fn monotonic_nanos() -> u64 {
    // The clock exists on every Linux; without it nothing has a deadline to be near.
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Duration::from);
    now.as_nanos() as u64
}
