//! Why a command failed, as the user reads it, and with which exit code.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::Value;
use thiserror::Error;

use super::output;
use super::private_dir::DirError;
use super::socket::{Located, SocketError};
use crate::arbiter::{ListenError, ServeError};
use crate::client::ClientError;
use crate::config::ConfigErrors;
use crate::develop::{BuildError, InspectError, NameError, ScaffoldError};
use crate::protocol::{ErrorType, WireError};

/// The end of a command that did not succeed.
#[derive(Debug, Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    #[error("cannot read the configuration {}: {source}", path.display())]
    ReadConfig { path: PathBuf, source: io::Error },
    #[error("the configuration {} is larger than {bytes_max} bytes", path.display())]
    ConfigTooLarge { path: PathBuf, bytes_max: u64 },
    #[error("DIRTY_LOG: {0}: write a level (error, warn, info, debug, trace), or target=level")]
    LogFilter(#[from] tracing_subscriber::filter::ParseError),
    #[error(
        "cannot open the log file {}: {source}; choose another with --log-file, or leave it away to \
         log to standard error",
        path.display()
    )]
    LogFile { path: PathBuf, source: io::Error },
    #[error("{0} {1} is there twice")]
    KeywordTwice(&'static str, String),
    #[error(transparent)]
    Socket(#[from] SocketError),
    #[error(transparent)]
    PrivateDir(#[from] DirError),
    #[error(
        "{}: no host answers on {} ({}): {source}\n{}",
        ErrorType::DirtyConnectionError,
        located.path.display(),
        located.origin,
        next_step(source)
    )]
    Unreachable { located: Located, source: io::Error },
    #[error(transparent)]
    Client(ClientError),
    /// The host's answer to the call is an error.
    #[error("{}: {}", .0.error_type, .0.message)]
    Remote(WireError),
    #[error("{}: the host does not answer: nothing came for {} s", ErrorType::DirtyTimeoutError, .0.as_secs_f64())]
    Silent(Duration),
    #[error("the host's status cannot be shown as a table: {0}; `dirty status --json` prints it")]
    StatusShape(serde_json::Error),
    #[error("the host's answer cannot be shown: {0}; `dirty status` shows how its apps are")]
    OutcomeShape(serde_json::Error),
    #[error(
        "{}: the host is not done after {} s, and goes on with it: `dirty status` shows how far it is",
        ErrorType::DirtyTimeoutError,
        .0.as_secs_f64()
    )]
    NoOutcome(Duration),
    #[error("not done for: {}", .0.join(", "))]
    NotDone(Vec<String>),
    #[error("what the app has sent is no bytes: {0}; leave --output away to see it")]
    NotBytes(serde_json::Error),
    #[error("cannot write to {}: {source}", path.display())]
    WriteOutput { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error("cannot set up a directory for the host: {0}")]
    PrivateFiles(io::Error),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Scaffold(#[from] ScaffoldError),
    #[error("there is no directory for what is built: set XDG_CACHE_HOME or HOME")]
    NoCacheDir,
    #[error(
        "nothing to build in {}: no Cargo.toml, and no app in dirty.toml that says what it is made of, \
         as in `build = {{ python = \"app:Greeter\" }}`; a Python class can be named here, too: \
         `dirty build app:Greeter -o app.wasm`",
        .0.display()
    )]
    NothingToBuild(PathBuf),
    #[error(
        "{0} goes with a Python class, as in `dirty build app:Greeter`; dirty.toml has it under `build`"
    )]
    OnlyForClass(&'static str),
    #[error("--output is for one component, and {0} are built")]
    OneOutput(usize),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Inspect(#[from] InspectError),
    #[error("cannot write it as JSON: {0}")]
    InspectionShape(serde_json::Error),
    #[error("cannot watch for changes: {0}")]
    Watch(io::Error),
    #[error("{0} has no component yet, and it cannot be built")]
    NotBuilt(String),
    #[error("not serving: an app has no component yet, see above")]
    NothingBuilt,
    #[error("the app's configuration cannot be written as JSON: {0}")]
    ConfigJson(serde_json::Error),
    #[error("stopped before the call was done")]
    Interrupted,
    #[error("cannot start the event loop: {0}")]
    Runtime(io::Error),
    #[error("cannot write to standard output: {0}")]
    Stdout(io::Error),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Remote(error) => Failure::Remote(error),
            error => Failure::Client(error),
        }
    }
}

impl Failure {
    /// Prints it to standard error, and says how the process ends.
    pub(super) fn report(&self) -> ExitCode {
        match self {
            // Whoever read the output has seen enough, as with `dirty call … | head -1`.
            Failure::Stdout(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return ExitCode::SUCCESS;
            }
            // These begin with what a reader or a script looks for.
            Failure::Config(_)
            | Failure::Unreachable { .. }
            | Failure::Silent(_)
            | Failure::NoOutcome(_) => {
                output::error(&self.to_string());
            }
            Failure::Remote(error) => {
                output::error(&self.to_string());
                if let Some(Value::String(traceback)) = error.details.get("traceback") {
                    output::error(&indent(traceback));
                }
            }
            Failure::Client(ClientError::Closed(_)) => {
                output::error(&format!("{}: {self}", ErrorType::DirtyConnectionError));
            }
            other => output::error(&format!("dirty: {other}")),
        }
        self.exit_code()
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Config(_)
            | Failure::ReadConfig { .. }
            | Failure::ConfigTooLarge { .. }
            | Failure::LogFilter(_)
            | Failure::KeywordTwice(..)
            | Failure::Name(_)
            | Failure::NothingToBuild(_)
            | Failure::OnlyForClass(_)
            | Failure::OneOutput(_)
            | Failure::Build(BuildError::NoOutput)
            | Failure::Socket(_) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}

fn next_step(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::PermissionDenied => {
            "only the user who runs the host can call it: run this as that user"
        }
        _ => "start one with `dirty serve`, or name its socket with --socket or DIRTY_SOCKET",
    }
}

fn indent(text: &str) -> String {
    let lines = text.trim_end().lines();
    let indented: Vec<_> = lines.map(|line| format!("    {line}")).collect();
    indented.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceback_is_indented() {
        assert_eq!(indent("a\n  b\n\n"), "    a\n      b");
    }
}
