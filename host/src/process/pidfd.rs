//! A process by its descriptor: it can be signalled without ever hitting another process that
//! took over its number.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;
use rustix::process::{PidfdFlags, Signal};

use super::hop::{Exit, ExitStatus};

/// A process that we have started, or that our mold has.
#[derive(Debug)]
pub(crate) struct Pidfd(OwnedFd);

impl Pidfd {
    /// Of a child that was not reaped yet.
    pub(crate) fn open(pid: Pid) -> io::Result<Pidfd> {
        let pid = rustix::process::Pid::from_raw(pid.as_raw())
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(Pidfd(rustix::process::pidfd_open(
            pid,
            PidfdFlags::empty(),
        )?))
    }

    /// That another process has opened and sent.
    pub(crate) fn from_received(fd: OwnedFd) -> Pidfd {
        Pidfd(fd)
    }

    /// Sends SIGKILL. A process that has ended already is none to worry about.
    pub(crate) fn kill(&self) {
        // The only errors are "no such process" and, for a process of another user, "not
        // permitted", which none of ours is.
        let _ = rustix::process::pidfd_send_signal(&self.0, Signal::KILL);
    }

    /// Whether the process has ended, reaped or not.
    pub(crate) fn has_ended(&self) -> bool {
        let mut polled = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        // Fails only for want of memory.
        !matches!(poll(&mut polled, PollTimeout::ZERO), Ok(0))
    }
}

impl AsFd for Pidfd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Reaps this child if it has ended; does not wait.
pub(crate) fn reap(pid: Pid) -> io::Result<Option<Exit>> {
    let mut status = 0;
    // SAFETY: `rusage` is plain numbers, for which all zeroes are a value.
    let mut usage: nix::libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live locals of the types that wait4 writes.
    let reaped = unsafe {
        nix::libc::wait4(
            pid.as_raw(),
            &raw mut status,
            nix::libc::WNOHANG,
            &raw mut usage,
        )
    };
    match Errno::result(reaped) {
        Ok(0) | Err(Errno::EINTR) => Ok(None),
        Ok(_) => Ok(Some(Exit {
            status: exit_status(status),
            cpu_micros: micros(usage.ru_utime) + micros(usage.ru_stime),
            rss_kib_max: usage.ru_maxrss as u64,
        })),
        Err(errno) => Err(errno.into()),
    }
}

fn exit_status(status: i32) -> ExitStatus {
    if nix::libc::WIFSIGNALED(status) {
        ExitStatus::Signal(nix::libc::WTERMSIG(status))
    } else {
        ExitStatus::Code(nix::libc::WEXITSTATUS(status))
    }
}

fn micros(time: nix::libc::timeval) -> u64 {
    time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64
}
