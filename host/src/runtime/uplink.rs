//! What an instance can reach outside of itself: the log, the client of its call, and the stash.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::blobs::CallBlobs;
use crate::logline::{LogLevel, LogSource};
use crate::stash::{StashAnswer, StashError, StashRequest};

/// The way from an instance to the outside. A mold gives its instance one that logs; a worker
/// puts its own in place.
pub(crate) trait Uplink: Send {
    /// Writes a line to the log.
    fn log(&mut self, source: LogSource, level: LogLevel, line: &str);

    /// Sends a chunk of the current call's reply; waits while the client is slow. False once
    /// nobody waits for it any more, or where there is no call. Consumes the binaries that the
    /// chunk names.
    fn emit(&mut self, chunk: &str, blobs: &mut CallBlobs) -> Result<bool, EmitError>;

    /// Does something with the stash; waits for the host.
    fn stash(&mut self, request: StashRequest) -> Result<StashAnswer<'static>, StashFault>;

    /// Until the current call's deadline.
    fn time_left(&self) -> Option<Duration>;

    /// Whether nobody waits for the current call any more.
    fn cancelled(&self) -> bool;
}

/// The app emitted what cannot be sent; its instance ends with this as a trap.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EmitError {
    /// Not one JSON value, or one that is too deep.
    #[error("the app emitted a chunk that is no valid JSON: {0}")]
    Malformed(String),
    /// Longer than a frame can be.
    #[error("the app emitted a chunk that is too large: {0}")]
    TooLarge(String),
}

/// Why an app's use of the stash came to nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StashFault {
    /// The stash does not do it.
    #[error(transparent)]
    Refused(#[from] StashError),
    /// Not one JSON value, or one that is too deep or names what it does not have.
    #[error("the value is not valid: {0}")]
    Malformed(String),
    /// A value of too many binaries.
    #[error(
        "the value has {blobs} binaries, and {max} are possible: keep it in parts, or join some"
    )]
    TooManyBlobs {
        /// How many it has.
        blobs: usize,
        /// How many it may have.
        max: usize,
    },
    /// Nobody answers any more.
    #[error("the host ends")]
    Gone,
    /// The answer was to another question; both ends are our own executable.
    #[error("the host gave the answer to another question")]
    Unexpected,
}

/// An uplink that the instance and its standard streams share.
#[derive(Clone)]
pub(crate) struct SharedUplink(Arc<Mutex<Box<dyn Uplink>>>);

impl SharedUplink {
    /// Shares it.
    pub(crate) fn new(uplink: impl Uplink + 'static) -> SharedUplink {
        SharedUplink(Arc::new(Mutex::new(Box::new(uplink))))
    }

    /// Puts another in its place, for everything that shares this one.
    pub(crate) fn replace(&self, uplink: impl Uplink + 'static) {
        *self.lock() = Box::new(uplink);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Box<dyn Uplink>> {
        // One thread uses it, and a panic there ends the process.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
