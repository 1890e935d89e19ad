//! What the fuzzers run: for each target a function that takes any bytes, and panics where the code
//! does not keep a promise. Most compare with a slow and obvious reading of the same bytes.
//!
//! It is compiled into the unit tests, which run the corpus through it, and into the crate in
//! `fuzz/`, whose README says how to fuzz. The host has none of it.

#![allow(clippy::unwrap_used, reason = "a panic is what a fuzzer looks for")]

mod app_value;
mod binary_message;
mod frames;
mod hop;
mod json;
mod json_message;
mod sketch;
mod stash_message;
pub(crate) mod tlv;

#[cfg(test)]
mod generated;
#[cfg(test)]
mod seeds;
#[cfg(test)]
mod stash_seeds;
#[cfg(test)]
mod tests;

pub(crate) use app_value::app_value;
pub(crate) use binary_message::binary_message;
#[cfg(test)]
pub(crate) use binary_message::frame_of;
pub(crate) use frames::frames;
pub(crate) use hop::hop;
pub(crate) use json_message::json_message;

/// Larger than what any input becomes.
const FRAME_BYTES_MAX: usize = 64 << 20;
