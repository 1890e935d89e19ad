//! The log of a serving process: to a file or to standard error, its level from `DIRTY_LOG`.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use super::failure::Failure;
use super::log_file::LogFile;
use super::log_pipe::{self, LogPipe};

const VARIABLE: &str = "DIRTY_LOG";

/// What a host logs that nobody has told otherwise.
pub(super) const EVERYTHING: &str = "info";
/// What apps log, and not the host: for a command that says itself what has happened.
pub(super) const APPS_ONLY: &str = "app=info";

/// Starts logging to this file, or else to standard error: what `DIRTY_LOG` says, or else
/// `directives`. Returns the open file.
///
/// # Errors
/// [`Failure::LogFilter`] where `DIRTY_LOG` cannot be understood, [`Failure::LogFile`] where the
/// file cannot be had.
pub(super) fn start(path: Option<&Path>, directives: &str) -> Result<Option<LogFile>, Failure> {
    let set = std::env::var(VARIABLE).ok().filter(|set| !set.is_empty());
    let directives = set.unwrap_or_else(|| directives.to_owned());
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse(directives)?;
    let file = path.map(open).transpose()?;
    let (writer, ansi) = match file.clone() {
        Some(file) => (BoxMakeWriter::new(move || file.clone()), false),
        None => (standard_error(), io::stderr().is_terminal()),
    };
    // A process that already has a subscriber keeps it, and a closed standard error is no reason to
    // end: the subscriber's complaint about it would panic.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(ansi)
        .log_internal_errors(false)
        .try_init();
    Ok(file)
}

fn open(path: &Path) -> Result<LogFile, Failure> {
    LogFile::open(path).map_err(|source| Failure::LogFile {
        path: path.to_owned(),
        source,
    })
}

fn standard_error() -> BoxMakeWriter {
    let stderr = io::stderr();
    if log_pipe::is_needed_for(&stderr) {
        BoxMakeWriter::new(Mutex::new(LogPipe::new(stderr)))
    } else {
        BoxMakeWriter::new(io::stderr)
    }
}
