//! Reads a client's connection: cuts it into frames and understands them as far as the arbiter
//! needs to. What it holds counts into the budget; where that is full it refuses requests and
//! throws their bytes away as they arrive, so that the connection stays in step.

use std::io;
use std::mem;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::time::{Instant, timeout_at};

use super::budget::{Budget, Held, Share};
use super::client::{FromClient, Refused};
use super::gate::Gate;
use super::machine::Request;
use super::socket::Socket;
use super::spare_buffer::SpareBuffer;
use super::stash::{Question, StashMessage};
use crate::protocol::{Dialect, Message, WireError};

/// A frame up to this length gets memory of its own: as a part of the buffer that it was read into
/// it would keep all of that.
const COPIED_BYTES_MAX: usize = 8 << 10;
/// What is read at once, so that whoever sends much does not keep the others waiting.
const READ_BYTES_MAX: usize = 256 << 10;
/// What is read at once of a refused frame.
const DISCARDED_BYTES_MAX: usize = 64 << 10;
/// After so many bytes it is the others' turn.
const TURN_BYTES: usize = 256 << 10;
/// A frame counts as so many bytes more of a turn, for the work that it makes.
const FRAME_COST_BYTES: usize = 8 << 10;
/// The part of a refused frame that is searched for its id. A client that has sent less of a frame
/// is not refused yet.
const PREFIX_BYTES: usize = 4 << 10;
/// A client that holds more than this of an unfinished frame has to go on sending.
const IDLE_BYTES_MAX: usize = 64 << 10;
/// So much of it, or the rest, within each span of the time that it is given.
const PROGRESS_BYTES: usize = 64 << 10;

/// What one client may do.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadLimits {
    /// The longest frame.
    pub(super) frame_bytes_max: usize,
    /// How long it may send hardly anything of a long frame that it has begun.
    pub(super) stall_max: Option<Duration>,
}

/// The reading end of a connection.
pub(super) struct Reader {
    socket: Rc<Socket>,
    gate: Rc<Gate>,
    limits: ReadLimits,
    budget: Budget,
    buf: BytesMut,
    spare: Rc<SpareBuffer>,
    /// What `buf` holds.
    held: Held,
    dialect: Option<Dialect>,
    /// So many bytes of a refused frame are still to come.
    unwanted: usize,
    progress: Option<Progress>,
    turn: usize,
}

/// What has to come of a long frame.
struct Progress {
    /// Until when.
    deadline: Instant,
    /// How much of the frame.
    bytes: usize,
}

impl Reader {
    pub(super) fn new(
        socket: Rc<Socket>,
        gate: Rc<Gate>,
        limits: ReadLimits,
        budget: Budget,
        spare: Rc<SpareBuffer>,
    ) -> Reader {
        Reader {
            socket,
            gate,
            limits,
            held: budget.hold(Share::Requests),
            budget,
            buf: BytesMut::new(),
            spare,
            dialect: None,
            unwanted: 0,
            progress: None,
            turn: 0,
        }
    }

    /// The next thing that the client has to say. After its end, and when nothing can be made of
    /// it, there is no next one.
    pub(super) async fn next(&mut self) -> FromClient {
        self.turn += FRAME_COST_BYTES;
        loop {
            if self.gate.pass().await {
                // It was not the client that made no progress.
                self.progress = None;
            }
            self.yield_turn().await;
            if let Some(from_client) = self.decode() {
                return from_client;
            }
            if let ControlFlow::Break(last) = self.fill().await {
                return last;
            }
        }
    }

    /// Lets the others run, if it has been this client's turn for long enough.
    async fn yield_turn(&mut self) {
        if self.turn >= TURN_BYTES {
            self.turn = 0;
            tokio::task::yield_now().await;
        }
    }

    fn decode(&mut self) -> Option<FromClient> {
        self.discard_unwanted();
        let dialect = self.dialect.or_else(|| Dialect::detect(&self.buf))?;
        self.dialect = Some(dialect);
        match dialect.decode_frame(&mut self.buf, self.limits.frame_bytes_max) {
            Ok(Some(frame)) => Some(self.take(dialect, frame)),
            Ok(None) => self.refuse_begun(dialect),
            Err(error) => {
                let start = self.buf.get(..self.buf.len().min(100));
                let error = WireError::protocol(error.to_string(), start);
                Some(FromClient::OutOfSync(dialect, error))
            }
        }
    }

    /// A whole frame. What is small and no request is answered at once or nearly so, so it passes
    /// even where the host is full.
    fn take(&mut self, dialect: Dialect, frame: Bytes) -> FromClient {
        let frame = if frame.len() <= COPIED_BYTES_MAX {
            Bytes::copy_from_slice(&frame)
        } else {
            frame
        };
        let frame = self.budget.charge(Share::Requests, frame);
        self.held.set(self.buf.len());
        self.progress = None;
        match understand(dialect, frame) {
            FromClient::Request(request) if self.budget.is_full() => FromClient::Refused(Refused {
                dialect,
                id: request.id,
                app: Some(request.app_path),
                multiplex: Some(request.multiplex),
                error: self.budget.refusal(),
            }),
            FromClient::Stash(StashMessage { question, frame })
                if frame.len() > COPIED_BYTES_MAX && self.budget.is_full() =>
            {
                FromClient::Refused(Refused {
                    dialect,
                    id: question.id,
                    app: None,
                    multiplex: None,
                    error: self.budget.refusal(),
                })
            }
            from_client => from_client,
        }
    }

    /// Gives up a frame that has not arrived as a whole, if the host is full.
    fn refuse_begun(&mut self, dialect: Dialect) -> Option<FromClient> {
        if self.buf.len() < PREFIX_BYTES || !self.budget.is_full() {
            return None;
        }
        let (beginning, missing) = dialect.begun_frame(&self.buf)?;
        let beginning = &beginning[..beginning.len().min(PREFIX_BYTES)];
        let sketch = dialect.read_beginning(&Bytes::copy_from_slice(beginning));
        let error = self.budget.refusal();
        self.unwanted = missing;
        self.buf = BytesMut::new();
        self.held.set(0);
        self.progress = None;
        Some(FromClient::Refused(Refused {
            dialect,
            id: sketch.id,
            app: sketch.app_path,
            multiplex: sketch.multiplex,
            error,
        }))
    }

    fn discard_unwanted(&mut self) {
        let discarded = self.unwanted.min(self.buf.len());
        if discarded > 0 {
            self.unwanted -= discarded;
            self.buf.advance(discarded);
            self.held.set(self.buf.len());
        }
    }

    /// Reads more, unless nothing comes any more.
    async fn fill(&mut self) -> ControlFlow<FromClient> {
        if self.buf.is_empty() {
            self.spare.put(mem::take(&mut self.buf));
        }
        let read = match self.stall_deadline() {
            None => self.read_some().await,
            Some(deadline) => match timeout_at(deadline, self.read_some()).await {
                Ok(read) => read,
                Err(_elapsed) => return ControlFlow::Break(FromClient::Stalled(self.buf.len())),
            },
        };
        match read {
            Ok(count) if count > 0 => {
                self.turn += count;
                self.held.set(self.buf.len());
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Break(FromClient::Closed),
        }
    }

    /// Makes room only when there is something to be read.
    async fn read_some(&mut self) -> io::Result<usize> {
        self.socket.readable().await?;
        if self.buf.capacity() == 0 {
            self.buf = self.spare.take();
        }
        self.buf.reserve(self.bytes_wanted());
        self.socket.read(&mut self.buf, READ_BYTES_MAX).await
    }

    fn bytes_wanted(&self) -> usize {
        if self.unwanted > 0 {
            DISCARDED_BYTES_MAX
        } else {
            self.dialect
                .unwrap_or(Dialect::Json)
                .bytes_wanted(&self.buf)
        }
    }

    /// When a client has to have sent more of the frame that it has begun.
    fn stall_deadline(&mut self) -> Option<Instant> {
        let limit = self.limits.stall_max?;
        let arrived = self.buf.len();
        if arrived <= IDLE_BYTES_MAX {
            return None;
        }
        if let Some(progress) = &self.progress
            && arrived < progress.bytes
        {
            return Some(progress.deadline);
        }
        let deadline = Instant::now().checked_add(limit)?;
        self.progress = Some(Progress {
            deadline,
            bytes: arrived + PROGRESS_BYTES,
        });
        Some(deadline)
    }
}

fn understand(dialect: Dialect, frame: Bytes) -> FromClient {
    match dialect.read_envelope(&frame) {
        Ok(Message::Request(envelope)) => FromClient::Request(Request {
            id: envelope.id,
            app_path: envelope.app_path,
            timeout: envelope.timeout,
            multiplex: envelope.multiplex,
            dialect,
            frame,
        }),
        Ok(Message::Cancel { id }) => FromClient::Cancel(id),
        Ok(Message::Status { id }) => FromClient::Status(dialect, id),
        Ok(Message::Control { id, command }) => FromClient::Control(dialect, id, command),
        Ok(Message::Stash { id }) => FromClient::Stash(StashMessage {
            question: Question { dialect, id },
            frame,
        }),
        Err(refused) => {
            let error = refused.to_wire(&frame);
            FromClient::Malformed(dialect, refused.id, error)
        }
    }
}

#[cfg(test)]
#[path = "tests/reader.rs"]
mod tests;
