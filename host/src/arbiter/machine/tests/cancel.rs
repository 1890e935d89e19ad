//! Calls that nobody waits for any more: cancelled, superseded, or their client is gone.

use super::super::Event;
use super::world::{CANCEL_GRACE, Seen, World, id_of, parse_request, seconds};
use crate::process::hop::WorkerId;
use crate::protocol::ErrorType::{DirtyError, DirtyTimeoutError};

use Seen::{Cancel, Discard, Dispatch, Fail, Fork, Forward, KillWorker};

#[test]
fn a_running_call_that_is_cancelled_has_one_last_frame() {
    let mut world = World::serving(1);
    let call = world.request(1);
    world.forget_past();
    world.cancel(1, call);
    assert_eq!(world.effects(), [Fail(1, DirtyError), Cancel(1, call)]);
    assert_eq!(world.error().details["cancelled"], true);
    world.cancel(1, call);
    world.chunk(1, call);
    world.finish(1, call);
    assert_eq!(world.effects(), []);
    let next = world.request(1);
    assert_eq!(world.effects(), [Dispatch(1, next)]);
}

#[test]
fn a_queued_call_that_is_cancelled_is_never_sent() {
    let mut world = World::serving(1);
    let (first, second) = (world.request(1), world.request(1));
    world.forget_past();
    world.cancel(1, second);
    assert_eq!(world.effects(), [Fail(1, DirtyError)]);
    world.finish(1, first);
    assert_eq!(world.effects(), [Forward(1, first)]);
}

#[test]
fn only_its_own_client_can_cancel_a_call() {
    let mut world = World::serving(1);
    let call = world.request(1);
    world.forget_past();
    world.cancel(2, call);
    world.cancel(1, 99);
    assert_eq!(world.effects(), []);
}

#[test]
fn the_id_of_a_cancelled_call_can_be_used_again_at_once() {
    let mut world = World::serving(2);
    let call = world.request(1);
    world.cancel(1, call);
    world.forget_past();
    let id = id_of(call);
    let again = parse_request("app", id.as_str(), r#","multiplex":true"#);
    world.happen(Event::Request(super::super::ClientId(1), again));
    assert_eq!(world.effects(), [Dispatch(2, 2)]);
    // The old call's end does not touch the new one's.
    world.finish(1, call);
    world.finish(2, 2);
    assert_eq!(world.effects(), [Forward(1, 2)]);
}

#[test]
fn a_worker_that_does_not_heed_a_cancel_is_killed_after_the_grace() {
    let mut world = World::serving(1);
    let call = world.request(1);
    world.wait(seconds(8));
    world.cancel(1, call);
    world.forget_past();
    // Beyond the deadline, which is the grace's from now on.
    world.wait(CANCEL_GRACE - seconds(1));
    assert_eq!(world.effects(), []);
    world.wait(seconds(1));
    assert_eq!(world.effects(), [KillWorker(1), Fork(2)]);
    world.dies(1);
    assert_eq!(world.errors(), []);
}

#[test]
fn an_old_client_that_asks_again_supersedes_its_running_call() {
    let mut world = World::serving(2);
    let old = world.request_old(1);
    world.chunk(1, old);
    world.forget_past();
    let new = world.request_old(1);
    assert_eq!(
        world.effects(),
        [Cancel(1, old), Discard(1), Dispatch(2, new)]
    );
    world.chunk(1, old);
    world.finish(1, old);
    assert_eq!(world.effects(), []);
    world.finish(2, new);
    assert_eq!(world.effects(), [Forward(1, new)]);
    assert_eq!(world.errors(), []);
}

#[test]
fn an_old_client_that_asks_again_supersedes_its_queued_call() {
    let mut world = World::serving(1);
    let running = world.request(2);
    let old = world.request_old(1);
    let new = world.request_old(1);
    world.forget_past();
    world.finish(1, running);
    assert_eq!(world.effects(), [Forward(2, running), Dispatch(1, new)]);
    assert_eq!(world.errors(), [], "call {old} has no last frame");
}

#[test]
fn a_request_that_is_refused_supersedes_too() {
    let mut world = World::serving(1);
    let old = world.request_old(1);
    world.request_with(1, "nope", "");
    world.forget_past();
    world.finish(1, old);
    assert_eq!(world.effects(), []);
}

#[test]
fn with_its_client_gone_a_queued_call_is_dropped_and_a_plain_one_finished_silently() {
    let mut world = World::serving(1);
    let running = world.request(1);
    world.request(1);
    world.forget_past();
    world.disconnect(1);
    assert_eq!((world.effects(), world.queue()), (vec![], 0));
    world.wait(seconds(9));
    world.finish(1, running);
    assert_eq!(world.effects(), []);
    assert_eq!(world.machine.next_due(), None);
}

#[test]
fn with_its_client_gone_a_stream_is_cancelled() {
    let mut world = World::serving(1);
    let call = world.request(1);
    world.chunk(1, call);
    world.forget_past();
    world.disconnect(1);
    assert_eq!(world.effects(), [Cancel(1, call)]);
    world.wait(CANCEL_GRACE);
    assert_eq!(world.effects(), [KillWorker(1), Fork(2)]);
}

#[test]
fn a_call_that_turns_out_to_be_a_stream_after_its_client_has_gone_is_cancelled() {
    let mut world = World::serving(1);
    let call = world.request(1);
    world.disconnect(1);
    world.forget_past();
    world.chunk(1, call);
    world.chunk(1, call);
    assert_eq!(world.effects(), [Cancel(1, call)]);
}

#[test]
fn a_call_whose_client_has_gone_still_has_its_deadline() {
    let mut world = World::serving(1);
    world.request(1);
    world.disconnect(1);
    world.forget_past();
    world.wait(seconds(10));
    assert_eq!(world.effects(), [KillWorker(1), Fork(2)]);
}

#[test]
fn a_stalled_stream_that_is_cancelled_has_its_grace() {
    let mut world = World::serving(1);
    let call = world.request(1);
    world.chunk(1, call);
    world.happen(Event::Stalled(WorkerId(1)));
    world.cancel(1, call);
    world.forget_past();
    world.happen(Event::Resumed(WorkerId(1)));
    world.wait(CANCEL_GRACE);
    assert_eq!(world.effects(), [KillWorker(1), Fork(2)]);
}

#[test]
fn a_cancelled_call_does_not_fail_at_its_deadline() {
    let mut world = World::serving(1);
    let call = world.request(1);
    world.wait(seconds(9));
    world.cancel(1, call);
    world.forget_past();
    world.wait(seconds(60));
    assert!(!world.effects().contains(&Fail(1, DirtyTimeoutError)));
}
