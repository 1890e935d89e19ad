//! `wasi:random` straight from the operating system. wasmtime-wasi's generators keep their state
//! in the process, so forked copies would draw the same numbers; these keep none.

use wasmtime::component::{HasData, Linker};
use wasmtime::{Result, bail};
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};

use super::state::State;

/// Most bytes that one call may ask for.
const BYTES_MAX: u64 = 64 << 20;

struct SystemRandom;

impl HasData for SystemRandom {
    type Data<'a> = SystemRandom;
}

/// Puts these in the place of wasmtime-wasi's own. The linker must allow shadowing.
pub(super) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    random::add_to_linker::<State, SystemRandom>(linker, |_| SystemRandom)?;
    insecure::add_to_linker::<State, SystemRandom>(linker, |_| SystemRandom)?;
    insecure_seed::add_to_linker::<State, SystemRandom>(linker, |_| SystemRandom)
}

fn bytes(len: u64) -> Result<Vec<u8>> {
    if len > BYTES_MAX {
        bail!("{len} random bytes asked for; at most {BYTES_MAX} can be had at once");
    }
    let mut bytes = vec![0; len as usize];
    getrandom::fill(&mut bytes).map_err(no_randomness)?;
    Ok(bytes)
}

fn number() -> Result<u64> {
    getrandom::u64().map_err(no_randomness)
}

fn no_randomness(error: getrandom::Error) -> wasmtime::Error {
    wasmtime::Error::msg(format!("the system gives no randomness: {error}"))
}

impl random::Host for SystemRandom {
    fn get_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        bytes(len)
    }

    fn get_random_u64(&mut self) -> Result<u64> {
        number()
    }
}

impl insecure::Host for SystemRandom {
    fn get_insecure_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        bytes(len)
    }

    fn get_insecure_random_u64(&mut self) -> Result<u64> {
        number()
    }
}

impl insecure_seed::Host for SystemRandom {
    fn insecure_seed(&mut self) -> Result<(u64, u64)> {
        Ok((number()?, number()?))
    }
}
