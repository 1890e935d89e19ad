//! A client's connection: a task that reads it, and what is to be written to it.

use std::collections::VecDeque;
use std::io;
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::gate::Gate;
use super::input::Input;
use super::machine::{ClientId, Request};
use super::outbox::{Flushed, Outbox};
use crate::process::hop::WorkerId;
use crate::protocol::{Dialect, Message, RawId, WireError};

/// With more than this to be written, the client is slow: its streams wait.
const SLOW_BYTES: usize = 256 << 10;
/// With less than this it has caught up.
const CAUGHT_UP_BYTES: usize = 64 << 10;
/// With more than this to be written, a client that may have many calls in flight is not read.
/// (One that may have a single call is always read: its next request drops what it left unread.)
const UNREAD_BYTES_MAX: usize = 8 << 20;

/// What a client has sent.
#[derive(Debug)]
pub(super) enum FromClient {
    /// A call.
    Request(Request),
    /// A call is not waited for any more.
    Cancel(RawId),
    /// A question.
    Status(Dialect, RawId),
    /// A message that cannot be understood; the next one may.
    Malformed(Dialect, RawId, WireError),
    /// Bytes that nothing can be made of; nothing more is read.
    OutOfSync(Dialect, WireError),
    /// Nothing more: the connection is closed.
    Closed,
}

/// The arbiter's end of a client's connection.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) stream: Rc<OwnedWriteHalf>,
    outbox: Outbox,
    /// Ends of the pieces that are not wholly written yet; a piece is one frame, or several that
    /// belong together.
    piece_ends: VecDeque<u64>,
    /// The end of the last piece that is wholly written.
    last_end: u64,
    /// Whether its latest request said that several may be in flight.
    multiplex: bool,
    /// Workers that are not read because this client does not read.
    pub(super) stalled: Vec<WorkerId>,
    /// To be closed when all is written.
    pub(super) closing: bool,
    /// Somebody waits for it to be writable.
    pub(super) awaited: bool,
    gate: Rc<Gate>,
    reader: JoinHandle<()>,
}

impl Client {
    /// Takes a connection and starts to read it.
    pub(super) fn start(
        id: ClientId,
        stream: UnixStream,
        frame_bytes_max: usize,
        input: mpsc::Sender<Input>,
    ) -> Client {
        let (incoming, outgoing) = stream.into_split();
        let gate = Rc::new(Gate::default());
        let reader =
            tokio::task::spawn_local(read(id, incoming, gate.clone(), frame_bytes_max, input));
        Client {
            stream: Rc::new(outgoing),
            outbox: Outbox::default(),
            piece_ends: VecDeque::new(),
            last_end: 0,
            multiplex: false,
            stalled: Vec::new(),
            closing: false,
            awaited: false,
            gate,
            reader,
        }
    }

    /// Adds a frame, or several that belong together, sharing the memory of large ones.
    pub(super) fn push_shared(&mut self, frames: Bytes) {
        self.outbox.push_shared(frames);
        self.pushed();
    }

    /// Adds a frame.
    pub(super) fn push(&mut self, frame: &[u8]) {
        self.outbox.push(frame);
        self.pushed();
    }

    fn pushed(&mut self) {
        self.piece_ends.push_back(self.outbox.pushed());
        if self.multiplex && self.outbox.len() > UNREAD_BYTES_MAX {
            self.gate.close();
        }
    }

    /// Takes note of whether the client's latest request said that several may be in flight.
    pub(super) fn set_multiplex(&mut self, multiplex: bool) {
        self.multiplex = multiplex;
    }

    /// Drops whatever is not written yet. False if a frame is written in part: then the
    /// connection is of no use any more.
    pub(super) fn discard(&mut self) -> bool {
        let whole = self.outbox.len() == 0 || self.outbox.written() == self.last_end;
        self.outbox.truncate(0);
        self.piece_ends.clear();
        whole
    }

    /// Whether it sends messages that are no requests and reads none of the answers.
    pub(super) fn is_a_nuisance(&self) -> bool {
        !self.multiplex && self.is_slow()
    }

    /// Whether it reads too slowly to be sent more.
    pub(super) fn is_slow(&self) -> bool {
        self.outbox.len() > SLOW_BYTES
    }

    /// Writes what the client takes now. Returns how far it came.
    pub(super) fn flush(&mut self) -> io::Result<Flushed> {
        let flushed = self.outbox.flush(&self.stream);
        while let Some(end) = self.piece_ends.front()
            && *end <= self.outbox.written()
        {
            self.last_end = *end;
            self.piece_ends.pop_front();
        }
        if self.outbox.len() < CAUGHT_UP_BYTES {
            self.gate.open();
        }
        flushed
    }

    /// Workers to be read again, if the client has caught up.
    pub(super) fn take_stalled(&mut self) -> Vec<WorkerId> {
        if self.outbox.len() < CAUGHT_UP_BYTES {
            std::mem::take(&mut self.stalled)
        } else {
            Vec::new()
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn read(
    id: ClientId,
    stream: OwnedReadHalf,
    gate: Rc<Gate>,
    frame_bytes_max: usize,
    input: mpsc::Sender<Input>,
) {
    let mut reader = Reader {
        stream,
        gate,
        frame_bytes_max,
        buf: BytesMut::new(),
        dialect: None,
    };
    loop {
        let from_client = reader.next().await;
        let last = matches!(from_client, FromClient::Closed | FromClient::OutOfSync(..));
        // The loop is gone only when the host has stopped.
        if input.send(Input::Client(id, from_client)).await.is_err() || last {
            return;
        }
    }
}

struct Reader {
    stream: OwnedReadHalf,
    gate: Rc<Gate>,
    frame_bytes_max: usize,
    buf: BytesMut,
    dialect: Option<Dialect>,
}

impl Reader {
    async fn next(&mut self) -> FromClient {
        loop {
            self.gate.pass().await;
            let dialect = self.dialect.or_else(|| Dialect::detect(&self.buf));
            self.dialect = dialect;
            if let Some(dialect) = dialect {
                match dialect.decode_frame(&mut self.buf, self.frame_bytes_max) {
                    Ok(Some(frame)) => return understand(dialect, frame),
                    Ok(None) => {}
                    Err(error) => {
                        let start = self.buf.get(..self.buf.len().min(100));
                        let error = WireError::protocol(error.to_string(), start);
                        return FromClient::OutOfSync(dialect, error);
                    }
                }
            }
            if !self.fill().await {
                return FromClient::Closed;
            }
        }
    }

    /// Reads more; false at the end.
    async fn fill(&mut self) -> bool {
        if self.buf.is_empty() {
            // An idle connection holds no buffer.
            self.buf = BytesMut::new();
        }
        if self.stream.readable().await.is_err() {
            return false;
        }
        let wanted = self
            .dialect
            .unwrap_or(Dialect::Json)
            .bytes_wanted(&self.buf);
        self.buf.reserve(wanted);
        self.stream
            .read_buf(&mut self.buf)
            .await
            .is_ok_and(|count| count > 0)
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
        Err(refused) => {
            let error = refused.to_wire(&frame);
            FromClient::Malformed(dialect, refused.id, error)
        }
    }
}
