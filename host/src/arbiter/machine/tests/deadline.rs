//! Deadlines of plain calls, queued and running, and traps.

use std::time::Duration;

use super::world::{Seen, TIMEOUT, World, seconds};
use crate::protocol::ErrorType::DirtyTimeoutError;

use Seen::{Dispatch, Fail, Forget, Fork, Forward, KillWorker};

const MOMENT: Duration = Duration::from_millis(1);

#[test]
fn a_running_call_fails_at_its_deadline_and_its_worker_is_killed_and_replaced_at_once() {
    let mut world = World::serving(1);
    let call = world.request(1);
    world.forget_past();
    world.wait(TIMEOUT - MOMENT);
    assert_eq!(world.effects(), []);
    world.wait(MOMENT);
    assert_eq!(
        world.effects(),
        [Fail(1, DirtyTimeoutError), KillWorker(1), Fork(2)]
    );
    assert_eq!(world.error().details["timeout"], 10.0);
    // What it had written before it was killed comes too late.
    world.chunk(1, call);
    world.finish(1, call);
    assert_eq!(world.effects(), []);
    world.comes_up(2);
    world.dies(1);
    let next = world.request(1);
    let effects = world.effects();
    assert!(effects.contains(&Dispatch(2, next)), "{effects:?}");
    assert_eq!(world.errors(), []);
}

#[test]
fn a_queued_call_fails_at_its_deadline_and_costs_no_worker() {
    let mut world = World::serving(1);
    let first = world.request_with(1, "app", r#","multiplex":true"#);
    world.wait(seconds(4));
    world.request_with(2, "app", r#","multiplex":true,"timeout":5"#);
    world.forget_past();
    world.wait(seconds(5));
    assert_eq!(world.effects(), [Fail(2, DirtyTimeoutError)]);
    assert_eq!(world.error().details["timeout"], 5.0);
    assert_eq!(world.queue(), 0);
    world.finish(1, first);
    assert_eq!(world.effects(), [Forward(1, first)]);
}

#[test]
fn queueing_counts_towards_the_deadline() {
    let mut world = World::serving(1);
    let first = world.request(1);
    let second = world.request(2);
    world.wait(seconds(9));
    world.finish(1, first);
    world.forget_past();
    world.wait(seconds(1));
    assert_eq!(
        world.effects(),
        [Fail(2, DirtyTimeoutError), KillWorker(1), Fork(2)]
    );
    world.finish(1, second);
    assert_eq!(world.effects(), []);
}

#[test]
fn a_client_can_only_shorten_the_timeout() {
    let mut world = World::serving(2);
    world.request_with(1, "app", r#","timeout":3"#);
    world.request_with(2, "app", r#","timeout":99"#);
    world.forget_past();
    world.wait(seconds(3));
    assert_eq!(world.error().details["timeout"], 3.0);
    world.wait(seconds(7));
    assert_eq!(world.error().details["timeout"], 10.0);
}

#[test]
fn without_a_timeout_a_call_may_take_for_ever() {
    let mut settings = super::world::app("app", 1);
    settings.timeout = None;
    let mut world = World::start(&[settings]);
    world.mold_ready(1);
    world.comes_up(1);
    let call = world.request(1);
    world.forget_past();
    world.wait(seconds(86_400));
    assert_eq!(world.effects(), []);
    world.finish(1, call);
    assert_eq!(world.effects(), [Forward(1, call)]);
}

#[test]
fn calls_that_ended_leave_no_timer_behind() {
    let mut world = World::serving(1);
    for _ in 0..3 {
        let call = world.request(1);
        world.finish(1, call);
    }
    assert_eq!(world.machine.next_due(), None);
}

#[test]
fn a_trap_is_replaced_at_once_each_time() {
    let mut world = World::serving(1);
    for worker in 1..=20 {
        let call = world.request(1);
        world.forget_past();
        world.trap(worker, call);
        assert_eq!(
            world.effects(),
            [Forward(1, call), KillWorker(worker), Fork(worker + 1)]
        );
        world.dies(worker);
        world.comes_up(worker + 1);
        let effects = world.effects();
        assert!(effects.contains(&Forget(worker)), "{effects:?}");
    }
    assert_eq!(world.errors(), []);
}

#[test]
fn a_call_waits_for_the_successor_of_a_worker_that_trapped() {
    let mut world = World::serving(1);
    let (first, second) = (world.request(1), world.request(2));
    world.trap(1, first);
    world.forget_past();
    world.comes_up(2);
    assert_eq!(world.effects(), [Dispatch(2, second)]);
}

/// It says that its instance is dead and exits by itself; nothing else limits how long that takes.
#[test]
fn a_worker_that_trapped_and_does_not_end_is_killed() {
    let mut world = World::serving(1);
    let call = world.request(1);
    world.trap(1, call);
    world.comes_up(2);
    world.wait(seconds(60));
    assert!(world.effects().contains(&KillWorker(1)));
}
