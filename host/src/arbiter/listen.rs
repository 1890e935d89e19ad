//! The listening socket: it never takes the place of a live host's, it replaces a stale one, and
//! only this user can connect to it.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// Why the host cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another host serves there.
    #[error(
        "a live host serves on {} already; stop it, or choose another socket with --socket",
        .0.display()
    )]
    InUse(PathBuf),
    /// Something else has that name.
    #[error("{} exists and is no socket; choose another path with --socket", .0.display())]
    NotASocket(PathBuf),
    /// The system refuses.
    #[error("cannot listen on {}: {source}", .path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A listening socket that removes its name when it is dropped, if the name is still its own.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) socket: UnixListener,
    path: PathBuf,
    inode: (u64, u64),
}

impl Listener {
    /// Listens at this path, with mode 0600.
    pub(super) fn bind(path: &Path) -> Result<Listener, ListenError> {
        let failed = |source| ListenError::Io {
            path: path.to_owned(),
            source,
        };
        // Two hosts that start at once must not both find the other's socket stale. The lock is
        // on the directory, so that no file of its own is left behind.
        let parent = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        let dir = fs::File::open(parent.unwrap_or(Path::new("."))).map_err(failed)?;
        let _lock =
            Flock::lock(dir, FlockArg::LockExclusive).map_err(|(_, errno)| failed(errno.into()))?;
        remove_stale(path)?;
        // The name appears with its final mode: first under another name, then renamed.
        let temporary = temporary_name(path);
        let _ = fs::remove_file(&temporary);
        let socket = UnixListener::bind(&temporary).map_err(failed)?;
        let named = fs::set_permissions(&temporary, fs::Permissions::from_mode(0o600))
            .and_then(|()| rustix::net::listen(&socket, BACKLOG).map_err(io::Error::from))
            .and_then(|()| fs::rename(&temporary, path));
        if let Err(error) = named {
            let _ = fs::remove_file(&temporary);
            return Err(failed(error));
        }
        socket.set_nonblocking(true).map_err(failed)?;
        let found = fs::symlink_metadata(path).map_err(failed)?;
        Ok(Listener {
            socket,
            path: path.to_owned(),
            inode: (found.dev(), found.ino()),
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|found| (found.dev(), found.ino()) == self.inode);
        if ours {
            // If it cannot be removed, the next host finds it stale and does so.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

fn remove_stale(path: &Path) -> Result<(), ListenError> {
    let failed = |source| ListenError::Io {
        path: path.to_owned(),
        source,
    };
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    if !found.file_type().is_socket() {
        return Err(ListenError::NotASocket(path.to_owned()));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(failed)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // A full backlog, or another user's socket: somebody is there.
        Ok(_) | Err(_) => Err(ListenError::InUse(path.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_live_socket_is_respected_and_a_stale_one_replaced() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("s");
        let mut first = Listener::bind(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert!(matches!(Listener::bind(&path), Err(ListenError::InUse(_))));
        // As kill -9 would leave it: the name stays, nobody listens.
        first.inode = (0, 0);
        drop(first);
        assert!(path.exists());
        let second = Listener::bind(&path).unwrap();
        UnixStream::connect(&path).unwrap();
        drop(second);
        assert!(!path.exists());
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
    }

    #[test]
    fn another_file_of_that_name_is_left_alone() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("s");
        fs::write(&path, "mine").unwrap();
        assert!(matches!(
            Listener::bind(&path),
            Err(ListenError::NotASocket(_))
        ));
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }
}
