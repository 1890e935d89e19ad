//! Calls that carry much: as a string in either dialect, and as bytes.

use std::time::Duration;

use super::error::Error;
use super::exchange::{Connection, Exchange};
use super::host;
use super::measure::Latency;
use super::raw::RawPeer;
use super::tlv::{self, Tlv};

/// What one round has found for one size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payload {
    /// The bytes of `text`, without the host.
    pub(crate) raw: Latency,
    /// A string, echoed, in JSON.
    pub(crate) text: Latency,
    /// The same in the binary dialect.
    pub(crate) tlv_text: Latency,
    /// Bytes that the app passes on, in the binary dialect.
    pub(crate) bytes: Latency,
    /// Bytes that the app reads, reverses and writes, in the binary dialect.
    pub(crate) reversed: Latency,
}

/// The contestants of one size.
pub(crate) struct PayloadContest {
    raw: RawPeer,
    text: Exchange,
    tlv_text: Exchange,
    bytes: Exchange,
    reversed: Exchange,
}

impl PayloadContest {
    /// `text` is the echo of a string of so many bytes; `tlv` a connection of the other dialect.
    pub(crate) fn new(
        text: Exchange,
        size: usize,
        tlv: &mut Connection,
    ) -> Result<PayloadContest, Error> {
        let string = "x".repeat(size);
        // Reversed it is the same, so that all replies are known.
        let bytes = vec![0xff; size];
        let mut known = |call, action, argument, result| {
            let exchange = Exchange {
                call,
                request: tlv::request(host::ONE_WORKER.name, action, argument),
                reply: tlv::response(result),
            };
            tlv.run(&exchange)?;
            Ok(exchange)
        };
        let (string, bytes) = (Tlv::Text(&string), Tlv::Bytes(&bytes));
        let echoed = |value| [("args", value), ("kwargs", Tlv::Dict(&[]))];
        Ok(PayloadContest {
            raw: RawPeer::start(&text)?,
            text,
            tlv_text: known(
                "echo of a string",
                "echo",
                string,
                Tlv::Dict(&echoed(Tlv::List(&[string]))),
            )?,
            bytes: known(
                "echo of bytes",
                "echo",
                bytes,
                Tlv::Dict(&echoed(Tlv::List(&[bytes]))),
            )?,
            reversed: known("reversal of bytes", "reverse", bytes, bytes)?,
        })
    }

    /// Gives each its turn.
    pub(crate) fn run(
        &mut self,
        turn: Duration,
        json: &mut Connection,
        tlv: &mut Connection,
    ) -> Result<Payload, Error> {
        Ok(Payload {
            raw: Latency::of(turn, || self.raw.run())?,
            text: Latency::of(turn, || json.run(&self.text))?,
            tlv_text: Latency::of(turn, || tlv.run(&self.tlv_text))?,
            bytes: Latency::of(turn, || tlv.run(&self.bytes))?,
            reversed: Latency::of(turn, || tlv.run(&self.reversed))?,
        })
    }
}
