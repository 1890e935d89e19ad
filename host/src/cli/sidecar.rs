//! `dirty watch` beside a host, for `dirty serve --watch`: started by the host, ended with it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::failure::Failure;
use super::output;
use crate::config::AppOverride;
use crate::process::environment;

/// This program, also where its file has been replaced since it was started.
const OWN_EXECUTABLE: &str = "/proc/self/exe";
const NAME: &str = "dirty";

/// How it is started.
pub(super) struct Sidecar {
    arguments: Vec<OsString>,
}

impl Sidecar {
    /// For the host on this socket, with its configuration and the apps that it was given as flags.
    pub(super) fn new(socket: &Path, config: Option<&Path>, apps: &[AppOverride]) -> Sidecar {
        let mut arguments = vec!["--socket".into(), socket.into()];
        if let Some(config) = config {
            arguments.extend(["--config".into(), config.into()]);
        }
        for app in apps {
            arguments.extend(["--app".into(), OsString::from(app.to_string())]);
        }
        Sidecar { arguments }
    }

    /// Builds what is older than its source, and waits for that.
    ///
    /// # Errors
    /// An app has no component, and none could be made.
    pub(super) fn build_stale(&self) -> Result<(), Failure> {
        let built = self.command().arg("--once").status();
        match built.map_err(Failure::Watch)?.success() {
            true => Ok(()),
            false => Err(Failure::NothingBuilt),
        }
    }

    /// Starts it. That it cannot be had is no reason not to serve.
    pub(super) fn start(&self) {
        let host = std::process::id().to_string();
        let started = self.command().args(["--beside", &host]).spawn();
        if let Err(error) = started {
            output::error(&format!("dirty: {}", Failure::Watch(error)));
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(OWN_EXECUTABLE);
        environment::withhold_from(&mut command);
        command
            .arg0(NAME)
            .arg("watch")
            .args(&self.arguments)
            .stdin(Stdio::null());
        command
    }
}
