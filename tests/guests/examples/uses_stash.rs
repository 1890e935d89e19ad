//! Uses the stash in every phase of its life: `init`, `on_fork` and `close` count themselves in the
//! table `life`; the actions do what they are told with the table `t`.

use std::time::Duration;

use dirty_guest::stash::{StashError, Table, Value};
use dirty_guest::{Actions, App, Bytes, RawValue, Result, emit};
use serde::Deserialize;

struct UsesStash;

dirty_guest::export!(UsesStash);

#[derive(Deserialize)]
struct Config {
    /// How many bytes `init` puts under the key `large`.
    #[serde(default)]
    large_bytes: usize,
}

impl App for UsesStash {
    type Config = Config;

    fn init(config: Config) -> Result<Self> {
        live("init")?;
        if config.large_bytes > 0 {
            Table::open("life").put("large", &"x".repeat(config.large_bytes))?;
        }
        Ok(Self)
    }

    fn actions(actions: &mut Actions<Self>) {
        actions
            .on("put", Self::put)
            .on("put_bytes", Self::put_bytes)
            .on("get", Self::get)
            .on("keys", Self::keys)
            .on("count", Self::count)
            .on("swap", Self::swap)
            .on("raise", Self::raise)
            .on("fill", Self::fill)
            .on("malformed", Self::malformed)
            .on("spin", Self::spin)
            .stream("tell", Self::tell);
    }

    fn on_fork(&mut self) {
        live("on_fork").expect("the stash has room");
    }

    fn close(&mut self) {
        live("close").expect("the stash has room");
    }
}

fn live(phase: &str) -> Result<()> {
    Table::open("life").increment(phase, 1)?;
    Ok(())
}

fn table() -> Table {
    Table::open("t")
}

impl UsesStash {
    fn put(&self, (key, value, ttl): (String, Box<RawValue>, Option<f64>)) -> Result<()> {
        match ttl {
            Some(seconds) => table().put_for(&key, &value, Duration::from_secs_f64(seconds))?,
            None => table().put(&key, &value)?,
        }
        Ok(())
    }

    fn put_bytes(&self, (key, bytes): (String, Vec<u8>)) -> Result<()> {
        Ok(table().put(&key, &Bytes::from(bytes))?)
    }

    /// As text and binaries.
    fn get(&self, (key,): (String,)) -> Result<Option<(String, Vec<Vec<u8>>)>> {
        let value = table().get_value(&key)?;
        Ok(value.map(|Value { json, blobs }| (json, blobs)))
    }

    fn keys(&self, (pattern,): (String,)) -> Result<Vec<String>> {
        Ok(table().keys_like(&pattern)?)
    }

    fn count(&self, (key, times): (String, u32)) -> Result<i64> {
        let mut sum = 0;
        for _ in 0..times {
            sum = table().increment(&key, 1)?;
        }
        Ok(sum)
    }

    fn swap(&self, (key, expected, value): (String, Option<i64>, i64)) -> Result<bool> {
        Ok(table().compare_and_swap(&key, expected.as_ref(), &value)?)
    }

    /// Adds 1 so many times, without `increment`.
    fn raise(&self, (key, times): (String, u32)) -> Result<u32> {
        let mut lost = 0;
        for _ in 0..times {
            while {
                let seen: Option<i64> = table().get(&key)?;
                !table().compare_and_swap(&key, seen.as_ref(), &(seen.unwrap_or(0) + 1))?
            } {
                lost += 1;
            }
        }
        Ok(lost)
    }

    /// Puts values of so many bytes until there is no room, then gets and deletes one of them.
    fn fill(&self, (bytes,): (usize,)) -> Result<(usize, String)> {
        let value = "x".repeat(bytes);
        for count in 0.. {
            match table().put(&format!("fill {count}"), &value) {
                Ok(()) => {}
                Err(StashError::Full(message)) => {
                    table().delete("fill 0")?;
                    return Ok((count, message));
                }
                Err(error) => return Err(error.into()),
            }
        }
        unreachable!("there is an end to it")
    }

    fn malformed(&self, (json,): (String,)) -> Result<()> {
        let blobs = Vec::new();
        table().put_value("malformed", Value { json, blobs }, None)?;
        Ok(())
    }

    /// For ever.
    fn spin(&self) -> Result<()> {
        loop {
            table().increment("spin", 1)?;
        }
    }

    /// For ever, unless nobody reads it.
    fn tell(&self, (): (), _: &mut dirty_guest::Emitter) -> Result<()> {
        loop {
            emit(&table().increment("tell", 1)?)?;
        }
    }
}
