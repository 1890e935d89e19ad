//! Signals as events. tokio's own signal handling keeps a pipe per process that forked children
//! share, so that they steal each other's signals; a signalfd has no such state.

use std::io;
use std::os::fd::OwnedFd;

use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use tokio::io::unix::AsyncFd;

use super::watch;

/// The signals that the arbiter listens to. Blocked for the process as long as it lives: what
/// is blocked in an exec'ed mold is undone there (see `child`).
pub(crate) const HANDLED: [Signal; 8] = [
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGHUP,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGTTIN,
    Signal::SIGTTOU,
];

/// A source of some signals.
#[derive(Debug)]
pub(crate) struct Signals {
    fd: SignalFd,
    readiness: AsyncFd<OwnedFd>,
}

impl Signals {
    /// Blocks the [`HANDLED`] signals in this thread and listens to them from now on. Needs a tokio
    /// runtime.
    pub(crate) fn listen() -> io::Result<Signals> {
        Signals::of(SigSet::from_iter(HANDLED))
    }

    /// Listens to the signal that a child has ended, likewise. Several ends may make one signal.
    pub(crate) fn of_children() -> io::Result<Signals> {
        keep_ended_children()?;
        Signals::of(SigSet::from_iter([Signal::SIGCHLD]))
    }

    fn of(set: SigSet) -> io::Result<Signals> {
        set.thread_block()?;
        let fd = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        Ok(Signals {
            readiness: watch::readable(&fd)?,
            fd,
        })
    }

    /// Waits for the next one. Can be dropped and called again without losing a signal.
    pub(crate) async fn recv(&self) -> io::Result<Signal> {
        loop {
            let mut ready = self.readiness.readable().await?;
            match self.fd.read_signal() {
                Ok(Some(info)) => {
                    if let Ok(signal) = Signal::try_from(info.ssi_signo as i32) {
                        return Ok(signal);
                    }
                }
                Ok(None) => ready.clear_ready(),
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

/// Has children that end wait until they are reaped. Some supervisors start us with SIGCHLD
/// ignored, which exec keeps: then the kernel reaps every child itself, and nobody learns how it
/// ended.
pub(crate) fn keep_ended_children() -> io::Result<()> {
    // SAFETY: the default disposition installs no handler.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigDfl) }?;
    Ok(())
}
