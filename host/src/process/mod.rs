//! Processes and descriptors: spawning, forking, signals, reaping, and the sockets between the
//! arbiter and its children. Home of `unsafe` for these things; knows nothing of wasm.

pub(crate) mod activation;
pub(crate) mod alarm;
pub(crate) mod child;
pub(crate) mod command;
pub(crate) mod descriptors;
pub(crate) mod environment;
pub(crate) mod fork;
pub(crate) mod handover;
pub(crate) mod hop;
pub(crate) mod huge_pages;
pub(crate) mod idle;
pub(crate) mod inbox;
pub(crate) mod inspect;
pub(crate) mod lane;
pub(crate) mod launch;
pub(crate) mod link;
pub(crate) mod memory;
pub(crate) mod pidfd;
pub(crate) mod reaper;
pub(crate) mod receive;
pub(crate) mod signals;
pub(crate) mod spawn;
pub(crate) mod temporary;
pub(crate) mod title;
pub(crate) mod watch;
