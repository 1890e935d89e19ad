//! `dirty serve`.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::config_file::{self, Loaded};
use super::failure::Failure;
use super::log_file::LogFile;
use super::sidecar::Sidecar;
use super::socket::SocketArgs;
use super::{logging, output};
use crate::arbiter::{self, Embedder, ServeEvent, SettingsError, Strangers};
use crate::config::{self, AppOverride, Overrides, Settings};
use crate::process::title;

const EXAMPLES: &str = "\
Examples:
  dirty serve                                  with ./dirty.toml
  dirty serve --config /etc/dirty/dirty.toml
  dirty serve --app resize=resize.wasm:4       without a file: one app, 4 workers
  dirty serve --watch                          while developing: what is saved is built and reloaded

When every app serves, or has failed to start, one line with those that serve goes to standard
output: `ready: APPS on SOCKET`.
The log goes to standard error; DIRTY_LOG sets its level (error, warn, info, debug, trace).

Signals:
  TERM, INT    stop; calls in flight are finished within the graceful timeout; again: at once
  QUIT         stop at once
  HUP          read the configuration again and reload every app
  TTIN, TTOU   a worker more, or one fewer, for every app
  USR1         open the log file anew
  USR2         start the program anew, which takes the socket over";

/// What an arbiter is called in the process list.
pub(super) const ARBITER_TITLE: &str = "dirty: arbiter";

/// The arguments of `dirty serve`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    location: SocketArgs,
    /// Serve the component PATH as app NAME, by WORKERS workers; may be repeated. For an app that
    /// the configuration names this replaces the component
    #[arg(long = "app", value_name = "NAME=PATH[:WORKERS]")]
    apps: Vec<AppOverride>,
    /// How many workers each app has [default: what the configuration says, else one per core]
    #[arg(long, value_name = "N", value_parser = config::parse_workers)]
    workers: Option<u32>,
    /// How long a call may take, queueing included; 0 is without limit [default: what the
    /// configuration says, else 300]
    #[arg(long, value_name = "SECONDS", value_parser = config::parse_seconds)]
    timeout: Option<Duration>,
    /// How long calls in flight may run on when the host stops [default: what the configuration
    /// says, else 30]
    #[arg(long, value_name = "SECONDS", value_parser = config::parse_seconds)]
    graceful_timeout: Option<Duration>,
    /// Keep the host's process number in PATH while it runs [default: what the configuration says,
    /// else nowhere]
    #[arg(long, value_name = "PATH")]
    pidfile: Option<PathBuf>,
    /// Write the log to PATH instead of standard error [default: what the configuration says]
    #[arg(long, value_name = "PATH")]
    log_file: Option<PathBuf>,
    /// Build what is older than its source, then build and reload what is saved: see `dirty watch`
    #[arg(long)]
    watch: bool,
}

impl ServeArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        title::set(ARBITER_TITLE);
        let loaded = config_file::load(self.location.config.as_deref())?;
        let passed = arbiter::passed_socket()?;
        let located = self.location.locate_for_host(passed, loaded.as_ref())?;
        let sidecar = self
            .watch
            .then(|| Sidecar::new(&located.path, self.location.config.as_deref(), &self.apps));
        let configuration = Configuration {
            path: self.location.config,
            overrides: Overrides {
                apps: self.apps,
                socket: Some(located.path.clone()),
                workers: self.workers,
                timeout: self.timeout,
                graceful_timeout: self.graceful_timeout,
                pidfile: self.pidfile,
                log_file: self.log_file,
            },
        };
        let settings = configuration.merge(loaded)?;
        let log_file = logging::start(settings.log_file.as_deref(), logging::EVERYTHING)?;
        if let Some(sidecar) = &sidecar {
            sidecar.build_stale()?;
        }
        let server = Server {
            configuration,
            log_file,
            sidecar,
        };
        Ok(arbiter::serve(settings, located.path, server)?)
    }
}

/// Where the settings come from: the same file and the same flags, at the start and at each reload.
struct Configuration {
    path: Option<PathBuf>,
    overrides: Overrides,
}

impl Configuration {
    fn merge(&self, loaded: Option<Loaded>) -> Result<Settings, Failure> {
        let file = loaded.map(|loaded| loaded.file);
        Ok(Settings::resolve(file, self.overrides.clone(), cores())?)
    }

    fn read(&self) -> Result<Settings, Failure> {
        self.merge(config_file::load(self.path.as_deref())?)
    }
}

/// What the arbiter asks of `dirty serve`.
struct Server {
    configuration: Configuration,
    log_file: Option<LogFile>,
    sidecar: Option<Sidecar>,
}

impl Embedder for Server {
    fn event(&mut self, event: ServeEvent) {
        let ServeEvent::Ready { apps, socket } = event;
        // A closed standard output is no reason not to serve.
        let _ = output::line(&ready_line(&apps, &socket));
        if let Some(sidecar) = &self.sidecar {
            sidecar.start();
        }
    }

    fn settings(&mut self) -> Result<Settings, SettingsError> {
        let settings = self.configuration.read();
        settings.map_err(|failure| SettingsError::Invalid(failure.to_string()))
    }

    fn strangers(&self) -> Strangers {
        // This program starts no children but the arbiter's.
        Strangers::Reaped
    }

    fn reopen_log(&mut self) -> io::Result<()> {
        match &self.log_file {
            Some(file) => file.reopen(),
            None => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// The line that says that every app can serve.
pub(super) fn ready_line(apps: &[String], socket: &Path) -> String {
    format!("ready: {} on {}", apps.join(", "), socket.display())
}

/// How many threads of this process can run at once.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
