//! The bare socket: a second process of this program that answers a known request with a known
//! reply, without looking at either.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::error::Error;
use super::exchange::{Connection, Exchange};

/// The argument that makes this program the second process. Its standard input is the socket.
const ROLE: &str = "raw-peer";

/// A process that answers one exchange's request with that exchange's reply.
pub(crate) struct RawPeer {
    connection: Connection,
    exchange: Exchange,
    child: Child,
}

impl RawPeer {
    /// Starts the process and tells it its lines.
    pub(crate) fn start(exchange: &Exchange) -> Result<RawPeer, Error> {
        let (ours, theirs) = UnixStream::pair().map_err(Error::system("make a socket pair"))?;
        let program = std::env::current_exe().map_err(Error::system("find this program"))?;
        let child = Command::new(program)
            .arg(ROLE)
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .spawn()
            .map_err(Error::system("start the second process"))?;
        let mut peer = RawPeer {
            connection: Connection::over(ours)?,
            exchange: exchange.clone(),
            child,
        };
        for length in [exchange.request.len(), exchange.reply.len()] {
            peer.connection.send(&(length as u64).to_le_bytes())?;
        }
        peer.connection.send(&exchange.reply)?;
        Ok(peer)
    }

    /// There and back once.
    pub(crate) fn run(&mut self) -> Result<Duration, Error> {
        self.connection.run(&self.exchange)
    }
}

impl Drop for RawPeer {
    fn drop(&mut self) {
        // It waits for a request; that it is gone is all that matters.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether this process is the second one.
pub(crate) fn is_peer() -> bool {
    std::env::args_os().nth(1).is_some_and(|role| role == ROLE)
}

/// Plays the second process until the first one closes the socket.
pub(crate) fn serve() -> Result<(), Error> {
    let socket = io::stdin().as_fd().try_clone_to_owned();
    let socket = socket.map_err(Error::system("take over the socket"))?;
    match answer(&mut UnixStream::from(socket)) {
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(Error::System {
            what: "answer over the socket",
            source: error,
        }),
        _ => Ok(()),
    }
}

fn answer(socket: &mut UnixStream) -> io::Result<()> {
    let mut request = vec![0; read_length(socket)?];
    let mut reply = vec![0; read_length(socket)?];
    socket.read_exact(&mut reply)?;
    loop {
        socket.read_exact(&mut request)?;
        socket.write_all(&reply)?;
    }
}

fn read_length(socket: &mut UnixStream) -> io::Result<usize> {
    let mut length = [0; 8];
    socket.read_exact(&mut length)?;
    Ok(u64::from_le_bytes(length) as usize)
}
