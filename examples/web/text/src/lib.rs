//! The app behind the web examples: work that would hold up a web worker.
//!
//! It compresses (bytes in, bytes out), completes a prompt word by word (a stream), and searches
//! an index that `init` builds once for all workers (state). What it knows, it has from `lamp.txt`.

mod chain;
mod gzip;
mod index;

use std::thread;
use std::time::Duration;

use dirty_guest::{Actions, App, Bytes, Emitter, Error, Result, log};
use serde::Deserialize;

use crate::chain::Chain;
use crate::index::{Index, Match};

dirty_guest::export!(Text);

/// What the model learns from. Written for this example; the project's licence holds for it.
const LAMP: &str = include_str!("lamp.txt");

/// How many words a sentence of the index has at most.
const SENTENCE_WORDS_MAX: usize = 24;

/// How many matches a search may ask for.
const MATCHES_MAX: usize = 100;

/// What `init` has built. No call changes it, so all workers share its memory.
struct Text {
    chain: Chain,
    index: Index,
    pause: Duration,
    unpacked_max: usize,
}

/// The `[config]` table. What is left out has the default value.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// How many sentences the index has. Each takes about 1 KiB of memory.
    sentences: usize,
    /// How long each word of `complete` takes: a chain of words is too quick to look like a large
    /// model.
    seconds_per_word: f64,
    /// The most that `decompress` makes of its input, in MiB.
    unpacked_mib_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            sentences: 20_000,
            seconds_per_word: 0.0,
            unpacked_mib_max: 32,
        }
    }
}

impl App for Text {
    type Config = Config;

    fn init(config: Config) -> Result<Self> {
        let chain = Chain::learn(LAMP);
        let index = Index::of(sentences(&chain, config.sentences));
        log::info(format_args!(
            "{} words of the model, {} sentences in the index",
            chain.vocabulary(),
            index.len()
        ));
        Ok(Self {
            chain,
            index,
            pause: Duration::try_from_secs_f64(config.seconds_per_word)?,
            unpacked_max: config.unpacked_mib_max.saturating_mul(1 << 20),
        })
    }

    fn actions(actions: &mut Actions<Self>) {
        actions
            .on("compress", Self::compress)
            .on("decompress", Self::decompress)
            .on("similar", Self::similar)
            .stream("complete", Self::complete);
    }
}

#[derive(Deserialize)]
struct Compress {
    data: Bytes,
    /// 0 (quick) to 9 (small).
    #[serde(default = "usual_level")]
    level: u32,
}

fn usual_level() -> u32 {
    6
}

#[derive(Deserialize)]
struct Decompress {
    data: Bytes,
}

#[derive(Deserialize)]
struct Similar {
    text: String,
    #[serde(default = "usual_limit")]
    limit: usize,
}

fn usual_limit() -> usize {
    5
}

#[derive(Deserialize)]
struct Complete {
    prompt: String,
    #[serde(default = "usual_words")]
    max_tokens: usize,
    /// The same seed gives the same words; without one they differ from call to call.
    #[serde(default)]
    seed: Option<u64>,
}

fn usual_words() -> usize {
    50
}

impl Text {
    /// Returns the data as a gzip file.
    fn compress(&self, Compress { data, level }: Compress) -> Result<Bytes> {
        gzip::compress(&data, level).map(Bytes::from)
    }

    /// Returns what a gzip file contains.
    fn decompress(&self, Decompress { data }: Decompress) -> Result<Bytes> {
        gzip::decompress(&data, self.unpacked_max).map(Bytes::from)
    }

    /// Returns the sentences that have most in common with a text, best first.
    fn similar(&self, Similar { text, limit }: Similar) -> Result<Vec<Match>> {
        if limit > MATCHES_MAX {
            let message = format!("limit is {limit}, and may be {MATCHES_MAX} at most");
            return Err(Error::new("ValueError", message));
        }
        Ok(self.index.nearest(&text, limit))
    }

    /// Streams the words that follow a prompt, each with the space before it.
    fn complete(&self, call: Complete, out: &mut Emitter) -> Result<()> {
        let seed = call.seed.map_or_else(fresh_seed, Ok)?;
        let words = self.chain.words_after(&call.prompt, seed);
        for (number, word) in words.take(call.max_tokens).enumerate() {
            if number > 0 {
                thread::sleep(self.pause);
            }
            // When the reader is gone this is an error, and `?` ends the stream.
            out.emit(&word)?;
        }
        Ok(())
    }
}

/// A seed from the system. A generator that `init` had seeded would be the same in all workers,
/// because they are copies.
fn fresh_seed() -> Result<u64> {
    Ok(getrandom::u64()?)
}

/// What the index is made of: the model's own sentences, the same at each start.
fn sentences(chain: &Chain, count: usize) -> impl Iterator<Item = String> {
    (0..).take(count).map(|seed| {
        let words = chain.words_after("", seed).take(SENTENCE_WORDS_MAX);
        let mut sentence = String::new();
        for word in words {
            sentence += &word;
            if word == "." {
                break;
            }
        }
        sentence.trim_start().to_owned()
    })
}

#[cfg(test)]
mod tests;
