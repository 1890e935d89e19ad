//! Tests of the state machine: scenarios, one behaviour each, and a random schedule with
//! invariants. No process, no socket, no clock but the one that `world` turns.
#![allow(clippy::unwrap_used)]

mod boot;
mod cancel;
mod children;
mod deadline;
mod death;
mod hot_paths;
mod invariants;
mod lease;
mod mold_death;
mod random;
mod recycle;
mod reload;
mod schedule;
mod stop;
mod stream;
mod world;
