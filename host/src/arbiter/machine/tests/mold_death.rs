//! Molds that end while they serve: their copies end too, and the next generation starts.

use super::super::Report;
use super::super::status::AppState;
use super::world::{FAILURES_MAX, Seen, World, app, seconds};
use crate::protocol::ErrorType::{DirtyNoWorkersAvailableError, DirtyWorkerError};

use Seen::{Dispatch, Fail, Forget, Fork, Forward, KillWorker, Spawn};

/// The mold of a generation dies, and with it these workers.
fn dies_with(world: &mut World, generation: u64, workers: &[u64]) {
    world.mold_gone(generation);
    for worker in workers {
        world.drained(*worker);
    }
}

#[test]
fn its_calls_fail_retryable_and_the_next_generation_serves_those_that_wait() {
    let mut world = World::serving(2);
    let (first, second) = (world.request(1), world.request(2));
    let waiting = world.request(3);
    world.forget_past();
    world.mold_gone(1);
    assert_eq!(
        world.effects_sorted(),
        [KillWorker(1), KillWorker(2), Spawn(2)]
    );
    let arriving = world.request(4);
    world.drained(1);
    world.drained(2);
    assert_eq!(
        world.effects(),
        [
            Fail(1, DirtyWorkerError),
            Forget(1),
            Fail(2, DirtyWorkerError),
            Forget(2)
        ]
    );
    for error in world.errors() {
        assert_eq!(error.details["retryable"], true);
        assert_eq!(error.details["cause"], "mold_died");
    }
    world.mold_ready(2);
    world.comes_up(3);
    world.comes_up(4);
    let effects = world.effects();
    assert_eq!(
        effects,
        [
            Fork(3),
            Fork(4),
            Dispatch(3, waiting),
            Dispatch(4, arriving)
        ]
    );
    assert_eq!(world.calls(), 2, "calls {first} and {second} have ended");
}

#[test]
fn a_reply_that_was_written_before_is_delivered() {
    let mut world = World::serving(1);
    let call = world.request(1);
    world.mold_gone(1);
    world.forget_past();
    world.finish(1, call);
    assert_eq!(world.effects(), [Forward(1, call)]);
    world.drained(1);
    assert_eq!(world.effects(), [Forget(1)]);
}

#[test]
fn workers_that_were_ordered_or_starting_are_forgotten() {
    let mut world = World::start(&[app("app", 3)]);
    world.mold_ready(1);
    world.forked(1);
    world.comes_up(2);
    world.forget_past();
    dies_with(&mut world, 1, &[1, 2]);
    let effects = world.effects();
    for worker in 1..=3 {
        assert!(effects.contains(&Forget(worker)), "{effects:?}");
    }
    world.mold_ready(2);
    assert_eq!(world.effects(), [Fork(4), Fork(5), Fork(6)]);
}

#[test]
fn a_slot_that_waits_is_filled_by_the_next_generation() {
    let mut world = World::serving(2);
    world.dies(1);
    world.comes_up(3);
    world.dies(3);
    world.forget_past();
    dies_with(&mut world, 1, &[2]);
    world.wait_for_timer();
    world.mold_ready(2);
    let effects = world.effects();
    assert!(effects.ends_with(&[Fork(4), Fork(5)]), "{effects:?}");
    world.wait(seconds(59));
    assert_eq!(world.effects(), []);
}

#[test]
fn molds_that_die_in_a_row_are_replaced_ever_more_slowly_and_then_not_any_more() {
    let mut world = World::serving(1);
    for generation in 1..=FAILURES_MAX {
        world.forget_past();
        dies_with(&mut world, generation, &[generation]);
        let at_once = world.effects().contains(&Spawn(generation + 1));
        assert_eq!(at_once, generation == 1);
        if generation < FAILURES_MAX {
            if generation > 1 {
                world.wait_for_timer();
            }
            world.mold_ready(generation + 1);
            world.comes_up(generation + 1);
        }
    }
    assert_eq!(world.state(), AppState::Failed);
    world.request(1);
    assert_eq!(world.error().details["retryable"], false);
}

#[test]
fn a_call_served_ends_the_row_of_deaths() {
    let mut world = World::serving(1);
    for generation in 1..=20 {
        let call = world.request(1);
        world.finish(generation, call);
        world.forget_past();
        dies_with(&mut world, generation, &[generation]);
        assert!(world.effects().contains(&Spawn(generation + 1)));
        world.mold_ready(generation + 1);
        world.comes_up(generation + 1);
    }
}

/// As it is for workers (see `death`): a mold that is killed once a day from outside is no mold
/// that cannot start.
#[test]
fn a_mold_that_has_served_for_long_did_not_die_of_its_start() {
    let mut world = World::serving(1);
    for generation in 1..=12 {
        world.wait(seconds(86_400));
        world.forget_past();
        dies_with(&mut world, generation, &[generation]);
        assert!(
            world.effects().contains(&Spawn(generation + 1)),
            "generation {generation} was not replaced at once"
        );
        world.mold_ready(generation + 1);
        world.comes_up(generation + 1);
    }
}

/// A call that is queued behind others when the mold dies is answered as one that comes after.
#[test]
fn calls_that_wait_are_answered_when_the_next_generation_has_to_wait() {
    let mut world = World::serving(1);
    dies_with(&mut world, 1, &[1]);
    world.mold_ready(2);
    world.comes_up(2);
    world.request(1);
    let waiting = world.request(2);
    world.forget_past();
    dies_with(&mut world, 2, &[2]);
    assert_eq!(world.state(), AppState::Backoff);
    let effects = world.effects();
    assert!(
        effects.contains(&Fail(2, DirtyNoWorkersAvailableError)),
        "call {waiting} waits: {effects:?}"
    );
}

/// The same, and worse: nothing will ever serve or answer them.
#[test]
fn calls_that_wait_are_answered_when_the_app_is_given_up() {
    let mut settings = app("app", 1);
    settings.timeout = None;
    let mut world = World::start(&[settings]);
    for generation in 1..=FAILURES_MAX {
        world.mold_ready(generation);
        world.comes_up(generation);
        if generation == FAILURES_MAX {
            world.request(1);
            world.request(2);
        }
        dies_with(&mut world, generation, &[generation]);
        if generation < FAILURES_MAX && generation > 1 {
            world.wait_for_timer();
        }
    }
    assert_eq!(world.state(), AppState::Failed);
    assert_eq!(world.calls(), 0);
}

/// The sockets of its copies may tell before its own.
#[test]
fn a_death_that_shows_first_in_the_copies_counts_once() {
    let mut world = World::serving(2);
    world.wait(seconds(5));
    world.drained(1);
    world.drained(2);
    let waiting = world.request(1);
    world.forget_past();
    world.mold_gone(1);
    assert!(world.effects().contains(&Spawn(2)), "at once");
    assert_eq!(world.errors(), [], "call {waiting} waits");
}

#[test]
fn reports_of_its_copies_name_its_generation() {
    let mut world = World::serving(1);
    world.mold_gone(1);
    world.drained(1);
    let reports = world.reports();
    assert!(
        reports
            .iter()
            .any(|report| matches!(report, Report::WorkerDied { generation: 1, .. })),
        "{reports:?}"
    );
}
