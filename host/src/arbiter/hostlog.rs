//! What goes to the log about the host itself: its files, its service manager, and its successor.
//! What happens to apps and clients is in [`super::log`].

use std::error::Error;
use std::io;
use std::path::Path;

use tracing::{error, info, warn};

use super::log::end;
use super::pidfile::PidfileError;
use crate::process::hop::Exit;

/// The service manager's address is of no use.
pub(super) fn no_manager(error: &io::Error) {
    warn!(
        error = error as &dyn Error,
        "the service manager is told nothing: NOTIFY_SOCKET holds no address"
    );
}

/// The service manager cannot be told something.
pub(super) fn manager_unreachable(error: &io::Error) {
    warn!(
        error = error as &dyn Error,
        "cannot tell the service manager"
    );
}

/// The log file was asked to be opened anew.
pub(super) fn log_reopened(outcome: io::Result<()>) {
    match outcome {
        Ok(()) => info!("log file reopened"),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            info!("no log file to reopen: `log_file` is not set");
        }
        Err(error) => error!(
            error = &error as &dyn Error,
            "cannot reopen the log file; the log goes on into the old one"
        ),
    }
}

/// A successor was started.
pub(super) fn upgrade_started(pid: u32, program: &Path) {
    let program = program.display();
    info!(successor = pid, %program, "upgrade: the new host is starting");
}

/// There will be no successor.
pub(super) fn upgrade_refused(reason: &str) {
    warn!("upgrade refused: {reason}");
}

/// A successor could not be started.
pub(super) fn upgrade_impossible(error: &io::Error) {
    error!(
        error = error as &dyn Error,
        "upgrade failed: the new host cannot be started; this one serves on"
    );
}

/// A successor ended before it could serve.
pub(super) fn upgrade_failed(pid: u32, exit: Option<Exit>) {
    let exit = end(exit);
    error!(successor = pid, %exit, "upgrade failed: the new host ended before every app could serve; this one serves on");
}

/// The successor serves.
pub(super) fn upgraded(pid: u32, clients: usize) {
    info!(
        successor = pid,
        clients, "upgrade: the new host serves; this one drains"
    );
}

/// The successor ended while this host still drained.
pub(super) fn successor_died(pid: u32, exit: Option<Exit>) {
    let exit = end(exit);
    error!(successor = pid, %exit, "the new host ended; this one accepts no clients any more");
}

/// This host is the one that serves from now on.
pub(super) fn took_over() {
    info!("upgrade: this host has taken the socket over");
}

/// The predecessor has ended.
pub(super) fn predecessor_gone() {
    info!("upgrade: the old host has ended");
}

/// The pidfile keeps the name that it had while the predecessor lived.
pub(super) fn pidfile_not_renamed(error: &PidfileError) {
    error!(
        error = error as &dyn Error,
        "the pidfile keeps its name with .2 at the end"
    );
}
