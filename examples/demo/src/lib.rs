//! The demo app: every behaviour that one may want to see once. See README.md for what each action
//! does, and how to call it.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use dirty_guest::{Actions, App, Args, Bytes, Emitter, Error, RawValue, Result, log};
use serde::{Deserialize, Serialize};

dirty_guest::export!(Demo);

/// So many words of memory are a MiB.
const WORDS_PER_MIB: usize = (1 << 20) / size_of::<u64>();

/// What an instance keeps between its calls.
struct Demo {
    /// Filled in `init`, so that all workers share it: a stand-in for a model or an index.
    state: Vec<u64>,
    /// Drawn in `init`: the same in every copy of a mold, another one after a reload.
    nonce: String,
    /// How often `init` has run in this instance; it is once.
    init_count: u32,
    /// Calls of `counter` so far. Each worker counts its own.
    counter: u64,
    /// What `hog` has taken.
    hogged: Vec<Vec<u64>>,
}

/// The `[config]` table. What is left out has the default value.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// Memory to allocate and fill in `init`.
    state_mib: usize,
    /// How long `init` takes.
    init_seconds: f64,
    /// Has `init` fail.
    init_fails: bool,
}

impl App for Demo {
    type Config = Config;

    fn init(config: Config) -> Result<Self> {
        thread::sleep(duration(config.init_seconds)?);
        if config.init_fails {
            return Err(Error::new(
                "RuntimeError",
                "init fails, as `init_fails` in its [config] asks",
            ));
        }
        log::info(format_args!("filling {} MiB of state", config.state_mib));
        Ok(Self {
            state: filled(config.state_mib)?,
            nonce: random_hex()?,
            init_count: 1,
            counter: 0,
            hogged: Vec::new(),
        })
    }

    fn actions(actions: &mut Actions<Self>) {
        actions
            .on("echo", Self::echo)
            .on("fib", Self::fib)
            .stream("count", Self::count)
            .on("counter", Self::counter)
            .on("sleep", Self::sleep)
            .on("fail", Self::fail)
            .on("trap", Self::trap)
            .on("hang", Self::hang)
            .on("hog", Self::hog)
            .on("random", Self::random)
            .on("instance", Self::instance)
            .on("init_count", Self::init_count)
            .on("big", Self::big)
            .on("reverse", Self::reverse)
            .stream("pieces", Self::pieces);
    }

    fn close(&mut self) {
        let state_mib = self.state.len() / WORDS_PER_MIB;
        log::info(format_args!("closing, with {state_mib} MiB of state"));
    }
}

// One struct per action holds its parameters: the fields, in this order, are what the caller gives
// by position or by name.

#[derive(Deserialize)]
struct Fib {
    n: u32,
}

#[derive(Deserialize)]
struct Count {
    n: u64,
    #[serde(default)]
    delay_ms: u64,
}

#[derive(Deserialize)]
struct Sleep {
    seconds: f64,
}

#[derive(Deserialize)]
struct Fail {
    message: String,
}

#[derive(Deserialize)]
struct Hog {
    mib: usize,
}

#[derive(Deserialize)]
struct Random {
    #[serde(default)]
    hold_seconds: f64,
}

#[derive(Deserialize)]
struct Big {
    bytes: usize,
}

#[derive(Deserialize)]
struct Reverse {
    data: Bytes,
}

#[derive(Deserialize)]
struct Pieces {
    data: Bytes,
    bytes: NonZeroUsize,
}

impl Demo {
    /// Returns what it was given. [`Args`] passes JSON on undecoded, so numbers keep every digit.
    fn echo(&self, args: Args) -> Result<Echo> {
        Ok(Echo {
            args: args.positional,
            kwargs: args.keyword,
        })
    }

    /// Computes a Fibonacci number the slow way.
    fn fib(&self, Fib { n }: Fib) -> Result<u64> {
        Ok(fib(n))
    }

    /// Streams 0 to n-1, waiting between the chunks.
    fn count(&self, Count { n, delay_ms }: Count, out: &mut Emitter) -> Result<()> {
        for i in 0..n {
            if i > 0 {
                thread::sleep(Duration::from_millis(delay_ms));
            }
            // When the client is gone this is an error, and `?` ends the stream.
            out.emit(&i)?;
        }
        Ok(())
    }

    /// Counts the calls that this instance has served: state lives as long as its worker.
    fn counter(&mut self) -> Result<u64> {
        self.counter += 1;
        Ok(self.counter)
    }

    /// Waits. The unit that it returns becomes `null`.
    fn sleep(&self, Sleep { seconds }: Sleep) -> Result<()> {
        thread::sleep(duration(seconds)?);
        Ok(())
    }

    /// Fails with an error that its caller can tell from others by its kind.
    fn fail(&self, Fail { message }: Fail) -> Result<()> {
        Err(Error::new("ValueError", message))
    }

    /// Panics, which traps: the caller has an error with a backtrace, and the host replaces this
    /// instance.
    fn trap(&self) -> Result<()> {
        fall_into_the_trap()
    }

    /// Never returns: the call's deadline ends it, and its worker with it.
    fn hang(&self) -> Result<()> {
        loop {
            // The optimiser may not look into `black_box`, and so cannot see that nothing happens.
            black_box(());
        }
    }

    /// Takes memory and keeps it; returns how many MiB it holds now.
    fn hog(&mut self, Hog { mib }: Hog) -> Result<usize> {
        self.hogged.push(filled(mib)?);
        Ok(self.hogged.iter().map(Vec::len).sum::<usize>() / WORDS_PER_MIB)
    }

    /// Returns 16 random bytes: fresh ones in each call, other ones in each worker.
    fn random(&self, Random { hold_seconds }: Random) -> Result<String> {
        thread::sleep(duration(hold_seconds)?);
        random_hex()
    }

    /// Returns the nonce that `init` has drawn. Workers that return the same one are copies of the
    /// same mold.
    fn instance(&self) -> Result<String> {
        Ok(self.nonce.clone())
    }

    fn init_count(&self) -> Result<u32> {
        Ok(self.init_count)
    }

    /// Returns a string of that many bytes.
    fn big(&self, Big { bytes }: Big) -> Result<String> {
        Ok("x".repeat(bytes))
    }

    /// Returns bytes in the opposite order.
    fn reverse(&self, Reverse { mut data }: Reverse) -> Result<Bytes> {
        data.reverse();
        Ok(data)
    }

    /// Streams bytes in pieces of a size.
    fn pieces(&self, Pieces { data, bytes }: Pieces, out: &mut Emitter) -> Result<()> {
        let mut pieces = data.chunks(bytes.get());
        pieces.try_for_each(|piece| out.emit(&Bytes::from(piece)))
    }
}

/// What `echo` returns.
#[derive(Serialize)]
struct Echo {
    args: Vec<Box<RawValue>>,
    kwargs: BTreeMap<String, Box<RawValue>>,
}

fn fib(n: u32) -> u64 {
    if n < 2 {
        u64::from(n)
    } else {
        fib(n - 1) + fib(n - 2)
    }
}

/// A function of its own, so that the backtrace has more than one frame to show.
#[inline(never)]
fn fall_into_the_trap() -> ! {
    panic!("the demo's trap was called")
}

/// A number of seconds that a client or the configuration gave: not negative, not endless. `?`
/// turns what is wrong with it into the app's error.
fn duration(seconds: f64) -> Result<Duration> {
    Ok(Duration::try_from_secs_f64(seconds)?)
}

/// Memory that is really there: each word has a value of its own, so that no page is a zero page.
fn filled(mib: usize) -> Result<Vec<u64>> {
    let words = mib.saturating_mul(WORDS_PER_MIB);
    let mut memory = Vec::new();
    // Without this an allocation that fails would trap.
    memory.try_reserve_exact(words)?;
    memory.extend((1..).take(words));
    Ok(memory)
}

/// 16 random bytes from the system, in hex. Nothing is seeded, so copies cannot share a seed.
fn random_hex() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests;
