//! What a line of the log is tagged with on its way from an app to the arbiter's log.

/// Where a line of the log comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogSource {
    /// The app's call of `log`.
    App,
    /// A line that the app printed to standard output.
    Stdout,
    /// A line that the app printed to standard error.
    Stderr,
    /// The mold or worker itself.
    Host,
}

/// How important a line of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogLevel {
    /// Finest detail.
    Trace,
    /// For debugging.
    Debug,
    /// Worth knowing.
    Info,
    /// Something is not as it should be.
    Warn,
    /// Something failed.
    Error,
}

impl LogSource {
    /// The source with this number, as `as u8` gives it.
    pub(crate) fn from_code(code: u8) -> Option<LogSource> {
        use LogSource::{App, Host, Stderr, Stdout};
        [App, Stdout, Stderr, Host]
            .into_iter()
            .find(|source| *source as u8 == code)
    }
}

impl LogLevel {
    /// The level with this number, as `as u8` gives it.
    pub(crate) fn from_code(code: u8) -> Option<LogLevel> {
        use LogLevel::{Debug, Error, Info, Trace, Warn};
        [Trace, Debug, Info, Warn, Error]
            .into_iter()
            .find(|level| *level as u8 == code)
    }
}
