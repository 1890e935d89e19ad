//! Streams: `chunks_then_result` emits two chunks and returns a result; `emit(chunks, bytes)` emits
//! so many strings of that size; `runaway` emits for ever, whether or not anybody reads.

use dirty_guest::{Actions, App, Emitter, NoConfig, Result, emit};
use serde::Deserialize;

struct ChunksThenResult;

dirty_guest::export!(ChunksThenResult);

#[derive(Deserialize)]
struct Emit {
    chunks: u64,
    bytes: usize,
}

impl App for ChunksThenResult {
    type Config = NoConfig;

    fn init(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn actions(actions: &mut Actions<Self>) {
        actions
            .on("chunks_then_result", Self::chunks_then_result)
            .stream("emit", Self::emit)
            .stream("runaway", Self::runaway);
    }
}

impl ChunksThenResult {
    fn chunks_then_result(&self) -> Result<&'static str> {
        emit("first")?;
        emit("second")?;
        Ok("result")
    }

    fn emit(&self, Emit { chunks, bytes }: Emit, out: &mut Emitter) -> Result<()> {
        let chunk = "x".repeat(bytes);
        (0..chunks).try_for_each(|_| out.emit(&chunk))
    }

    fn runaway(&self, out: &mut Emitter) -> Result<()> {
        for i in 0_u64.. {
            // An app that does not listen: the host has to end it.
            let _ = out.emit(&i);
        }
        Ok(())
    }
}
