//! The arbiter's ends of the sockets to workers and molds: tasks that read them, and what is to
//! be written to them.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use bytes::BytesMut;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::budget::Budget;
use super::downlink::{Downlink, Flushed};
use super::gate::Gate;
use super::incoming::{Heard, Incoming};
use super::input::{Input, NewWorker};
use super::machine::{ClientId, GenerationId};
use super::socket::Socket;
use crate::process::descriptors::{self, Received};
use crate::process::hop::{self, Down, Encoded, Failure, Stage, Up, WorkerId};
use crate::process::lane::{Lane, LaneError, LaneFiles};
use crate::process::pidfd::Pidfd;
use crate::process::spawn::SpawnedMold;

/// The arbiter's end of a worker's socket.
#[derive(Debug)]
pub(super) struct WorkerLink {
    pub(super) down: Downlink,
    gate: Rc<Gate>,
    paused_for: Option<ClientId>,
    pidfd: Pidfd,
    /// Something could not be written to it.
    unreachable: bool,
    /// It has used the stash since it was sent its last call, so it has read that.
    has_read_call: bool,
    reader: JoinHandle<()>,
}

/// Why a new worker cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkFailure {
    #[error("cannot watch its socket: {0}")]
    Socket(#[from] io::Error),
    #[error(transparent)]
    Lane(#[from] LaneError),
}

impl WorkerLink {
    /// Takes a worker's socket and memory, and starts to read it.
    pub(super) fn start(
        worker: WorkerId,
        new: NewWorker,
        frame_bytes_max: usize,
        budget: &Budget,
        input: mpsc::Sender<Input>,
    ) -> Result<WorkerLink, LinkFailure> {
        let socket = Rc::new(Socket::new(new.socket)?);
        let lane = Lane::open(new.lane, frame_bytes_max)?;
        let incoming = Incoming::new(socket.clone(), &lane, frame_bytes_max, budget)?;
        let gate = Rc::new(Gate::default());
        let reader = read_worker(worker, incoming, gate.clone(), input);
        let reader = tokio::task::spawn_local(reader);
        Ok(WorkerLink {
            down: Downlink::with_area(socket, lane.requests()),
            gate,
            paused_for: None,
            pidfd: Pidfd::from_received(new.pidfd),
            unreachable: false,
            has_read_call: false,
            reader,
        })
    }

    /// Writes what the worker takes now. If it cannot be written to it is dead, and reading it
    /// will say so.
    pub(super) fn flush(&mut self) -> Flushed {
        self.down.flush().unwrap_or_else(|_| {
            self.unreachable = true;
            Flushed::All
        })
    }

    /// Takes a call to be written.
    pub(super) fn dispatch(&mut self, call: &Down) {
        self.has_read_call = false;
        self.down.push(call);
    }

    /// Takes the answer to a use of the stash to be written.
    pub(super) fn answer(&mut self, answer: Encoded) {
        self.has_read_call = true;
        self.down.push_encoded(answer);
    }

    /// Whether the worker, which has ended, had not read the call that it was sent last, if it was
    /// sent any; `unread`: it had not read something.
    pub(super) fn has_left_call_unread(&self, unread: bool) -> bool {
        (unread || self.unreachable || self.down.is_copying()) && !self.has_read_call
    }

    pub(super) fn kill(&self) {
        self.pidfd.kill();
        // What it has written is still wanted, up to the end.
        self.gate.open();
    }

    /// Stops reading until this client has caught up: the worker waits with its next chunk.
    pub(super) fn pause(&mut self, client: ClientId) {
        self.paused_for = Some(client);
        self.gate.close();
    }

    /// Reads again. Returns the client that it was paused for.
    pub(super) fn resume(&mut self) -> Option<ClientId> {
        self.gate.open();
        self.paused_for.take()
    }

    pub(super) fn is_paused_for(&self, client: ClientId) -> bool {
        self.paused_for == Some(client)
    }
}

impl Drop for WorkerLink {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn read_worker(
    worker: WorkerId,
    mut incoming: Incoming,
    gate: Rc<Gate>,
    input: mpsc::Sender<Input>,
) {
    let mut end = None;
    loop {
        gate.pass().await;
        let news = match (incoming.take(), end) {
            (Ok(Some(message)), _) => Input::Worker(worker, message),
            (Err(_), _) => Input::WorkerBroken(worker),
            (Ok(None), Some(unread)) => {
                // The loop is gone only when the host has stopped.
                let _ = input.send(Input::WorkerDrained { worker, unread }).await;
                return;
            }
            (Ok(None), None) => {
                if let Heard::End { unread } = incoming.listen().await {
                    end = Some(unread);
                }
                continue;
            }
        };
        if input.send(news).await.is_err() {
            return;
        }
    }
}

/// The arbiter's end of a mold's socket.
#[derive(Debug)]
pub(super) struct MoldLink {
    pub(super) down: Downlink,
    pidfd: Rc<Pidfd>,
}

impl MoldLink {
    /// Takes a mold that was just spawned and starts to listen to it.
    pub(super) fn start(
        generation: GenerationId,
        spawned: SpawnedMold,
        frame_bytes_max: usize,
        input: mpsc::Sender<Input>,
    ) -> io::Result<MoldLink> {
        let pidfd = Rc::new(spawned.pidfd);
        // Nobody hears of it then; the reaper sees to what is left of it.
        let socket = Socket::new(spawned.control).inspect_err(|_| pidfd.kill())?;
        let socket = Rc::new(socket);
        let mut reader = ControlReader {
            socket: socket.clone(),
            buf: BytesMut::new(),
            descriptors: VecDeque::new(),
            frame_bytes_max,
        };
        let (child, ended) = (spawned.child, pidfd.clone());
        tokio::task::spawn_local(async move {
            while let Some((message, new)) = reader.next().await {
                if input
                    .send(Input::Mold(generation, message, new))
                    .await
                    .is_err()
                {
                    return;
                }
            }
            // It has ended, or it is of no use.
            ended.kill();
            let exit = child.end(&ended).await.ok();
            drop(child);
            let _ = input.send(Input::MoldGone(generation, exit)).await;
        });
        Ok(MoldLink {
            down: Downlink::new(socket),
            pidfd,
        })
    }

    /// Writes what the mold takes now. If it cannot be written to it is dead, and reading it will
    /// say so.
    pub(super) fn flush(&mut self) -> Flushed {
        self.down.flush().unwrap_or(Flushed::All)
    }

    pub(super) fn kill(&self) {
        self.pidfd.kill();
    }
}

struct ControlReader {
    socket: Rc<Socket>,
    buf: BytesMut,
    /// One entry for each worker that the mold has announced and `next` has not returned yet.
    descriptors: VecDeque<Received>,
    /// What an app puts into the stash in its `init()` may be so long.
    frame_bytes_max: usize,
}

impl ControlReader {
    /// The next message; none at the end, or when nothing can be made of it.
    async fn next(&mut self) -> Option<(Up, Option<NewWorker>)> {
        loop {
            if let Some((header, payload)) =
                hop::next_message(&mut self.buf, self.frame_bytes_max).ok()?
            {
                return match Up::decode(header, payload).ok()? {
                    Up::Forked { worker, pid } => {
                        Some(forked(worker, pid, self.descriptors.pop_front()?))
                    }
                    message => Some((message, None)),
                };
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Option<()> {
        let received = self.socket.read_with(|socket| {
            descriptors::receive(&socket, &mut self.buf, &mut self.descriptors)
        });
        let is_end = received.await.ok()? == 0;
        (!is_end).then_some(())
    }
}

/// A new worker, if its descriptors have arrived. If not, it is lost alone: its other end is closed
/// with them, so it ends, and its mold reaps it.
fn forked(worker: WorkerId, pid: i32, received: Received) -> (Up, Option<NewWorker>) {
    match <[OwnedFd; 4]>::try_from(received) {
        Ok([socket, pidfd, memory, doorbell]) => {
            let new = NewWorker {
                socket,
                pidfd,
                lane: LaneFiles { memory, doorbell },
            };
            (Up::Forked { worker, pid }, Some(new))
        }
        Err(_) => {
            let failure = Failure {
                stage: Stage::Forking,
                message: "the arbiter has no file descriptor left for the worker: raise the hard \
                          limit of open files (ulimit -Hn), or lower `max_connections`"
                    .into(),
                traceback: None,
                permanent: false,
            };
            (Up::ForkFailed(worker, failure), None)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::fd::{AsFd, BorrowedFd};

    use tokio::runtime::{Builder, LocalOptions};

    use super::*;
    use crate::process::link;

    #[test]
    fn a_worker_whose_descriptors_are_lost_is_lost_alone() {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .build_local(LocalOptions::default())
            .unwrap();
        let (arbiter, mold) = std::os::unix::net::UnixStream::pair().unwrap();
        let (_, mut writer) = link::split(mold.into(), 0).unwrap();
        let fd = arbiter.as_fd();
        let sent: [&[BorrowedFd<'_>]; 3] = [&[fd; 4], &[fd; 3], &[fd; 4]];
        for (worker, fds) in (1..).map(WorkerId).zip(sent) {
            writer
                .send_with_fds(&Up::Forked { worker, pid: 7 }, fds)
                .unwrap();
        }
        runtime.block_on(async {
            let ours = arbiter.try_clone().unwrap();
            let mut reader = ControlReader {
                socket: Rc::new(Socket::new(ours.into()).unwrap()),
                buf: BytesMut::new(),
                descriptors: VecDeque::new(),
                frame_bytes_max: 0,
            };
            for (worker, fds) in (1..).map(WorkerId).zip(sent) {
                match reader.next().await.unwrap() {
                    (
                        Up::Forked {
                            worker: named,
                            pid: 7,
                        },
                        Some(_),
                    ) => {
                        assert_eq!((named, fds.len()), (worker, 4));
                    }
                    (Up::ForkFailed(named, failure), None) => {
                        assert_eq!((named, fds.len()), (worker, 3));
                        assert!(!failure.permanent);
                    }
                    other => panic!("{other:?}"),
                }
            }
        });
    }
}
