//! What must hold of a machine between any two events.

use std::collections::{BTreeMap, HashSet};

use super::super::app::{App, SlotContent};
use super::super::generation::Generation;
use super::super::timers::Timer;
use super::super::worker::WorkerState;
use super::super::{AppId, GenerationId, Machine, SlotId};
use crate::process::hop::{CallId, WorkerId};

pub(super) fn check(machine: &Machine) {
    for at in 0..machine.apps.len() {
        check_slots(machine, AppId(at));
        check_queue(machine, AppId(at));
    }
    check_leases(machine);
    check_clients(machine);
    check_timers(machine);
}

/// What an app counts on exists: its generation, the owner of each of its slots.
fn check_slots(machine: &Machine, id: AppId) {
    let app = &machine.apps[id.0];
    let serving = matches!(app.generation, Generation::Serving(..)) && !machine.is_stopping();
    if let Some(generation) = app.generation.id() {
        let owner = machine.generations.get(&generation);
        assert_eq!(owner, Some(&id), "{generation:?} is gone");
    }
    for (at, slot) in app.slots.iter().enumerate() {
        match slot.content {
            SlotContent::Occupied(worker) => {
                let worker = &machine.workers[&worker];
                assert_eq!((worker.app, worker.slot), (id, Some(at)), "{slot:?}");
                assert_eq!(Some(worker.generation), app.generation.id(), "{slot:?}");
                assert_ne!(worker.state, WorkerState::Dying, "{slot:?}");
            }
            SlotContent::Vacant => assert!(!serving, "{id:?} has lost slot {at}"),
            SlotContent::Backoff | SlotContent::Failed => {}
        }
        let timer = due(machine, Timer::Slot(SlotId { app: id, at }));
        let waits = slot.content == SlotContent::Backoff;
        assert_eq!(timer, waits, "the timer of {id:?}'s slot {at}");
    }
    let owned = |worker: &&super::super::Worker| worker.app == id && worker.slot.is_some();
    let owners = machine.workers.values().filter(owned).count();
    let occupied =
        |slot: &&super::super::app::Slot| matches!(slot.content, SlotContent::Occupied(_));
    assert_eq!(owners, app.slots.iter().filter(occupied).count(), "{id:?}");
}

/// Nothing waits that could be served, and nothing for ever.
fn check_queue(machine: &Machine, id: AppId) {
    let app = &machine.apps[id.0];
    let ready: HashSet<WorkerId> = machine
        .workers
        .iter()
        .filter(|(_, worker)| worker.app == id && worker.state == WorkerState::Ready)
        .map(|(worker, _)| *worker)
        .collect();
    let idle: HashSet<WorkerId> = app.idle.iter().copied().collect();
    assert_eq!(idle, ready, "{id:?}: idle workers");
    assert_eq!(idle.len(), app.idle.len(), "{id:?}: idle twice");
    assert!(
        app.queue.is_empty() || idle.is_empty(),
        "{id:?}: {:?} waits though {idle:?} is idle",
        app.queue
    );
    assert!(
        app.queue.is_empty() || has_prospects(app),
        "{id:?}: {:?} waits for nothing, {:?}",
        app.queue,
        app.generation
    );
}

/// Whether something is under way that ends in a worker.
fn has_prospects(app: &App) -> bool {
    match app.generation {
        Generation::Booting(..) => !app.slots.is_empty(),
        Generation::Serving(..) => app.has_worker(),
        Generation::Gone | Generation::Stopping(_) => false,
        Generation::Backoff | Generation::Failed => false,
    }
}

/// A call is in its app's queue or held by one worker, and a worker holds at most one.
fn check_leases(machine: &Machine) {
    let mut places: BTreeMap<CallId, usize> = BTreeMap::new();
    let queued = machine.apps.iter().flat_map(|app| app.queue.iter());
    let leased = machine.workers.values().filter_map(|it| it.lease.as_ref());
    for call in queued.chain(leased) {
        *places.entry(*call).or_default() += 1;
        assert!(machine.calls.contains_key(call), "{call:?} has ended");
    }
    for call in machine.calls.keys() {
        assert_eq!(places.get(call), Some(&1), "places of {call:?}");
    }
    for (id, worker) in &machine.workers {
        let needs = worker.state == WorkerState::Leased;
        let may = needs || worker.state == WorkerState::Dying;
        assert!(
            worker.lease.is_some() || !needs,
            "{id:?} is leased to nobody"
        );
        assert!(
            worker.lease.is_none() || may,
            "{id:?} holds a call secretly"
        );
    }
}

/// A client's calls are known under their own ids.
fn check_clients(machine: &Machine) {
    for (client, calls) in &machine.clients {
        for (id, call) in calls {
            let known = machine.calls.get(call).map(|call| &call.id);
            assert_eq!(known, Some(id), "{call:?} of {client:?}");
        }
    }
}

/// Each timer that is set has something to do.
fn check_timers(machine: &Machine) {
    for call in (1..=machine.last_call).map(CallId) {
        let lives = machine.calls.contains_key(&call);
        assert!(
            lives || !due(machine, Timer::Call(call)),
            "{call:?}'s timer"
        );
    }
    for id in (1..=machine.last_worker).map(WorkerId) {
        let worker = machine.workers.get(&id);
        let awaited = worker.is_some_and(|worker| {
            !matches!(worker.state, WorkerState::Ready | WorkerState::Leased)
        });
        assert!(
            awaited || !due(machine, Timer::Worker(id)),
            "{id:?}'s timer"
        );
        let drained = worker.is_some_and(|worker| worker.drained);
        assert!(
            drained || !due(machine, Timer::Exit(id)),
            "{id:?}'s exit timer"
        );
    }
    for generation in (1..=machine.last_generation).map(GenerationId) {
        let lives = machine.generations.contains_key(&generation);
        let timer = due(machine, Timer::Boot(generation));
        assert!(lives || !timer, "{generation:?}'s timer");
    }
    for (at, app) in machine.apps.iter().enumerate() {
        let waits = matches!(app.generation, Generation::Backoff);
        assert_eq!(
            due(machine, Timer::Retry(AppId(at))),
            waits,
            "retry of {at}"
        );
    }
}

fn due(machine: &Machine, timer: Timer) -> bool {
    machine.timers.due_at(timer).is_some()
}
