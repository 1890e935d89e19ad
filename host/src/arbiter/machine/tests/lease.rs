//! Which worker gets which call, and which requests are refused.

use super::super::{ClientId, Event};
use super::world::{QUEUE_MAX, Seen, World, app, id_of, parse_request};
use crate::process::hop::WorkerId;
use crate::protocol::ErrorType::{DirtyAppNotFoundError, DirtyError, DirtyProtocolError};

use Seen::{Dispatch, Fail, Fork, Forward, KillWorker};

#[test]
fn calls_wait_in_order_of_arrival() {
    let mut world = World::serving(1);
    let calls: Vec<_> = (1..=4).map(|client| world.request(client)).collect();
    assert_eq!(world.effects(), [Dispatch(1, calls[0])]);
    for pair in calls.windows(2) {
        world.finish(1, pair[0]);
        assert_eq!(
            world.effects(),
            [Forward(pair[0], pair[0]), Dispatch(1, pair[1])]
        );
    }
}

#[test]
fn load_spreads_evenly() {
    let mut world = World::serving(3);
    let mut served = [0; 3];
    for _ in 0..9 {
        let call = world.request(1);
        let [Dispatch(worker, _)] = world.effects()[..] else {
            panic!("the call must be sent at once");
        };
        served[worker as usize - 1] += 1;
        world.finish(worker, call);
        world.forget_past();
    }
    assert_eq!(served, [3, 3, 3]);
}

#[test]
fn a_short_call_does_not_wait_behind_a_long_one() {
    let mut world = World::serving(2);
    let long = world.request(1);
    assert_eq!(world.effects(), [Dispatch(1, long)]);
    for _ in 0..4 {
        let short = world.request(2);
        assert_eq!(world.effects(), [Dispatch(2, short)]);
        world.finish(2, short);
        assert_eq!(world.effects(), [Forward(2, short)]);
    }
}

#[test]
fn the_workers_of_one_app_get_no_calls_of_another() {
    let mut world = World::start(&[app("app", 1), app("b", 1)]);
    world.mold_ready(1);
    world.mold_ready(2);
    world.comes_up(1);
    world.comes_up(2);
    let (first, second) = (world.request(1), world.request(1));
    world.forget_past();
    let third = world.request_with(1, "b", r#","multiplex":true"#);
    assert_eq!(world.effects(), [Dispatch(2, third)]);
    world.finish(2, third);
    assert_eq!(world.effects(), [Forward(1, third)]);
    world.finish(1, first);
    assert_eq!(world.effects(), [Forward(1, first), Dispatch(1, second)]);
}

#[test]
fn a_full_queue_answers_at_once() {
    let mut world = World::serving(1);
    for client in 0..=QUEUE_MAX as u64 {
        world.request(client);
    }
    assert_eq!(world.queue(), QUEUE_MAX);
    world.forget_past();
    world.request(9);
    assert_eq!(world.effects(), [Fail(9, DirtyError)]);
    let error = world.error();
    assert_eq!(error.details["retryable"], true);
    assert_eq!(error.details["queue_depth"], QUEUE_MAX);
    assert!(error.details.contains_key("retry_after"));
    world.finish(1, 1);
    world.forget_past();
    world.request(9);
    assert_eq!(world.effects(), []);
}

#[test]
fn an_unknown_app_is_refused() {
    let mut world = World::serving(1);
    world.request_with(1, "nope", r#","multiplex":true"#);
    assert_eq!(world.effects(), [Fail(1, DirtyAppNotFoundError)]);
    assert_eq!(world.error().message, "Dirty app not found: nope");
}

#[test]
fn an_id_in_use_is_refused_and_the_call_that_has_it_goes_on() {
    let mut world = World::serving(2);
    let call = world.request(1);
    world.forget_past();
    let twin = || {
        let id = id_of(call);
        parse_request("app", id.as_str(), r#","multiplex":true"#)
    };
    world.happen(Event::Request(ClientId(1), twin()));
    assert_eq!(world.effects(), [Fail(1, DirtyProtocolError)]);
    // Ids are the client's own: another client may use the same.
    world.happen(Event::Request(ClientId(2), twin()));
    assert_eq!(world.effects(), [Dispatch(2, 2)]);
    world.finish(1, call);
    assert_eq!(world.effects(), [Forward(1, call)]);
    world.happen(Event::Request(ClientId(1), twin()));
    assert_eq!(world.effects(), [Dispatch(1, 3)]);
}

#[test]
fn a_worker_that_sends_a_reply_without_a_lease_is_killed_and_replaced() {
    let mut world = World::serving(1);
    world.chunk(1, 7);
    assert_eq!(world.effects(), [KillWorker(1), Fork(2)]);
    assert_eq!(
        world.machine.status().apps[0].last_error.as_deref(),
        Some("a worker broke the protocol with the arbiter")
    );
}

#[test]
fn a_worker_that_replies_to_the_call_of_another_is_killed_and_its_own_call_fails() {
    let mut world = World::serving(2);
    let (first, second) = (world.request(1), world.request(2));
    world.forget_past();
    world.finish(1, second);
    assert_eq!(world.effects(), [KillWorker(1), Fork(3)]);
    world.dies(1);
    assert!(world.error().message.contains("broke the protocol"));
    world.finish(2, second);
    assert!(world.effects().contains(&Forward(2, second)));
    assert_eq!(world.calls(), 0, "call {first} has ended");
}

#[test]
fn a_worker_that_sends_nonsense_is_killed() {
    let mut world = World::serving(1);
    world.happen(Event::WorkerMisbehaved(WorkerId(1)));
    assert_eq!(world.effects(), [KillWorker(1), Fork(2)]);
}

#[test]
fn a_greedy_client_takes_turns_with_a_polite_one() {
    let mut world = World::serving(1);
    let running = world.request(1);
    let greedy: Vec<_> = (0..3).map(|_| world.request(1)).collect();
    let polite = world.request(2);
    world.forget_past();
    let mut previous = running;
    for next in [greedy[0], polite, greedy[1], greedy[2]] {
        world.finish(1, previous);
        assert!(world.effects().contains(&Dispatch(1, next)));
        previous = next;
    }
}

#[test]
fn in_a_full_queue_the_client_with_the_most_calls_makes_room() {
    let mut world = World::serving(1);
    world.request(1);
    let greedy: Vec<_> = (0..QUEUE_MAX).map(|_| world.request(1)).collect();
    world.forget_past();
    let polite = world.request(2);
    assert_eq!(world.effects(), [Fail(1, DirtyError)]);
    assert_eq!(world.error().details["queue_depth"], QUEUE_MAX);
    assert_eq!(world.queue(), QUEUE_MAX);
    world.request(1);
    assert_eq!(
        world.effects(),
        [Fail(1, DirtyError)],
        "not the other way round"
    );
    world.finish(1, greedy[0] - 1);
    world.finish(1, greedy[0]);
    assert!(world.effects().contains(&Dispatch(1, polite)));
}
