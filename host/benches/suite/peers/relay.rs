//! The least that a hop can be: a process with one thread that takes whole messages of the JSON
//! dialect from clients, hands them to a process that answers, and hands back the answers in turn. No
//! queue per app, no deadlines, no component; one write per peer and wakeup.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use tempfile::TempDir;

use super::super::client::exchange::{Dialect, Exchange};
use super::super::error::Error;
use super::raw;
use super::role::{Player, Role, read_told};

/// Clients have the numbers below these.
const LISTENER: u64 = u64::MAX;
const OWNER: u64 = u64::MAX - 1;
const WORKER: u64 = u64::MAX - 2;
const READ_BYTES: usize = 256 * 1024;

/// A relay that knows one exchange.
pub(crate) struct RelayPeer {
    directory: TempDir,
    /// Closed with us, which ends it.
    _socket: UnixStream,
    _player: Player,
}

impl RelayPeer {
    /// Starts it, and the process behind it, and returns when clients can connect.
    pub(crate) fn start(exchange: &Exchange) -> Result<RelayPeer, Error> {
        let directory = tempfile::tempdir().map_err(Error::system("make a directory"))?;
        let (player, mut socket) = Role::Relay.start()?;
        let path = directory.path().join("s");
        let mut tell = || {
            let path = path.as_os_str().as_bytes();
            socket.write_all(&(path.len() as u64).to_le_bytes())?;
            socket.write_all(path)?;
            raw::tell(&socket, exchange)?;
            socket.read_exact(&mut [0])
        };
        tell().map_err(Error::system("start a relay"))?;
        Ok(RelayPeer {
            directory,
            _socket: socket,
            _player: player,
        })
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("s")
    }
}

/// Forwards, until the owner's socket is closed.
pub(super) fn forward(owner: UnixStream) -> Result<(), Error> {
    let (worker, _player) = prepare(&owner)?;
    worker.forward().map_err(Error::system("relay"))
}

/// Does what the owner has told, and tells it when that is done.
fn prepare(mut owner: &UnixStream) -> Result<(Relay<'_>, Player), Error> {
    let (player, worker) = Role::Answer.start()?;
    let told = || {
        let path = read_told(owner)?;
        for _ in 0..2 {
            let lines = read_told(owner)?;
            (&worker).write_all(&(lines.len() as u64).to_le_bytes())?;
            (&worker).write_all(&lines)?;
        }
        UnixListener::bind(Path::new(std::ffi::OsStr::from_bytes(&path)))
    };
    let listener = told().map_err(Error::system("listen"))?;
    let relay = Relay::new(owner, listener, worker).map_err(Error::system("make an epoll"))?;
    let ready = owner.write_all(&[1]);
    ready.map_err(Error::system("tell that the relay is ready"))?;
    Ok((relay, player))
}

struct Relay<'a> {
    epoll: Epoll,
    listener: UnixListener,
    worker: Peer,
    clients: Vec<Peer>,
    /// Whose calls the worker has, in their order.
    asked: VecDeque<usize>,
    /// Clients for whom there is something to write.
    answered: BTreeSet<usize>,
    scratch: Vec<u8>,
    _owner: &'a UnixStream,
}

struct Peer {
    stream: UnixStream,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
}

impl<'a> Relay<'a> {
    fn new(owner: &'a UnixStream, listener: UnixListener, worker: UnixStream) -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        listener.set_nonblocking(true)?;
        watch(&epoll, &listener, LISTENER)?;
        epoll.add(owner, EpollEvent::new(EpollFlags::EPOLLIN, OWNER))?;
        watch(&epoll, &worker, WORKER)?;
        Ok(Relay {
            epoll,
            listener,
            worker: Peer::new(worker)?,
            clients: Vec::new(),
            asked: VecDeque::new(),
            answered: BTreeSet::new(),
            scratch: vec![0; READ_BYTES],
            _owner: owner,
        })
    }

    fn forward(mut self) -> io::Result<()> {
        let mut events = [EpollEvent::empty(); 64];
        loop {
            let ready = self.epoll.wait(&mut events, EpollTimeout::NONE)?;
            for event in &events[..ready] {
                match event.data() {
                    OWNER => return Ok(()),
                    LISTENER => self.accept()?,
                    WORKER => self.hand_back()?,
                    client => self.hand_over(client as usize)?,
                }
            }
            self.worker.flush()?;
            for client in std::mem::take(&mut self.answered) {
                self.clients[client].flush()?;
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        while let Some((stream, _)) = unless_blocked(self.listener.accept())? {
            watch(&self.epoll, &stream, self.clients.len() as u64)?;
            self.clients.push(Peer::new(stream)?);
        }
        Ok(())
    }

    fn hand_over(&mut self, client: usize) -> io::Result<()> {
        let peer = &mut self.clients[client];
        peer.fill(&mut self.scratch)?;
        while let Some(length) = peer.whole_message() {
            self.worker.outbox.extend(peer.inbox.drain(..length));
            self.asked.push_back(client);
        }
        // It may be able to take more now.
        self.answered.insert(client);
        Ok(())
    }

    fn hand_back(&mut self) -> io::Result<()> {
        self.worker.fill(&mut self.scratch)?;
        while let Some(length) = self.worker.whole_message() {
            let answer = self.worker.inbox.drain(..length);
            if let Some(client) = self.asked.pop_front() {
                self.clients[client].outbox.extend(answer);
                self.answered.insert(client);
            }
        }
        Ok(())
    }
}

/// Wakes once for whatever changes.
fn watch(epoll: &Epoll, what: impl AsFd, number: u64) -> io::Result<()> {
    let changes = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | EpollFlags::EPOLLET;
    Ok(epoll.add(what, EpollEvent::new(changes, number))?)
}

fn unless_blocked<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

impl Peer {
    fn new(stream: UnixStream) -> io::Result<Peer> {
        stream.set_nonblocking(true)?;
        Ok(Peer {
            stream,
            inbox: Vec::new(),
            outbox: Vec::new(),
        })
    }

    /// Reads all that there is. Who has left has nothing to say any more.
    fn fill(&mut self, scratch: &mut [u8]) -> io::Result<()> {
        while let Some(count) = unless_blocked(self.stream.read(scratch))? {
            self.inbox.extend_from_slice(&scratch[..count]);
            // Fewer than there is room for: that was all.
            if count < scratch.len() {
                break;
            }
        }
        Ok(())
    }

    /// The length of the message that the inbox begins with, if it is there as a whole.
    fn whole_message(&self) -> Option<usize> {
        if self.inbox.len() < Dialect::Json.header() {
            return None;
        }
        let length = Dialect::Json.frame_length(&self.inbox);
        (self.inbox.len() >= length).then_some(length)
    }

    /// Writes as much as goes.
    fn flush(&mut self) -> io::Result<()> {
        let mut written = 0;
        while written < self.outbox.len() {
            match unless_blocked(self.stream.write(&self.outbox[written..]))? {
                Some(count) => written += count,
                None => break,
            }
        }
        self.outbox.drain(..written);
        Ok(())
    }
}
