//! What the machine does for a call whose worker is idle, and for one of many that wait, as functions
//! whose instructions are counted: see `crate::hot_paths`.

use super::super::{ClientId, Effect, Event, Request};
use super::world::{World, app, last_of, parse_request};
use crate::hot_paths::TIMES;
use crate::process::hop::{CallId, Fate, WorkerId};

const CLIENT: ClientId = ClientId(1);
/// Calls that wait before others are added.
const QUEUED: u64 = 10_000;

fn request(number: u64) -> Request {
    parse_request("app", &number.to_string(), r#","multiplex":true"#)
}

/// One worker, which is idle.
fn idle() -> World {
    World::serving(1)
}

/// One worker, which is busy, and many calls that wait for it.
fn crowded() -> World {
    let mut settings = app("app", 1);
    settings.queue_max = 2 * QUEUED as usize;
    let mut world = World::start(&[settings]);
    world.mold_ready(1);
    world.comes_up(1);
    for number in 1..=QUEUED {
        world.happen(Event::Request(CLIENT, request(number)));
    }
    world.forget_past();
    world
}

/// The calls that were sent to workers.
fn dispatched(effects: &mut Vec<Effect>) -> Vec<CallId> {
    let dispatched = effects.drain(..).filter_map(|effect| match effect {
        Effect::Dispatch { call, .. } => Some(call),
        _ => None,
    });
    dispatched.collect()
}

#[test]
fn route() {
    let mut world = idle();
    let mut effects = Vec::new();
    for number in 1..=TIMES as u64 {
        let event = Event::Request(CLIENT, request(number));
        counted(&mut world, event, &mut effects);
        assert_eq!(dispatched(&mut effects), [CallId(number)]);
        handle(&mut world, last(number), &mut effects);
        effects.clear();
    }
}

#[test]
fn forward() {
    let mut world = idle();
    let mut effects = Vec::new();
    for number in 1..=TIMES as u64 {
        handle(
            &mut world,
            Event::Request(CLIENT, request(number)),
            &mut effects,
        );
        effects.clear();
        counted(&mut world, last(number), &mut effects);
        assert!(
            matches!(effects[..], [Effect::Forward { .. }]),
            "{effects:?}"
        );
        effects.clear();
    }
}

#[test]
fn queue() {
    let mut world = crowded();
    let mut effects = Vec::new();
    for number in 1..=TIMES as u64 {
        let event = Event::Request(CLIENT, request(QUEUED + number));
        counted(&mut world, event, &mut effects);
        assert!(effects.is_empty(), "{effects:?}");
    }
}

#[test]
fn next_of_queue() {
    let mut world = crowded();
    let mut effects = Vec::new();
    for number in 1..=TIMES as u64 {
        counted(&mut world, last(number), &mut effects);
        assert_eq!(dispatched(&mut effects), [CallId(number + 1)]);
    }
}

#[inline(never)]
fn counted(world: &mut World, event: Event, effects: &mut Vec<Effect>) {
    handle(world, event, effects);
}

/// What is not counted.
#[inline(always)]
fn handle(world: &mut World, event: Event, effects: &mut Vec<Effect>) {
    world.machine.handle(world.now, event);
    world.machine.take_effects(effects);
}

fn last(number: u64) -> Event {
    let call = CallId(number);
    Event::Final(WorkerId(1), call, Fate::Healthy, last_of(call))
}
