//! Changing a host that serves: reloads under load, versions that cannot start, edited
//! configurations, numbers of workers, and workers that are replaced in good health.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../harness/mod.rs"]
mod harness;

mod editing;
mod failing;
mod recycling;
mod scaling;
mod switching;
mod versions;
