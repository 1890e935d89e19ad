//! Everything at once: many clients of every kind, well-behaved and not, while workers and molds
//! are killed and apps reloaded, restarted and scaled at random. Afterwards every call has had one
//! outcome, its own, and the host is as it was before.
//!
//! It takes a minute. `DIRTY_CHAOS_SECONDS` makes it longer, `DIRTY_CHAOS_SEED` repeats the choices
//! of an earlier run, which are printed with it; how they interleave differs each time.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../harness/mod.rs"]
mod harness;

mod apps;
mod calls;
mod clients;
mod level;
mod run;
mod storm;

use std::time::Duration;

use crate::calls::Tally;
use crate::harness::Host;
use crate::level::Level;
use crate::run::Run;
use crate::storm::Seen;

const SECONDS_DEFAULT: u64 = 60;

fn from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    let number = value.parse();
    Some(number.unwrap_or_else(|_| panic!("{name}={value} is no whole number")))
}

#[test]
fn nothing_is_lost_mixed_up_or_left_behind() {
    let seconds = from_environment("DIRTY_CHAOS_SECONDS").unwrap_or(SECONDS_DEFAULT);
    let seed = from_environment("DIRTY_CHAOS_SEED").unwrap_or_else(|| fastrand::u64(..));
    let command = format!("DIRTY_CHAOS_SEED={seed} DIRTY_CHAOS_SECONDS={seconds}");
    say(&format!("to repeat it: {command}"));

    let mut host = apps::host();
    let descriptors = level::standing_descriptors(host.pid());
    // What the arbiter keeps once it has been busy is its level.
    let duration = Duration::from_secs(seconds);
    let (warm_up, _) = rage(&host, duration / 4, seed);
    let before = Level::after_settling(&host, descriptors);
    let (tally, seen) = rage(&host, duration * 3 / 4, seed.wrapping_add(1));
    let after = Level::after_settling(&host, descriptors);
    say(&format!(
        "{warm_up:?}, then {tally:?}; {before:?}, then {after:?}"
    ));

    tally.assert_of_every_kind();
    after.assert_not_above(&before);
    seen.assert_only_these_live(&host.children());
    assert_eq!(host.stop().code(), Some(0));
    assert!(!host.socket.exists());
    seen.assert_only_these_live(&[]);
}

/// Clients and storm, until the time is over and every client has had its last reply.
fn rage(host: &Host, duration: Duration, seed: u64) -> (Tally, Seen) {
    let run = Run::new(duration, seed);
    let seen = Seen::default();
    let tally = std::thread::scope(|scope| {
        storm::start(scope, &run, host, &seen);
        let clients = clients::start(scope, &run, &host.socket);
        let mut tally = Tally::default();
        for client in clients {
            tally.add(&client.join().expect("a client has complained"));
        }
        tally
    });
    (tally, seen)
}

#[allow(
    clippy::print_stderr,
    reason = "what a failing test leaves to its reader"
)]
fn say(text: &str) {
    eprintln!("{text}");
}
