//! Workers: from the order to fork one to its burial.
//!
//! A worker that ends goes through three steps. *Expelled*: it has lost its slot, which may have
//! a successor at once. *Drained*: what it has written is read to the end. *Buried*: its end is
//! known too; only now does a call that it held fail, since the reply may have been written
//! before the end.

use std::time::{Duration, Instant};

use super::generation::how_it_ended;
use super::guard::{Guard, guarded};
use super::report::{DeathCause, Report, StopReason};
use super::timers::Timer;
use super::{AppId, Effect, GenerationId, Machine};
use crate::process::hop::{CallId, Exit, Failure, WorkerId};

/// How long a mold may take to report the end of a worker whose socket is closed.
const EXIT_REPORT_MAX: Duration = Duration::from_secs(1);
/// So many workers of an app may be about to stop, and so many for each slot: two generations with
/// their standbys.
const STOPPING_MAX: usize = 16;
const STOPPING_PER_SLOT_MAX: usize = 4;

/// A worker, from the order to fork it until it is buried.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) app: AppId,
    pub(super) generation: GenerationId,
    /// The generation's number, which is told also when its mold is gone.
    pub(super) number: u64,
    pub(super) role: Role,
    pub(super) pid: Option<i32>,
    pub(super) state: WorkerState,
    /// The call that it serves.
    pub(super) lease: Option<CallId>,
    /// When it was ordered.
    pub(super) ordered: Instant,
    /// When it was ordered, and from then on when it got ready.
    pub(super) since: Instant,
    /// It has got ready.
    pub(super) booted: bool,
    /// How many calls it was sent.
    pub(super) calls: u32,
    /// How many it may be sent.
    pub(super) calls_max: Option<u32>,
    /// Why it is to be replaced, although it is healthy.
    pub(super) spent: Option<StopReason>,
    /// Why it leaves, although it is healthy.
    stop_reason: Option<StopReason>,
    pub(super) drained: bool,
    /// It ended before it had read everything that was sent to it.
    unread: bool,
    /// Its mold is gone: nobody will report its end.
    pub(super) mold_gone: bool,
    /// Its end was counted as a failure of the app.
    pub(super) counted: bool,
    cause: Option<DeathCause>,
    exit: Option<Exit>,
}

impl Worker {
    /// Whether it may have ended only because its mold has.
    pub(super) fn may_have_died_of_its_mold(&self) -> bool {
        self.exit.is_none()
    }
}

/// What a worker is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It holds a slot.
    Member,
    /// It is to take the slot of a member that leaves.
    Standby,
    /// It is to take a slot when its generation takes over.
    Incoming,
    /// Nothing but to end, after the call that it serves.
    Leaving,
}

/// Where a worker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WorkerState {
    /// Ordered from its mold.
    Forking,
    /// It exists and prepares itself.
    Starting,
    /// It is ready, and waits for a slot.
    Waiting,
    /// It waits for a call.
    Ready,
    /// It serves one.
    Leased,
    /// It was told to stop.
    Stopping,
    /// It is expelled.
    Dying,
}

impl Machine {
    /// Has a worker forked.
    pub(super) fn order(&mut self, app: AppId, generation: GenerationId, role: Role) -> WorkerId {
        self.last_worker += 1;
        let id = WorkerId(self.last_worker);
        let worker = Worker {
            app,
            generation,
            number: self.number_of(generation),
            role,
            pid: None,
            state: WorkerState::Forking,
            lease: None,
            ordered: self.now,
            since: self.now,
            booted: false,
            calls: 0,
            calls_max: self.draw_calls_max(generation),
            spent: None,
            stop_reason: None,
            drained: false,
            unread: false,
            mold_gone: false,
            counted: false,
            cause: None,
            exit: None,
        };
        self.workers.insert(id, worker);
        if let Some(mold) = self.generations.get_mut(&generation) {
            mold.copies += 1;
        }
        let start_by = self
            .lifecycle
            .boot_timeout
            .map(|timeout| self.now + timeout);
        self.timers.set_or_clear(Timer::Worker(id), start_by);
        self.effect(Effect::Fork(generation, id));
        id
    }

    pub(super) fn forked(&mut self, id: WorkerId, pid: i32) {
        let Some(worker) = self.workers.get_mut(&id) else {
            return;
        };
        worker.pid = Some(pid);
        match worker.state {
            WorkerState::Forking => worker.state = WorkerState::Starting,
            // It was given up before it existed.
            WorkerState::Dying => {
                self.timers.clear(Timer::Worker(id));
                self.effects.push(Effect::KillWorker(id));
            }
            _ => {}
        }
        let age = self.now.saturating_duration_since(worker.ordered);
        let (app, generation) = self.origin(id);
        self.report(Report::WorkerForked {
            app,
            generation,
            worker: id,
            pid,
            age,
        });
    }

    pub(super) fn fork_failed(&mut self, id: WorkerId, failure: Failure) {
        self.expel(id, DeathCause::StartFailed(failure));
        self.bury(id);
    }

    pub(super) fn worker_ready(&mut self, id: WorkerId) {
        let Some(worker) = self.workers.get_mut(&id) else {
            return;
        };
        // It may have ended since it said that.
        if worker.state != WorkerState::Starting || worker.exit.is_some() {
            return;
        }
        worker.state = WorkerState::Waiting;
        worker.booted = true;
        worker.since = self.now;
        let (app, role, pid) = (worker.app, worker.role, worker.pid);
        let age = self.now.saturating_duration_since(worker.ordered);
        self.timers.clear(Timer::Worker(id));
        self.start_ageing(id);
        let (name, generation) = self.origin(id);
        self.report(Report::WorkerReady {
            app: name,
            generation,
            worker: id,
            pid: pid.unwrap_or_default(),
            age,
        });
        match role {
            Role::Member => self.put_in_service(app, id),
            Role::Standby => self.apps[app].unsettled = true,
            Role::Incoming => self.switch_if_ready(app),
            Role::Leaving => {}
        }
    }

    /// The app and the number of the generation that a worker belongs to, for reports.
    fn origin(&self, id: WorkerId) -> (String, u64) {
        self.workers.get(&id).map_or_else(Default::default, |it| {
            (self.apps[it.app].name().to_owned(), it.number)
        })
    }

    /// A worker did not get ready, or did not stop, in time.
    pub(super) fn worker_due(&mut self, id: WorkerId) {
        let Some(worker) = self.workers.get(&id) else {
            return;
        };
        let (state, generation) = (worker.state, worker.generation);
        match state {
            // It was given up before it existed, and the mold does not say that it does.
            WorkerState::Dying if worker.pid.is_none() => {
                self.effect(Effect::KillMold(generation));
            }
            WorkerState::Forking => {
                // The mold does not answer; there is no worker to kill yet.
                self.kill(id, DeathCause::BootTimeout);
                self.effect(Effect::KillMold(generation));
            }
            WorkerState::Starting => self.kill(id, DeathCause::BootTimeout),
            WorkerState::Stopping => self.kill(id, DeathCause::StopTimeout),
            WorkerState::Waiting
            | WorkerState::Ready
            | WorkerState::Leased
            | WorkerState::Dying => {}
        }
    }

    /// Has a healthy worker end, after the call that it serves.
    pub(super) fn retire(&mut self, id: WorkerId, reason: StopReason) {
        let Some(worker) = self.workers.get_mut(&id) else {
            return;
        };
        let (app, role, state) = (worker.app, worker.role, worker.state);
        worker.role = Role::Leaving;
        worker.stop_reason.get_or_insert(reason);
        self.leave(app, id, role);
        match state {
            WorkerState::Forking | WorkerState::Starting => {
                self.kill(id, DeathCause::Stopped(reason));
            }
            WorkerState::Waiting | WorkerState::Ready => self.tell_to_stop(id),
            WorkerState::Leased | WorkerState::Stopping | WorkerState::Dying => {}
        }
    }

    /// Tells a worker that serves no call to end; it has its app closed first.
    pub(super) fn tell_to_stop(&mut self, id: WorkerId) {
        let Some(worker) = self.workers.get_mut(&id) else {
            return;
        };
        let reason = worker.stop_reason.unwrap_or(StopReason::HostStops);
        if self
            .generations
            .get(&worker.generation)
            .is_some_and(|mold| mold.settings.recycle.calls_max == Some(1))
        {
            // A copy that is made for one call has nothing to close.
            return self.kill(id, DeathCause::Stopped(reason));
        }
        worker.state = WorkerState::Stopping;
        let grace_end = self.now + self.lifecycle.graceful_timeout;
        let until = self
            .phase
            .until()
            .map_or(grace_end, |end| end.min(grace_end));
        let app = worker.app;
        self.timers.set(Timer::Worker(id), until);
        self.effect(Effect::StopWorker(id));
        self.bound_stopping(app);
    }

    /// Workers that do not come to an end of themselves are not waited for without limit.
    fn bound_stopping(&mut self, id: AppId) {
        let stops = |(_, worker): &(&WorkerId, &Worker)| {
            worker.app == id && worker.state == WorkerState::Stopping
        };
        let stopping = self.workers.iter().filter(stops).map(|(worker, _)| *worker);
        let (count, oldest) = (stopping.clone().count(), stopping.min());
        let limit = STOPPING_MAX + STOPPING_PER_SLOT_MAX * self.apps[id].slots;
        if let Some(oldest) = oldest.filter(|_| count > limit && !self.winds_down(id)) {
            self.kill(oldest, DeathCause::StopTimeout);
        }
    }

    /// Takes a worker out of the place that it had in its app.
    fn leave(&mut self, id: AppId, worker: WorkerId, role: Role) {
        self.timers.clear(Timer::Age(worker));
        let app = &mut self.apps[id];
        match role {
            Role::Member => {
                app.members.remove(&worker);
                app.idle.retain(|idle| *idle != worker);
            }
            Role::Standby => app.standby.retain(|standby| *standby != worker),
            Role::Incoming => {
                if let Some(next) = &mut app.next {
                    next.workers.remove(&worker);
                }
            }
            Role::Leaving => {}
        }
        app.unsettled = true;
        self.unsettled = true;
    }

    /// Ends a worker.
    pub(super) fn kill(&mut self, id: WorkerId, cause: DeathCause) {
        self.expel(id, cause);
        self.effect(Effect::KillWorker(id));
    }

    /// Takes a worker out of its slot. Its lease stays until it is drained and buried.
    pub(super) fn expel(&mut self, id: WorkerId, cause: DeathCause) {
        let Some(worker) = self.workers.get_mut(&id) else {
            return;
        };
        match &mut worker.cause {
            // Two sockets tell of one death; the later message may say more.
            Some(known @ DeathCause::Unexpected) => {
                *known = cause.clone();
                let app = worker.app;
                self.note_error(app, &cause);
                return;
            }
            Some(_) => return,
            None => worker.cause = Some(cause.clone()),
        }
        let unborn = worker.state == WorkerState::Forking && worker.pid.is_none();
        let death = Death {
            worker: id,
            state: std::mem::replace(&mut worker.state, WorkerState::Dying),
            ordered: worker.ordered,
            since: worker.since,
            cause,
        };
        let app = worker.app;
        let role = std::mem::replace(&mut worker.role, Role::Leaving);
        if !unborn {
            self.timers.clear(Timer::Worker(id));
        }
        self.note_error(app, &death.cause);
        self.leave(app, id, role);
        match role {
            Role::Member | Role::Standby => self.after_death(app, &death),
            Role::Incoming => self.incoming_lost(app, &death),
            Role::Leaving => {}
        }
    }

    fn note_error(&mut self, app: AppId, cause: &DeathCause) {
        if let Some(message) = cause.message() {
            self.apps[app].last_error = Some(message);
        }
    }

    /// Everything that a worker has written is read.
    pub(super) fn drained(&mut self, id: WorkerId, unread: bool) {
        self.ended(id);
        let Some(worker) = self.workers.get_mut(&id) else {
            return;
        };
        worker.drained = true;
        worker.unread = unread;
        let ends_by_itself = matches!(
            worker.cause,
            Some(DeathCause::Stopped(_) | DeathCause::Trap(_) | DeathCause::StartFailed(_))
        );
        if worker.exit.is_some() || worker.mold_gone {
            return self.bury(id);
        }
        if !ends_by_itself {
            // Most likely it has ended; if it has only closed its socket, it ends now.
            self.effect(Effect::KillWorker(id));
        }
        self.timers.set(Timer::Exit(id), self.now + EXIT_REPORT_MAX);
    }

    /// A worker's socket is closed, and nobody has said that its process has ended.
    pub(super) fn exit_due(&mut self, id: WorkerId) {
        self.effect(Effect::KillWorker(id));
        self.bury(id);
    }

    /// A worker's process has ended.
    pub(super) fn exited(&mut self, id: WorkerId, exit: Exit) {
        let Some(worker) = self.workers.get_mut(&id) else {
            return;
        };
        worker.exit = Some(exit);
        if worker.state == WorkerState::Starting && !worker.drained {
            // Its last words may be why it could not start; nobody waits for it meanwhile.
            return;
        }
        self.ended(id);
        let Some(worker) = self.workers.get_mut(&id) else {
            return;
        };
        if worker.drained || !guarded(Guard::DrainFirst) {
            self.bury(id);
        }
    }

    /// A first or second sign that a worker has ended.
    fn ended(&mut self, id: WorkerId) {
        let told = self
            .workers
            .get(&id)
            .filter(|worker| worker.state == WorkerState::Stopping)
            .and_then(|worker| worker.stop_reason);
        let cause = told.map_or(DeathCause::Unexpected, DeathCause::Stopped);
        self.expel(id, cause);
    }

    /// Workers end with their mold, and nobody is left to report how.
    pub(super) fn orphaned(&mut self, id: WorkerId) {
        self.kill(id, DeathCause::MoldDied);
        let Some(worker) = self.workers.get_mut(&id) else {
            return;
        };
        worker.mold_gone = true;
        if worker.drained || worker.pid.is_none() {
            self.bury(id);
        }
    }

    /// Nothing more comes of this worker.
    pub(super) fn bury(&mut self, id: WorkerId) {
        let (app, generation) = self.origin(id);
        let Some(worker) = self.workers.remove(&id) else {
            return;
        };
        self.unsettled = true;
        self.timers.clear(Timer::Exit(id));
        self.timers.clear(Timer::Worker(id));
        if let Some(mold) = self.generations.get_mut(&worker.generation) {
            mold.copies -= 1;
        }
        let exit = worker.exit;
        let cause = worker.cause.unwrap_or(DeathCause::Unexpected);
        if worker.counted && cause == DeathCause::Unexpected {
            let error = format!(
                "a worker died without a call to blame{}",
                how_it_ended(exit)
            );
            self.apps[worker.app].last_error = Some(error);
        }
        if let Some(call) = worker.lease {
            self.lease_broken(call, id, &cause, exit, worker.unread);
        }
        self.effect(Effect::ForgetWorker(id));
        self.report(Report::WorkerDied {
            app,
            generation,
            worker: id,
            pid: worker.pid,
            age: self.now.saturating_duration_since(worker.ordered),
            cause,
            exit,
        });
    }
}

/// A worker that is expelled, as it was before.
#[derive(Debug)]
pub(super) struct Death {
    pub(super) worker: WorkerId,
    pub(super) state: WorkerState,
    pub(super) ordered: Instant,
    pub(super) since: Instant,
    pub(super) cause: DeathCause,
}
