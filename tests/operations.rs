//! What those who run a host see of it from outside: its pidfile, its log file, the service manager
//! that starts it, and its upgrade. One file for each.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

#[path = "operations/log_file.rs"]
mod log_file;
#[path = "operations/pidfile.rs"]
mod pidfile;
#[path = "operations/service.rs"]
mod service;
#[path = "operations/upgrade.rs"]
mod upgrade;
