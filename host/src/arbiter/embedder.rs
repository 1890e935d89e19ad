//! What the arbiter asks of the program that runs it: to hear what happens, the configuration
//! anew, and another log file. It does not say how that program reads or prints anything.

use std::io;
use std::path::PathBuf;

use crate::config::Settings;
pub use crate::process::reaper::Strangers;

/// Something that whoever runs the arbiter may want to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServeEvent {
    /// Every app can serve calls. Reported once.
    Ready {
        /// The apps' names, in the order of the configuration.
        apps: Vec<String>,
        /// Where they are called.
        socket: PathBuf,
    },
}

/// Why there are no settings to reload.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The embedder has no configuration that could be read anew.
    #[error("this host has no configuration to read anew; start it again to change its settings")]
    Unsupported,
    /// The configuration is missing or wrong. Holds what to mend, in the embedder's words.
    #[error("{0}")]
    Invalid(String),
}

/// The program that runs the arbiter. Its methods are called on the arbiter's only thread, so none
/// of them may wait for anything.
pub trait Embedder {
    /// Told what happens.
    fn event(&mut self, event: ServeEvent);

    /// Reads the configuration anew, for a reload.
    ///
    /// # Errors
    /// There is none, or it cannot be used; the host then serves on with the settings that it has.
    fn settings(&mut self) -> Result<Settings, SettingsError> {
        Err(SettingsError::Unsupported)
    }

    /// What is to be done with children of this process that are not the arbiter's. The arbiter makes
    /// itself a subreaper (see prctl(2)): it inherits, and reaps, the orphans of the processes that it
    /// has started. An orphan that has left their process groups cannot be told from a child of the
    /// embedder's, and stays in the process list unless strangers are [`Strangers::Reaped`].
    fn strangers(&self) -> Strangers {
        Strangers::LeftAlone
    }

    /// Opens the log file anew, because another program may have renamed it.
    ///
    /// # Errors
    /// The new file cannot be had; the log then goes on into the old one. Of the kind
    /// [`Unsupported`](io::ErrorKind::Unsupported) where the log does not go to a file.
    fn reopen_log(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
