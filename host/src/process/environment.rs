//! What the environment says: where compiled components are kept, and the variables that a service
//! manager or a predecessor set for this process alone. A program that this process starts must not
//! see those: it would answer in the host's name.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::handover;

/// Names of such variables.
const FOR_THIS_PROCESS: [&str; 7] = [
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    handover::VARIABLE,
];

/// Keeps these variables from the command, which otherwise inherits the host's environment.
pub(crate) fn withhold_from(command: &mut Command) {
    for name in FOR_THIS_PROCESS {
        command.env_remove(name);
    }
}

/// Where compiled components are kept, and what else is made once: `configured`, or else a directory
/// in the user's cache. `None` where nothing says where that is.
pub(crate) fn cache_dir(configured: Option<&Path>) -> Option<PathBuf> {
    let set = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    configured
        .map(Path::to_owned)
        .or_else(|| set("XDG_CACHE_HOME").map(|dir| dir.join("dirty")))
        .or_else(|| set("HOME").map(|dir| dir.join(".cache/dirty")))
        .and_then(|dir| std::path::absolute(dir).ok())
}
