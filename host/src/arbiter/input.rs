//! Everything that can wake the arbiter's loop, in one type.

use std::os::fd::OwnedFd;

use nix::sys::signal::Signal;

use super::client::FromClient;
use super::machine::{ClientId, GenerationId};
use super::other_host::OtherHost;
use super::socket::Socket;
use crate::process::hop::{Exit, Up, WorkerId};
use crate::process::lane::LaneFiles;

/// Something that a task or a timer has to tell.
#[derive(Debug)]
pub(super) enum Input {
    /// A new connection.
    Connected(Socket),
    /// Something from a client.
    Client(ClientId, FromClient),
    /// A client can be written to again.
    ClientWritable(ClientId),
    /// A client has not read anything for too long.
    ClientStuck(ClientId),
    /// A message from a worker.
    Worker(WorkerId, Up),
    /// A worker has sent what is no message.
    WorkerBroken(WorkerId),
    /// Everything from a worker is read, and its socket is closed.
    WorkerDrained {
        /// The worker.
        worker: WorkerId,
        /// It ended before it had read everything that was sent to it.
        unread: bool,
    },
    /// A worker can be written to again.
    WorkerWritable(WorkerId),
    /// A mold can be written to again.
    MoldWritable(GenerationId),
    /// A message from a mold, with the descriptors of a new worker.
    Mold(GenerationId, Up, Option<NewWorker>),
    /// A mold's process has ended.
    MoldGone(GenerationId, Option<Exit>),
    /// Something has become of the other host of an upgrade.
    OtherHost(OtherHost),
    /// A signal.
    Signal(Signal),
    /// A timer of the machine's is due.
    Due,
}

/// What comes with a mold's message that a worker exists.
#[derive(Debug)]
pub(super) struct NewWorker {
    /// Our end of the worker's socket.
    pub(super) socket: OwnedFd,
    /// Its pidfd.
    pub(super) pidfd: OwnedFd,
    /// What we share with it.
    pub(super) lane: LaneFiles,
}
