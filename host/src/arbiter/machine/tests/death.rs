//! Workers that end by themselves, idle or in a call, and what their clients hear.

use super::super::Event;
use super::super::status::AppState;
use super::super::{DeathCause, Report};
use super::world::{FAILURES_MAX, Seen, World, failure, seconds};
use crate::process::hop::WorkerId;
use crate::protocol::ErrorType::{
    DirtyNoWorkersAvailableError, DirtyTimeoutError, DirtyWorkerError,
};

use Seen::{Dispatch, Fail, Forget, Fork, Forward, KillWorker};

#[test]
fn an_idle_worker_that_dies_is_replaced_at_once_then_ever_more_slowly_then_not_any_more() {
    let mut world = World::serving(1);
    world.dies(1);
    assert_eq!(world.effects(), [KillWorker(1), Fork(2), Forget(1)]);
    for worker in 2..FAILURES_MAX {
        world.comes_up(worker);
        world.forget_past();
        world.dies(worker);
        assert_eq!(world.effects(), [KillWorker(worker), Forget(worker)]);
        assert_eq!(world.state(), AppState::Backoff);
        world.wait_for_timer();
        assert_eq!(world.effects(), [Fork(worker + 1)]);
    }
    world.comes_up(FAILURES_MAX);
    world.dies(FAILURES_MAX);
    world.forget_past();
    world.wait(seconds(86_400));
    assert_eq!(world.effects(), []);
    assert_eq!(world.state(), AppState::Failed);
    world.request(1);
    assert_eq!(world.effects(), [Fail(1, DirtyNoWorkersAvailableError)]);
    assert_eq!(world.error().details["retryable"], false);
}

#[test]
fn calls_that_come_during_the_backoff_are_told_when_to_come_again() {
    let mut world = World::serving(1);
    world.dies(1);
    world.forked(2);
    let waiting = world.request(1);
    world.forget_past();
    world.dies(2);
    assert!(
        world
            .effects()
            .contains(&Fail(1, DirtyNoWorkersAvailableError))
    );
    let error = world.error();
    assert_eq!(error.details["retryable"], true);
    assert!(error.details["retry_after"].as_f64().unwrap() >= 0.1);
    assert_eq!(world.calls(), 0, "call {waiting} has ended");
    world.request(2);
    assert_eq!(world.error().details["retryable"], true);
    world.wait(seconds(1));
    world.comes_up(3);
    world.forget_past();
    let call = world.request(2);
    assert_eq!(world.effects(), [Dispatch(3, call)]);
}

#[test]
fn while_one_worker_lives_calls_wait_for_it() {
    let mut world = World::serving(2);
    let long = world.request(1);
    for worker in 2..=4 {
        world.dies(worker);
        if worker < 4 {
            world.wait(seconds(1));
            world.comes_up(worker + 1);
        }
    }
    let waiting = world.request(2);
    assert_eq!(world.errors(), []);
    world.forget_past();
    world.finish(1, long);
    assert_eq!(world.effects(), [Forward(1, long), Dispatch(1, waiting)]);
}

#[test]
fn a_call_served_ends_the_row_of_deaths() {
    let mut world = World::serving(1);
    for worker in 1..=20 {
        let call = world.request(1);
        world.finish(worker, call);
        world.forget_past();
        world.dies(worker);
        assert_eq!(world.effects()[1], Fork(worker + 1));
        world.comes_up(worker + 1);
    }
}

#[test]
fn a_worker_that_has_been_ready_for_long_did_not_die_of_its_start() {
    let mut world = World::serving(1);
    for worker in 1..=20 {
        world.wait(seconds(10));
        world.forget_past();
        world.dies(worker);
        assert_eq!(world.effects()[1], Fork(worker + 1));
        world.comes_up(worker + 1);
    }
}

#[test]
fn a_call_fails_once_when_its_worker_is_drained_and_reaped_whichever_comes_first() {
    for drained_first in [true, false] {
        let mut world = World::serving(1);
        world.request(1);
        world.forget_past();
        if drained_first {
            world.drained(1);
            assert_eq!(world.effects(), [KillWorker(1), Fork(2)]);
            world.exited(1);
        } else {
            world.exited(1);
            assert_eq!(world.effects(), [Fork(2)]);
            world.drained(1);
        }
        assert_eq!(world.effects(), [Fail(1, DirtyWorkerError), Forget(1)]);
        let error = world.error();
        assert_eq!(error.details["worker_id"], 1);
        assert_eq!(error.details["cause"], "unexpected");
        assert!(!error.details.contains_key("retryable"));
        assert!(error.message.contains("signal 9"), "{}", error.message);
    }
}

#[test]
fn a_reply_that_was_written_before_the_death_is_delivered() {
    let mut world = World::serving(1);
    let call = world.request(1);
    world.exited(1);
    world.forget_past();
    world.chunk(1, call);
    world.finish(1, call);
    assert_eq!(world.effects(), [Forward(1, call), Forward(1, call)]);
    world.drained(1);
    assert_eq!(world.effects(), [Forget(1)]);
}

#[test]
fn a_worker_whose_end_is_not_reported_is_buried_a_second_after_its_socket_closed() {
    let mut world = World::serving(1);
    world.request(1);
    world.drained(1);
    world.forget_past();
    world.wait(seconds(1));
    assert_eq!(
        world.effects(),
        [KillWorker(1), Fail(1, DirtyWorkerError), Forget(1)]
    );
    assert!(world.error().message.ends_with("it ended"));
    // The report may come at last.
    world.exited(1);
    assert_eq!(world.effects(), []);
}

/// It had died before it read the call, which therefore has not begun anywhere.
#[test]
fn a_call_that_its_worker_has_not_read_is_sent_to_another_before_those_that_came_later() {
    let mut world = World::serving(2);
    let (first, second) = (world.request(1), world.request(2));
    let third = world.request(3);
    world.forget_past();
    world.drained_unread(1);
    world.exited(1);
    assert_eq!(world.effects(), [KillWorker(1), Fork(3), Forget(1)]);
    world.finish(2, second);
    assert_eq!(world.effects(), [Forward(2, second), Dispatch(2, first)]);
    world.comes_up(3);
    assert_eq!(world.effects(), [Dispatch(3, third)]);
    world.finish(2, first);
    assert_eq!(world.effects(), [Forward(1, first)]);
    assert_eq!(world.errors(), []);
}

#[test]
fn a_call_that_was_sent_again_keeps_its_deadline() {
    let mut world = World::serving(1);
    world.request(1);
    world.wait(seconds(9));
    world.drained_unread(1);
    world.exited(1);
    world.comes_up(2);
    world.forget_past();
    world.wait(seconds(1));
    assert_eq!(world.effects()[0], Fail(1, DirtyTimeoutError));
}

#[test]
fn a_call_that_nobody_waits_for_is_not_sent_again() {
    let mut world = World::serving(1);
    let (cancelled, left) = (world.request(1), world.request(2));
    world.cancel(1, cancelled);
    world.drained_unread(1);
    world.exited(1);
    world.comes_up(2);
    world.disconnect(2);
    world.forget_past();
    world.drained_unread(2);
    world.exited(2);
    world.comes_up(3);
    assert_eq!(world.effects(), [KillWorker(2), Fork(3), Forget(2)]);
    assert_eq!(world.calls(), 0, "call {left} has ended");
}

/// Workers that die as soon as they are ready would otherwise be forked for it without end.
#[test]
fn a_call_that_no_worker_reads_is_not_sent_again_for_ever() {
    let mut world = World::serving(1);
    world.request(1);
    for worker in 1..=20 {
        world.drained_unread(worker);
        world.exited(worker);
        if !world.effects().contains(&Fork(worker + 1)) {
            break;
        }
        world.comes_up(worker + 1);
    }
    assert_eq!(world.calls(), 0);
    assert_eq!(world.error().details["retryable"], true);
}

#[test]
fn a_death_in_a_call_is_no_row_of_deaths() {
    let mut world = World::serving(1);
    for worker in 1..=20 {
        world.request(1);
        world.forget_past();
        world.dies(worker);
        assert!(world.effects().contains(&Fork(worker + 1)));
        world.comes_up(worker + 1);
    }
}

#[test]
fn a_call_that_has_failed_at_its_deadline_does_not_fail_again_with_its_worker() {
    let mut world = World::serving(1);
    world.request(1);
    world.drained(1);
    world.wait(seconds(1));
    assert_eq!(world.errors().len(), 1);
    world.wait(seconds(10));
    assert_eq!(world.errors(), []);
}

#[test]
fn a_worker_that_could_not_start_is_reported_with_its_reason() {
    let mut world = World::serving(1);
    world.dies(1);
    world.forked(2);
    world.forget_past();
    world.happen(Event::WorkerFailed(WorkerId(2), failure(false)));
    world.dies(2);
    let reports = world.reports();
    assert!(
        reports.iter().any(|report| matches!(report,
            Report::WorkerDied { cause: DeathCause::StartFailed(failure), .. }
            if failure.message == "no model")),
        "{reports:?}"
    );
}

/// The mold's report of the end may overtake the worker's own last message.
#[test]
fn a_reason_that_comes_after_the_end_is_reported_all_the_same() {
    let mut world = World::serving(1);
    world.dies(1);
    world.forked(2);
    world.forget_past();
    world.exited(2);
    world.happen(Event::WorkerFailed(WorkerId(2), failure(false)));
    world.drained(2);
    let status = world.machine.status();
    assert_eq!(status.apps[0].last_error.as_deref(), Some("no model"));
}

/// A failure that is permanent, such as a mold with two threads, would be the same again.
#[test]
fn a_fork_that_can_never_succeed_is_not_tried_again() {
    let mut world = World::start(&[super::world::app("app", 1)]);
    world.mold_ready(1);
    world.forget_past();
    world.happen(Event::ForkFailed(WorkerId(1), failure(true)));
    world.wait(seconds(60));
    let effects = world.effects();
    assert!(!effects.contains(&Fork(2)), "{effects:?}");
    assert_eq!(world.state(), AppState::Failed);
}

/// It says that it could not start and exits by itself; nothing else limits how long that takes.
#[test]
fn a_worker_that_could_not_start_and_does_not_end_is_killed() {
    let mut world = World::serving(1);
    world.dies(1);
    world.forked(2);
    world.forget_past();
    world.happen(Event::WorkerFailed(WorkerId(2), failure(false)));
    world.wait(seconds(60));
    assert!(world.effects().contains(&KillWorker(2)));
}
