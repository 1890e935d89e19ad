//! A host for WebAssembly components that do long-running work: pre-forked workers, called over a
//! Unix socket.
//!
//! The binary `dirty` is a thin shell around [`cli::run`]. Rust programs that only want to call a
//! host use [`client`]; programs that want to be a host call [`run_child_role`] first in `main`
//! and then [`arbiter::serve`].

pub mod arbiter;
pub mod cli;
pub mod client;
pub mod config;
mod description;
mod develop;
#[cfg(test)]
mod fuzzing;
#[cfg(test)]
mod hot_paths;
mod logline;
mod mold;
mod process;
pub mod protocol;
mod runtime;
pub mod stash;
mod worker;

/// Plays the role of a child if this process was started as one, and then does not return.
///
/// The arbiter starts its children from its own executable, so a program that embeds it must call
/// this first in `main`, before it opens anything or starts a thread.
pub fn run_child_role() {
    let mut args = std::env::args_os().skip(1);
    let role = args.next();
    match role.as_deref().and_then(|role| role.to_str()) {
        Some(process::spawn::ROLE_MOLD) => std::process::exit(mold::run()),
        Some(process::spawn::ROLE_COMPILE) => std::process::exit(mold::run_compiler(args)),
        _ => {}
    }
}
