//! Requests and replies as bytes: what a call looks like is learnt once, by making it and looking
//! at every frame; after that bytes are only sent and compared.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::Error;

/// A reply that takes longer than this never comes.
const PATIENCE: Duration = Duration::from_secs(60);
/// So much of a reply is compared as soon as it is there: another length or type of frame shows.
const TELLING_BYTES: usize = 32;
const LENGTH_BYTES: usize = 4;

/// One call: what is sent, and what has to come back.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// For error messages.
    pub(crate) call: &'static str,
    pub(crate) request: Vec<u8>,
    /// All frames of the reply.
    pub(crate) reply: Vec<u8>,
}

/// A message from the host.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum Frame {
    Response { result: Value },
    Chunk { data: Value },
    End,
    Error,
}

/// A request, its fields in the order in which clients send them.
#[derive(Serialize)]
struct Request<'a> {
    r#type: &'static str,
    id: &'static str,
    app_path: &'a str,
    action: &'static str,
    args: Value,
    kwargs: Value,
}

/// One connection, used for one call after the other.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: UnixStream,
    received: Received,
}

/// The part of a reply that has arrived.
#[derive(Debug, Default)]
pub(crate) struct Received {
    bytes: Vec<u8>,
    filled: usize,
}

/// The frame of a call of one of the demo's actions.
pub(crate) fn request(app: &str, action: &'static str, args: Value) -> Vec<u8> {
    framed(&Request {
        r#type: "request",
        id: "8c0d2d5e-3d1c-4f5b-9a53-6f0f5a1e7b42",
        app_path: app,
        action,
        args,
        kwargs: json!({}),
    })
}

/// A message with its length before it.
pub(crate) fn framed(message: &impl Serialize) -> Vec<u8> {
    let mut frame = vec![0; LENGTH_BYTES];
    serde_json::to_writer(&mut frame, message).expect("a message of ours is JSON");
    let length = u32::try_from(frame.len() - LENGTH_BYTES).expect("a message of ours is short");
    frame[..LENGTH_BYTES].copy_from_slice(&length.to_be_bytes());
    frame
}

impl Connection {
    /// Connects to a host.
    pub(crate) fn open(socket: &Path) -> Result<Connection, Error> {
        let stream = UnixStream::connect(socket).map_err(Error::system("connect to the host"))?;
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
    pub(crate) fn run(&mut self, exchange: &Exchange) -> Result<Duration, Error> {
        let start = Instant::now();
        self.send(&exchange.request)?;
        self.received.begin(exchange);
        while !self.received.read(&self.stream, exchange)? {}
        let took = start.elapsed();
        self.received.check(exchange)?;
        Ok(took)
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let sent = self.stream.write_all(bytes);
        sent.map_err(Error::system("send a request"))
    }

    /// Makes a call for the first time, and returns it for repetition if `is_right` finds in its
    /// frames what has to be there.
    pub(crate) fn rehearse(
        &mut self,
        call: &'static str,
        request: Vec<u8>,
        is_right: impl FnOnce(&[Frame]) -> bool,
    ) -> Result<Exchange, Error> {
        let (reply, frames) = self.ask(call, &request)?;
        if !is_right(&frames) {
            return Err(Error::wrong_reply(call, &reply));
        }
        Ok(Exchange {
            call,
            request,
            reply,
        })
    }

    /// Sends a request and returns the reply, as bytes and as what they mean.
    pub(crate) fn ask(
        &mut self,
        call: &'static str,
        request: &[u8],
    ) -> Result<(Vec<u8>, Vec<Frame>), Error> {
        self.send(request)?;
        let (mut reply, mut frames) = (Vec::new(), Vec::new());
        while frames
            .last()
            .is_none_or(|last| matches!(last, Frame::Chunk { .. }))
        {
            let start = reply.len();
            self.receive_frame(&mut reply)?;
            let frame = serde_json::from_slice(&reply[start + LENGTH_BYTES..]);
            frames.push(frame.map_err(|_| Error::wrong_reply(call, &reply[start..]))?);
        }
        Ok((reply, frames))
    }

    fn receive_frame(&mut self, reply: &mut Vec<u8>) -> Result<(), Error> {
        let mut length = [0; LENGTH_BYTES];
        let mut receive = |buffer: &mut [u8]| {
            let received = self.stream.read_exact(buffer);
            received.map_err(Error::system("receive a reply"))
        };
        receive(&mut length)?;
        reply.extend_from_slice(&length);
        let start = reply.len();
        reply.resize(start + u32::from_be_bytes(length) as usize, 0);
        receive(&mut reply[start..])
    }
}

impl Received {
    /// Nothing of this call's reply has arrived.
    pub(crate) fn begin(&mut self, exchange: &Exchange) {
        self.bytes.resize(exchange.reply.len(), 0);
        self.filled = 0;
    }

    /// Reads once; true when the reply is whole. On a socket that does not wait, nothing to read
    /// is no error.
    pub(crate) fn read(
        &mut self,
        mut stream: &UnixStream,
        exchange: &Exchange,
    ) -> Result<bool, Error> {
        match stream.read(&mut self.bytes[self.filled..]) {
            Ok(0) => Err(Error::Closed {
                call: exchange.call,
            }),
            Ok(count) => {
                let had = self.filled;
                self.filled += count;
                let telling = self.filled.min(TELLING_BYTES);
                if had < telling && self.bytes[..telling] != exchange.reply[..telling] {
                    return Err(self.wrong(exchange));
                }
                Ok(self.filled == exchange.reply.len())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
            Err(source) => Err(Error::System {
                what: "receive a reply",
                source,
            }),
        }
    }

    /// Compares a whole reply with what it has to be.
    pub(crate) fn check(&self, exchange: &Exchange) -> Result<(), Error> {
        if self.bytes == exchange.reply {
            Ok(())
        } else {
            Err(self.wrong(exchange))
        }
    }

    fn wrong(&self, exchange: &Exchange) -> Error {
        Error::wrong_reply(exchange.call, &self.bytes[..self.filled])
    }
}
