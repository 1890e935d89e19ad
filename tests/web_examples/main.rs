//! The web applications of `examples/web`, each under its own server, against a host.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../harness/mod.rs"]
mod harness;

mod endpoints;
mod failures;
mod http;
mod reload;
mod site;
mod streams;
