//! Writing to the host's log, which adds the app's name, the worker and the request. May be used
//! at any time, in `init` and `close` too.
//!
//! ```
//! let rows = 3;
//! dirty_guest::log::info(format_args!("loaded {rows} rows"));
//! ```

use std::fmt::Display;

use crate::host;

/// How important a message is, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Steps within a call.
    Trace,
    /// What helps whoever develops the app.
    Debug,
    /// What whoever runs the app wants to know.
    Info,
    /// What should be looked into.
    Warn,
    /// What went wrong.
    Error,
}

/// Writes a message of that level.
pub fn log(level: Level, message: impl Display) {
    host::log(level, &message.to_string());
}

/// Logs at level `trace`.
pub fn trace(message: impl Display) {
    log(Level::Trace, message);
}

/// Logs at level `debug`.
pub fn debug(message: impl Display) {
    log(Level::Debug, message);
}

/// Logs at level `info`.
pub fn info(message: impl Display) {
    log(Level::Info, message);
}

/// Logs at level `warn`.
pub fn warn(message: impl Display) {
    log(Level::Warn, message);
}

/// Logs at level `error`.
pub fn error(message: impl Display) {
    log(Level::Error, message);
}
