//! The table `[hooks]`: commands to be run at certain moments. Whether a program exists is not
//! looked at here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::{DeArray, DeValue};

use super::error::Problem;
use super::keys::Place;
use super::limits::HOOK_TIMEOUT_DEFAULT;
use super::section::{Report, Section};
use super::settings::{HookCommand, HookSettings};
use super::{convert, values};

/// What the file says of hooks.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ParsedHooks {
    on_starting: Option<HookCommand>,
    post_fork: Option<HookCommand>,
    worker_init: Option<HookCommand>,
    worker_exit: Option<HookCommand>,
    timeout: Option<Duration>,
}

impl ParsedHooks {
    /// Reads the table, if `top` has it. `directory` is where the file lies.
    pub(super) fn read(top: &Section<'_>, directory: &Path, report: &mut Report<'_>) -> Self {
        let Some(hooks) = top.child(report, "hooks") else {
            return ParsedHooks::default();
        };
        hooks.reject_unknown(report, Place::Hooks);
        let command = |value: &DeValue<'_>| command(value, directory);
        ParsedHooks {
            on_starting: hooks.read(report, "on_starting", command),
            post_fork: hooks.read(report, "post_fork", command),
            worker_init: hooks.read(report, "worker_init", command),
            worker_exit: hooks.read(report, "worker_exit", command),
            timeout: hooks.read(report, "timeout", convert::seconds_above_zero),
        }
    }

    /// What it means.
    pub(super) fn resolve(self) -> HookSettings {
        HookSettings {
            on_starting: self.on_starting,
            post_fork: self.post_fork,
            worker_init: self.worker_init,
            worker_exit: self.worker_exit,
            timeout: self.timeout.unwrap_or(HOOK_TIMEOUT_DEFAULT),
        }
    }
}

/// `"program"`, or `["program", "argument", …]`.
fn command(value: &DeValue<'_>, directory: &Path) -> Result<HookCommand, Problem> {
    let (program, args) = match value {
        DeValue::String(text) => (lone_program(text)?, Vec::new()),
        DeValue::Array(array) => program_and_args(array)?,
        other => {
            let expected = "a program, or an array like [\"program\", \"argument\"]";
            return Err(convert::wrong_type(expected, other));
        }
    };
    Ok(HookCommand {
        program: located(&program, directory),
        args,
    })
}

/// There is no shell to split it, so one with spaces is most likely meant otherwise.
fn lone_program(text: &str) -> Result<String, Problem> {
    if text.contains(char::is_whitespace) {
        let words: Vec<_> = text.split_whitespace().collect();
        let array = format!("{words:?}");
        return Err(Problem::NotAProgram(array));
    }
    word(text)
}

fn program_and_args(array: &DeArray<'_>) -> Result<(String, Vec<String>), Problem> {
    let mut words = array.iter().map(|element| match element.get_ref() {
        DeValue::String(text) => word(text),
        other => Err(convert::wrong_type("an array of strings", other)),
    });
    let program = words.next().ok_or(Problem::Empty)??;
    Ok((program, words.collect::<Result<_, _>>()?))
}

fn word(text: &str) -> Result<String, Problem> {
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    values::no_nul(text)?;
    Ok(text.to_owned())
}

/// As a shell has it: only what has a slash is a path.
fn located(program: &str, directory: &Path) -> PathBuf {
    if program.contains('/') {
        directory.join(program)
    } else {
        PathBuf::from(program)
    }
}
