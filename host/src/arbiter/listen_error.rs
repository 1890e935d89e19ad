//! Why the host has no socket to serve on.

use std::io;
use std::path::PathBuf;

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
    /// The directory is locked, and stays so.
    #[error(
        "another process keeps the directory {} locked, as a host does for the moment in which it \
         starts; end that process, or choose a socket in another directory with --socket",
        .0.display()
    )]
    Locked(PathBuf),
    /// The sockets that a service manager has passed cannot be had.
    #[error("cannot use the socket that the service manager has passed (LISTEN_FDS): {0}")]
    Activation(io::Error),
    /// A service manager has passed more than one.
    #[error(
        "the service manager has passed {0} sockets, but the host serves on one: leave one \
         ListenStream= in the .socket unit"
    )]
    SeveralPassed(usize),
    /// A service manager has passed something else.
    #[error(
        "the service manager has passed something that is no listening Unix stream socket with a \
         path: name one with ListenStream= in the .socket unit"
    )]
    UselessPassed,
    /// The socket that was passed is not the one that was asked for.
    #[error(
        "this process was started with the socket {}, but is to serve on {}: name the same, or \
         leave --socket, DIRTY_SOCKET and `socket` away",
        passed.display(),
        wanted.display()
    )]
    PassedElsewhere {
        /// What was passed.
        passed: PathBuf,
        /// What was asked for.
        wanted: PathBuf,
    },
    /// There is no host that hands its socket over.
    #[error("no host hands its socket over, as DIRTY_UPGRADE says: {0}; unset that variable")]
    Predecessor(io::Error),
    /// The system refuses.
    #[error("cannot listen on {}: {source}", .path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
