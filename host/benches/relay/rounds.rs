//! The contestants, and the rounds in which each has its turn.

use std::time::Duration;

use serde_json::json;

use super::crowd::Crowd;
use super::error::Error;
use super::exchange::{Connection, Exchange, Frame, request};
use super::host::{self, App, Host};
use super::measure::Latency;
use super::payload::{Payload, PayloadContest};
use super::raw::RawPeer;
use super::revival::Victim;

/// How many rounds there are, and so of how many numbers a median is.
const ROUNDS: u32 = 20;
/// Contestants that run for a while in each round; reviving a worker takes what it takes.
const TIMED: u32 = 15;
/// Chunks of one stream.
const CHUNKS: u32 = 20_000;
/// The arguments of the calls that carry much.
const LARGE_BYTES: usize = 1 << 20;
const HUGE_BYTES: usize = 16 << 20;

/// What one round has found. Times in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    pub(crate) raw: Latency,
    pub(crate) echo: Latency,
    /// Calls per second of 32 clients.
    pub(crate) crowd_of_one_worker: f64,
    pub(crate) crowd_of_four_workers: f64,
    pub(crate) chunks_per_second: f64,
    pub(crate) large: Payload,
    pub(crate) huge: Payload,
    pub(crate) revival: f64,
    pub(crate) revival_256_mib: f64,
}

/// All contestants.
pub(crate) struct Contest {
    connection: Connection,
    /// For the binary dialect.
    tlv: Connection,
    echo: Exchange,
    stream: Exchange,
    raw: RawPeer,
    large: PayloadContest,
    huge: PayloadContest,
    crowd_of_one_worker: Crowd,
    crowd_of_four_workers: Crowd,
    killed: Victim,
    killed_256_mib: Victim,
}

impl Contest {
    /// Makes every call once, to learn its bytes, and starts the processes to compare with.
    pub(crate) fn new(host: &Host) -> Result<Contest, Error> {
        let socket = host.socket();
        let mut connection = Connection::open(&socket)?;
        let mut small = |app: App| echo(&mut connection, app, "echo", "hello");
        let echo_small = small(host::ONE_WORKER)?;
        let of_four_workers = small(host::FOUR_WORKERS)?;
        let (of_killed, of_killed_256_mib) = (small(host::KILLED)?, small(host::KILLED_256_MIB)?);
        let mut tlv = Connection::open(&socket)?;
        let mut payload = |call, size| {
            let text = echo(&mut connection, host::ONE_WORKER, call, &"x".repeat(size))?;
            PayloadContest::new(text, size, &mut tlv)
        };
        let large = payload("echo of 1 MiB", LARGE_BYTES)?;
        let huge = payload("echo of 16 MiB", HUGE_BYTES)?;
        Ok(Contest {
            stream: stream(&mut connection, host::ONE_WORKER)?,
            raw: RawPeer::start(&echo_small)?,
            large,
            huge,
            crowd_of_one_worker: Crowd::gather(&socket, echo_small.clone())?,
            crowd_of_four_workers: Crowd::gather(&socket, of_four_workers)?,
            killed: Victim::new(host, host::KILLED, of_killed)?,
            killed_256_mib: Victim::new(host, host::KILLED_256_MIB, of_killed_256_mib)?,
            connection,
            tlv,
            echo: echo_small,
        })
    }

    /// Measures for about so many seconds, after a short round that does not count.
    pub(crate) fn run(&mut self, seconds: u32) -> Result<Vec<Round>, Error> {
        let turn = Duration::from_secs(seconds.into()) / (ROUNDS * TIMED);
        self.round(turn / 4)?;
        (0..ROUNDS).map(|_| self.round(turn)).collect()
    }

    fn round(&mut self, turn: Duration) -> Result<Round, Error> {
        let connection = &mut self.connection;
        let raw = Latency::of(turn, || self.raw.run())?;
        let echo = Latency::of(turn, || connection.run(&self.echo))?;
        let crowd_of_one_worker = self.crowd_of_one_worker.run(turn)?;
        let crowd_of_four_workers = self.crowd_of_four_workers.run(turn)?;
        let stream = Latency::of(turn, || connection.run(&self.stream))?;
        let large = self.large.run(turn, connection, &mut self.tlv)?;
        let huge = self.huge.run(turn, connection, &mut self.tlv)?;
        Ok(Round {
            raw,
            echo,
            crowd_of_one_worker,
            crowd_of_four_workers,
            chunks_per_second: f64::from(CHUNKS) / stream.mean,
            large,
            huge,
            revival: self.killed.kill_and_call()?.as_secs_f64(),
            revival_256_mib: self.killed_256_mib.kill_and_call()?.as_secs_f64(),
        })
    }
}

fn echo(
    connection: &mut Connection,
    app: App,
    call: &'static str,
    text: &str,
) -> Result<Exchange, Error> {
    let request = request(app.name, "echo", json!([text]));
    let expected = json!({"args": [text], "kwargs": {}});
    connection.rehearse(
        call,
        request,
        |frames| matches!(frames, [Frame::Response { result }] if *result == expected),
    )
}

fn stream(connection: &mut Connection, app: App) -> Result<Exchange, Error> {
    let request = request(app.name, "count", json!([CHUNKS]));
    connection.rehearse("stream", request, |frames| {
        let Some((Frame::End, chunks)) = frames.split_last() else {
            return false;
        };
        let counts =
            |(chunk, n): (&Frame, u32)| matches!(chunk, Frame::Chunk { data } if *data == json!(n));
        chunks.len() == CHUNKS as usize && chunks.iter().zip(0..).all(counts)
    })
}
