//! Forking a worker off its mold, and what makes that sound: one thread, and each descriptor on
//! one side only.

use std::io;
use std::os::fd::OwnedFd;

use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid};

use super::inspect;
use super::lane::{self, LaneError, LaneFiles};
use super::pidfd::Pidfd;

/// Why no copy was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ForkError {
    /// A thread holds locks and runs on in the mold only; its copy would hang.
    #[error("the mold has {0} threads; a copy of it would hang, so none is made")]
    Threads(usize),
    /// There is nothing to share with the copy.
    #[error(transparent)]
    Lane(#[from] LaneError),
    /// The system refuses.
    #[error("cannot fork: {0}")]
    Io(#[from] io::Error),
}

/// Where the process is after [`fork_worker`].
#[derive(Debug)]
pub(crate) enum Forked {
    /// In the mold: the worker's process and our handle on it; the arbiter's end of its socket and what
    /// they share, to be passed on and closed.
    Mold {
        /// The worker.
        pid: Pid,
        /// Opened before the worker can be reaped.
        pidfd: Pidfd,
        /// The arbiter's end of the worker's socket.
        arbiter_end: OwnedFd,
        /// See [`lane::create`].
        lane: LaneFiles,
    },
    /// In the worker: its socket to the arbiter, and what they share.
    Worker(OwnedFd, LaneFiles),
}

/// Makes a copy of this process, which must have one thread. The copy shares with the arbiter what the
/// largest frame takes.
pub(crate) fn fork_worker(frame_bytes_max: usize) -> Result<Forked, ForkError> {
    let threads = inspect::thread_count()?;
    if threads != 1 {
        return Err(ForkError::Threads(threads));
    }
    let (arbiter_end, worker_end) = socketpair(
        AddressFamily::Unix,
        SockType::Stream,
        None,
        SockFlag::SOCK_CLOEXEC,
    )
    .map_err(io::Error::from)?;
    let lane = lane::create(frame_bytes_max)?;
    // SAFETY: this process has one thread, so no lock can be held by a thread that does not
    // exist in the copy.
    match unsafe { nix::unistd::fork() }.map_err(io::Error::from)? {
        ForkResult::Child => Ok(Forked::Worker(worker_end, lane)),
        ForkResult::Parent { child: pid } => {
            drop(worker_end);
            match Pidfd::open(pid) {
                Ok(pidfd) => Ok(Forked::Mold {
                    pid,
                    pidfd,
                    arbiter_end,
                    lane,
                }),
                Err(error) => {
                    // Not reaped yet, so the number is still its own.
                    let _ = kill(pid, Signal::SIGKILL);
                    let _ = waitpid(pid, None);
                    Err(ForkError::Io(error))
                }
            }
        }
    }
}
