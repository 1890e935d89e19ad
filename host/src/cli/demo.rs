//! `dirty demo`: the embedded app on a socket of its own, and what to try with it.

use std::fs;
use std::path::Path;

use clap::Args;

use super::failure::Failure;
use super::private_host::PrivateHost;
use super::serve::{ARBITER_TITLE, ready_line};
use super::shell::quoted;
use super::{logging, output};
use crate::arbiter::{self, Embedder, ServeEvent, Strangers};
use crate::config;
use crate::process::title;

/// The component that `scripts/build-guests` makes of examples/demo.
const COMPONENT: &[u8] = include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../examples/demo/demo.wasm"
));

/// How the names of the demos' directories begin, in the temporary directory.
const DIRECTORY_PREFIX: &str = "dirty-demo-";
/// The app's file there.
const COMPONENT_NAME: &str = "demo.wasm";
/// The directory of compiled components there.
const CACHE_NAME: &str = "cache";
const EXAMPLES: &str = "\
Examples:
  dirty demo                 then paste one of the printed commands into another terminal
  dirty demo --workers 8

The app's files and socket lie in a temporary directory, which is removed at the end.
TERM and INT stop the demo.";

/// The arguments of `dirty demo`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DemoArgs {
    /// How many workers the app has
    #[arg(long, value_name = "N", default_value = "2", value_parser = config::parse_workers)]
    workers: u32,
}

impl DemoArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        title::set(ARBITER_TITLE);
        logging::start(None, logging::EVERYTHING)?;
        let executable = std::env::current_exe().map_err(Failure::PrivateFiles)?;
        let host = PrivateHost::make(DIRECTORY_PREFIX, &[COMPONENT_NAME, CACHE_NAME])?;
        let component = host.path().join(COMPONENT_NAME);
        fs::write(&component, COMPONENT).map_err(Failure::PrivateFiles)?;
        let mut settings = host.settings("demo", component, self.workers)?;
        // The demo needs nothing but its own directory.
        settings.cache_dir = Some(host.path().join(CACHE_NAME));
        let invitation = invitation(&executable, &host.socket);
        arbiter::serve(settings, host.socket.clone(), Demo { invitation })?;
        host.remove()
    }
}

/// What the arbiter asks of `dirty demo`.
struct Demo {
    invitation: String,
}

impl Embedder for Demo {
    fn event(&mut self, event: ServeEvent) {
        let ServeEvent::Ready { apps, socket } = event;
        let ready = ready_line(&apps, &socket);
        // A closed standard output is no reason not to serve.
        let _ = output::line(&format!("{ready}\n{}", self.invitation));
    }

    fn strangers(&self) -> Strangers {
        // This program starts no children but the arbiter's.
        Strangers::Reaped
    }
}

/// Three commands that work when they are pasted into a shell.
fn invitation(executable: &Path, socket: &Path) -> String {
    let dirty = quoted(executable);
    let socket = quoted(socket);
    format!(
        "\n\
         Try in another terminal:\n\
         \n  {dirty} call --socket {socket} demo echo hello 42 --kw lang=en\
         \n  {dirty} call --socket {socket} demo count 5 --kw delay_ms=300\
         \n  {dirty} status --socket {socket}\n\
         \n\
         Stop with Ctrl-C."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_commands_to_try() {
        let text = invitation(
            Path::new("/opt/my dirty/dirty"),
            Path::new("/tmp/d/dirty.sock"),
        );
        let commands: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("  '/opt/my dirty/dirty' "))
            .collect();
        assert_eq!(commands.len(), 3, "{text}");
        assert!(
            commands
                .iter()
                .all(|line| line.contains("--socket /tmp/d/dirty.sock"))
        );
    }
}
