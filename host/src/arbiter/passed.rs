//! The listening socket that this process was started with, if it was: by a service manager, or by
//! the host whose successor it is.

use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::sys::socket::{SockType, UnixAddr, getsockname, getsockopt, sockopt};

use super::listen::Listener;
use super::listen_error::ListenError;
use super::run::absolute;
use crate::process::activation;
use crate::process::handover::{self, NameOwner, Notice};

/// Where the socket is that this process was started with; none if it was started without one.
///
/// A program that runs the arbiter asks this before it chooses a socket itself.
///
/// # Errors
/// What was passed is nothing that the host could serve on.
pub fn passed_socket() -> Result<Option<PathBuf>, ListenError> {
    match Notice::from_environment().map_err(ListenError::Predecessor)? {
        Some(notice) => Ok(Some(notice.socket)),
        None => Ok(activated()?.map(|(_, path)| path)),
    }
}

/// The listener to serve on, and the channel to the predecessor if there is one.
///
/// # Errors
/// It cannot be had, or this process was started with a socket of another path.
pub(super) fn listener(wanted: &Path) -> Result<(Listener, Option<UnixStream>), ListenError> {
    if let Some(notice) = Notice::from_environment().map_err(ListenError::Predecessor)? {
        same(&notice.socket, wanted)?;
        let (channel, socket) = handover::accept(&notice).map_err(ListenError::Predecessor)?;
        let listener = Listener::adopt(socket.into(), wanted, notice.owner)?;
        return Ok((listener, Some(channel)));
    }
    if let Some((socket, path)) = activated()? {
        same(&path, wanted)?;
        return Ok((Listener::adopt(socket, wanted, NameOwner::Manager)?, None));
    }
    Ok((Listener::bind(wanted)?, None))
}

/// The one socket that a service manager has passed.
fn activated() -> Result<Option<(UnixListener, PathBuf)>, ListenError> {
    let mut passed = activation::passed_sockets().map_err(ListenError::Activation)?;
    match (passed.pop(), passed.len()) {
        (None, _) => Ok(None),
        (Some(socket), 0) => path_of(&socket).map(|path| Some((socket.into(), path))),
        (Some(_), others) => Err(ListenError::SeveralPassed(others + 1)),
    }
}

/// Where it listens.
fn path_of(socket: &OwnedFd) -> Result<PathBuf, ListenError> {
    let listens = getsockopt(socket, sockopt::SockType) == Ok(SockType::Stream)
        && getsockopt(socket, sockopt::AcceptConn) == Ok(true);
    // Fails for addresses of other families.
    let address = getsockname::<UnixAddr>(socket.as_raw_fd()).ok();
    address
        .filter(|_| listens)
        .and_then(|address| address.path().map(Path::to_owned))
        .ok_or(ListenError::UselessPassed)
}

fn same(passed: &Path, wanted: &Path) -> Result<(), ListenError> {
    if place(passed) == place(wanted) {
        return Ok(());
    }
    Err(ListenError::PassedElsewhere {
        passed: passed.to_owned(),
        wanted: wanted.to_owned(),
    })
}

/// The path without links on the way to its last part.
fn place(path: &Path) -> PathBuf {
    let path = absolute(path);
    let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
    match (parent, path.file_name()) {
        (Some(parent), Some(name)) => parent.join(name),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::net::TcpListener;
    use std::os::unix::net::UnixDatagram;

    #[test]
    fn only_a_listening_stream_socket_with_a_path_is_of_use() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        assert_eq!(path_of(&listener.into()).unwrap(), path);
        let (connected, _peer) = UnixStream::pair().unwrap();
        let useless: [OwnedFd; 4] = [
            connected.into(),
            UnixDatagram::bind(temp.path().join("d")).unwrap().into(),
            TcpListener::bind("127.0.0.1:0").unwrap().into(),
            std::fs::File::open("/dev/null").unwrap().into(),
        ];
        for socket in useless {
            assert!(matches!(path_of(&socket), Err(ListenError::UselessPassed)));
        }
    }

    #[test]
    fn a_path_through_a_link_is_the_same_place() {
        let temp = tempfile::tempdir().unwrap();
        let link = temp.path().join("link");
        std::os::unix::fs::symlink(temp.path(), &link).unwrap();
        let path = temp.path().join("s");
        assert!(same(&path, &link.join("s")).is_ok());
        assert!(matches!(
            same(&path, &link.join("t")),
            Err(ListenError::PassedElsewhere { .. })
        ));
    }
}
