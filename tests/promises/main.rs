//! What the project promises, one test per promise: `docs/promises.md` lists them, and the tests
//! are named after its rows. What else there is to say of a matter is in the other targets.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../harness/mod.rs"]
mod harness;

mod calls;
mod failures;
mod limits;
mod list;
mod service;
mod stash;
