//! Whether the programs of hooks are there, which is looked at before the host starts and before it
//! takes over a new configuration, rather than when the first of them is to run.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, eaccess};

use super::{Hook, HookError};
use crate::config::HookSettings;

/// Where the system looks for programs if `PATH` is not set.
const PATH_DEFAULT: &str = "/bin:/usr/bin";

/// Finds the program of every hook.
///
/// # Errors
/// The first that is missing or cannot be executed.
pub(in super::super) fn check(settings: &HookSettings) -> Result<(), HookError> {
    let configured = Hook::ALL
        .into_iter()
        .filter_map(|hook| Some((hook, hook.command(settings)?)));
    for (hook, command) in configured {
        find(hook.name(), &command.program)?;
    }
    Ok(())
}

fn find(hook: &'static str, program: &Path) -> Result<(), HookError> {
    let program_owned = || program.to_owned();
    if program.as_os_str().as_bytes().contains(&b'/') {
        return match look(program) {
            Found::Program => Ok(()),
            Found::NotExecutable => Err(HookError::NotExecutable {
                hook,
                program: program_owned(),
            }),
            Found::Nothing => Err(HookError::Missing {
                hook,
                program: program_owned(),
            }),
        };
    }
    let mut not_executable = None;
    for candidate in in_path(program) {
        match look(&candidate) {
            Found::Program => return Ok(()),
            Found::NotExecutable => not_executable = not_executable.or(Some(candidate)),
            Found::Nothing => {}
        }
    }
    Err(match not_executable {
        Some(program) => HookError::NotExecutable { hook, program },
        None => HookError::NotInPath {
            hook,
            program: program_owned(),
        },
    })
}

enum Found {
    Program,
    NotExecutable,
    Nothing,
}

fn look(path: &Path) -> Found {
    if !path.is_file() {
        Found::Nothing
    } else if eaccess(path, AccessFlags::X_OK).is_ok() {
        Found::Program
    } else {
        Found::NotExecutable
    }
}

fn in_path(program: &Path) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| PATH_DEFAULT.into());
    std::env::split_paths(&path)
        .map(|directory| directory.join(program))
        .collect()
}
