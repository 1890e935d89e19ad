//! Why a hook is of no use, in words that say what to mend.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::Hook;
use crate::config::HookCommand;
use crate::process::command::{End, Ran};
use crate::process::hop::ExitStatus;

/// So many lines of what a failed hook complained about are told.
const LINES_MAX: usize = 5;

/// A hook that cannot be run, or has failed.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// The program is no file.
    #[error("the hook {hook} cannot run: there is no program {}; correct its path", .program.display())]
    Missing {
        /// The hook's name in the configuration.
        hook: &'static str,
        /// What was configured.
        program: PathBuf,
    },
    /// No directory of `PATH` has a program of that name.
    #[error(
        "the hook {hook} cannot run: no directory of PATH has a program {}; install it, or write its \
         whole path",
        .program.display()
    )]
    NotInPath {
        /// The hook's name in the configuration.
        hook: &'static str,
        /// What was configured.
        program: PathBuf,
    },
    /// The program is a file that cannot be executed.
    #[error(
        "the hook {hook} cannot run: {} is not executable for this user; try chmod +x",
        .program.display()
    )]
    NotExecutable {
        /// The hook's name in the configuration.
        hook: &'static str,
        /// What was configured.
        program: PathBuf,
    },
    /// The system does not start it.
    #[error("the hook {hook} cannot run: cannot start {}: {source}", .program.display())]
    Spawn {
        /// The hook's name in the configuration.
        hook: &'static str,
        /// What was configured.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It ended otherwise than with exit code 0.
    #[error("the hook {hook} failed: {} ended with {end}{}", .program.display(), after_colon(.complaint))]
    Failed {
        /// The hook's name in the configuration.
        hook: &'static str,
        /// What was configured.
        program: PathBuf,
        /// `code 1`, `signal 9`.
        end: String,
        /// The first lines of its standard error.
        complaint: String,
    },
    /// It did not end in time, and was killed.
    #[error(
        "the hook {hook} failed: {} was killed because it had not ended after {} s (`timeout` in \
         [hooks]){}",
        .program.display(),
        .timeout.as_secs_f64(),
        after_colon(.complaint)
    )]
    TimedOut {
        /// The hook's name in the configuration.
        hook: &'static str,
        /// What was configured.
        program: PathBuf,
        /// How long it had.
        timeout: Duration,
        /// The first lines of its standard error.
        complaint: String,
    },
}

fn after_colon(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!(": {text}")
    }
}

/// What a hook's end means.
pub(super) fn of_end(
    hook: Hook,
    command: &HookCommand,
    timeout: Duration,
    ran: &Ran,
) -> Result<(), HookError> {
    let (hook, program) = (hook.name(), command.program.clone());
    let complaint = first_lines(&ran.stderr);
    match ran.end {
        End::Exited(exit) if exit.status == ExitStatus::Code(0) => Ok(()),
        End::Exited(exit) => Err(HookError::Failed {
            hook,
            program,
            end: in_words(exit.status),
            complaint,
        }),
        End::TimedOut => Err(HookError::TimedOut {
            hook,
            program,
            timeout,
            complaint,
        }),
    }
}

/// `code 0`, `signal 9`.
fn in_words(status: ExitStatus) -> String {
    match status {
        ExitStatus::Code(code) => format!("code {code}"),
        ExitStatus::Signal(signal) => format!("signal {signal}"),
    }
}

fn first_lines(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.trim().lines().take(LINES_MAX).collect();
    lines.join("\n")
}
