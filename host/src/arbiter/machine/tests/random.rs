//! The machine keeps its promises in random schedules; and the schedules notice when it does not.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::guard::{Guard, without};
use super::schedule;

const SEEDS: u64 = 1500;
const STEPS: u64 = 300;
/// A guard that is off is noticed by one of so many schedules.
const SEEDS_TO_NOTICE: u64 = 300;

/// Replays one schedule with `DIRTY_SIMULATION_SEED=17`, runs more with
/// `DIRTY_SIMULATION_SEEDS=100000`.
#[test]
fn nothing_is_lost_or_answered_twice_whatever_happens_when() {
    let number = |name| std::env::var(name).ok().map(|value| value.parse().unwrap());
    match number("DIRTY_SIMULATION_SEED") {
        Some(seed) => schedule::run(seed, STEPS),
        None => {
            let seeds = number("DIRTY_SIMULATION_SEEDS").unwrap_or(SEEDS);
            (0..seeds).for_each(|seed| schedule::run(seed, STEPS));
        }
    }
}

/// Without one of its guards the machine breaks a promise, and some schedule shows it: the
/// schedules can fail.
#[test]
fn a_guard_that_is_off_is_noticed() {
    let guards = [
        Guard::OneLease,
        Guard::Taint,
        Guard::Readiness,
        Guard::QueueBound,
        Guard::DrainFirst,
        Guard::Deadline,
        Guard::Supersede,
        Guard::Disconnect,
        Guard::Backoff,
        Guard::Refill,
        Guard::CallsMax,
        Guard::Switch,
        Guard::Retire,
        Guard::Turns,
        Guard::Answer,
    ];
    let notices = |guard, seed| {
        let run = || without(guard, || schedule::run(seed, STEPS));
        catch_unwind(AssertUnwindSafe(run)).is_err()
    };
    for guard in guards {
        let noticed = (0..SEEDS_TO_NOTICE).any(|seed| notices(guard, seed));
        assert!(noticed, "nothing notices that {guard:?} is off");
    }
}
