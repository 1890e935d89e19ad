//! `dirty demo`: the embedded app on a socket of its own, and what to try with it.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use clap::Args;

use super::failure::Failure;
use super::serve::{ARBITER_TITLE, cores, ready_line};
use super::{logging, output, socket};
use crate::arbiter::{self, Embedder, ServeEvent, Strangers};
use crate::config::{self, AppOverride, Overrides, Settings};
use crate::process::temporary::{self, TemporaryDir};
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
/// The directory of the socket there: of its own, because a host locks it while it starts, and the
/// demo keeps the one above locked.
const SOCKET_DIRECTORY_NAME: &str = "run";

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
        logging::start(None)?;
        let executable = std::env::current_exe().map_err(Failure::DemoFiles)?;
        let directory = own_directory().map_err(Failure::DemoFiles)?;
        let component = directory.path().join(COMPONENT_NAME);
        fs::write(&component, COMPONENT).map_err(Failure::DemoFiles)?;
        let socket_directory = directory.path().join(SOCKET_DIRECTORY_NAME);
        fs::create_dir(&socket_directory).map_err(Failure::DemoFiles)?;
        let socket = socket::in_directory(&socket_directory)?;
        let overrides = Overrides {
            apps: vec![AppOverride {
                name: "demo".to_owned(),
                component,
                workers: Some(self.workers),
            }],
            socket: Some(socket.clone()),
            ..Overrides::default()
        };
        let mut settings = Settings::resolve(None, overrides, cores())?;
        // The demo needs nothing but its own directory.
        settings.cache_dir = Some(directory.path().join(CACHE_NAME));
        let invitation = invitation(&executable, &socket);
        arbiter::serve(settings, socket, Demo { invitation })?;
        remove(directory)
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

/// A directory for this demo. Those of demos that were killed are removed.
fn own_directory() -> io::Result<TemporaryDir> {
    let parent = std::env::temp_dir();
    temporary::remove_abandoned_dirs(&parent, DIRECTORY_PREFIX, is_of_a_demo);
    TemporaryDir::make(&parent, DIRECTORY_PREFIX)
}

/// Whether a file or directory of this name may be in a demo's directory.
fn is_of_a_demo(name: &OsStr) -> bool {
    [COMPONENT_NAME, CACHE_NAME, SOCKET_DIRECTORY_NAME]
        .iter()
        .any(|known| name == *known)
}

/// Removes the directory here rather than in a destructor, which would hide a failure.
fn remove(directory: TemporaryDir) -> Result<(), Failure> {
    match directory.close() {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::DemoFiles(error)),
        _ => Ok(()),
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

/// `path` as one word of a shell's.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::process::Command;

    #[test]
    fn a_quoted_path_is_one_word_to_a_shell() {
        for path in [
            "/usr/bin/dirty",
            "/a b/di'rty",
            "/$HOME/`x`",
            "/é\"\\*?",
            "-x",
        ] {
            let script = format!("printf %s {}", quoted(Path::new(path)));
            let output = Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), path);
        }
    }

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
