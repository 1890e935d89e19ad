//! Stopping: calls in flight and in the queues end, then workers, then molds.

use std::time::{Duration, Instant};

use super::app::SlotContent;
use super::generation::Generation;
use super::report::{DeathCause, Report};
use super::timers::Timer;
use super::worker::WorkerState;
use super::{AppId, Effect, Machine};
use crate::process::hop::WorkerId;
use crate::protocol::WireError;

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
        for at in 0..self.apps.len() {
            self.stop_retrying(AppId(at));
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.phase.is_stopping()
    }

    /// Nothing is tried again; what waits for it cannot be served.
    fn stop_retrying(&mut self, id: AppId) {
        if matches!(self.apps[id.0].generation, Generation::Backoff) {
            self.timers.clear(Timer::Retry(id));
            self.apps[id.0].generation = Generation::Failed;
        }
    }

    /// Time is up: everything is killed, and calls that are left fail.
    pub(super) fn stop_due(&mut self) {
        let error = WireError::dirty("the host stopped before the call was served");
        for at in 0..self.apps.len() {
            self.fail_queue(AppId(at), &error.clone().with("retryable", true));
        }
        let workers: Vec<WorkerId> = self.workers.keys().copied().collect();
        for worker in workers {
            self.kill(worker, DeathCause::HostStopped);
        }
        let molds: Vec<_> = self.generations.keys().copied().collect();
        for mold in molds {
            self.effect(Effect::KillMold(mold));
        }
    }

    /// While the host stops: ends whatever has nothing left to do.
    pub(super) fn settle_stop(&mut self) {
        let Phase::Stopping(until) = self.phase else {
            return;
        };
        for at in 0..self.apps.len() {
            self.settle_app(AppId(at), until);
        }
        if self.workers.is_empty() && self.generations.is_empty() {
            self.phase = Phase::Finished;
            self.effect(Effect::Finished);
        }
    }

    fn settle_app(&mut self, id: AppId, until: Instant) {
        if !self.apps[id.0].queue.is_empty() {
            return;
        }
        let app = &mut self.apps[id.0];
        app.idle.clear();
        let occupants: Vec<WorkerId> = app
            .slots
            .iter()
            .filter_map(|slot| match slot.content {
                SlotContent::Occupied(worker) => Some(worker),
                _ => None,
            })
            .collect();
        for worker in occupants {
            self.settle_worker(worker, until);
        }
        if self.workers.values().any(|worker| worker.app == id) {
            return;
        }
        match self.apps[id.0].generation {
            Generation::Booting(generation, _) => {
                self.apps[id.0].generation = Generation::Stopping(generation);
                self.effect(Effect::KillMold(generation));
            }
            Generation::Serving(generation, _) => {
                self.apps[id.0].generation = Generation::Stopping(generation);
                self.effect(Effect::StopMold(generation));
            }
            Generation::Stopping(_) | Generation::Gone => {}
            Generation::Backoff | Generation::Failed => {}
        }
    }

    fn settle_worker(&mut self, id: WorkerId, until: Instant) {
        let Some(worker) = self.workers.get_mut(&id) else {
            return;
        };
        match worker.state {
            WorkerState::Ready => {
                worker.state = WorkerState::Stopping;
                self.timers.set(Timer::Worker(id), until);
                self.effect(Effect::StopWorker(id));
            }
            WorkerState::Forking | WorkerState::Starting => {
                self.kill(id, DeathCause::HostStopped);
            }
            WorkerState::Leased | WorkerState::Stopping | WorkerState::Dying => {}
        }
    }
}
