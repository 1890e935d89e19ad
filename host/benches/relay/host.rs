//! A `dirty serve` of its own, with the demo app under several names.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tempfile::TempDir;

use super::error::Error;

const BINARY: &str = env!("CARGO_BIN_EXE_dirty");
const COMPONENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/demo/demo.wasm");
/// Compiled components are kept with what cargo builds, so that a second run need not compile.
const COMPILED: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/compiled");
/// So much of the log is shown when something goes wrong.
const LOG_LINES: usize = 20;

/// The demo app as it is configured here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct App {
    pub(crate) name: &'static str,
    workers: u32,
    state_mib: u32,
}

/// What most calls go to.
pub(crate) const ONE_WORKER: App = App {
    name: "demo",
    workers: 1,
    state_mib: 0,
};
/// The same, for several calls at once.
pub(crate) const FOUR_WORKERS: App = App {
    name: "demo-4",
    workers: 4,
    state_mib: 0,
};
/// Its worker is killed.
pub(crate) const KILLED: App = App {
    name: "demo-killed",
    workers: 1,
    state_mib: 0,
};
/// Its worker, too, and `init()` has filled so much memory.
pub(crate) const KILLED_256_MIB: App = App {
    name: "demo-killed-256",
    workers: 1,
    state_mib: 256,
};

/// A running host. Dropped, it is killed, and all its processes with it.
pub(crate) struct Host {
    child: Child,
    /// Held, because a host whose standard output is closed may complain.
    stdout: ChildStdout,
    directory: TempDir,
}

impl Host {
    /// Starts it, and returns when every app can serve.
    pub(crate) fn start() -> Result<Host, Error> {
        let directory = tempfile::tempdir().map_err(Error::system("make a directory"))?;
        let config = directory.path().join("dirty.toml");
        fs::write(&config, configuration()).map_err(Error::system("write the configuration"))?;
        let log = File::create(log_path(&directory)).map_err(Error::system("make a log file"))?;
        let mut child = Command::new(BINARY)
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .arg("--socket")
            .arg(socket_path(&directory))
            .env_remove("DIRTY_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(Error::system("start `dirty serve`"))?;
        let stdout = child.stdout.take().expect("it is piped");
        let mut host = Host {
            child,
            stdout,
            directory,
        };
        host.wait_ready()?;
        Ok(host)
    }

    /// The host prints one line when it can serve, or ends.
    fn wait_ready(&mut self) -> Result<(), Error> {
        let mut line = String::new();
        let read = BufReader::new(&mut self.stdout).read_line(&mut line);
        read.map_err(Error::system("read what `dirty serve` prints"))?;
        if line.starts_with("ready: ") {
            return Ok(());
        }
        let status = self.child.wait();
        Err(Error::NoHost {
            status: status.map_err(Error::system("wait for `dirty serve`"))?,
            log: self.log(),
        })
    }

    /// The process that clients talk to.
    pub(crate) fn arbiter(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        socket_path(&self.directory)
    }

    /// The end of its log.
    pub(crate) fn log(&self) -> String {
        let text = fs::read_to_string(log_path(&self.directory)).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(&mut self) -> Result<(), Error> {
        let pid = Pid::from_raw(self.child.id().cast_signed());
        kill(pid, Signal::SIGTERM).map_err(Error::system("stop `dirty serve`"))?;
        let status = self.child.wait();
        let status = status.map_err(Error::system("wait for `dirty serve`"))?;
        if status == std::process::ExitStatus::from_raw(0) {
            Ok(())
        } else {
            Err(Error::HostFailed(status))
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // After `stop` it is reaped, and both do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn socket_path(directory: &TempDir) -> PathBuf {
    directory.path().join("socket")
}

fn log_path(directory: &TempDir) -> PathBuf {
    directory.path().join("log")
}

fn configuration() -> String {
    let apps = [ONE_WORKER, FOUR_WORKERS, KILLED, KILLED_256_MIB].map(table);
    format!("cache_dir = {}\n{}", quoted(COMPILED), apps.concat())
}

fn table(app: App) -> String {
    let App {
        name,
        workers,
        state_mib,
    } = app;
    let component = quoted(COMPONENT);
    format!(
        "[apps.{name}]\ncomponent = {component}\nworkers = {workers}\n\
         config = {{ state_mib = {state_mib} }}\n"
    )
}

/// As a basic TOML string; JSON's escapes are TOML's.
fn quoted(text: impl AsRef<Path>) -> String {
    json!(text.as_ref().to_string_lossy()).to_string()
}
