//! Starting: molds, first workers, and what becomes of calls meanwhile.

use super::super::status::AppState;
use super::super::{Event, Report};
use super::world::{BOOT_TIMEOUT, FAILURES_MAX, Seen, World, app, failure, seconds};
use crate::process::hop::{Stage, WorkerId};
use crate::protocol::ErrorType::{DirtyError, DirtyNoWorkersAvailableError};

use Seen::{AllFailed, AllReady, Dispatch, Fail, Forget, Fork, KillMold, KillWorker, Spawn};

#[test]
fn every_app_ready_is_said_once_and_when_the_last_one_is() {
    let mut world = World::start(&[app("app", 2), app("b", 1)]);
    assert_eq!(world.effects(), [Spawn(1), Spawn(2)]);
    world.mold_ready(1);
    assert_eq!(world.effects(), [Fork(1), Fork(2)]);
    world.comes_up(1);
    world.comes_up(2);
    world.mold_ready(2);
    assert_eq!(world.effects(), [Fork(3)]);
    world.comes_up(3);
    assert_eq!(world.effects(), [AllReady]);
    // A replacement is no news.
    world.dies(3);
    world.comes_up(4);
    assert!(!world.effects().contains(&AllReady));
}

#[test]
fn the_status_tells_how_far_an_app_is() {
    let mut world = World::start(&[app("app", 1)]);
    assert_eq!(world.state(), AppState::Compiling);
    let generation = super::super::GenerationId(1);
    world.happen(Event::MoldStage(generation, Stage::Initialising));
    assert_eq!(world.state(), AppState::Initialising);
    world.mold_ready(1);
    assert_eq!(world.state(), AppState::Serving);
}

#[test]
fn requests_wait_for_the_first_start() {
    let mut world = World::start(&[app("app", 1)]);
    let (first, second) = (world.request(1), world.request(2));
    world.mold_ready(1);
    world.forked(1);
    assert_eq!(world.effects(), [Spawn(1), Fork(1)]);
    world.happen(Event::WorkerReady(WorkerId(1)));
    assert_eq!(world.effects(), [AllReady, Dispatch(1, first)]);
    world.finish(1, first);
    assert!(world.effects().contains(&Dispatch(1, second)));
}

#[test]
fn a_permanent_failure_to_start_is_not_tried_again_and_answers_at_once() {
    let mut world = World::start(&[app("app", 1), app("b", 1)]);
    world.request(1);
    world.forget_past();
    world.mold_fails(1, failure(true));
    assert_eq!(
        world.effects(),
        [KillMold(1), Fail(1, DirtyNoWorkersAvailableError)]
    );
    let error = world.error();
    assert_eq!(error.details["retryable"], false);
    assert_eq!(error.details["reason"], "no model");
    assert_eq!(world.state(), AppState::Failed);
    // The other app can serve, so the host is of use.
    world.mold_ready(2);
    world.comes_up(1);
    world.wait(seconds(3600));
    assert_eq!(world.effects(), [Fork(1), AllReady]);
    world.request(1);
    assert_eq!(world.error().details["retryable"], false);
}

/// As a service manager sees it: one bad app must not keep the others from being of use.
#[test]
fn the_host_is_ready_though_an_app_cannot_start_for_now() {
    let mut world = World::start(&[app("app", 1), app("b", 1)]);
    world.mold_ready(1);
    world.comes_up(1);
    world.forget_past();
    world.mold_fails(2, failure(false));
    assert_eq!(
        world.effects(),
        [KillMold(2), Spawn(3)],
        "it may be an accident"
    );
    world.mold_fails(3, failure(false));
    assert_eq!(world.effects(), [KillMold(3), AllReady]);
}

#[test]
fn the_host_is_of_no_use_once_every_app_has_failed_for_good() {
    let mut world = World::start(&[app("app", 1), app("b", 1)]);
    world.mold_fails(1, failure(true));
    assert!(!world.effects().contains(&AllFailed));
    world.mold_fails(2, failure(true));
    assert!(world.effects().contains(&AllFailed));
}

#[test]
fn a_failure_that_may_go_away_is_tried_again_ever_more_slowly_and_then_given_up() {
    let mut world = World::start(&[app("app", 1)]);
    world.request(1);
    world.forget_past();
    // The first may be an accident: again at once, and the call waits.
    world.mold_fails(1, failure(false));
    assert_eq!(world.effects(), [KillMold(1), Spawn(2)]);
    // From the second on it is a pattern.
    world.mold_fails(2, failure(false));
    assert_eq!(
        world.effects(),
        [KillMold(2), Fail(1, DirtyNoWorkersAvailableError)]
    );
    let error = world.error();
    assert_eq!(error.details["retryable"], true);
    assert!(error.details["retry_after"].as_f64().unwrap() >= 0.1);
    assert_eq!(world.state(), AppState::Backoff);
    for generation in 3..FAILURES_MAX {
        world.wait_for_timer();
        assert_eq!(world.effects(), [Spawn(generation)]);
        world.mold_fails(generation, failure(false));
        assert_eq!(world.effects(), [KillMold(generation)]);
    }
    world.wait_for_timer();
    let last = FAILURES_MAX;
    world.mold_fails(last, failure(false));
    assert_eq!(world.effects(), [Spawn(last), KillMold(last), AllFailed]);
    assert_eq!(world.state(), AppState::Failed);
    world.request(1);
    assert_eq!(world.error().details["retryable"], false);
}

#[test]
fn an_app_that_starts_at_last_serves_the_calls_that_come_then() {
    let mut world = World::start(&[app("app", 1)]);
    world.mold_fails(1, failure(false));
    world.mold_fails(2, failure(false));
    world.wait(seconds(1));
    world.mold_ready(3);
    world.comes_up(1);
    world.forget_past();
    let call = world.request(1);
    assert_eq!(world.effects(), [Dispatch(1, call)]);
}

#[test]
fn a_mold_that_does_not_get_ready_in_time_is_killed_and_the_next_one_started() {
    let mut world = World::start(&[app("app", 1)]);
    world.forget_past();
    world.wait(BOOT_TIMEOUT);
    assert_eq!(world.effects(), [KillMold(1), Spawn(2)]);
    // What it may still say is not believed any more.
    world.mold_ready(1);
    world.mold_gone(1);
    assert_eq!(world.effects(), []);
    world.mold_ready(2);
    assert_eq!(world.effects(), [Fork(1)]);
    let reports = world.reports();
    assert!(matches!(&reports[0], Report::BootFailed { failure, .. }
        if failure.message.contains("boot_timeout")));
}

/// A crash, the out-of-memory killer, or a process that could not be spawned at all.
#[test]
fn a_mold_that_dies_while_it_starts_is_a_failure_that_may_go_away() {
    let mut world = World::start(&[app("app", 1)]);
    world.request(1);
    world.forget_past();
    world.mold_gone(1);
    assert_eq!(world.effects(), [Spawn(2)]);
    world.mold_gone(2);
    assert_eq!(world.effects(), [Fail(1, DirtyNoWorkersAvailableError)]);
    assert!(matches!(
        &world.reports()[..],
        [Report::BootFailed { .. }, ..]
    ));
    world.wait(seconds(1));
    assert_eq!(world.effects(), [Spawn(3)]);
}

#[test]
fn a_mold_that_does_not_answer_a_fork_is_killed() {
    let mut world = World::start(&[app("app", 1)]);
    world.mold_ready(1);
    let call = world.request(1);
    world.forget_past();
    world.wait(BOOT_TIMEOUT);
    let effects = world.effects();
    assert!(effects.contains(&KillMold(1)), "{effects:?}");
    world.forget_past();
    world.mold_gone(1);
    let effects = world.effects();
    assert!(effects.contains(&Spawn(2)), "{effects:?}");
    assert!(effects.contains(&Forget(1)), "{effects:?}");
    assert_eq!(
        world.calls(),
        0,
        "call {call} was longer in the queue than it may"
    );
}

#[test]
fn a_worker_that_does_not_get_ready_in_time_is_killed_and_replaced() {
    let mut world = World::start(&[app("app", 1)]);
    world.mold_ready(1);
    world.forked(1);
    world.forget_past();
    world.wait(BOOT_TIMEOUT);
    assert_eq!(world.effects(), [KillWorker(1), Fork(2)]);
    world.comes_up(2);
    assert_eq!(world.effects(), [AllReady]);
}

#[test]
fn a_worker_that_comes_to_be_after_it_was_given_up_is_killed() {
    let mut world = World::start(&[app("app", 1)]);
    world.mold_ready(1);
    world.wait(BOOT_TIMEOUT);
    world.forget_past();
    world.forked(1);
    assert_eq!(world.effects(), [KillWorker(1)]);
    world.happen(Event::WorkerReady(WorkerId(1)));
    world.dies(1);
    assert!(!world.effects().contains(&AllReady));
}

#[test]
fn a_fork_that_fails_is_tried_again_and_then_ever_more_slowly() {
    let mut world = World::start(&[app("app", 1)]);
    world.mold_ready(1);
    world.forget_past();
    world.happen(Event::ForkFailed(WorkerId(1), failure(false)));
    assert_eq!(world.effects(), [Forget(1), Fork(2)]);
    world.happen(Event::ForkFailed(WorkerId(2), failure(false)));
    assert_eq!(world.effects(), [Forget(2)]);
    assert_eq!(world.state(), AppState::Backoff);
    world.wait(seconds(1));
    assert_eq!(world.effects(), [Fork(3)]);
}

#[test]
fn an_app_without_workers_is_ready_and_its_calls_are_answered() {
    let mut world = World::start(&[app("app", 0), app("b", 1)]);
    world.mold_ready(1);
    world.mold_ready(2);
    world.comes_up(1);
    assert!(world.effects().contains(&AllReady));
    world.request(1);
    assert_eq!(world.effects(), [Fail(1, DirtyNoWorkersAvailableError)]);
    assert_eq!(world.error().details["retryable"], false);
}

#[test]
fn a_host_without_any_workers_says_so() {
    let mut world = World::start(&[app("app", 0)]);
    world.forget_past();
    world.request(1);
    assert_eq!(world.effects(), [Fail(1, DirtyError)]);
    assert_eq!(world.error().message, "No dirty workers available");
}

#[test]
fn a_call_for_an_app_without_workers_does_not_wait_for_its_start() {
    let mut world = World::start(&[app("app", 0), app("b", 1)]);
    world.forget_past();
    world.request(1);
    world.mold_ready(1);
    let effects = world.effects();
    assert_eq!(effects, [Fail(1, DirtyNoWorkersAvailableError)]);
}

/// With `init = "per-worker"` it is workers that fail to initialise the app, not its mold.
#[test]
fn the_host_is_of_no_use_once_the_workers_of_every_app_have_failed_for_good() {
    let mut world = World::start(&[app("app", 1)]);
    world.mold_ready(1);
    for worker in 1..=FAILURES_MAX {
        world.forked(worker);
        world.happen(Event::WorkerFailed(WorkerId(worker), failure(false)));
        world.dies(worker);
        if worker < FAILURES_MAX && worker > 1 {
            world.wait_for_timer();
        }
    }
    assert_eq!(world.state(), AppState::Failed);
    assert!(world.effects().contains(&AllFailed));
}

/// The mold serves, and dies before any worker is ready, again and again.
#[test]
fn the_host_is_of_no_use_once_the_molds_of_every_app_die_of_their_first_fork() {
    let mut world = World::start(&[app("app", 1)]);
    for generation in 1..=FAILURES_MAX {
        world.mold_ready(generation);
        world.mold_gone(generation);
        if generation < FAILURES_MAX && generation > 1 {
            world.wait_for_timer();
        }
    }
    assert_eq!(world.state(), AppState::Failed);
    assert!(world.effects().contains(&AllFailed));
}
