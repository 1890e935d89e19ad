//! The log of a serving process: to standard error, its level from `DIRTY_LOG`.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::{EnvFilter, LevelFilter};

use super::failure::Failure;

const VARIABLE: &str = "DIRTY_LOG";

/// Starts logging, at level `info` unless `DIRTY_LOG` says otherwise.
///
/// # Errors
/// [`Failure::LogFilter`] where `DIRTY_LOG` cannot be understood.
pub(super) fn start() -> Result<(), Failure> {
    let directives = std::env::var(VARIABLE).unwrap_or_default();
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse(directives)?;
    // A process that already has a subscriber keeps it, and a closed standard error is no reason to
    // end: the subscriber's complaint about it would panic.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .log_internal_errors(false)
        .try_init();
    Ok(())
}
