//! What the machine does for a call whose worker is idle, and for one of many that wait, as functions
//! whose instructions are counted: see `crate::hot_paths`.

use super::super::{ClientId, Effect, Event, Machine, Request};
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
        counted_route(&mut world, event, &mut effects);
        assert_eq!(dispatched(&mut effects), [CallId(number)]);
        finish(&mut world, number, &mut effects);
        effects.clear();
    }
}

#[inline(never)]
fn counted_route(world: &mut World, event: Event, effects: &mut Vec<Effect>) {
    handle(&mut world.machine, world.now, event, effects);
}

#[test]
fn forward() {
    let mut world = idle();
    let mut effects = Vec::new();
    for number in 1..=TIMES as u64 {
        handle(
            &mut world.machine,
            world.now,
            Event::Request(CLIENT, request(number)),
            &mut effects,
        );
        effects.clear();
        counted_forward(&mut world, last(number), &mut effects);
        assert!(
            matches!(effects[..], [Effect::Forward { .. }]),
            "{effects:?}"
        );
        effects.clear();
    }
}

#[inline(never)]
fn counted_forward(world: &mut World, event: Event, effects: &mut Vec<Effect>) {
    handle(&mut world.machine, world.now, event, effects);
}

#[test]
fn queue() {
    let mut world = crowded();
    let mut effects = Vec::new();
    for number in 1..=TIMES as u64 {
        let event = Event::Request(CLIENT, request(QUEUED + number));
        counted_queue(&mut world, event, &mut effects);
        assert!(effects.is_empty(), "{effects:?}");
    }
}

#[inline(never)]
fn counted_queue(world: &mut World, event: Event, effects: &mut Vec<Effect>) {
    handle(&mut world.machine, world.now, event, effects);
}

#[test]
fn next_of_queue() {
    let mut world = crowded();
    let mut effects = Vec::new();
    for number in 1..=TIMES as u64 {
        counted_next_of_queue(&mut world, last(number), &mut effects);
        assert_eq!(dispatched(&mut effects), [CallId(number + 1)]);
    }
}

#[inline(never)]
fn counted_next_of_queue(world: &mut World, event: Event, effects: &mut Vec<Effect>) {
    handle(&mut world.machine, world.now, event, effects);
}

fn last(number: u64) -> Event {
    let call = CallId(number);
    Event::Final(WorkerId(1), call, Fate::Healthy, last_of(call))
}

fn finish(world: &mut World, number: u64, effects: &mut Vec<Effect>) {
    handle(&mut world.machine, world.now, last(number), effects);
}

#[inline(always)]
fn handle(machine: &mut Machine, now: std::time::Instant, event: Event, effects: &mut Vec<Effect>) {
    machine.handle(now, event);
    machine.take_effects(effects);
}
