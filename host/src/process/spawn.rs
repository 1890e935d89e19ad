//! Starting child roles: exec of our own executable, which is held open from the start, so that
//! a file replaced in the meantime never mixes versions.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::unistd::Pid;

use super::pidfd::Pidfd;
use super::reaper::{Awaited, Reaper};
use super::title;

/// The first argument of a process that plays a child role.
pub(crate) const ROLE_MOLD: &str = "__dirty-mold";
/// The first argument of the short-lived process that compiles a component.
pub(crate) const ROLE_COMPILE: &str = "__dirty-compile";

/// Has the C library ask for huge pages where it allocates much. A large payload is in fresh memory
/// each time, and a fault for every 4 KiB of it takes as long as all that is done with it; small
/// allocations stay as they are.
const HUGE_PAGES: &str = "glibc.malloc.hugetlb=1";

/// Our own executable, held open.
#[derive(Debug)]
pub(crate) struct Executable(File);

impl Executable {
    /// The file that this process runs, even if its path names another file by now.
    pub(crate) fn current() -> io::Result<Executable> {
        Ok(Executable(File::open("/proc/self/exe")?))
    }

    /// A command that runs it, as `name` in the process list, in `role`, with nothing of our
    /// environment but what says how it is to run.
    pub(crate) fn command(&self, name: &str, role: &str) -> Command {
        let mut command = Command::new(format!("/proc/self/fd/{}", self.0.as_raw_fd()));
        command.arg0(name).arg(role).env_clear().current_dir("/");
        if let Some(backtrace) = std::env::var_os("RUST_BACKTRACE") {
            command.env("RUST_BACKTRACE", backtrace);
        }
        let tunables = std::env::var_os("GLIBC_TUNABLES");
        command.env(
            "GLIBC_TUNABLES",
            tunables.unwrap_or_else(|| HUGE_PAGES.into()),
        );
        command
    }
}

/// A mold that was just started.
#[derive(Debug)]
pub(crate) struct SpawnedMold {
    /// Its process, which leads a group of its own: its copies and its compiler are in it.
    pub child: Awaited,
    /// For signals, and readable when it has ended.
    pub pidfd: Pidfd,
    /// Our end of its socket, non-blocking.
    pub control: OwnedFd,
}

/// Starts the mold of an app. It reads its setup from the socket, which is its standard input.
pub(crate) fn mold(executable: &Executable, app: &str, reaper: &Reaper) -> io::Result<SpawnedMold> {
    let (ours, theirs) = socketpair(
        AddressFamily::Unix,
        SockType::Stream,
        None,
        SockFlag::SOCK_CLOEXEC,
    )?;
    nix::fcntl::fcntl(
        &ours,
        nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK),
    )?;
    let mut child = executable
        .command(&format!("dirty: mold {app}"), ROLE_MOLD)
        .arg(title::ROOM)
        .process_group(0)
        .stdin(Stdio::from(theirs))
        .stdout(Stdio::null())
        .spawn()?;
    let pid = Pid::from_raw(child.id() as i32);
    match Pidfd::open(pid) {
        Ok(pidfd) => Ok(SpawnedMold {
            child: reaper.awaited(pid),
            pidfd,
            control: ours,
        }),
        Err(error) => {
            discard(&mut child);
            Err(error)
        }
    }
}

/// Ends a child that nobody has a use for, and reaps it.
pub(crate) fn discard(child: &mut Child) {
    // Neither can fail for a child that is not reaped yet.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::process::pidfd;

    #[test]
    fn a_discarded_child_leaves_no_zombie() {
        let mut child = Command::new("/bin/cat")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        discard(&mut child);
        let error = pidfd::reap(Pid::from_raw(child.id() as i32)).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(nix::libc::ECHILD));
    }
}
