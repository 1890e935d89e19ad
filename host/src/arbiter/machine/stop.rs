//! Winding down, of the whole host or of an app that was removed: calls in flight and in the queue
//! end, then workers, then molds.

use std::time::{Duration, Instant};

use super::command::Outcome;
use super::generation::Generation;
use super::report::{DeathCause, Report, StopReason};
use super::timers::Timer;
use super::worker::WorkerState;
use super::{AppId, Effect, Machine};
use crate::process::hop::WorkerId;
use crate::protocol::WireError;

/// How long a mold may take to report the ends of its copies when everything is killed.
const LAST_REPORTS_MAX: Duration = Duration::from_millis(500);

/// Whether the host is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is not.
    Running,
    /// It is; what is left is killed then.
    Stopping(Instant),
    /// All processes have ended.
    Finished,
}

impl Phase {
    pub(super) fn is_stopping(self) -> bool {
        self != Phase::Running
    }

    /// When what is left is killed.
    pub(super) fn until(self) -> Option<Instant> {
        match self {
            Phase::Stopping(until) => Some(until),
            Phase::Running | Phase::Finished => None,
        }
    }
}

impl Machine {
    /// Stops, giving calls this long to end. A second stop can only be shorter.
    pub(super) fn stop(&mut self, grace: Duration) {
        let until = self.now + grace;
        match self.phase {
            Phase::Running => {
                let calls = self.calls_in_flight();
                self.report(Report::Stopping { calls, grace });
            }
            Phase::Stopping(before) if until < before => {}
            Phase::Stopping(_) | Phase::Finished => return,
        }
        self.phase = Phase::Stopping(until);
        self.timers.set(Timer::Stop, until);
        for id in self.apps.ids() {
            self.begin_to_end(id);
        }
        self.hurry(until);
        if grace.is_zero() {
            self.stop_due();
        }
    }

    /// Workers that were told to stop before have no longer than the host.
    fn hurry(&mut self, until: Instant) {
        for (id, worker) in &self.workers {
            let due = self.timers.due_at(Timer::Worker(*id));
            if worker.state == WorkerState::Stopping && due.is_none_or(|due| due > until) {
                self.timers.set(Timer::Worker(*id), until);
            }
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.phase.is_stopping()
    }

    /// Whether an app takes no more calls and only ends those that it has.
    pub(super) fn winds_down(&self, id: AppId) -> bool {
        self.is_stopping() || self.apps[id].retiring
    }

    /// An app was removed: it ends the calls that it has, however long they take, and then itself.
    pub(super) fn retire_app(&mut self, id: AppId) {
        self.apps.hide(id);
        self.apps[id].retiring = true;
        self.begin_to_end(id);
        let app = self.apps[id].name().to_owned();
        self.report(Report::AppRemoved { app });
        self.unsettled = true;
    }

    /// Nothing new is begun for an app, and nothing is tried again.
    fn begin_to_end(&mut self, id: AppId) {
        self.abandon_next(id);
        let reason = if self.is_stopping() {
            "the host is stopping"
        } else {
            "the app was removed"
        };
        self.conclude(id, Outcome::Failed(reason.into()));
        self.apps[id].unsettled = true;
        if matches!(self.apps[id].present, Generation::Backoff) {
            self.timers.clear(Timer::Retry(id));
            self.apps[id].present = Generation::Failed;
        }
    }

    /// Time is up: everything is killed, and calls that are left fail.
    pub(super) fn stop_due(&mut self) {
        let error = WireError::dirty("the host stopped before the call was served");
        for id in self.apps.ids() {
            self.fail_queue(id, &error.clone().with("retryable", true));
        }
        let workers: Vec<WorkerId> = self.workers.keys().copied().collect();
        for worker in workers {
            self.kill(worker, DeathCause::HostStopped);
        }
        let molds = self.generations.iter();
        let molds: Vec<_> = molds.map(|(id, mold)| (*id, mold.copies)).collect();
        for (mold, copies) in molds {
            if copies == 0 {
                self.discard_mold(mold);
            } else {
                // It tells how its copies have ended first.
                self.timers
                    .set(Timer::Mold(mold), self.now + LAST_REPORTS_MAX);
            }
        }
    }

    /// Ends whatever has nothing left to do, where there is to be an end.
    pub(super) fn settle_endings(&mut self) {
        for id in self.apps.ids() {
            if self.winds_down(id) {
                self.wind_down(id);
            }
        }
        self.settle_generations();
        for id in self.apps.ids() {
            if self.apps[id].retiring && !self.is_populated(id) {
                self.timers.clear(Timer::Retry(id));
                self.timers.clear(Timer::Refill(id));
                self.timers.clear(Timer::Spare(id));
                self.apps.remove(id);
            }
        }
        let over = self.workers.is_empty() && self.generations.is_empty();
        if over && matches!(self.phase, Phase::Stopping(_)) {
            self.phase = Phase::Finished;
            self.timers.clear(Timer::Stop);
            self.effect(Effect::Finished);
        }
    }

    fn is_populated(&self, id: AppId) -> bool {
        let has_worker = self.workers.values().any(|worker| worker.app == id);
        let mut molds = self.generations.values();
        has_worker || molds.any(|mold| mold.app == id) || !self.apps[id].queue.is_empty()
    }

    fn wind_down(&mut self, id: AppId) {
        if !self.apps[id].queue.is_empty() {
            return;
        }
        let reason = if self.is_stopping() {
            StopReason::HostStops
        } else {
            StopReason::Removed
        };
        let app = &self.apps[id];
        let members = app.members.iter().chain(&app.standby).copied();
        let free = |worker: &WorkerId| self.state_of(*worker) != Some(WorkerState::Leased);
        let free: Vec<_> = members.filter(free).collect();
        for worker in free {
            self.retire(worker, reason);
        }
    }
}
