//! Streams: deadlines from chunk to chunk, and clients that do not read.

use super::super::{Effect, Event};
use super::world::{Seen, TIMEOUT, World, last_of, seconds};
use crate::process::hop::{CallId, Fate, WorkerId};
use crate::protocol::ErrorType::DirtyTimeoutError;

use Seen::{Discard, Dispatch, Fail, Fork, Forward, KillWorker};

#[test]
fn every_chunk_starts_the_deadline_anew() {
    let mut world = World::serving(1);
    let call = world.request(1);
    world.forget_past();
    for _ in 0..5 {
        world.wait(seconds(9));
        world.chunk(1, call);
        assert_eq!(world.effects(), [Forward(1, call)]);
    }
    world.wait(seconds(9));
    assert_eq!(world.effects(), []);
    world.wait(seconds(1));
    assert_eq!(
        world.effects(),
        [Fail(1, DirtyTimeoutError), KillWorker(1), Fork(2)]
    );
    world.chunk(1, call);
    assert_eq!(world.effects(), []);
}

#[test]
fn the_deadline_stands_still_while_the_client_does_not_read() {
    let mut world = World::serving(1);
    let call = world.request(1);
    world.chunk(1, call);
    world.happen(Event::Stalled(WorkerId(1)));
    // One that was read already.
    world.chunk(1, call);
    world.forget_past();
    world.wait(seconds(3600));
    assert_eq!(world.effects(), []);
    world.happen(Event::Resumed(WorkerId(1)));
    world.wait(seconds(9));
    assert_eq!(world.effects(), []);
    world.wait(seconds(1));
    assert_eq!(world.effects()[0], Fail(1, DirtyTimeoutError));
}

#[test]
fn a_stream_that_ends_while_its_client_does_not_read_leaves_no_timer_behind() {
    let mut world = World::serving(1);
    let call = world.request(1);
    world.chunk(1, call);
    world.happen(Event::Stalled(WorkerId(1)));
    world.finish(1, call);
    world.happen(Event::Resumed(WorkerId(1)));
    assert_eq!(world.machine.next_due(), None);
}

/// As the loop does where a client has too much unread: the worker that the effect names is not
/// read until the client has caught up.
fn stall_whom_the_last_frame_names(world: &mut World, worker: u64, call: u64) {
    let (worker, call) = (WorkerId(worker), CallId(call));
    let event = Event::Final(worker, call, Fate::Healthy, last_of(call));
    world.machine.handle(world.now, event);
    let mut effects = Vec::new();
    world.machine.take_effects(&mut effects);
    for effect in effects {
        if let Effect::Forward {
            worker: Some(worker),
            ..
        } = effect
        {
            world.happen(Event::Stalled(worker));
        }
    }
}

/// The reader of the last frame is slow, and the worker has gone on to the call of another client,
/// whose deadline must not stand still.
#[test]
fn a_slow_reader_of_a_last_frame_does_not_hold_up_the_next_call_of_that_worker() {
    let mut world = World::serving(1);
    let (first, second) = (world.request(1), world.request(2));
    world.chunk(1, first);
    world.forget_past();
    stall_whom_the_last_frame_names(&mut world, 1, first);
    world.wait(TIMEOUT);
    let effects = world.effects();
    assert!(
        effects.contains(&Fail(2, DirtyTimeoutError)),
        "call {second} hangs: {effects:?}"
    );
}

/// The stream has ended, but its client has read only the beginning of it, gives it up and asks
/// for something else: the rest, which is not written yet, must not be.
#[test]
fn the_unread_rest_of_a_finished_stream_is_discarded_when_its_old_client_asks_again() {
    let mut world = World::serving(1);
    let abandoned = world.request_old(1);
    world.chunk(1, abandoned);
    world.happen(Event::Stalled(WorkerId(1)));
    world.finish(1, abandoned);
    world.forget_past();
    let next = world.request_old(1);
    assert_eq!(world.effects(), [Discard(1), Dispatch(1, next)]);
}
