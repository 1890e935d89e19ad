//! gunicorn's dirty arbiter, with an app of its own kind.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::super::client::connection::Connection;
use super::super::error::Error;
use super::super::harness::paths;

const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/benches/suite/peers/serve_gunicorn.py"
);
/// How long it may take until it listens, its workers' `init` not included.
const PATIENCE: Duration = Duration::from_secs(20);
const POLL_INTERVAL: Duration = Duration::from_micros(200);

/// A running arbiter. Dropped, it is killed, and its workers with it.
pub(crate) struct Gunicorn {
    child: Child,
    directory: TempDir,
}

impl Gunicorn {
    /// Starts it, and returns as soon as the process exists.
    pub(crate) fn launch(
        python: &Path,
        app: &str,
        workers: u32,
        state_mib: u32,
    ) -> Result<Gunicorn, Error> {
        let directory = tempfile::tempdir().map_err(Error::system("make a directory"))?;
        let log = File::create(directory.path().join("log"));
        let log = log.map_err(Error::system("make a log file"))?;
        let mut command = Command::new(python);
        // Without -B the interpreter would leave its cache in the checkout.
        command
            .args(["-B", SCRIPT])
            .arg(directory.path().join("s"))
            .args([app, &workers.to_string()])
            .env("PYTHONPATH", paths::repository().join("tests/python"))
            .env("STATE_MIB", state_mib.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            // Its workers would outlive it: a group can be killed together.
            .process_group(0);
        let child = command.spawn().map_err(Error::system("start gunicorn"))?;
        Ok(Gunicorn { child, directory })
    }

    /// Connects as soon as it listens.
    pub(crate) fn connect(&mut self) -> Result<Connection, Error> {
        let socket = self.socket();
        let end = Instant::now() + PATIENCE;
        loop {
            match Connection::open(&socket) {
                Err(_) if Instant::now() < end && self.lives()? => {
                    std::thread::sleep(POLL_INTERVAL);
                }
                Err(_) => return Err(Error::NoGunicorn(self.log())),
                connected => return connected,
            }
        }
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("s")
    }

    /// The process that clients talk to.
    pub(crate) fn arbiter(&self) -> i32 {
        self.child.id().cast_signed()
    }

    fn lives(&mut self) -> Result<bool, Error> {
        let ended = self.child.try_wait();
        Ok(ended
            .map_err(Error::system("look after gunicorn"))?
            .is_none())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Gunicorn {
    fn drop(&mut self) {
        // What has ended already needs no more.
        let _ = killpg(Pid::from_raw(self.arbiter()), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}
