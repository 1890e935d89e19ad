//! Says its caller's nonce in whatever it answers, so that a reply which reaches a wrong call is
//! seen: `echo`, `sleep(nonce, seconds)` and `stream(nonce, chunks, bytes, delay_ms)` return it,
//! `fail` and `trap` have it in their error. `hang` never answers.

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use dirty_guest::{Actions, App, Emitter, Error, NoConfig, Result};
use serde::{Deserialize, Serialize};

struct Nonces;

dirty_guest::export!(Nonces);

#[derive(Deserialize)]
struct Plain {
    nonce: String,
}

#[derive(Deserialize)]
struct Sleep {
    nonce: String,
    seconds: f64,
}

#[derive(Deserialize)]
struct Stream {
    nonce: String,
    chunks: u64,
    bytes: usize,
    delay_ms: u64,
}

/// A part of a stream.
#[derive(Serialize)]
struct Chunk<'a> {
    nonce: &'a str,
    number: u64,
    filler: &'a str,
}

impl App for Nonces {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn actions(actions: &mut Actions<Self>) {
        actions
            .on("echo", Self::echo)
            .on("sleep", Self::sleep)
            .on("fail", Self::fail)
            .on("trap", Self::trap)
            .on("hang", Self::hang)
            .stream("stream", Self::stream);
    }
}

impl Nonces {
    fn echo(&self, Plain { nonce }: Plain) -> Result<String> {
        Ok(nonce)
    }

    fn sleep(&self, Sleep { nonce, seconds }: Sleep) -> Result<String> {
        thread::sleep(Duration::try_from_secs_f64(seconds)?);
        Ok(nonce)
    }

    fn fail(&self, Plain { nonce }: Plain) -> Result<()> {
        Err(Error::new("ValueError", nonce))
    }

    fn trap(&self, Plain { nonce }: Plain) -> Result<()> {
        panic!("{nonce}")
    }

    fn hang(&self, Plain { nonce }: Plain) -> Result<()> {
        loop {
            // The optimiser may not look into `black_box`, and so cannot see that nothing happens.
            black_box(&nonce);
        }
    }

    /// Numbers its chunks from 0.
    fn stream(&self, asked: Stream, out: &mut Emitter) -> Result<()> {
        let filler = "x".repeat(asked.bytes);
        for number in 0..asked.chunks {
            out.emit(&Chunk {
                nonce: &asked.nonce,
                number,
                filler: &filler,
            })?;
            thread::sleep(Duration::from_millis(asked.delay_ms));
        }
        Ok(())
    }
}
