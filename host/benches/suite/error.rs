//! Why something could not be measured.

use std::io;

/// Everything that ends a contestant's part, or a run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The system refuses something.
    #[error("cannot {what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        source: io::Error,
    },
    /// A call that was answered with an error.
    #[error("a call failed: {0}")]
    Failed(String),
    /// A reply that differs from what it has to be.
    #[error("wrong reply: {0}")]
    WrongReply(String),
    /// A connection was closed within a reply.
    #[error("the server closed the connection")]
    Closed,
    /// Nothing came for a long while.
    #[error("the server did not answer for {0} s")]
    Silent(u64),
    /// A server has ended before it could serve.
    #[error("gunicorn's arbiter has ended early: {0}")]
    NoGunicorn(String),
    /// What is shared with the tests panics where it goes on no further.
    #[error("{0}")]
    Panicked(String),
    /// Something that a contestant needs could not be made.
    #[error("not prepared: {0}")]
    NotPrepared(String),
    /// The limit of open files is too low for so many connections.
    #[error("{needed} open files are needed and {allowed} allowed: raise `ulimit -n`")]
    TooFewFiles { needed: u64, allowed: u64 },
    /// There is no worker to kill.
    #[error("there is not exactly one worker, idle, to kill")]
    NotOneWorker,
    /// The queue was still filling when it had to be full.
    #[error("the calls were not all queued in time")]
    NotQueued,
    /// The document has lost the place for the results.
    #[error("docs/performance.md has no place for the results: restore its two comments")]
    NoPlace,
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
    pub(crate) fn wrong_reply(got: &[u8]) -> Error {
        let got = String::from_utf8_lossy(&got[..got.len().min(300)]).into_owned();
        Error::WrongReply(got)
    }
}
