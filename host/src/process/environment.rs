//! The variables that a service manager or a predecessor set for this process alone. A program
//! that this process starts must not see them: it would answer in the host's name.

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
