//! Processes and descriptors: spawning, forking, signals, reaping, and the sockets between the
//! arbiter and its children. Home of `unsafe` for these things; knows nothing of wasm.

pub mod child;
pub mod descriptors;
pub mod fork;
pub mod hop;
pub mod inspect;
pub mod link;
pub mod pidfd;
pub mod signals;
pub mod spawn;
pub mod watch;
