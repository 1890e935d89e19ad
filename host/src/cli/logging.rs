//! The log of a serving process: to standard error, its level from `DIRTY_LOG`.

use std::io::{self, IsTerminal};
use std::sync::Mutex;

use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use super::failure::Failure;
use super::log_pipe::{self, LogPipe};

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
        .with_writer(writer())
        .with_ansi(io::stderr().is_terminal())
        .log_internal_errors(false)
        .try_init();
    Ok(())
}

fn writer() -> BoxMakeWriter {
    let stderr = io::stderr();
    if log_pipe::is_needed_for(&stderr) {
        BoxMakeWriter::new(Mutex::new(LogPipe::new(stderr)))
    } else {
        BoxMakeWriter::new(io::stderr)
    }
}
