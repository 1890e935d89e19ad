//! WebAssembly: engine, compile cache, limits, WASI, and the instance of an app. Knows calls and
//! chunks; knows nothing of frames, sockets between processes, or forking.

mod bindings;
pub mod cache;
mod contract;
mod engine;
mod instance;
mod limits;
mod random;
pub mod shield;
mod state;
mod stdio;
mod uplink;

pub use engine::engine;
pub use instance::{App, Instance, Outcome, StartError, Trap};
pub use state::InstanceSettings;
pub use uplink::{EmitError, SharedUplink, Uplink};

pub use bindings::Failure;
