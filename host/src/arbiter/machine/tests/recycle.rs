//! Healthy workers that are replaced: after their calls, at their age, for their memory; and spares.

use std::time::Duration;

use super::super::Event;
use super::world::{Seen, World, app, seconds};
use crate::config::AppSettings;
use crate::process::hop::WorkerId;

use Seen::{Dispatch, Forget, Fork, Forward, KillWorker, StopWorker};

/// An app of one worker that is ready, and whatever `change` makes of it.
fn serving(change: impl FnOnce(&mut AppSettings)) -> World {
    let mut settings = app("app", 1);
    change(&mut settings);
    let mut world = World::start(&[settings]);
    world.mold_ready(1);
    world.comes_up(1);
    world.forget_past();
    world
}

#[test]
fn every_call_gets_a_fresh_copy_that_was_forked_during_the_call_before() {
    let mut world = serving(|app| app.recycle.calls_max = Some(1));
    for worker in 1..=5 {
        let call = world.request(1);
        assert_eq!(world.effects(), [Dispatch(worker, call), Fork(worker + 1)]);
        world.comes_up(worker + 1);
        assert_eq!(world.effects(), [], "no more calls at once than workers");
        world.finish(worker, call);
        // It has nothing to close.
        assert_eq!(world.effects(), [Forward(1, call), KillWorker(worker)]);
        world.dies(worker);
        world.forget_past();
    }
}

#[test]
fn a_worker_serves_no_more_calls_than_it_may_and_jitter_only_means_fewer() {
    let mut world = serving(|app| {
        app.recycle.calls_max = Some(5);
        app.recycle.calls_jitter = 2;
    });
    let mut served = 0;
    loop {
        let call = world.request(1);
        assert!(world.effects().contains(&Dispatch(1, call)));
        world.finish(1, call);
        served += 1;
        if world.effects().contains(&StopWorker(1)) {
            break;
        }
    }
    assert!((3..=5).contains(&served), "{served}");
}

#[test]
fn an_old_worker_leaves_when_its_replacement_is_ready() {
    let mut world = serving(|app| app.recycle.age_max = Some(seconds(100)));
    world.wait(seconds(89));
    assert_eq!(world.effects(), []);
    world.wait(seconds(11));
    assert_eq!(world.effects(), [Fork(2)]);
    let call = world.request(1);
    assert_eq!(world.effects(), [Dispatch(1, call)], "it serves meanwhile");
    world.comes_up(2);
    assert_eq!(world.effects(), []);
    let waiting = world.request(2);
    world.finish(1, call);
    assert_eq!(
        world.effects(),
        [Forward(1, call), StopWorker(1), Dispatch(2, waiting)]
    );
}

#[test]
fn a_worker_that_has_outgrown_its_memory_is_replaced_when_idle() {
    let mut world = serving(|_| {});
    world.happen(Event::OverMemory(WorkerId(1)));
    assert_eq!(world.effects(), [Fork(2)]);
    world.comes_up(2);
    assert_eq!(world.effects(), [StopWorker(1)]);
    assert_eq!(world.machine.status().apps[0].counts.recycled, 1);
    assert_eq!(world.machine.status().apps[0].counts.restarts, 0);
}

#[test]
fn a_spare_takes_the_slot_of_a_worker_that_dies_and_another_is_forked_when_calls_have_gone_first() {
    let mut world = serving(|app| app.spare = true);
    world.comes_up(2);
    world.forget_past();
    let (first, second) = (world.request(1), world.request(2));
    assert_eq!(
        world.effects(),
        [Dispatch(1, first)],
        "a spare serves nothing"
    );
    world.trap(1, first);
    assert_eq!(
        world.effects(),
        [Forward(1, first), KillWorker(1), Dispatch(2, second),]
    );
    world.forget_past();
    world.wait(Duration::from_millis(10));
    assert_eq!(world.effects(), [Fork(3)]);
}

#[test]
fn a_spare_that_is_being_forked_already_stays_when_another_takes_a_slot() {
    let mut world = serving(|app| {
        app.spare = true;
        app.recycle.calls_max = Some(1);
    });
    world.comes_up(2);
    let call = world.request(1);
    assert_eq!(world.effects(), [Dispatch(1, call), Fork(3)]);
    world.finish(1, call);
    assert_eq!(world.effects(), [Forward(1, call), KillWorker(1)]);
    world.dies(1);
    world.wait(seconds(1));
    assert_eq!(world.effects(), [Forget(1)], "the third is the spare");
}

#[test]
fn a_replacement_that_cannot_start_leaves_the_old_worker_serving() {
    let mut world = serving(|app| app.recycle.age_max = Some(Duration::from_secs(100)));
    world.wait(seconds(100));
    world.forked(2);
    world.forget_past();
    world.happen(Event::WorkerFailed(
        WorkerId(2),
        super::world::failure(true),
    ));
    world.wait(seconds(1000));
    let call = world.request(1);
    assert!(world.effects().contains(&Dispatch(1, call)));
}

/// Their `close()` hangs, say. Each has as long as a graceful stop, but they are not to pile up.
#[test]
fn workers_that_do_not_stop_are_bounded() {
    let mut world = serving(|app| app.recycle.calls_max = Some(2));
    for worker in 1..=200 {
        let first = world.request(1);
        world.finish(worker, first);
        let second = world.request(1);
        world.comes_up(worker + 1);
        world.finish(worker, second);
    }
    let workers = world.machine.workers.len();
    let killed = world.effects();
    let killed = killed
        .iter()
        .filter(|seen| matches!(seen, KillWorker(_)))
        .count();
    assert!(workers - killed < 30, "{workers} workers, {killed} killed");
}
