//! `dirty run`: one call of one app by a host of its own, which is a real one, so that it does what it
//! will do when it is served.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use clap::Args;
use nix::sys::signal::{Signal, kill};
use nix::unistd::getpid;

use super::argument::Argument;
use super::connect::{block_on, connect};
use super::failure::Failure;
use super::logging;
use super::order::{Keyword, KeywordError, Order, keyword_with};
use super::private_host::PrivateHost;
use super::{argument, socket};
use crate::arbiter::{self, Embedder, ServeEvent, Strangers};
use crate::config::{self, AppSettings, DirSettings, RestartSettings};
use crate::process::title;

const TITLE: &str = "dirty: run";
const DIRECTORY_PREFIX: &str = "dirty-run-";
/// How long `close()` may take; after Ctrl-C, the call and that.
const GRACEFUL_TIMEOUT: Duration = Duration::from_secs(5);
/// A start that has failed is not tried again.
const RESTART: RestartSettings = RestartSettings {
    intensity: 1,
    period: Duration::from_secs(60),
};
/// What an app is called whose file has no name to take.
const NAMELESS: &str = "app";

const EXAMPLES: &str = "\
Examples:
  dirty run greeter.wasm greet Ada
  dirty run greeter.wasm spell --kw name=Ada           a stream: one line per chunk
  dirty run thumbnails.wasm shrink @photo.jpg 64 --output small.jpg
  dirty run model.wasm classify 'some text' --set model=/models/small --dir /models=./models
  dirty run app.wasm report --env LANG=C --dir /out=./out:rw --memory-limit 512MiB --timeout 60

Starts a host with one worker for this one call: init(), the action, close(). What the app logs or prints
goes to standard error; DIRTY_LOG sets the level. Arguments, output and exit codes are those of
`dirty call`. The stash is there, and empty at first.";

/// The arguments of `dirty run`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RunArgs {
    /// The component's file
    #[arg(value_name = "APP.wasm")]
    component: PathBuf,
    #[command(flatten)]
    order: Order,
    /// A key of the app's [config] table, which init() gets; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = config_key)]
    set: Vec<Keyword>,
    /// An environment variable of the app's; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = config::parse_env)]
    env: Vec<(String, String)>,
    /// A directory that the app sees, as GUEST; may be repeated
    #[arg(long = "dir", value_name = "GUEST=HOST[:rw]", value_parser = config::parse_dir)]
    dirs: Vec<DirSettings>,
    /// The most linear memory that the app may have [default: 4GiB]
    #[arg(long, value_name = "SIZE", value_parser = config::parse_memory)]
    memory_limit: Option<u64>,
}

fn config_key(text: &str) -> Result<Keyword, KeywordError> {
    keyword_with(text, argument::parse_text)
}

impl RunArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        self.order.check()?;
        let config = self.config()?;
        title::set(TITLE);
        logging::start(None, logging::APPS_ONLY)?;
        let host = PrivateHost::make(DIRECTORY_PREFIX, &[])?;
        let name = app_name(&self.component);
        let mut settings = host.settings(&name, self.component.clone(), 1)?;
        settings.lifecycle.restart = RESTART;
        settings.lifecycle.graceful_timeout = GRACEFUL_TIMEOUT;
        for app in &mut settings.apps {
            self.apply(app, &config);
        }
        let (tell, told) = channel();
        let caller = Caller {
            call: Some((self.order, name)),
            tell,
        };
        let served = arbiter::serve(settings, host.socket.clone(), caller);
        let removed = host.remove();
        served?;
        told.try_recv().unwrap_or(Err(Failure::Interrupted))?;
        removed
    }

    /// What `--set` says, as the text of a JSON object.
    fn config(&self) -> Result<String, Failure> {
        let mut keys = HashSet::new();
        if let Some(twice) = self.set.iter().find(|set| !keys.insert(&set.key)) {
            return Err(Failure::KeywordTwice("--set", twice.key.clone()));
        }
        let set = self.set.iter();
        let table: BTreeMap<_, _> = set
            .map(|set| (&set.key, Argument::json(&set.value)))
            .collect();
        serde_json::to_string(&table).map_err(Failure::ConfigJson)
    }

    fn apply(&self, app: &mut AppSettings, config: &str) {
        config.clone_into(&mut app.config);
        app.env = self.env.iter().cloned().collect();
        app.dirs.clone_from(&self.dirs);
        app.memory_limit_bytes = self.memory_limit.unwrap_or(app.memory_limit_bytes);
        app.timeout = self.order.timeout.or(app.timeout);
    }
}

/// The file's name without its ending: logs and errors use it.
fn app_name(component: &Path) -> String {
    let stem = component.file_stem().unwrap_or_default().to_string_lossy();
    match stem.is_empty() || stem.contains(char::is_control) {
        true => NAMELESS.to_owned(),
        false => stem.into_owned(),
    }
}

/// What the arbiter asks of `dirty run`: once the app is there, it is called by a thread of its own, and
/// then the host is stopped.
struct Caller {
    call: Option<(Order, String)>,
    tell: Sender<Result<(), Failure>>,
}

impl Embedder for Caller {
    fn event(&mut self, event: ServeEvent) {
        let ServeEvent::Ready { socket, .. } = event;
        let Some((order, app)) = self.call.take() else {
            return;
        };
        let tell = self.tell.clone();
        // It inherits the arbiter's signal mask, so that signals go on to be the arbiter's alone.
        thread::spawn(move || {
            let located = socket::own(socket);
            let done = block_on(async {
                let client = connect(&located).await?;
                order.send(&client, &app).await
            });
            // Whoever waits for it waits until the host has stopped.
            let _ = tell.send(done);
            let _ = kill(getpid(), Signal::SIGTERM);
        });
    }

    fn strangers(&self) -> Strangers {
        // This program starts no children but the arbiter's.
        Strangers::Reaped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_called_like_its_file() {
        for (file, name) in [
            ("a/greeter.wasm", "greeter"),
            ("my app.v2.wasm", "my app.v2"),
            ("..", "app"),
            ("a\nb.wasm", "app"),
        ] {
            assert_eq!(app_name(Path::new(file)), name);
        }
    }
}
