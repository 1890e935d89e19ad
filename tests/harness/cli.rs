//! Runs the binary under test to its end, with an environment of the test's own.

use std::process::{Child, Command, Stdio};

use nix::sys::signal::Signal;

use super::lines::Lines;
use super::paths;
use super::processes;
use super::wait::{PATIENCE, wait_for};

/// What the binary reads from its environment; a developer's own settings must not reach a test.
const READ_FROM_ENVIRONMENT: [&str; 14] = [
    "DIRTY_SOCKET",
    "GUNICORN_DIRTY_SOCKET",
    "DIRTY_LOG",
    "XDG_RUNTIME_DIR",
    "XDG_CACHE_HOME",
    "TMPDIR",
    "RUST_LOG",
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    "DIRTY_UPGRADE",
];

/// How a command ended and what it printed.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// What it printed, if it succeeded.
    #[track_caller]
    pub(crate) fn success(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    /// What it complained about, if it failed with this code.
    #[track_caller]
    pub(crate) fn failure(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        self.stderr
    }
}

/// The binary under test.
pub(crate) fn dirty() -> Command {
    clean(Command::new(paths::DIRTY))
}

/// A command without the settings of whoever runs the tests.
pub(crate) fn clean(mut command: Command) -> Command {
    for variable in READ_FROM_ENVIRONMENT {
        command.env_remove(variable);
    }
    command
}

/// Kills a child that a failing test leaves behind.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        // Fails only if it has been waited for, and then there is nothing to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a command to its end; one that does not end fails the test.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Ran {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut child = Reaped(child);
    let mut stdout = Lines::collect(child.0.stdout.take().expect("a pipe"));
    let mut stderr = Lines::collect(child.0.stderr.take().expect("a pipe"));
    let status = wait_for(&format!("the end of {command:?}"), 3 * PATIENCE, || {
        child.0.try_wait().expect("the child is ours")
    });
    stdout.finish();
    stderr.finish();
    Ran {
        code: status.code(),
        stdout: stdout.text(),
        stderr: stderr.text(),
    }
}

/// A command that runs until the test stops it.
pub(crate) struct Running {
    child: Reaped,
    pub(crate) stdout: Lines,
    pub(crate) stderr: Lines,
}

impl Running {
    /// Starts it.
    #[track_caller]
    pub(crate) fn start(command: &mut Command) -> Running {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut child = Reaped(child);
        let stdout = Lines::collect(child.0.stdout.take().expect("a pipe"));
        let stderr = Lines::collect(child.0.stderr.take().expect("a pipe"));
        Running {
            child,
            stdout,
            stderr,
        }
    }

    /// Its process.
    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.0.id()).expect("a process number")
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        processes::signal(self.pid(), signal);
    }

    /// Waits for its end and returns its exit code, if it has one.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> Option<i32> {
        wait_for("the command's end", PATIENCE, || {
            self.child.0.try_wait().expect("the child is ours")
        })
        .code()
    }
}
