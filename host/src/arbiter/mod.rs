//! The arbiter: it listens to clients, routes their calls to workers, and sees to it that there
//! are workers. One thread; it runs no wasm.
//!
//! `machine` decides, purely; `run` is the loop that feeds it and carries out what it decided.
//! The other modules are the edges: connections, sockets to children, the log.

mod accept;
mod alarm;
mod budget;
mod client;
mod control;
mod downlink;
mod effects;
mod embedder;
mod gate;
mod hooks;
mod hostlog;
mod id_map;
mod incoming;
mod input;
mod inputs;
mod link;
mod listen;
mod listen_error;
mod log;
mod machine;
mod other_host;
mod outbox;
mod overload;
mod passed;
mod pidfile;
mod reader;
mod refusals;
mod replies;
mod run;
mod service;
mod socket;
mod spare_buffer;
mod stash;
mod status;
mod turns;
mod upgrade;

use std::io;
use std::path::PathBuf;

use tokio::runtime::{Builder, LocalOptions};

use crate::config::Settings;
use crate::process::launch::Launch;
use crate::process::{descriptors, memory};

pub use embedder::{Embedder, ServeEvent, SettingsError, Strangers};
pub use hooks::HookError;
pub use listen_error::ListenError;
pub use passed::passed_socket;
pub use pidfile::{Distrust, PidfileError};

/// Why the host does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The socket cannot be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The pidfile cannot be had.
    #[error(transparent)]
    Pidfile(#[from] PidfileError),
    /// An app of a host that was to replace another one cannot start.
    #[error("upgrade given up, and the old host serves on: the app {app} cannot start: {reason}")]
    Upgrade {
        /// Its name.
        app: String,
        /// Why.
        reason: String,
    },
    /// No app can start. Holds each app's name and reason.
    #[error("no app can start:{}", list(.0))]
    NoApp(Vec<(String, String)>),
    /// A hook cannot be run, or `on_starting` does not let the host start.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// There is no place for compiled components.
    #[error(
        "there is no directory for compiled components: set `cache_dir` in the configuration, or \
         XDG_CACHE_HOME or HOME"
    )]
    NoCacheDir,
    /// The system refuses something that the arbiter cannot do without.
    #[error("cannot start the arbiter: {0}")]
    System(#[from] io::Error),
}

fn list(failed: &[(String, String)]) -> String {
    failed
        .iter()
        .map(|(app, reason)| format!("\n  {app}: {reason}"))
        .collect()
}

/// Freed memory up to this is kept for the next requests until they cease to come, in bytes: the most
/// that the C library can be told.
const KEPT_BYTES: i32 = 32 << 20;

/// Serves until it is told to stop by a signal (TERM or INT: gracefully, a second one or QUIT: at
/// once). Blocks. `embedder` is told what happens.
///
/// # Errors
/// Nothing could be served.
pub fn serve(
    settings: Settings,
    socket: PathBuf,
    embedder: impl Embedder + 'static,
) -> Result<(), ServeError> {
    let launch = Launch::record()?;
    memory::keep_freed_buffers(KEPT_BYTES);
    descriptors::raise_limit();
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build_local(LocalOptions::default())?;
    // As a task among the others: a future outside of them is polled in a costlier way.
    let serving = runtime.spawn_local(run::run(settings, socket, launch, embedder));
    runtime
        .block_on(serving)
        .unwrap_or_else(|error| Err(ServeError::System(error.into())))
}
