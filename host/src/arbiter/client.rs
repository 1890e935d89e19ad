//! A client's connection: a task that reads it (how, is in `reader`), and what is to be written to
//! it.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::budget::Budget;
use super::gate::Gate;
use super::input::Input;
use super::machine::{ClientId, Request};
use super::outbox::Flushed;
use super::reader::{ReadLimits, Reader};
use super::replies::{Kind, Replies};
use super::socket::Socket;
use super::spare_buffer::SpareBuffer;
use super::stash::StashMessage;
use super::turns::Wishes;
use crate::process::hop::WorkerId;
use crate::process::inspect;
use crate::protocol::{AppPath, Command, Dialect, RawId, WireError};

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
    /// An order to the host.
    Control(Dialect, RawId, Command),
    /// A use of the stash.
    Stash(StashMessage),
    /// A message that cannot be understood; the next one may.
    Malformed(Dialect, RawId, WireError),
    /// A request for which there is no room; the next one may find some.
    Refused(Refused),
    /// Bytes that nothing can be made of; nothing more is read.
    OutOfSync(Dialect, WireError),
    /// It has begun a long frame, sent so many bytes of it, and hardly any for too long; nothing
    /// more is read.
    Stalled(usize),
    /// Nothing more: the connection is closed.
    Closed,
}

impl FromClient {
    /// Whether nothing can follow.
    fn is_last(&self) -> bool {
        matches!(
            self,
            FromClient::OutOfSync(..) | FromClient::Stalled(_) | FromClient::Closed
        )
    }
}

/// A request for which there is no room: what can be told of it.
#[derive(Debug)]
pub(super) struct Refused {
    /// How the client reads.
    pub(super) dialect: Dialect,
    /// To answer under; `null` where it was not found in the beginning of the frame.
    pub(super) id: RawId,
    /// The app that it was for, if that was found.
    pub(super) app: Option<AppPath>,
    /// Whether the client may have several calls in flight, if the request says so.
    pub(super) multiplex: Option<bool>,
    /// The answer.
    pub(super) error: WireError,
}

/// The arbiter's end of a client's connection.
#[derive(Debug)]
pub(super) struct Client {
    socket: Rc<Socket>,
    replies: Replies,
    /// Whether its latest request said that several may be in flight.
    multiplex: bool,
    /// Workers that are not read because this client does not read.
    pub(super) stalled: Vec<WorkerId>,
    wishes: Wishes,
    /// To be closed when all is written.
    pub(super) closing: bool,
    /// Waits for it to be writable.
    awaiting: Option<JoinHandle<()>>,
    gate: Rc<Gate>,
    reader: JoinHandle<()>,
}

impl Client {
    /// Takes a connection and starts to read it.
    pub(super) fn start(
        id: ClientId,
        socket: Socket,
        limits: ReadLimits,
        budget: &Budget,
        spare: Rc<SpareBuffer>,
        input: mpsc::Sender<Input>,
    ) -> Client {
        let socket = Rc::new(socket);
        let gate = Rc::new(Gate::default());
        let reader = Reader::new(socket.clone(), gate.clone(), limits, budget.clone(), spare);
        let reader = tokio::task::spawn_local(read(id, reader, input));
        Client {
            socket,
            replies: Replies::new(budget),
            multiplex: false,
            stalled: Vec::new(),
            wishes: Wishes::default(),
            closing: false,
            awaiting: None,
            gate,
            reader,
        }
    }

    /// Adds a frame, or several that belong together, sharing the memory of large ones.
    pub(super) fn push_shared(&mut self, kind: Kind, frames: Bytes) {
        self.replies.push_shared(kind, frames);
        self.pushed();
    }

    /// Adds a frame.
    pub(super) fn push(&mut self, kind: Kind, frame: &[u8]) {
        self.replies.push(kind, frame);
        self.pushed();
    }

    fn pushed(&mut self) {
        if self.multiplex && self.replies.len() > UNREAD_BYTES_MAX {
            self.gate.close();
        }
    }

    /// Reads on if it has caught up, and if not too much of what was read still waits.
    fn read_on(&mut self) {
        if self.replies.len() < CAUGHT_UP_BYTES && !self.wishes.is_full() {
            self.gate.open();
        }
    }

    /// Keeps a use of the stash for when its turn comes.
    pub(super) fn push_stash_message(&mut self, message: StashMessage) {
        self.wishes.push(message);
        if self.wishes.is_full() {
            self.gate.close();
        }
    }

    /// Whether it is to wait for its turn to use the stash; it does from now on. A client that does
    /// not read the answers, which are never dropped, has no turn, and nothing more is read from it
    /// until it has caught up.
    pub(super) fn take_place(&mut self) -> bool {
        if self.is_slow() && !self.wishes.is_empty() {
            self.gate.close();
            return false;
        }
        self.wishes.take_place()
    }

    /// Its turn to use the stash has come: what it wants.
    pub(super) fn take_turn(&mut self) -> Option<StashMessage> {
        self.wishes.give_up_place();
        let message = match self.is_slow() {
            true => None,
            false => self.wishes.pop(),
        };
        self.read_on();
        message
    }

    /// It waits for a list of keys, and for no turn until it has that.
    pub(super) fn await_listing(&mut self) {
        self.wishes.await_listing();
    }

    /// It has its list.
    pub(super) fn end_listing(&mut self) {
        self.wishes.give_up_place();
    }

    /// Whether it waits for a list of keys.
    pub(super) fn awaits_listing(&self) -> bool {
        self.wishes.awaits_listing()
    }

    /// Whether it has all answers to what it has asked, but for calls.
    pub(super) fn is_answered(&self) -> bool {
        self.unwritten() == 0 && self.wishes.is_empty()
    }

    /// How many bytes wait to be written.
    pub(super) fn unwritten(&self) -> usize {
        self.replies.len()
    }

    /// Whether its latest request said that several may be in flight.
    pub(super) fn is_multiplex(&self) -> bool {
        self.multiplex
    }

    /// Takes note of whether the client's latest request said that several may be in flight.
    pub(super) fn set_multiplex(&mut self, multiplex: bool) {
        self.multiplex = multiplex;
    }

    /// Drops what is not written yet of replies. False if a frame is written in part: then the
    /// connection is of no use any more.
    pub(super) fn discard(&mut self) -> bool {
        self.replies.discard()
    }

    /// Whether it sends messages that are no requests and reads none of the answers.
    pub(super) fn is_a_nuisance(&self) -> bool {
        !self.multiplex && self.is_slow()
    }

    /// Whether it reads too slowly to be sent more.
    pub(super) fn is_slow(&self) -> bool {
        self.replies.len() > SLOW_BYTES
    }

    /// Writes what the client takes now, unless it is waited for to take more: if the rest were filled up
    /// again each time that it has taken a little, that would not be seen. Returns how far it came.
    pub(super) fn flush(&mut self) -> io::Result<Flushed> {
        let flushed = match self.awaiting {
            None => self.replies.flush(&self.socket),
            Some(_) => Ok(Flushed::Blocked),
        };
        self.read_on();
        flushed
    }

    /// Has the loop told when it can be written to again, or when it has not read anything for
    /// `limit`.
    pub(super) fn await_writable(
        &mut self,
        id: ClientId,
        limit: Option<Duration>,
        input: mpsc::Sender<Input>,
    ) {
        if self.awaiting.is_none() {
            let task = await_writable(id, self.socket.clone(), limit, input);
            self.awaiting = Some(tokio::task::spawn_local(task));
        }
    }

    /// The loop has been told.
    pub(super) fn is_writable(&mut self) {
        self.awaiting = None;
    }

    /// Workers to be read again, if the client has caught up.
    pub(super) fn take_stalled(&mut self) -> Vec<WorkerId> {
        if self.replies.len() < CAUGHT_UP_BYTES {
            std::mem::take(&mut self.stalled)
        } else {
            Vec::new()
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.reader.abort();
        if let Some(awaiting) = &self.awaiting {
            awaiting.abort();
        }
    }
}

async fn await_writable(
    id: ClientId,
    socket: Rc<Socket>,
    limit: Option<Duration>,
    input: mpsc::Sender<Input>,
) {
    let limit = limit.unwrap_or(Duration::MAX);
    let mut unread = inspect::unread_bytes(&*socket);
    let message = loop {
        match tokio::time::timeout(limit, socket.writable()).await {
            Ok(Ok(())) => break Input::ClientWritable(id),
            // Reading it will say so.
            Ok(Err(_)) => return,
            Err(_elapsed) => {
                // The kernel calls a socket writable only when most of its buffer is free: a client
                // may have read something all the same.
                let now = inspect::unread_bytes(&*socket);
                if now.is_none() || now == unread {
                    break Input::ClientStuck(id);
                }
                unread = now;
            }
        }
    };
    // The loop is gone only when the host has stopped.
    let _ = input.send(message).await;
}

async fn read(id: ClientId, mut reader: Reader, input: mpsc::Sender<Input>) {
    loop {
        let from_client = reader.next().await;
        let last = from_client.is_last();
        // The loop is gone only when the host has stopped.
        if input.send(Input::Client(id, from_client)).await.is_err() || last {
            return;
        }
    }
}
