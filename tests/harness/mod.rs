//! What the end-to-end tests share: a real host per test, fixtures, a blocking wire peer, and a
//! look at processes through /proc.
//!
//! Tests wait for events with a deadline ([`wait`]), never for time to pass. Nothing here knows
//! how the host works inside: it is driven through its command line and its socket alone.

#![allow(
    dead_code,
    unused_imports,
    reason = "every test target compiles this module and uses its own part of it"
)]

pub(crate) mod app;
pub(crate) mod cli;
pub(crate) mod guests;
pub(crate) mod host;
pub(crate) mod lines;
pub(crate) mod load;
pub(crate) mod paths;
pub(crate) mod processes;
pub(crate) mod python;
pub(crate) mod python_apps;
pub(crate) mod status;
pub(crate) mod wait;
pub(crate) mod wire;

pub(crate) use app::App;
pub(crate) use guests::{demo_wasm, embeddings_wasm, fixture, text_wasm, thumbnails_wasm};
pub(crate) use host::Host;
pub(crate) use wait::{PATIENCE, wait_for, wait_until};
pub(crate) use wire::{Failure, Frame, Outcome, Wire};
