//! The bare socket: another process of this program that answers a known request with a known
//! reply, without looking at either.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

use super::super::client::connection::{Connection, Timing};
use super::super::client::exchange::Exchange;
use super::super::error::Error;
use super::role::{Player, Role, read_told};

/// A process that answers one exchange's request with that exchange's reply.
pub(crate) struct RawPeer {
    connection: Connection,
    exchange: Exchange,
    _player: Player,
}

impl RawPeer {
    /// Starts the process and tells it its lines.
    pub(crate) fn start(exchange: Exchange) -> Result<RawPeer, Error> {
        let (player, socket) = Role::Answer.start()?;
        tell(&socket, &exchange).map_err(Error::system("tell a process what to answer"))?;
        Ok(RawPeer {
            connection: Connection::over(socket)?,
            exchange,
            _player: player,
        })
    }

    /// There and back once.
    pub(crate) fn run(&mut self) -> Result<Timing, Error> {
        self.connection.run(&self.exchange)
    }
}

/// Tells a process that answers what to answer, and to what.
pub(super) fn tell(mut socket: &UnixStream, exchange: &Exchange) -> io::Result<()> {
    for lines in [&exchange.request, &exchange.reply] {
        socket.write_all(&(lines.len() as u64).to_le_bytes())?;
        socket.write_all(lines)?;
    }
    Ok(())
}

/// Answers, until the other end is closed.
pub(super) fn answer(socket: UnixStream) -> Result<(), Error> {
    match answer_on(socket) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
        other => other.map_err(Error::system("answer over the socket")),
    }
}

fn answer_on(mut socket: UnixStream) -> io::Result<()> {
    let mut request = read_told(&socket)?;
    let reply = read_told(&socket)?;
    loop {
        socket.read_exact(&mut request)?;
        socket.write_all(&reply)?;
    }
}
