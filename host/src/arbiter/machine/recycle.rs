//! Replacing workers that are healthy, but have served enough calls, are old, or have grown too
//! large. Between two calls, and the replacement first.

use super::guard::{Guard, guarded};
use super::report::StopReason;
use super::timers::Timer;
use super::worker::{Role, WorkerState};
use super::{AppId, GenerationId, Machine};
use crate::process::hop::WorkerId;

/// A worker is replaced up to this part of its greatest age earlier, so that workers that were
/// forked together are not replaced together.
const AGE_JITTER: f64 = 0.1;

impl Machine {
    /// How many calls a new worker may be sent.
    pub(super) fn draw_calls_max(&mut self, generation: GenerationId) -> Option<u32> {
        let recycle = self.generations.get(&generation)?.settings.recycle;
        let calls_max = recycle.calls_max?;
        let earlier = (f64::from(recycle.calls_jitter) * self.roll()).round() as u32;
        Some(calls_max.saturating_sub(earlier).max(1))
    }

    /// Sets the clock of a worker that has just got ready.
    pub(super) fn start_ageing(&mut self, id: WorkerId) {
        let dice = self.roll();
        let age_max = self.workers.get(&id).and_then(|worker| {
            let mold = self.generations.get(&worker.generation)?;
            mold.settings.recycle.age_max
        });
        if let Some(age_max) = age_max {
            let at = self.now + age_max.mul_f64(1.0 - AGE_JITTER * dice);
            self.timers.set(Timer::Age(id), at);
        }
    }

    /// A worker has reached its greatest age.
    pub(super) fn age_due(&mut self, id: WorkerId) {
        self.spend(id, StopReason::MaxAge);
    }

    /// A worker has said that it has more private memory than it may.
    pub(super) fn over_memory(&mut self, id: WorkerId) {
        self.spend(id, StopReason::MaxMemory);
    }

    /// Counts a call that a worker is sent.
    pub(super) fn count_call(&mut self, id: WorkerId) {
        let Some(worker) = self.workers.get_mut(&id) else {
            return;
        };
        worker.calls += 1;
        if worker.calls_max == Some(worker.calls) {
            // Its replacement gets ready while it serves its last call.
            self.spend(id, StopReason::MaxCalls);
        }
    }

    /// A worker is to be replaced.
    fn spend(&mut self, id: WorkerId, reason: StopReason) {
        let Some(worker) = self.workers.get_mut(&id) else {
            return;
        };
        let (app, role) = (worker.app, worker.role);
        if role == Role::Leaving || worker.spent.is_some() && reason != StopReason::MaxCalls {
            return;
        }
        worker.spent = Some(reason);
        if role == Role::Standby {
            self.retire(id, reason);
        }
        self.apps[app].unsettled = true;
        self.unsettled = true;
    }

    /// What becomes of a worker that has done its call. False if it is to leave.
    pub(super) fn may_serve_on(&mut self, id: WorkerId) -> bool {
        let Some(worker) = self.workers.get(&id) else {
            return false;
        };
        let Some(reason) = worker.spent else {
            return true;
        };
        let app = worker.app;
        let exhausted = reason == StopReason::MaxCalls && guarded(Guard::CallsMax);
        if exhausted || self.ready_standby(app).is_some() {
            self.recycle(id, reason);
            return false;
        }
        true
    }

    /// Replaces idle members that are to be replaced, as far as there is somebody to take over.
    pub(super) fn swap_spent(&mut self, id: AppId) {
        let spent = |worker: &WorkerId| {
            let worker = self.workers.get(worker)?;
            (worker.state == WorkerState::Ready).then_some(worker.spent)?
        };
        let due: Vec<_> = self.apps[id]
            .members
            .iter()
            .filter_map(|worker| Some((*worker, spent(worker)?)))
            .collect();
        let waiting = |standby: &&WorkerId| self.state_of(**standby) == Some(WorkerState::Waiting);
        let replacements = self.apps[id].standby.iter().filter(waiting).count();
        for (worker, reason) in due.into_iter().take(replacements) {
            self.recycle(worker, reason);
        }
    }

    fn recycle(&mut self, id: WorkerId, reason: StopReason) {
        if let Some(worker) = self.workers.get(&id) {
            self.apps[worker.app].counts.recycled += 1;
        }
        self.retire(id, reason);
    }
}
