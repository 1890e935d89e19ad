//! Sending the chunks of a streamed reply.

use serde::Serialize;

use crate::actions::encode;
use crate::{Error, Result, host};

/// Where a streaming action puts its chunks.
#[derive(Debug)]
pub struct Emitter(());

impl Emitter {
    pub(crate) fn new() -> Self {
        Self(())
    }

    /// Sends one chunk; waits while the client is slower than the app. The call's deadline stands
    /// still meanwhile and starts anew afterwards.
    ///
    /// # Errors
    /// One for which [`Error::is_gone`] holds when nobody reads on. Return it, by `?`, and the
    /// stream just ends. And that of a chunk which is no JSON, such as a map with keys other
    /// than strings.
    #[track_caller]
    pub fn emit(&mut self, chunk: &(impl Serialize + ?Sized)) -> Result<()> {
        emit(chunk)
    }
}

/// Sends one chunk from wherever the app is, as [`Emitter::emit`] does: for an action of
/// [`Actions::on`](crate::Actions::on) that reports its progress before it returns its result.
///
/// # Errors
/// As [`Emitter::emit`]; outside of a call (in `init`, `on_fork` and `close`) nobody reads.
#[track_caller]
pub fn emit(chunk: &(impl Serialize + ?Sized)) -> Result<()> {
    if host::emit(&encode(chunk)?) {
        Ok(())
    } else {
        Err(Error::gone())
    }
}
