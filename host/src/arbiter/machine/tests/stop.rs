//! Stopping: gracefully, at once, and in every state that the host may be in.

use super::super::{DeathCause, Event, Report};
use super::world::{Seen, World, app, failure, seconds};
use crate::process::hop::WorkerId;
use crate::protocol::ErrorType::{DirtyError, DirtyNoWorkersAvailableError, DirtyWorkerError};

use Seen::{
    Dispatch, Fail, Finished, Forget, Fork, Forward, KillMold, KillWorker, Spawn, StopMold,
    StopWorker,
};

#[test]
fn idle_workers_are_told_to_stop_then_the_mold() {
    let mut world = World::serving(2);
    world.stop(seconds(30));
    assert_eq!(world.effects(), [StopWorker(1), StopWorker(2)]);
    world.dies(1);
    world.exited(2);
    world.forget_past();
    world.drained(2);
    assert_eq!(world.effects(), [Forget(2), StopMold(1)]);
    world.mold_gone(1);
    assert_eq!(world.effects(), [Finished]);
    world.wait(seconds(60));
    assert_eq!(world.effects(), []);
}

#[test]
fn calls_in_flight_and_queued_are_served_and_new_ones_refused() {
    let mut world = World::serving(1);
    let (first, second) = (world.request(1), world.request(2));
    world.forget_past();
    world.stop(seconds(30));
    world.request(3);
    assert_eq!(world.effects(), [Fail(3, DirtyError)]);
    assert_eq!(world.error().details["retryable"], true);
    world.finish(1, first);
    assert_eq!(world.effects(), [Forward(1, first), Dispatch(1, second)]);
    world.finish(1, second);
    assert_eq!(world.effects(), [Forward(2, second), StopWorker(1)]);
}

#[test]
fn a_worker_that_dies_while_calls_wait_is_replaced_and_otherwise_not() {
    let mut world = World::serving(1);
    let (first, second) = (world.request(1), world.request(2));
    world.stop(seconds(30));
    world.forget_past();
    world.trap(1, first);
    assert_eq!(world.effects(), [Forward(1, first), KillWorker(1), Fork(2)]);
    world.comes_up(2);
    world.dies(1);
    world.forget_past();
    world.trap(2, second);
    assert_eq!(world.effects(), [Forward(2, second), KillWorker(2)]);
    world.dies(2);
    assert!(world.effects().contains(&StopMold(1)));
}

#[test]
fn when_the_time_is_up_everything_is_killed_and_what_is_left_fails_retryable() {
    let mut world = World::serving(1);
    world.request(1);
    world.request(2);
    world.stop(seconds(5));
    world.forget_past();
    world.wait(seconds(5));
    assert_eq!(world.effects(), [Fail(2, DirtyError), KillWorker(1)]);
    assert_eq!(world.error().details["retryable"], true);
    world.wait(seconds(1));
    assert_eq!(
        world.effects(),
        [KillMold(1)],
        "it has had its time to tell"
    );
    world.forget_past();
    world.dies(1);
    assert!(world.effects().contains(&Fail(1, DirtyWorkerError)));
    assert_eq!(world.error().details["retryable"], true);
    world.mold_gone(1);
    assert!(world.effects().contains(&Finished));
}

#[test]
fn a_second_stop_can_only_be_shorter() {
    let mut world = World::serving(1);
    world.request(1);
    world.stop(seconds(30));
    world.stop(seconds(60));
    world.forget_past();
    world.stop(seconds(0));
    assert_eq!(world.effects(), [KillWorker(1)]);
    // The mold says how it has ended, and is told to end then.
    world.dies(1);
    assert!(world.effects().contains(&StopMold(1)));
}

#[test]
fn a_worker_that_does_not_stop_is_killed_when_the_time_is_up() {
    let mut world = World::serving(1);
    world.stop(seconds(5));
    world.forget_past();
    world.wait(seconds(5));
    assert!(world.effects().contains(&KillWorker(1)));
}

#[test]
fn an_app_that_boots_is_killed() {
    let mut world = World::start(&[app("app", 1)]);
    world.forget_past();
    world.stop(seconds(30));
    assert_eq!(world.effects(), [KillMold(1)]);
    world.mold_gone(1);
    assert_eq!(world.effects(), [Finished]);
}

#[test]
fn an_app_that_boots_goes_on_while_calls_wait_for_it() {
    let mut world = World::start(&[app("app", 1)]);
    let call = world.request(1);
    world.forget_past();
    world.stop(seconds(30));
    assert_eq!(world.effects(), []);
    world.mold_ready(1);
    world.comes_up(1);
    assert!(world.effects().contains(&Dispatch(1, call)));
    world.finish(1, call);
    assert_eq!(world.effects(), [Forward(1, call), StopWorker(1)]);
}

#[test]
fn an_app_that_fails_to_boot_is_not_tried_again() {
    let mut world = World::start(&[app("app", 1)]);
    world.request(1);
    world.stop(seconds(30));
    world.forget_past();
    world.mold_fails(1, failure(false));
    assert_eq!(
        world.effects(),
        [KillMold(1), Fail(1, DirtyNoWorkersAvailableError), Finished]
    );
}

#[test]
fn an_app_that_waits_for_its_next_start_does_not_start() {
    let mut world = World::start(&[app("app", 1)]);
    world.mold_fails(1, failure(false));
    world.mold_fails(2, failure(false));
    world.forget_past();
    world.stop(seconds(30));
    assert_eq!(world.effects(), [Finished]);
    world.wait(seconds(60));
    assert!(!world.effects().contains(&Spawn(3)));
}

#[test]
fn a_slot_that_waits_for_its_next_worker_gets_none() {
    let mut world = World::serving(1);
    world.dies(1);
    world.comes_up(2);
    world.dies(2);
    world.forget_past();
    world.stop(seconds(30));
    assert_eq!(world.effects(), [StopMold(1)]);
    world.wait(seconds(4));
    assert_eq!(world.effects(), []);
    // A mold that does not end, although nothing keeps it, is killed.
    world.wait(seconds(1));
    assert_eq!(world.effects(), [KillMold(1)]);
}

#[test]
fn a_worker_that_is_ordered_or_starting_is_killed() {
    let mut world = World::start(&[app("app", 2)]);
    world.mold_ready(1);
    world.forked(1);
    world.forget_past();
    world.stop(seconds(30));
    assert_eq!(world.effects(), [KillWorker(1), KillWorker(2)]);
    world.forked(2);
    world.happen(Event::WorkerReady(WorkerId(2)));
    assert_eq!(world.effects(), [KillWorker(2)]);
    world.dies(1);
    world.dies(2);
    assert!(world.effects().contains(&StopMold(1)));
}

#[test]
fn without_anything_to_end_the_stop_is_at_once() {
    let mut world = World::start(&[app("app", 1)]);
    world.mold_fails(1, failure(true));
    world.forget_past();
    world.stop(seconds(30));
    assert_eq!(world.effects(), [Finished]);
}

#[test]
fn calls_of_clients_that_have_gone_are_waited_for() {
    let mut world = World::serving(1);
    let call = world.request(1);
    world.disconnect(1);
    world.forget_past();
    world.stop(seconds(30));
    assert_eq!(world.effects(), []);
    world.finish(1, call);
    assert_eq!(world.effects(), [StopWorker(1)]);
}

/// Nothing is started any more that could serve them, and the host must not end without an answer.
#[test]
fn calls_that_wait_are_answered_when_the_mold_dies() {
    let mut world = World::serving(1);
    world.request(1);
    world.request(2);
    world.stop(seconds(30));
    world.forget_past();
    world.mold_gone(1);
    world.drained(1);
    let effects = world.effects();
    assert!(
        effects.contains(&Fail(2, DirtyNoWorkersAvailableError)),
        "{effects:?}"
    );
    assert!(effects.contains(&Finished), "{effects:?}");
}

/// No worker is forked any more for a queue that was empty when the last one died.
#[test]
fn a_call_that_its_worker_has_not_read_is_answered() {
    let mut world = World::serving(1);
    world.request(1);
    world.stop(seconds(30));
    world.forget_past();
    world.drained_unread(1);
    world.exited(1);
    let effects = world.effects();
    assert!(effects.contains(&Fail(1, DirtyWorkerError)), "{effects:?}");
    assert_eq!(world.error().details["retryable"], true);
}

#[test]
fn an_immediate_stop_is_the_hosts_doing() {
    let mut world = World::serving(1);
    world.stop(seconds(0));
    world.dies(1);
    let reports = world.reports();
    assert!(
        reports.iter().any(|report| matches!(
            report,
            Report::WorkerDied {
                cause: DeathCause::HostStopped,
                ..
            }
        )),
        "{reports:?}"
    );
}
