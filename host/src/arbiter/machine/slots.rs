//! Who holds an app's slots: filling those that are free, now or after a backoff, and keeping
//! workers ready to take over.

use std::time::Duration;

use super::app::Refill;
use super::generation::Generation;
use super::guard::{Guard, guarded};
use super::report::{DeathCause, Report, StopReason};
use super::restart::Verdict;
use super::timers::Timer;
use super::worker::{Death, Role, WorkerState};
use super::{AppId, GenerationId, Machine};
use crate::process::hop::WorkerId;

/// A worker that has been ready for so long did not die of its start; nor did a mold.
pub(super) const SETTLED_AFTER: Duration = Duration::from_secs(1);

/// When a spare has taken a slot, the next one is forked so much later: the call that waits for that slot
/// is not to share the processor, and the mold, with a fork that nobody waits for.
const SPARE_DELAY: Duration = Duration::from_millis(10);

impl Machine {
    /// Sees to it that an app has as many workers as it should.
    pub(super) fn settle_slots(&mut self, id: AppId) {
        while std::mem::take(&mut self.apps[id].unsettled) {
            let Generation::Serving(generation, _) = self.apps[id].present else {
                return;
            };
            self.swap_spent(id);
            self.fill_slots(id, generation);
            self.keep_standbys(id, generation);
            let app = &self.apps[id];
            if app.slots > 0 && app.members.is_empty() && app.refill != Refill::Now {
                let error = app.last_error.clone();
                self.start_failed(id, &error.unwrap_or_else(|| "its workers died".into()));
            }
        }
    }

    fn fill_slots(&mut self, id: AppId, generation: GenerationId) {
        while self.apps[id].members.len() < self.apps[id].slots {
            if let Some(standby) = self.best_standby(id) {
                self.promote(id, standby);
            } else if self.may_fork(id) && guarded(Guard::Refill) {
                let worker = self.order(id, generation, Role::Member);
                self.apps[id].members.insert(worker);
                if !guarded(Guard::Readiness) {
                    self.apps[id].idle.push_back(worker);
                }
            } else {
                break;
            }
        }
        while self.apps[id].members.len() > self.apps[id].slots
            && let Some(surplus) = self.most_dispensable(id)
        {
            self.retire(surplus, StopReason::ScaledDown);
        }
    }

    fn keep_standbys(&mut self, id: AppId, generation: GenerationId) {
        let wanted = self.standbys_wanted(id);
        let later = usize::from(self.timers.due_at(Timer::Spare(id)).is_some());
        while self.apps[id].standby.len() + later < wanted && self.may_fork(id) {
            let worker = self.order(id, generation, Role::Standby);
            self.apps[id].standby.push_back(worker);
        }
        while self.apps[id].standby.len() > wanted
            && let Some(&surplus) = self.apps[id].standby.back()
        {
            self.retire(surplus, StopReason::NotNeeded);
        }
    }

    /// One for each member that is to be replaced, and the spare.
    fn standbys_wanted(&self, id: AppId) -> usize {
        let app = &self.apps[id];
        if app.slots == 0 || self.winds_down(id) {
            return 0;
        }
        let spent = |member: &&WorkerId| {
            let worker = self.workers.get(member);
            worker.is_some_and(|worker| worker.spent.is_some())
        };
        app.members.iter().filter(spent).count() + usize::from(app.settings.spare)
    }

    /// Whether another worker may be forked for an app now.
    fn may_fork(&self, id: AppId) -> bool {
        let app = &self.apps[id];
        app.refill == Refill::Now && (!self.winds_down(id) || !app.queue.is_empty())
    }

    /// The standby that is ready, or else will be soonest.
    fn best_standby(&self, id: AppId) -> Option<WorkerId> {
        let standby = &self.apps[id].standby;
        self.ready_standby(id).or(standby.front().copied())
    }

    /// A standby that can take over at once.
    pub(super) fn ready_standby(&self, id: AppId) -> Option<WorkerId> {
        let mut standby = self.apps[id].standby.iter().copied();
        standby.find(|worker| self.state_of(*worker) == Some(WorkerState::Waiting))
    }

    pub(super) fn state_of(&self, worker: WorkerId) -> Option<WorkerState> {
        self.workers.get(&worker).map(|worker| worker.state)
    }

    /// Gives a standby a slot.
    fn promote(&mut self, id: AppId, worker: WorkerId) {
        let app = &mut self.apps[id];
        app.standby.retain(|standby| *standby != worker);
        app.members.insert(worker);
        let Some(entry) = self.workers.get_mut(&worker) else {
            return;
        };
        entry.role = Role::Member;
        if entry.state == WorkerState::Waiting {
            self.put_in_service(id, worker);
            if self.apps[id].settings.spare {
                self.timers.set(Timer::Spare(id), self.now + SPARE_DELAY);
            }
        }
    }

    /// A member that is ready waits for calls from now on.
    pub(super) fn put_in_service(&mut self, id: AppId, worker: WorkerId) {
        if let Some(entry) = self.workers.get_mut(&worker) {
            entry.state = WorkerState::Ready;
            self.apps[id].idle.push_back(worker);
            self.app_can_serve(id);
            self.assign(id);
        }
    }

    /// The member whose loss costs least: one that is not ready, or idle, or was forked last.
    fn most_dispensable(&self, id: AppId) -> Option<WorkerId> {
        let cost = |worker: &WorkerId| match self.state_of(*worker) {
            Some(WorkerState::Leased) => 2,
            Some(WorkerState::Ready) => 1,
            _ => 0,
        };
        let members = self.apps[id].members.iter().rev().copied();
        members.min_by_key(cost)
    }

    /// Decides when the slot of a worker that has ended is filled.
    pub(super) fn after_death(&mut self, id: AppId, death: &Death) {
        match &death.cause {
            DeathCause::Stopped(_) | DeathCause::HostStopped => return,
            _ => self.apps[id].counts.restarts += 1,
        }
        // What a call has brought about costs one fork a call: no storm. A mold's death is counted
        // once, not for each of its copies; one that does not fork is about to be killed.
        let of_a_call = death.state == WorkerState::Leased || death.cause.is_of_a_call();
        let of_the_mold = death.cause == DeathCause::MoldDied
            || death.state == WorkerState::Forking && death.cause == DeathCause::BootTimeout;
        if of_a_call || of_the_mold {
            return;
        }
        let was_ready = matches!(death.state, WorkerState::Ready | WorkerState::Waiting);
        let (now, policy, dice) = (self.now, self.lifecycle.restart, self.roll());
        let app = &mut self.apps[id];
        if was_ready && now.saturating_duration_since(death.since) >= SETTLED_AFTER {
            app.restarts.succeed(death.ordered);
        }
        let verdict = if death.cause.is_permanent() {
            Verdict::GiveUp
        } else if app.restarts.is_of_an_earlier_round(death.ordered) {
            return;
        } else {
            app.restarts.fail(now, policy, dice)
        };
        if let Some(worker) = self.workers.get_mut(&death.worker) {
            worker.counted = true;
        }
        self.back_off(id, verdict);
    }

    fn back_off(&mut self, id: AppId, verdict: Verdict) {
        let app = &mut self.apps[id];
        let retry_in = match verdict {
            Verdict::RetryIn(delay) if delay.is_zero() => return,
            Verdict::RetryIn(delay) => {
                app.refill = Refill::Backoff;
                self.timers.set(Timer::Refill(id), self.now + delay);
                Some(delay)
            }
            Verdict::GiveUp => {
                app.refill = Refill::Never;
                self.timers.clear(Timer::Refill(id));
                None
            }
        };
        let app = &self.apps[id];
        let report = Report::Backoff {
            app: app.name().to_owned(),
            failures: app.restarts.failures(),
            retry_in,
            workers_left: app.members.len(),
        };
        self.report(report);
    }

    /// Free slots get workers at once again.
    pub(super) fn refill_now(&mut self, id: AppId) {
        self.timers.clear(Timer::Refill(id));
        let app = &mut self.apps[id];
        app.refill = Refill::Now;
        app.unsettled = true;
        self.unsettled = true;
    }
}
