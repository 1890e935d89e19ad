//! WebAssembly: engine, compile cache, limits, WASI, and the instance of an app. Knows calls and
//! chunks; knows nothing of frames, sockets between processes, or forking.

mod backtrace;
mod bindings;
mod blobs;
pub(crate) mod cache;
mod clock;
mod contract;
mod engine;
mod instance;
mod keyvalue;
mod limits;
mod pace;
mod random;
pub(crate) mod shield;
mod stash;
mod state;
mod stdio;
mod uplink;

pub(crate) use blobs::CallBlobs;
pub(crate) use contract::CONTRACT;
pub(crate) use engine::engine;
pub(crate) use instance::{App, AppResult, Instance, LoadError, Outcome, StartError, Trap};
pub(crate) use state::InstanceSettings;
pub(crate) use uplink::{EmitError, SharedUplink, StashFault, Uplink};

pub(crate) use bindings::Failure;
