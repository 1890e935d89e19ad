//! What the host offers to a call: the contract's imports in a component, a stand-in elsewhere.

#[cfg(target_family = "wasm")]
mod component;
#[cfg(target_family = "wasm")]
use component as implementation;
#[cfg(target_family = "wasm")]
pub use component::bindings;

#[cfg(not(target_family = "wasm"))]
pub(crate) mod standin;
#[cfg(not(target_family = "wasm"))]
use standin as implementation;

use std::time::Duration;

use crate::log::Level;

/// The time until this call's deadline, in whole milliseconds; none where the call has none.
///
/// For a call that streams the deadline starts anew with each chunk.
pub fn time_left() -> Option<Duration> {
    implementation::time_left()
}

/// True once nobody waits for this call's result any more. A long computation may ask from time to
/// time and return early; it costs about as much as a system call.
pub fn cancelled() -> bool {
    implementation::cancelled()
}

/// The number of the process that runs this: the worker's, or in `init` usually the mold's. It is the one
/// that `dirty status` shows, and another in each copy. (`std::process::id` panics in a component.)
pub fn process_id() -> u32 {
    implementation::process_id()
}

/// Sends one chunk, a JSON text; false when nobody reads on.
pub(crate) fn emit(chunk: &str) -> bool {
    implementation::emit(chunk)
}

pub(crate) fn log(level: Level, message: &str) {
    implementation::log(level, message);
}

/// The bytes of a binary of this call; none if there is none of this index.
pub(crate) fn blob(index: u32) -> Option<Vec<u8>> {
    implementation::blob(index)
}

/// Gives the host a binary. Returns its index or, if there is no room for it, how many bytes there is
/// room for in all.
pub(crate) fn put_blob(bytes: &[u8]) -> Result<u32, u64> {
    implementation::put_blob(bytes)
}
