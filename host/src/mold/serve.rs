//! The mold's loop: fork when asked, reap what ends.

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{Pid, getpid};

use crate::process::fork::{ForkError, Forked, fork_worker};
use crate::process::hop::{Down, Failure, Setup, Stage, Up, WorkerId};
use crate::process::lane::LaneFiles;
use crate::process::link::LinkError;
use crate::process::pidfd::{self, Pidfd};
use crate::process::title::Arguments;
use crate::worker::Seed;

use super::Control;
use super::prepare::Prepared;

/// How [`Mold::serve`] ends, and in which process.
pub(super) enum Left {
    /// In the mold: the arbiter has said so, or is gone.
    Stopped,
    /// In a worker, just forked.
    AsWorker(Box<Seed>),
}

/// A mold that can fork.
pub(super) struct Mold {
    setup: Setup,
    prepared: Prepared,
    control: Control,
    arguments: Arguments,
    copies: Vec<Copy>,
}

struct Copy {
    worker: WorkerId,
    pid: Pid,
    pidfd: Pidfd,
}

impl Mold {
    pub(super) fn new(setup: Setup, prepared: Prepared, control: Control) -> Mold {
        Mold {
            setup,
            prepared,
            control,
            arguments: Arguments::find(),
            copies: Vec::new(),
        }
    }

    pub(super) fn serve(mut self) -> Result<Left, LinkError> {
        loop {
            // At first, what came while the app's `init()` waited for the stash.
            while let Some(message) = self.control.try_recv()? {
                match message {
                    Down::Fork(worker) => {
                        if let Some(seed) = self.fork(worker)? {
                            return Ok(Left::AsWorker(Box::new(self.into_worker(seed))));
                        }
                    }
                    Down::Stop => return Ok(Left::Stopped),
                    // Nothing else is for a mold; the arbiter is our own executable.
                    Down::Setup(_) | Down::Call { .. } | Down::Cancel(_) | Down::Stash(_) => {}
                }
            }
            self.wait()?;
            self.reap()?;
        }
    }

    /// Until there is a message or a copy has ended.
    fn wait(&self) -> Result<(), LinkError> {
        let copies = self.copies.iter().map(|copy| copy.pidfd.as_fd());
        let control = self.control.lock();
        let mut fds: Vec<_> = std::iter::once(control.inbox.as_fd())
            .chain(copies)
            .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
            .collect();
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(errno) => Err(LinkError::Io(errno.into())),
        }
    }

    fn reap(&mut self) -> Result<(), LinkError> {
        let mut ended = Vec::new();
        self.copies.retain(|copy| match pidfd::reap(copy.pid) {
            Ok(None) => true,
            Ok(Some(exit)) => {
                ended.push(Up::Exited(copy.worker, exit));
                false
            }
            // Only "no such child", which cannot be while we list it; there is nothing to wait for.
            Err(_) => false,
        });
        ended.iter().try_for_each(|ended| self.control.send(ended))
    }

    /// Makes a copy. Some in the copy.
    fn fork(&mut self, worker: WorkerId) -> Result<Option<NewWorker>, LinkError> {
        let mold = getpid();
        match fork_worker(self.setup.frame_bytes_max) {
            Ok(Forked::Worker(socket, lane)) => Ok(Some(NewWorker {
                worker,
                socket,
                lane,
                mold,
            })),
            Ok(Forked::Mold {
                pid,
                pidfd,
                arbiter_end,
                lane,
            }) => {
                let forked = Up::Forked {
                    worker,
                    pid: pid.as_raw(),
                };
                let fds = [
                    arbiter_end.as_fd(),
                    pidfd.as_fd(),
                    lane.memory.as_fd(),
                    lane.doorbell.as_fd(),
                ];
                self.control.lock().writer.send_with_fds(&forked, &fds)?;
                self.copies.push(Copy { worker, pid, pidfd });
                Ok(None)
            }
            Err(error) => {
                let failure = fork_failure(&error);
                self.control.send(&Up::ForkFailed(worker, failure))?;
                Ok(None)
            }
        }
    }

    /// In the copy: keeps what a worker needs, and closes everything else that is the mold's.
    fn into_worker(self, new: NewWorker) -> Seed {
        let NewWorker {
            worker,
            socket,
            lane,
            mold,
        } = new;
        let Prepared {
            app,
            instance,
            settings,
            ..
        } = self.prepared;
        Seed {
            worker,
            socket,
            lane,
            mold,
            arguments: self.arguments,
            setup: self.setup,
            app,
            instance,
            settings,
        }
    }
}

struct NewWorker {
    worker: WorkerId,
    socket: OwnedFd,
    lane: LaneFiles,
    mold: Pid,
}

fn fork_failure(error: &ForkError) -> Failure {
    Failure {
        stage: Stage::Forking,
        message: error.to_string(),
        traceback: None,
        permanent: matches!(error, ForkError::Threads(_)),
    }
}
