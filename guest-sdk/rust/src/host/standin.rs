//! Stands in for the host where an app runs natively: one per thread, so that tests can run side by
//! side. `testing` sets it up and reads what it has collected.

use std::cell::RefCell;
use std::time::Duration;

use crate::log::Level;
use crate::stash::standin::Tables;

/// What the host of this thread says, and what it has been told.
#[derive(Debug, Default)]
pub(crate) struct StandIn {
    pub(crate) time_left: Option<Duration>,
    pub(crate) cancelled: bool,
    /// How many more chunks the client reads; none means all.
    pub(crate) reads: Option<usize>,
    /// False outside of a call, where nobody reads chunks.
    pub(crate) in_call: bool,
    pub(crate) chunks: Vec<String>,
    /// The binaries of the call that runs or comes next.
    pub(crate) blobs: Vec<Vec<u8>>,
    pub(crate) logs: Vec<(Level, String)>,
    pub(crate) stash: Tables,
}

thread_local! {
    static STAND_IN: RefCell<StandIn> = RefCell::default();
}

/// Runs a function with this thread's stand-in. It must not call back into the host.
pub(crate) fn with<T>(f: impl FnOnce(&mut StandIn) -> T) -> T {
    STAND_IN.with_borrow_mut(f)
}

pub(super) fn time_left() -> Option<Duration> {
    with(|host| host.time_left)
}

pub(super) fn cancelled() -> bool {
    with(|host| host.cancelled)
}

/// Here there are processes.
pub(super) fn process_id() -> u32 {
    std::process::id()
}

pub(super) fn emit(chunk: &str) -> bool {
    with(|host| {
        if !host.in_call || host.reads == Some(0) {
            return false;
        }
        host.reads = host.reads.map(|left| left - 1);
        host.chunks.push(chunk.to_owned());
        true
    })
}

pub(super) fn log(level: Level, message: &str) {
    with(|host| host.logs.push((level, message.to_owned())));
}

pub(super) fn blob(index: u32) -> Option<Vec<u8>> {
    with(|host| {
        let index = usize::try_from(index).ok()?;
        host.blobs.get(index).filter(|_| host.in_call).cloned()
    })
}

pub(super) fn put_blob(bytes: &[u8]) -> Result<u32, u64> {
    with(|host| {
        if !host.in_call {
            return Err(0);
        }
        let index = u32::try_from(host.blobs.len()).map_err(|_| u64::from(u32::MAX))?;
        host.blobs.push(bytes.to_vec());
        Ok(index)
    })
}
