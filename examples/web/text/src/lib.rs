//! The app behind the web examples: work that would hold up a web worker.
//!
//! It compresses (bytes in, bytes out), completes a prompt word by word (a stream), and searches
//! an index that `init` builds once for all workers (state). What it knows, it has from `lamp.txt`.

mod chain;
mod gzip;
mod index;

use std::thread;
use std::time::Duration;

use dirty_guest::{Bytes, Error, Result, log};
use serde::Deserialize;

use crate::chain::Chain;
use crate::index::{Index, Match};

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

#[dirty_guest::app]
impl Text {
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

    /// Returns the data as a gzip file.
    pub fn compress(
        &self,
        data: &Bytes,
        /// 0 (quick) to 9 (small).
        #[default(6)]
        level: u32,
    ) -> Result<Bytes> {
        gzip::compress(data, level).map(Bytes::from)
    }

    /// Returns what a gzip file contains.
    pub fn decompress(&self, data: &Bytes) -> Result<Bytes> {
        gzip::decompress(data, self.unpacked_max).map(Bytes::from)
    }

    /// Returns the sentences that have most in common with a text, best first.
    pub fn similar(&self, text: &str, #[default(5)] limit: usize) -> Result<Vec<Match>> {
        if limit > MATCHES_MAX {
            let message = format!("limit is {limit}, and may be {MATCHES_MAX} at most");
            return Err(Error::new("ValueError", message));
        }
        Ok(self.index.nearest(text, limit))
    }

    /// Streams the words that follow a prompt, each with the space before it.
    pub fn complete(
        &self,
        prompt: &str,
        #[default(50)] max_tokens: usize,
        /// The same seed gives the same words; without one they differ from call to call.
        seed: Option<u64>,
    ) -> Result<impl Iterator<Item = String>> {
        let seed = seed.map_or_else(fresh_seed, Ok)?;
        let words = self.chain.words_after(prompt, seed);
        // When the reader is gone nobody asks for the next one.
        Ok(words.take(max_tokens).enumerate().map(|(number, word)| {
            if number > 0 {
                thread::sleep(self.pause);
            }
            word
        }))
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
