//! Children that nobody waits for: the arbiter has its orphaned grandchildren handed to it by the
//! kernel, and whatever is orphaned at all if it is process 1, and they stay in the process list
//! until they are reaped.
//!
//! Whoever starts a child of the arbiter's waits for it itself, holding an [`Awaited`] meanwhile, and
//! nothing here takes the end of such a child away. Molds and hooks lead process groups. Once such a
//! one has ended, what is left of the group can only be its orphans, so the group's children are
//! reaped: that is how the copies of a killed mold go, without harm to children of the program that
//! the arbiter is part of.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::rc::Rc;

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;
use tokio::sync::Notify;

use super::hop::Exit;
use super::pidfd::{self, Pidfd};
use super::signals::Signals;
use super::watch;

/// What is to be done with children of this process that are neither the arbiter's nor orphans of
/// its children's process groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strangers {
    /// The program that the arbiter is part of may wait for them. They are left alone, unless this
    /// is process 1, which inherits the orphans of all others.
    LeftAlone,
    /// Nobody waits for them: they are reaped.
    Reaped,
}

/// Reaps what nobody waits for. Clones are handles on the same one.
#[derive(Clone, Debug)]
pub(crate) struct Reaper(Rc<Shared>);

#[derive(Debug)]
struct Shared {
    strangers: Strangers,
    state: RefCell<State>,
    /// A child is not awaited any more.
    released: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Children that somebody waits for.
    awaited: BTreeSet<Pid>,
    /// Process groups of children that are not awaited any more. The kernel gives such a number to
    /// no other process as long as one of the group is there, and each stays until it is reaped here.
    groups: BTreeSet<Pid>,
}

impl Reaper {
    /// Has orphans handed to this process from now on, and reaps them when they end. Needs a tokio
    /// runtime for local tasks.
    pub(crate) fn start(strangers: Strangers) -> io::Result<Reaper> {
        prctl::set_child_subreaper(true)?;
        let ended = Signals::of_children()?;
        let strangers = match std::process::id() {
            1 => Strangers::Reaped,
            _ => strangers,
        };
        let reaper = Reaper::new(strangers);
        tokio::task::spawn_local(reaper.clone().watch(ended));
        Ok(reaper)
    }

    fn new(strangers: Strangers) -> Reaper {
        Reaper(Rc::new(Shared {
            strangers,
            state: RefCell::default(),
            released: Notify::new(),
        }))
    }

    async fn watch(self, ended: Signals) {
        loop {
            // First, because some may have ended before anybody listened.
            self.sweep();
            tokio::select! {
                signal = ended.recv() => if signal.is_err() {
                    // Then orphans wait in the process list for the arbiter's end.
                    return;
                },
                () = self.0.released.notified() => {}
            }
        }
    }

    /// Takes note that somebody waits for this child. To be called right after it was started.
    pub(crate) fn awaited(&self, pid: Pid) -> Awaited {
        self.0.state.borrow_mut().awaited.insert(pid);
        Awaited {
            pid,
            reaper: self.clone(),
        }
    }

    fn sweep(&self) {
        let mut state = self.0.state.borrow_mut();
        state.groups.retain(|group| has_children(*group));
        if self.0.strangers == Strangers::Reaped {
            reap_strangers(&state.awaited);
        }
    }

    fn release(&self, pid: Pid) {
        let mut state = self.0.state.borrow_mut();
        state.awaited.remove(&pid);
        if has_children(pid) {
            state.groups.insert(pid);
        }
        self.0.released.notify_one();
    }
}

/// Reaps the children in this process group that have ended. Returns whether others live on.
fn has_children(group: Pid) -> bool {
    loop {
        match waitpid(Pid::from_raw(-group.as_raw()), Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => return true,
            Ok(_) | Err(Errno::EINTR) => {}
            // "No child": the only other error that there is.
            Err(_) => return false,
        }
    }
}

/// Reaps whatever has ended and is not awaited. The kernel shows the ended in an order of its own;
/// where an awaited one is in the way, its release is the next occasion.
fn reap_strangers(awaited: &BTreeSet<Pid>) {
    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    while let Ok(status) = waitid(Id::All, look) {
        let Some(pid) = status.pid().filter(|pid| !awaited.contains(pid)) else {
            return;
        };
        // It has ended, so this does not wait, and its end is of no interest.
        let _ = waitpid(pid, Some(WaitPidFlag::WNOHANG));
    }
}

/// A child that its holder waits for. When this is dropped, the child, if it was not reaped, and what
/// is left of its process group are reaped as they end.
#[derive(Debug)]
pub(crate) struct Awaited {
    pid: Pid,
    reaper: Reaper,
}

impl Awaited {
    /// The child's number; it stays the child's until it has been reaped.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// Waits for the child's end and reaps it. `pidfd` is its own. Can be dropped and called again
    /// until it has returned.
    pub(crate) async fn end(&self, pidfd: &Pidfd) -> io::Result<Exit> {
        let ended = watch::readable(pidfd)?;
        loop {
            let mut ready = ended.readable().await?;
            match pidfd::reap(self.pid)? {
                Some(exit) => return Ok(exit),
                None => ready.clear_ready(),
            }
        }
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.reaper.release(self.pid);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::CommandExt;
    use std::process::{ChildStdout, Command, Stdio};
    use std::time::{Duration, Instant};

    use nix::sys::signal::{Signal, kill};

    /// A shell that leads a group of its own and prints a line when it is ready.
    #[allow(clippy::zombie_processes, reason = "to be reaped is what it is for")]
    fn shell(script: &str) -> (Pid, BufReader<ChildStdout>) {
        let mut child = Command::new("sh")
            .args(["-c", script])
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        (Pid::from_raw(child.id() as i32), stdout)
    }

    fn line(stdout: &mut BufReader<ChildStdout>) -> String {
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn is_listed(pid: Pid) -> bool {
        std::path::Path::new(&format!("/proc/{pid}")).exists()
    }

    #[track_caller]
    fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
        let end = Instant::now() + Duration::from_secs(30);
        while !condition() {
            assert!(Instant::now() < end, "{what}");
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }

    #[test]
    fn an_awaited_childs_end_is_left_to_whoever_waits() {
        let reaper = Reaper::new(Strangers::LeftAlone);
        let (pid, mut stdout) = shell("echo ready; exit 3");
        let awaited = reaper.awaited(pid);
        line(&mut stdout);
        let mut exit = None;
        wait_until("its end", || {
            reaper.sweep();
            exit = pidfd::reap(awaited.pid()).unwrap();
            exit.is_some()
        });
        assert_eq!(exit.unwrap().status, super::super::hop::ExitStatus::Code(3));
    }

    #[test]
    fn a_child_that_is_not_awaited_any_more_is_reaped_when_it_ends() {
        let reaper = Reaper::new(Strangers::LeftAlone);
        let (pid, mut stdout) = shell("echo ready; read never");
        drop(reaper.awaited(pid));
        line(&mut stdout);
        wait_until("the child is reaped", || {
            reaper.sweep();
            !is_listed(pid)
        });
        assert!(reaper.0.state.borrow().groups.is_empty());
    }

    #[test]
    fn what_an_ended_child_has_left_in_its_group_is_reaped() {
        prctl::set_child_subreaper(true).unwrap();
        let reaper = Reaper::new(Strangers::LeftAlone);
        let (pid, mut stdout) = shell("tail -f /dev/null & echo $!");
        let awaited = reaper.awaited(pid);
        let orphan = Pid::from_raw(line(&mut stdout).parse().unwrap());
        wait_until("its end", || pidfd::reap(pid).unwrap().is_some());
        drop(awaited);
        reaper.sweep();
        assert!(reaper.0.state.borrow().groups.contains(&pid));
        kill(orphan, Signal::SIGKILL).unwrap();
        wait_until("the orphan is reaped", || {
            reaper.sweep();
            !is_listed(orphan)
        });
        assert!(reaper.0.state.borrow().groups.is_empty());
    }

    #[test]
    fn a_child_of_the_program_around_is_left_alone() {
        let reaper = Reaper::new(Strangers::LeftAlone);
        let mut theirs = Command::new("true").process_group(0).spawn().unwrap();
        let pid = Pid::from_raw(theirs.id() as i32);
        let ended = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        waitid(Id::Pid(pid), ended).unwrap();
        reaper.sweep();
        assert!(theirs.wait().unwrap().success());
    }
}
