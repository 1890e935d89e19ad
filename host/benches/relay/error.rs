//! Why there are no numbers.

use std::io;
use std::process::ExitStatus;

/// Everything that ends a run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The system refuses something.
    #[error("cannot {what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        source: io::Error,
    },
    /// `taskset` has run, and had no effect.
    #[error("cannot run on core {core} alone: {allowed} are allowed; is taskset of util-linux?")]
    NotPinned { core: u32, allowed: String },
    /// The host has ended before it could serve.
    #[error("`dirty serve` has ended ({status}); its log:\n{log}")]
    NoHost { status: ExitStatus, log: String },
    /// The host was told to stop, and failed.
    #[error("`dirty serve` has not stopped well: {0}")]
    HostFailed(ExitStatus),
    /// A reply that differs from what it has to be.
    #[error("wrong reply to {call}: {got}")]
    WrongReply {
        call: &'static str,
        /// How it begins.
        got: String,
    },
    /// A connection was closed within a reply.
    #[error("the connection of {call} was closed")]
    Closed { call: &'static str },
    /// The app that is killed does not have the one idle worker that it should have.
    #[error("app {app} should have one idle worker, the status says {status}")]
    NotOneWorker { app: &'static str, status: String },
    /// The host finds something to do though nobody asks it for anything.
    #[error("the host does not come to rest")]
    Restless,
    /// A worker has answered that should be dead.
    #[error("app {0} was answered by the worker that was killed")]
    NotKilled(&'static str),
}

impl Error {
    /// For `map_err`: an error of the system's, while this was tried.
    pub(crate) fn system<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> Error {
        move |source| Error::System {
            what,
            source: source.into(),
        }
    }

    /// A wrong reply, of which the beginning is shown.
    pub(crate) fn wrong_reply(call: &'static str, got: &[u8]) -> Error {
        let got = String::from_utf8_lossy(&got[..got.len().min(300)]).into_owned();
        Error::WrongReply { call, got }
    }
}
