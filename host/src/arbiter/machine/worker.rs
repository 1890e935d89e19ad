//! Workers: filling slots, and what happens when a worker ends, in whatever way.
//!
//! A worker that ends goes through three steps. *Expelled*: it has lost its slot, which may have
//! a successor at once. *Drained*: what it has written is read to the end. *Buried*: its end is
//! known too; only now does a call that it held fail, since the reply may have been written
//! before the end.

use std::time::{Duration, Instant};

use super::app::SlotContent;
use super::backoff::Verdict;
use super::generation::Generation;
use super::report::{DeathCause, Report};
use super::timers::Timer;
use super::{AppId, Effect, GenerationId, Machine, SlotId};
use crate::process::hop::{CallId, Exit, Failure, WorkerId};

/// A worker that has been ready for so long did not die of its start; nor did a mold.
pub(super) const SETTLED_AFTER: Duration = Duration::from_secs(10);
/// How long a mold may take to report the end of a worker whose socket is closed.
const EXIT_REPORT_MAX: Duration = Duration::from_secs(1);

/// A worker, from the order to fork it until it is buried.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) app: AppId,
    pub(super) generation: GenerationId,
    /// Its place; none once it is expelled.
    pub(super) slot: Option<usize>,
    pub(super) pid: Option<i32>,
    pub(super) state: WorkerState,
    /// The call that it serves.
    pub(super) lease: Option<CallId>,
    /// When it was ordered, and from then on when it got ready.
    pub(super) since: Instant,
    pub(super) drained: bool,
    /// It ended before it had read everything that was sent to it.
    unread: bool,
    /// Its mold is gone: nobody will report its end.
    pub(super) mold_gone: bool,
    cause: Option<DeathCause>,
    exit: Option<Exit>,
}

/// Where a worker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WorkerState {
    /// Ordered from its mold.
    Forking,
    /// It exists and prepares itself.
    Starting,
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
    /// Puts a worker into a slot, if the slot is free and there is a mold to fork it.
    pub(super) fn fill(&mut self, slot: SlotId) {
        let app = &mut self.apps[slot.app.0];
        let content = &mut app.slots[slot.at].content;
        if matches!(content, SlotContent::Occupied(_)) {
            return;
        }
        let needed = !self.phase.is_stopping() || !app.queue.is_empty();
        let Generation::Serving(generation, _) = app.generation else {
            *content = SlotContent::Vacant;
            return;
        };
        if !needed {
            *content = SlotContent::Vacant;
            return;
        }
        self.last_worker += 1;
        let id = WorkerId(self.last_worker);
        *content = SlotContent::Occupied(id);
        let worker = Worker {
            app: slot.app,
            generation,
            slot: Some(slot.at),
            pid: None,
            state: WorkerState::Forking,
            lease: None,
            since: self.now,
            drained: false,
            unread: false,
            mold_gone: false,
            cause: None,
            exit: None,
        };
        self.workers.insert(id, worker);
        let start_by = self
            .lifecycle
            .boot_timeout
            .map(|timeout| self.now + timeout);
        self.timers.set_or_clear(Timer::Worker(id), start_by);
        self.effect(Effect::Fork(generation, id));
    }

    pub(super) fn forked(&mut self, id: WorkerId, pid: i32) {
        let Some(worker) = self.workers.get_mut(&id) else {
            return;
        };
        worker.pid = Some(pid);
        match worker.state {
            WorkerState::Forking => worker.state = WorkerState::Starting,
            // It was given up before it existed.
            WorkerState::Dying => self.effect(Effect::KillWorker(id)),
            _ => {}
        }
    }

    pub(super) fn fork_failed(&mut self, id: WorkerId, failure: Failure) {
        self.expel(id, DeathCause::StartFailed(failure));
        self.bury(id);
    }

    pub(super) fn worker_ready(&mut self, id: WorkerId) {
        let Some(worker) = self.workers.get_mut(&id) else {
            return;
        };
        if worker.state != WorkerState::Starting {
            return;
        }
        worker.state = WorkerState::Ready;
        worker.since = self.now;
        let app = worker.app;
        self.timers.clear(Timer::Worker(id));
        self.apps[app.0].idle.push_back(id);
        self.app_can_serve(app);
        self.assign(app);
    }

    /// A worker did not get ready, or did not stop, in time.
    pub(super) fn worker_due(&mut self, id: WorkerId) {
        let Some(worker) = self.workers.get(&id) else {
            return;
        };
        let (state, generation) = (worker.state, worker.generation);
        match state {
            WorkerState::Forking => {
                // The mold does not answer; there is no worker to kill yet.
                self.kill(id, DeathCause::BootTimeout);
                self.effect(Effect::KillMold(generation));
            }
            WorkerState::Starting => self.kill(id, DeathCause::BootTimeout),
            WorkerState::Stopping => self.kill(id, DeathCause::HostStopped),
            WorkerState::Ready | WorkerState::Leased | WorkerState::Dying => {}
        }
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
        let before = std::mem::replace(&mut worker.state, WorkerState::Dying);
        let app = worker.app;
        let lived = self.now.saturating_duration_since(worker.since);
        let slot = worker.slot.take();
        self.timers.clear(Timer::Worker(id));
        if before == WorkerState::Ready {
            self.apps[app.0].idle.retain(|idle| *idle != id);
        }
        self.note_error(app, &cause);
        if let Some(at) = slot {
            let slot = SlotId { app, at };
            self.apps[app.0].slots[at].content = SlotContent::Vacant;
            if before == WorkerState::Ready && lived >= SETTLED_AFTER {
                self.apps[app.0].slots[at].deaths.succeed();
            }
            self.respawn(slot, &cause, before);
        }
    }

    fn note_error(&mut self, app: AppId, cause: &DeathCause) {
        let message = match cause {
            DeathCause::StartFailed(failure) => failure.message.clone(),
            DeathCause::BootTimeout => "a worker did not get ready in time (boot_timeout)".into(),
            DeathCause::Misbehaved => "a worker broke the protocol with the arbiter".into(),
            _ => return,
        };
        self.apps[app.0].last_error = Some(message);
    }

    /// Decides when a slot whose worker has ended gets another.
    fn respawn(&mut self, slot: SlotId, cause: &DeathCause, state: WorkerState) {
        let of_a_call = state == WorkerState::Leased
            || matches!(
                cause,
                DeathCause::Deadline | DeathCause::Cancelled | DeathCause::Trap
            );
        match cause {
            DeathCause::Stopped | DeathCause::HostStopped => return,
            DeathCause::MoldDied => {
                self.apps[slot.app.0].restarts_total += 1;
                return;
            }
            _ => self.apps[slot.app.0].restarts_total += 1,
        }
        // What a call has brought about costs one fork a call: no storm. What happens by itself
        // may happen again at once.
        if of_a_call {
            return self.fill(slot);
        }
        let dice = self.roll();
        let deaths = &mut self.apps[slot.app.0].slots[slot.at].deaths;
        let permanent = matches!(cause, DeathCause::StartFailed(failure) if failure.permanent);
        let verdict = if permanent {
            Verdict::GiveUp
        } else {
            deaths.fail(dice)
        };
        let failures = deaths.failures();
        let (content, retry_in) = match verdict {
            Verdict::RetryIn(delay) if delay.is_zero() => return self.fill(slot),
            Verdict::RetryIn(delay) => {
                self.timers.set(Timer::Slot(slot), self.now + delay);
                (SlotContent::Backoff, Some(delay))
            }
            Verdict::GiveUp => (SlotContent::Failed, None),
        };
        let app = &mut self.apps[slot.app.0];
        app.slots[slot.at].content = content;
        let report = Report::SlotBackoff {
            app: app.name.clone(),
            failures,
            retry_in,
        };
        self.report(report);
    }

    /// Everything that a worker has written is read.
    pub(super) fn drained(&mut self, id: WorkerId, unread: bool) {
        self.ended(id);
        let Some(worker) = self.workers.get_mut(&id) else {
            return;
        };
        worker.drained = true;
        worker.unread = unread;
        if worker.exit.is_some() || worker.mold_gone {
            self.bury(id);
        } else {
            // Most likely it has ended; if it has only closed its socket, it ends now.
            self.effect(Effect::KillWorker(id));
            self.timers.set(Timer::Exit(id), self.now + EXIT_REPORT_MAX);
        }
    }

    /// A worker's process has ended.
    pub(super) fn exited(&mut self, id: WorkerId, exit: Exit) {
        self.ended(id);
        let Some(worker) = self.workers.get_mut(&id) else {
            return;
        };
        worker.exit = Some(exit);
        if worker.drained {
            self.bury(id);
        }
    }

    /// A first or second sign that a worker has ended.
    fn ended(&mut self, id: WorkerId) {
        let told = self
            .workers
            .get(&id)
            .is_some_and(|worker| worker.state == WorkerState::Stopping);
        let cause = if told {
            DeathCause::Stopped
        } else {
            DeathCause::Unexpected
        };
        self.expel(id, cause);
    }

    /// Nothing more comes of this worker.
    pub(super) fn bury(&mut self, id: WorkerId) {
        let Some(worker) = self.workers.remove(&id) else {
            return;
        };
        self.timers.clear(Timer::Exit(id));
        self.timers.clear(Timer::Worker(id));
        let exit = worker.exit;
        let cause = worker.cause.unwrap_or(DeathCause::Unexpected);
        if let Some(call) = worker.lease {
            self.lease_broken(call, id, &cause, exit, worker.unread);
        }
        self.effect(Effect::ForgetWorker(id));
        let app = self.apps[worker.app.0].name.clone();
        self.report(Report::WorkerDied {
            app,
            worker: id,
            pid: worker.pid,
            cause,
            exit,
        });
    }
}
