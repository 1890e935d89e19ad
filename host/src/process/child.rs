//! What a process does first when it finds itself in a child role.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::sys::prctl;
use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use nix::unistd::{Pid, getppid};

use super::signals;

/// Signals that a terminal, `docker stop`, `pkill` or systemd send to every process of ours. They
/// are meant for the arbiter; molds and workers stop when it says so, or by SIGKILL.
const IGNORED: [Signal; 8] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGTTIN,
    Signal::SIGTTOU,
];

/// How much likelier than the arbiter the kernel should pick a worker when memory runs out.
const OOM_SCORE_ADJ: i32 = 500;

/// Closes everything that was inherited by mistake, and takes standard input as the socket to
/// the arbiter. To be called before the process has opened anything of its own.
pub(crate) fn take_control_socket() -> io::Result<OwnedFd> {
    close_inherited();
    take_stdin()
}

/// Takes what standard input is, and leaves an empty one in its place.
pub(crate) fn take_stdin() -> io::Result<OwnedFd> {
    let taken = io::stdin().as_fd().try_clone_to_owned()?;
    let null = File::open("/dev/null")?;
    // SAFETY: 0 is open (it was just cloned), and nothing in this process owns it: std's stdin
    // refers to it by its number.
    let replaced = unsafe { nix::libc::dup2(null.as_raw_fd(), 0) };
    nix::errno::Errno::result(replaced)?;
    Ok(taken)
}

fn close_inherited() {
    // SAFETY: called at the very start of a process, when no object owns a descriptor above
    // standard error. A kernel without the call leaves them open, which harms nothing of ours.
    unsafe { nix::libc::close_range(3, nix::libc::c_uint::MAX, 0) };
}

/// Makes this process end with its parent, and unable to gain privileges. False if the parent
/// has ended before: then there is nobody to work for.
pub(crate) fn bind_to_parent(parent: Pid) -> io::Result<bool> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    prctl::set_no_new_privs()?;
    Ok(getppid() == parent)
}

/// Makes this process what a program of the user's expects to be: nothing is inherited of the
/// arbiter's signals and descriptors, and it ends with the arbiter. For the moment between fork and
/// exec: makes system calls only, and allocates nothing.
pub(crate) fn become_foreign(arbiter: Pid) -> io::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    if getppid() != arbiter {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    for number in 1..=nix::libc::SIGRTMAX() {
        // Refused for SIGKILL and SIGSTOP, and for two numbers that the C library keeps for itself.
        // SAFETY: the default disposition installs no handler.
        unsafe { nix::libc::signal(number, nix::libc::SIG_DFL) };
    }
    SigSet::empty().thread_set_mask()?;
    // SAFETY: only marks them, so that exec closes them. Not now: std still tells through one of them
    // whether exec has failed. A kernel without the call leaves open what we have inherited ourselves.
    unsafe {
        nix::libc::close_range(
            3,
            nix::libc::c_uint::MAX,
            nix::libc::CLOSE_RANGE_CLOEXEC as nix::libc::c_int,
        )
    };
    Ok(())
}

/// Sets what signals do in a child: stopping is left to the arbiter, see [`IGNORED`], and its own
/// children can be reaped, whatever was inherited.
pub(crate) fn settle_signals() -> io::Result<()> {
    signals::keep_ended_children()?;
    for ignored in IGNORED {
        // SAFETY: ignoring a signal installs no handler.
        unsafe { signal(ignored, SigHandler::SigIgn) }?;
    }
    // The arbiter blocks the signals that it reads through a signalfd, and exec keeps that.
    SigSet::all().thread_unblock()?;
    Ok(())
}

/// Lets the kernel pick this process before its mold when memory runs out.
pub(crate) fn volunteer_for_oom() {
    // A container may forbid it; then the kernel's own choice stands.
    let _ = std::fs::write("/proc/self/oom_score_adj", OOM_SCORE_ADJ.to_string());
}
