//! Reloads: the next generation beside the present one, the switch, and what becomes of both.

use std::rc::Rc;

use super::super::status::AppState;
use super::super::{Command, Event, Outcome, Report};
use super::world::{Seen, World, app, failure, lifecycle, seconds};
use crate::process::hop::WorkerId;
use crate::protocol::ErrorType::{DirtyAppNotFoundError, DirtyNoWorkersAvailableError};

use Seen::{
    Answer, Dispatch, Fail, Fork, Forward, KillMold, KillWorker, Spawn, StopMold, StopWorker,
};

fn restart(world: &mut World, command: u64) {
    world.command(command, Command::Restart("app".into()));
}

fn configure(world: &mut World, command: u64, apps: &[(&str, u32)]) {
    let apps = apps
        .iter()
        .map(|(name, workers)| Rc::new(app(name, *workers)));
    world.command(command, Command::Configure(apps.collect(), lifecycle()));
}

fn serving(generation: u64) -> Outcome {
    Outcome::Serving { generation }
}

#[test]
fn the_next_generation_takes_over_when_all_of_it_is_ready() {
    let mut world = World::serving(2);
    restart(&mut world, 1);
    assert_eq!(world.effects(), [Spawn(2)]);
    world.mold_ready(2);
    assert_eq!(world.effects(), [Fork(3), Fork(4)]);
    world.comes_up(3);
    let call = world.request(1);
    assert_eq!(world.effects(), [Dispatch(1, call)], "the old one serves");
    world.finish(1, call);
    world.forget_past();
    world.comes_up(4);
    let effects = world.effects_sorted();
    assert_eq!(effects, [Answer(1), StopWorker(1), StopWorker(2)]);
    assert_eq!(world.outcome(1), serving(2));
    let call = world.request(1);
    assert_eq!(world.effects(), [Dispatch(3, call)]);
    world.dies(1);
    world.dies(2);
    assert!(world.effects().contains(&StopMold(1)));
    assert_eq!(world.machine.status().apps[0].generation, 2);
}

#[test]
fn calls_and_streams_end_where_they_began() {
    let mut world = World::serving(1);
    let stream = world.request(1);
    world.chunk(1, stream);
    restart(&mut world, 1);
    world.mold_ready(2);
    world.comes_up(2);
    world.forget_past();
    let next = world.request(2);
    assert_eq!(world.effects(), [Dispatch(2, next)]);
    assert_eq!(world.machine.status().apps[0].generations_draining, 1);
    world.chunk(1, stream);
    world.finish(1, stream);
    let effects = world.effects();
    assert_eq!(
        effects,
        [Forward(1, stream), Forward(1, stream), StopWorker(1)]
    );
}

#[test]
fn calls_that_wait_are_served_by_the_new_generation() {
    let mut world = World::serving(1);
    let (_long, waiting) = (world.request(1), world.request(2));
    restart(&mut world, 1);
    world.mold_ready(2);
    world.forget_past();
    world.comes_up(2);
    assert!(world.effects().contains(&Dispatch(2, waiting)));
}

#[test]
fn a_mold_that_fails_leaves_the_old_generation_serving() {
    let mut world = World::serving(1);
    restart(&mut world, 1);
    world.forget_past();
    world.mold_fails(2, failure(true));
    assert_eq!(world.effects(), [KillMold(2), Answer(1)]);
    assert_eq!(world.outcome(1), Outcome::Failed("no model".into()));
    assert_eq!(world.state(), AppState::Serving);
    let error = world.machine.status().apps[0].last_error.clone().unwrap();
    assert!(error.contains("no model"), "{error}");
    assert!(matches!(
        world.reports().last(),
        Some(Report::ReloadFailed { .. })
    ));
    let call = world.request(1);
    assert_eq!(world.effects(), [Dispatch(1, call)]);
}

/// With `init = "per-worker"` it is only a worker that finds out.
#[test]
fn a_worker_that_fails_leaves_the_old_generation_serving() {
    let mut world = World::serving(2);
    restart(&mut world, 1);
    world.mold_ready(2);
    world.comes_up(3);
    world.forked(4);
    world.forget_past();
    world.happen(Event::WorkerFailed(WorkerId(4), failure(false)));
    assert_eq!(
        world.effects_sorted(),
        [Answer(1), KillMold(2), KillWorker(3), KillWorker(4)]
    );
    assert_eq!(world.outcome(1), Outcome::Failed("no model".into()));
    let call = world.request(1);
    assert_eq!(world.effects(), [Dispatch(1, call)]);
}

#[test]
fn a_worker_that_cannot_start_says_why_even_if_its_end_is_told_first() {
    let mut world = World::serving(1);
    restart(&mut world, 1);
    world.mold_ready(2);
    world.forked(2);
    world.forget_past();
    world.exited(2);
    assert_eq!(world.effects(), []);
    world.happen(Event::WorkerFailed(WorkerId(2), failure(false)));
    assert_eq!(world.outcome(1), Outcome::Failed("no model".into()));
    world.drained(2);
    assert!(world.effects().contains(&Seen::Forget(2)));
}

#[test]
fn a_worker_that_ends_while_it_starts_and_says_nothing_is_missed_all_the_same() {
    let mut world = World::serving(1);
    restart(&mut world, 1);
    world.mold_ready(2);
    world.forked(2);
    world.exited(2);
    world.drained(2);
    assert!(matches!(world.outcome(1), Outcome::Failed(_)));
}

#[test]
fn a_later_reload_takes_the_place_of_one_that_is_under_way() {
    let mut world = World::serving(1);
    restart(&mut world, 1);
    world.forget_past();
    restart(&mut world, 2);
    assert_eq!(world.effects(), [Answer(1), KillMold(2), Spawn(3)]);
    assert_eq!(world.outcome(1), Outcome::Superseded);
    world.mold_gone(2);
    world.mold_ready(3);
    world.comes_up(2);
    assert_eq!(world.outcome(2), serving(3));
}

#[test]
fn the_old_generation_may_die_meanwhile() {
    let mut world = World::serving(1);
    restart(&mut world, 1);
    world.mold_gone(1);
    world.drained(1);
    let waiting = world.request(1);
    assert_eq!(world.errors(), [], "the call waits for the reload");
    world.mold_ready(2);
    world.forget_past();
    world.comes_up(2);
    let effects = world.effects();
    assert!(effects.contains(&Dispatch(2, waiting)), "{effects:?}");
    assert!(effects.contains(&KillMold(3)), "{effects:?}");
}

#[test]
fn an_app_that_has_failed_is_started_anew() {
    let mut world = World::start(&[app("app", 1), app("b", 1)]);
    world.mold_fails(1, failure(true));
    assert_eq!(world.state(), AppState::Failed);
    world.forget_past();
    restart(&mut world, 1);
    assert_eq!(world.effects(), [Spawn(3)]);
    let waiting = world.request(1);
    world.mold_ready(3);
    world.comes_up(1);
    assert!(world.effects().contains(&Dispatch(1, waiting)));
    assert_eq!(world.outcome(1), serving(2));
}

#[test]
fn an_app_that_fails_again_says_so() {
    let mut world = World::start(&[app("app", 1), app("b", 1)]);
    world.mold_fails(1, failure(true));
    restart(&mut world, 1);
    world.request(1);
    world.forget_past();
    world.mold_fails(3, failure(true));
    assert_eq!(world.outcome(1), Outcome::Failed("no model".into()));
    let effects = world.effects();
    assert!(
        effects.contains(&Fail(1, DirtyNoWorkersAvailableError)),
        "{effects:?}"
    );
}

#[test]
fn apps_come_go_and_are_resized_with_the_configuration() {
    let mut world = World::serving(1);
    let running = world.request(1);
    world.forget_past();
    configure(&mut world, 1, &[("new", 2)]);
    assert_eq!(world.effects(), [Spawn(2)]);
    world.request_with(2, "app", r#","multiplex":true"#);
    assert_eq!(world.effects(), [Fail(2, DirtyAppNotFoundError)]);
    world.finish(1, running);
    assert_eq!(world.effects(), [Forward(1, running), StopWorker(1)]);
    world.dies(1);
    assert!(world.effects().contains(&StopMold(1)));
    world.mold_gone(1);
    world.mold_ready(2);
    assert_eq!(world.effects(), [Fork(2), Fork(3)]);
    world.comes_up(2);
    world.comes_up(3);
    assert_eq!(
        world.outcomes(1),
        [("app".into(), Outcome::Removed), ("new".into(), serving(1))]
    );
    assert_eq!(world.machine.status().apps.len(), 1);
}

#[test]
fn a_reload_that_the_stop_overtakes_is_answered() {
    let mut world = World::serving(1);
    restart(&mut world, 1);
    world.forget_past();
    world.stop(seconds(30));
    assert!(world.effects().contains(&Answer(1)));
    assert!(matches!(world.outcome(1), Outcome::Failed(_)));
    restart(&mut world, 2);
    assert!(matches!(world.outcome(2), Outcome::Failed(_)));
}

#[test]
fn unknown_apps_are_answered_at_once() {
    let mut world = World::serving(1);
    world.command(1, Command::Restart("other".into()));
    world.command(2, Command::Reload("other".into(), None));
    world.command(3, Command::Scale("other".into(), 2));
    for command in 1..=3 {
        assert_eq!(world.outcome(command), Outcome::Unknown);
    }
}

#[test]
fn an_app_is_scaled_up_and_down() {
    let mut world = World::serving(1);
    world.command(1, Command::Scale("app".into(), 3));
    assert_eq!(world.effects(), [Answer(1), Fork(2), Fork(3)]);
    world.comes_up(2);
    let busy = world.request(1);
    world.forget_past();
    world.command(2, Command::Scale("app".into(), 1));
    // The one that is not ready goes first, then the idle one.
    assert_eq!(world.effects(), [Answer(2), KillWorker(3), StopWorker(2)]);
    world.finish(1, busy);
    let call = world.request(1);
    assert_eq!(world.effects()[1..], [Dispatch(1, call)]);
}

#[test]
fn a_worker_more_or_fewer_but_not_the_last() {
    let mut world = World::serving(2);
    for (command, by, workers) in [(1, 1, 3), (2, -1, 2), (3, -1, 1), (4, -1, 1), (5, -9, 1)] {
        world.command(command, Command::Adjust(None, by));
        let Outcome::Scaled { workers: now, .. } = world.outcome(command) else {
            panic!("not scaled");
        };
        assert_eq!(now, workers);
        let status = world.machine.status();
        assert_eq!(
            (status.slots_held, status.target_workers),
            (workers, workers)
        );
    }
}

#[test]
fn an_app_may_say_how_many_workers_it_wants_until_somebody_else_does() {
    let mut world = World::serving(1);
    restart(&mut world, 1);
    world.wants_workers(2, 3);
    world.mold_ready(2);
    assert_eq!(world.effects(), [Spawn(2), Fork(2), Fork(3), Fork(4)]);
    (2..=4).for_each(|worker| world.comes_up(worker));
    assert_eq!(world.machine.status().apps[0].workers, 3);

    world.command(2, Command::Scale("app".into(), 2));
    restart(&mut world, 3);
    world.wants_workers(3, 3);
    world.mold_ready(3);
    (5..=6).for_each(|worker| world.comes_up(worker));
    assert_eq!(world.outcome(3), serving(3));
    assert_eq!(world.machine.status().apps[0].workers, 2, "as was ordered");

    configure(&mut world, 4, &[("app", 1)]);
    world.wants_workers(4, 3);
    world.command(5, Command::Scale("app".into(), 1));
    world.wants_workers(4, 3);
    world.mold_ready(4);
    world.comes_up(7);
    assert_eq!(world.outcome(4), serving(4));
    assert_eq!(
        world.machine.status().apps[0].workers,
        1,
        "ordered meanwhile"
    );

    configure(&mut world, 6, &[("app", 1)]);
    world.wants_workers(5, 2);
    world.mold_ready(5);
    (8..=9).for_each(|worker| world.comes_up(worker));
    assert_eq!(world.machine.status().apps[0].workers, 2, "read anew");
}

#[test]
fn an_app_that_starts_for_the_first_time_has_as_many_workers_as_it_wants() {
    let mut world = World::start(&[app("app", 4)]);
    world.wants_workers(1, 2);
    world.mold_ready(1);
    world.comes_up(1);
    world.comes_up(2);
    let status = &world.machine.status().apps[0];
    assert_eq!((status.workers, status.state), (2, AppState::Serving));
}

#[test]
fn generations_that_do_not_end_are_limited() {
    let mut world = World::serving(1);
    for generation in 1..=8 {
        let stream = world.request(generation);
        world.chunk(generation, stream);
        restart(&mut world, generation);
        world.mold_ready(generation + 1);
        world.comes_up(generation + 1);
        assert_eq!(world.outcome(generation), serving(generation + 1));
    }
    restart(&mut world, 9);
    let Outcome::Failed(reason) = world.outcome(9) else {
        panic!("one more");
    };
    assert!(reason.contains("8 older generations"), "{reason}");
}

#[test]
fn a_restart_during_a_reload_keeps_what_the_reload_has_brought() {
    let mut world = World::serving(2);
    configure(&mut world, 1, &[("app", 5)]);
    restart(&mut world, 2);
    world.mold_ready(3);
    for worker in 3..=7 {
        world.comes_up(worker);
    }
    assert_eq!(world.outcome(2), serving(3));
    assert_eq!(world.machine.status().apps[0].workers, 5);
}

#[test]
fn a_worker_more_during_a_reload_is_one_more_than_the_reload_brings() {
    let mut world = World::serving(2);
    configure(&mut world, 1, &[("app", 8)]);
    world.command(2, Command::Adjust(None, 1));
    world.mold_ready(2);
    assert_eq!(world.machine.status().target_workers, 9);
}

#[test]
fn a_reload_too_many_leaves_the_one_under_way() {
    let mut world = World::serving(1);
    for generation in 1..=8 {
        let stream = world.request(generation);
        world.chunk(generation, stream);
        restart(&mut world, generation);
        if generation < 8 {
            world.mold_ready(generation + 1);
            world.comes_up(generation + 1);
        }
    }
    // Seven drain and one comes up.
    restart(&mut world, 9);
    assert_eq!(world.outcome(8), Outcome::Superseded);
    world.mold_ready(10);
    world.comes_up(9);
    assert_eq!(world.outcome(9), serving(10));
    restart(&mut world, 10);
    assert!(matches!(world.outcome(10), Outcome::Failed(_)));
    assert_eq!(world.state(), AppState::Serving);
}

/// It never says that the worker exists, which nobody wants any more.
#[test]
fn a_mold_that_hangs_is_killed_though_its_order_was_taken_back() {
    let mut world = World::serving(1);
    world.command(1, Command::Scale("app".into(), 2));
    world.command(2, Command::Scale("app".into(), 1));
    restart(&mut world, 3);
    world.mold_ready(2);
    world.comes_up(3);
    world.dies(1);
    world.forget_past();
    world.wait(seconds(3600));
    assert!(world.effects().contains(&KillMold(1)));
}

#[test]
fn an_app_that_was_removed_shows_its_workers_draining() {
    let mut world = World::serving(1);
    world.request(1);
    configure(&mut world, 1, &[("other", 1)]);
    assert_eq!(world.machine.status().workers[0].state, "draining");
}

#[test]
fn the_host_is_ready_when_the_app_that_could_not_start_is_removed() {
    let mut world = World::start(&[app("app", 1), app("b", 1)]);
    world.mold_fails(2, failure(false));
    world.mold_ready(1);
    world.comes_up(1);
    world.forget_past();
    configure(&mut world, 1, &[("app", 1)]);
    assert!(world.effects().contains(&Seen::AllReady));
}
