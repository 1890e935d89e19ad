//! One connection, used for one call after the other.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use super::super::error::Error;
use super::exchange::Exchange;

/// A reply that takes longer than this never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A connected client.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: UnixStream,
    received: Received,
}

/// How long a reply took from the moment in which its request was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// To the end of its first frame.
    pub(crate) first: Duration,
    /// To its end.
    pub(crate) whole: Duration,
}

/// The part of a reply that has arrived.
#[derive(Debug, Default)]
pub(crate) struct Received {
    bytes: Vec<u8>,
    filled: usize,
    /// It is another message than it has to be.
    is_other: bool,
}

/// What one read has come to.
#[derive(Debug)]
pub(crate) enum Progress {
    Partly,
    Whole,
    /// It is another message than it has to be, an error most likely. This is it.
    Failed(String),
}

impl Connection {
    /// Connects to a server.
    pub(crate) fn open(socket: &Path) -> Result<Connection, Error> {
        let stream = UnixStream::connect(socket).map_err(Error::system("connect"))?;
        Connection::over(stream)
    }

    /// Uses a connected socket.
    pub(crate) fn over(stream: UnixStream) -> Result<Connection, Error> {
        let limited = stream.set_read_timeout(Some(PATIENCE));
        limited.map_err(Error::system("limit the time of a read"))?;
        let received = Received::default();
        Ok(Connection { stream, received })
    }

    /// Sends the request, waits for the whole reply, and returns how long that took.
    pub(crate) fn run(&mut self, exchange: &Exchange) -> Result<Timing, Error> {
        let start = Instant::now();
        self.send(&exchange.request)?;
        self.receive(exchange, start)
    }

    /// Waits for the whole reply to what was sent at this time.
    pub(crate) fn receive(&mut self, exchange: &Exchange, start: Instant) -> Result<Timing, Error> {
        self.received.begin(exchange);
        let mut first = None;
        loop {
            let progress = self.received.read(&self.stream, exchange)?;
            if first.is_none() && self.received.filled >= exchange.first_frame {
                first = Some(start.elapsed());
            }
            match progress {
                Progress::Partly => {}
                Progress::Failed(reply) => return Err(Error::Failed(reply)),
                Progress::Whole => {
                    let whole = start.elapsed();
                    self.received.check(exchange)?;
                    let first = first.unwrap_or(whole);
                    return Ok(Timing { first, whole });
                }
            }
        }
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let sent = self.stream.write_all(bytes);
        sent.map_err(Error::system("send a request"))
    }
}

impl Received {
    /// Nothing of this call's reply has arrived.
    pub(crate) fn begin(&mut self, exchange: &Exchange) {
        self.bytes.resize(exchange.reply.len(), 0);
        self.filled = 0;
        self.is_other = false;
    }

    /// Reads once. On a socket that does not wait, nothing to read is no error.
    pub(crate) fn read(
        &mut self,
        mut stream: &UnixStream,
        exchange: &Exchange,
    ) -> Result<Progress, Error> {
        match stream.read(&mut self.bytes[self.filled..]) {
            Ok(0) => Err(Error::Closed),
            Ok(count) => {
                let had = self.filled;
                self.filled += count;
                Ok(self.progress(had, exchange))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Progress::Partly),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Err(Error::Silent(PATIENCE.as_secs()))
            }
            Err(source) => Err(Error::System {
                what: "receive a reply",
                source,
            }),
        }
    }

    fn progress(&mut self, had: usize, exchange: &Exchange) -> Progress {
        let header = exchange.dialect.header();
        if had < header && self.filled >= header {
            self.look_at_header(header, exchange);
        }
        if self.filled < self.bytes.len() {
            Progress::Partly
        } else if self.is_other {
            Progress::Failed(self.text())
        } else {
            Progress::Whole
        }
    }

    /// A header that is the right one makes the length right, too. Of any other message, an error,
    /// as much is read as it is long.
    fn look_at_header(&mut self, header: usize, exchange: &Exchange) {
        if self.bytes[..header] != exchange.reply[..header] {
            self.is_other = true;
            let length = exchange.dialect.frame_length(&self.bytes);
            self.bytes.resize(length.max(self.filled), 0);
        }
    }

    /// Compares a whole reply with what it has to be.
    pub(crate) fn check(&self, exchange: &Exchange) -> Result<(), Error> {
        if self.bytes == exchange.reply {
            Ok(())
        } else {
            Err(Error::wrong_reply(&self.bytes))
        }
    }

    fn text(&self) -> String {
        let shown = &self.bytes[..self.filled.min(300)];
        String::from_utf8_lossy(shown).into_owned()
    }
}
