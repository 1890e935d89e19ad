//! `dirty serve`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::failure::Failure;
use super::socket::SocketArgs;
use super::{config_file, logging, output};
use crate::arbiter::{self, ServeEvent};
use crate::config::{self, AppOverride, Overrides, Settings};

const EXAMPLES: &str = "\
Examples:
  dirty serve                                  with ./dirty.toml
  dirty serve --config /etc/dirty/dirty.toml
  dirty serve --app resize=resize.wasm:4       without a file: one app, 4 workers

When every app can serve, one line goes to standard output: `ready: APPS on SOCKET`.
The log goes to standard error; DIRTY_LOG sets its level (error, warn, info, debug, trace).
TERM and INT stop the host: calls in flight are finished within the graceful timeout.";

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
}

impl ServeArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        logging::start()?;
        let loaded = config_file::load(self.location.config.as_deref())?;
        let located = self.location.locate_for_host(loaded.as_ref())?;
        let overrides = Overrides {
            apps: self.apps,
            socket: Some(located.path.clone()),
            workers: self.workers,
            timeout: self.timeout,
            graceful_timeout: self.graceful_timeout,
            pidfile: self.pidfile,
            log_file: self.log_file,
        };
        let file = loaded.map(|loaded| loaded.file);
        let settings = Settings::resolve(file, overrides, cores())?;
        serve(settings, located.path, |ready| {
            // A closed standard output is no reason not to serve.
            let _ = output::line(ready);
        })
    }
}

/// Serves until told to stop. `on_ready` gets the line that says that every app can serve.
pub(super) fn serve(
    settings: Settings,
    socket: PathBuf,
    mut on_ready: impl FnMut(&str) + 'static,
) -> Result<(), Failure> {
    arbiter::serve(settings, socket, move |event| match event {
        ServeEvent::Ready { apps, socket } => {
            on_ready(&format!(
                "ready: {} on {}",
                apps.join(", "),
                socket.display()
            ));
        }
    })?;
    Ok(())
}

/// How many threads of this process can run at once.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
