//! What must hold of a machine between any two events.

use std::collections::{BTreeMap, HashSet};

use super::super::app::{App, Refill};
use super::super::generation::Generation;
use super::super::timers::Timer;
use super::super::worker::{Role, Worker, WorkerState};
use super::super::{AppId, GenerationId, Machine};
use crate::process::hop::{CallId, WorkerId};

pub(super) fn check(machine: &Machine) {
    for (id, app) in machine.apps.iter() {
        check_slots(machine, id, app);
        check_next(machine, id, app);
        check_queue(machine, id, app);
        check_backoff(machine, id, app);
    }
    check_generations(machine);
    check_leases(machine);
    check_clients(machine);
    check_timers(machine);
}

fn of_app(machine: &Machine, id: AppId, role: Role) -> HashSet<WorkerId> {
    let of_role = |(_, worker): &(&WorkerId, &Worker)| worker.app == id && worker.role == role;
    let workers = machine.workers.iter().filter(of_role);
    workers.map(|(worker, _)| *worker).collect()
}

/// Slots are held by workers of the present generation, and none is lost.
fn check_slots(machine: &Machine, id: AppId, app: &App) {
    let members: HashSet<_> = app.members.iter().copied().collect();
    assert_eq!(members, of_app(machine, id, Role::Member), "{id:?}");
    let standby: HashSet<_> = app.standby.iter().copied().collect();
    assert_eq!(standby, of_app(machine, id, Role::Standby), "{id:?}");
    for worker in members.union(&standby) {
        let worker = &machine.workers[worker];
        assert_eq!(Some(worker.generation), app.present.id(), "{worker:?}");
        assert_ne!(worker.state, WorkerState::Dying, "{worker:?}");
        assert_ne!(worker.state, WorkerState::Stopping, "{worker:?}");
    }
    for member in &members {
        let worker = &machine.workers[member];
        assert_ne!(worker.state, WorkerState::Waiting, "{worker:?} has a slot");
        let exhausted = worker.calls_max.is_some_and(|max| worker.calls >= max);
        assert!(
            !exhausted || worker.state == WorkerState::Leased,
            "{worker:?} has served all that it may"
        );
    }
    let serving = matches!(app.present, Generation::Serving(..)) && !machine.winds_down(id);
    if serving && app.refill == Refill::Now {
        assert_eq!(members.len(), app.slots, "{id:?} has lost a slot");
        let is_to_have_one = machine.timers.due_at(Timer::Spare(id)).is_some();
        assert!(
            app.slots == 0 || !app.settings.spare || is_to_have_one || !standby.is_empty(),
            "{id:?} has no spare"
        );
    }
    assert!(members.len() <= app.slots, "{id:?}: too many members");
    assert!(standby.len() <= app.slots + 1, "{id:?}: too many standbys");
}

/// A generation that is to take over has workers that wait, and does so when all do.
fn check_next(machine: &Machine, id: AppId, app: &App) {
    let incoming = of_app(machine, id, Role::Incoming);
    let Some(next) = &app.next else {
        assert_eq!(incoming.len(), 0, "{id:?}: {incoming:?} are of nothing");
        return;
    };
    assert!(!machine.winds_down(id), "{id:?} reloads while it ends");
    assert!(app.command.is_some(), "nobody waits for {next:?}");
    let workers: HashSet<_> = next.workers.iter().copied().collect();
    assert_eq!(incoming, workers, "{id:?}");
    let waits = |worker: &WorkerId| machine.workers[worker].state == WorkerState::Waiting;
    let ready = !workers.is_empty() && workers.iter().all(waits);
    assert!(!ready, "{next:?} does not take over");
}

/// Nothing waits that could be served, and nothing for ever.
fn check_queue(machine: &Machine, id: AppId, app: &App) {
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
        app.present
    );
    assert_eq!(app.queue.iter().count(), app.queue.len(), "{id:?}");
    for (client, call) in app.queue.iter() {
        let known = machine.calls.get(&call).map(|call| (call.client, call.app));
        assert_eq!(known, Some((client, id)), "{call:?}");
    }
}

/// Whether something is under way that ends in a worker.
fn has_prospects(app: &App) -> bool {
    let under_way = match app.present {
        Generation::Booting(..) => app.slots > 0,
        Generation::Serving(..) => !app.members.is_empty(),
        Generation::Gone | Generation::Backoff | Generation::Failed => false,
    };
    under_way || app.next.is_some()
}

/// What is to be tried again has its time, and nothing else.
fn check_backoff(machine: &Machine, id: AppId, app: &App) {
    let refill = due(machine, Timer::Refill(id));
    assert_eq!(refill, app.refill == Refill::Backoff, "{id:?}: refill");
    let retry = due(machine, Timer::Retry(id));
    let waits = matches!(app.present, Generation::Backoff);
    assert_eq!(retry, waits, "{id:?}: retry");
}

/// What an app counts on exists; a mold that nobody needs is told to end.
fn check_generations(machine: &Machine) {
    for (id, app) in machine.apps.iter() {
        let next = app.next.as_ref().map(|next| next.generation);
        for generation in [app.present.id(), next].into_iter().flatten() {
            let owner = machine.generations.get(&generation).map(|mold| mold.app);
            assert_eq!(owner, Some(id), "{generation:?} is gone");
        }
    }
    for (id, mold) in &machine.generations {
        let of_it = |worker: &&Worker| worker.generation == *id;
        let copies = machine.workers.values().filter(of_it).count();
        assert_eq!(copies, mold.copies, "copies of {id:?}");
        let app = &machine.apps[mold.app];
        let next = app.next.as_ref().map(|next| next.generation);
        let needed = [app.present.id(), next].contains(&Some(*id));
        assert!(
            needed || copies > 0 || mold.is_told(),
            "{id:?} is left over"
        );
        for worker in machine.workers.values().filter(of_it) {
            let leaves = worker.role == Role::Leaving;
            assert!(needed || leaves, "{worker:?} is of an older generation");
        }
    }
}

/// A call is in its app's queue or held by one worker, and a worker holds at most one.
fn check_leases(machine: &Machine) {
    let mut places: BTreeMap<CallId, usize> = BTreeMap::new();
    let queued = machine.apps.iter().flat_map(|(_, app)| app.queue.iter());
    let leased = machine.workers.values().filter_map(|it| it.lease);
    for call in queued.map(|(_, call)| call).chain(leased) {
        *places.entry(call).or_default() += 1;
        assert!(machine.calls.contains_key(&call), "{call:?} has ended");
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
        let in_state = |states: &[WorkerState]| worker.is_some_and(|it| states.contains(&it.state));
        let unborn = worker.is_some_and(|it| it.state == WorkerState::Dying && it.pid.is_none());
        let awaited = unborn
            || in_state(&[
                WorkerState::Forking,
                WorkerState::Starting,
                WorkerState::Stopping,
            ]);
        assert!(
            awaited || !due(machine, Timer::Worker(id)),
            "{id:?}'s timer"
        );
        let drained = worker.is_some_and(|worker| worker.drained);
        assert!(
            drained || !due(machine, Timer::Exit(id)),
            "{id:?}'s exit timer"
        );
        let stays = worker.is_some_and(|worker| worker.role != Role::Leaving);
        assert!(stays || !due(machine, Timer::Age(id)), "{id:?}'s age");
    }
    for generation in (1..=machine.last_generation).map(GenerationId) {
        let lives = machine.generations.contains_key(&generation);
        let timer = due(machine, Timer::Mold(generation));
        assert!(lives || !timer, "{generation:?}'s timer");
    }
}

fn due(machine: &Machine, timer: Timer) -> bool {
    machine.timers.due_at(timer).is_some()
}
