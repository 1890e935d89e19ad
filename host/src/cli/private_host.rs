//! A host for one command: in a temporary directory, with one app, on a socket that nobody else looks
//! for.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::serve::cores;
use super::socket;
use crate::config::{AppOverride, Overrides, Settings};
use crate::process::temporary::{self, TemporaryDir};

/// The directory of the socket, in that of the host: of its own, because a host locks it while it
/// starts, and the one above is locked as long as it is in use.
const SOCKET_DIRECTORY_NAME: &str = "run";

/// The directory and the socket of such a host.
pub(super) struct PrivateHost {
    directory: TemporaryDir,
    pub(super) socket: PathBuf,
}

impl PrivateHost {
    /// Makes a directory whose name begins like this. Those of killed commands are removed, if there
    /// is nothing in them but `contents`.
    pub(super) fn make(prefix: &str, contents: &[&str]) -> Result<PrivateHost, Failure> {
        let parent = std::env::temp_dir();
        let expected = |name: &OsStr| {
            let mut known = contents.iter().chain([&SOCKET_DIRECTORY_NAME]);
            known.any(|known| name == *known)
        };
        temporary::remove_abandoned_dirs(&parent, prefix, expected);
        let directory = TemporaryDir::make(&parent, prefix).map_err(Failure::PrivateFiles)?;
        let socket_directory = directory.path().join(SOCKET_DIRECTORY_NAME);
        fs::create_dir(&socket_directory).map_err(Failure::PrivateFiles)?;
        let socket = socket::in_directory(&socket_directory)?;
        Ok(PrivateHost { directory, socket })
    }

    /// Where the host has its files.
    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// What it serves, with defaults for all that is not said here.
    pub(super) fn settings(
        &self,
        name: &str,
        component: PathBuf,
        workers: u32,
    ) -> Result<Settings, Failure> {
        let overrides = Overrides {
            apps: vec![AppOverride {
                name: name.to_owned(),
                component,
                workers: Some(workers),
            }],
            socket: Some(self.socket.clone()),
            ..Overrides::default()
        };
        Ok(Settings::resolve(None, overrides, cores())?)
    }

    /// Removes the directory, here rather than in a destructor, which would hide a failure.
    pub(super) fn remove(self) -> Result<(), Failure> {
        match self.directory.close() {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Failure::PrivateFiles(error))
            }
            _ => Ok(()),
        }
    }
}
