//! Calls that end before their worker has finished them: at their deadline, or because nobody
//! waits for them any more. And how a slow reader stops the clock.

use super::call::{Audience, CallState};
use super::guard::{Guard, guarded};
use super::report::DeathCause;
use super::timers::Timer;
use super::{ClientId, Effect, Machine};
use crate::config::OnDisconnect;
use crate::process::hop::{CallId, WorkerId};
use crate::protocol::{RawId, WireError};

impl Machine {
    pub(super) fn call_due(&mut self, call: CallId) {
        let Some(entry) = self.calls.get(&call) else {
            return;
        };
        if entry.audience != Audience::Cancelled
            && let Some(deadline) = entry.deadline
            && deadline > self.now
        {
            // Chunks have moved it.
            return self.timers.set(Timer::Call(call), deadline);
        }
        let Some(entry) = self.remove_call(call) else {
            return;
        };
        let cause = match entry.audience {
            Audience::Cancelled => DeathCause::Cancelled,
            Audience::Gone => DeathCause::Deadline,
            Audience::Waiting => {
                self.fail(
                    &entry,
                    WireError::timeout(entry.timeout.unwrap_or_default()),
                );
                DeathCause::Deadline
            }
        };
        match entry.state {
            CallState::Queued => {}
            CallState::Running { worker, .. } => {
                if let Some(worker) = self.workers.get_mut(&worker) {
                    worker.lease = None;
                }
                self.kill(worker, cause);
            }
        }
    }

    /// The client of this worker's call does not read: the app waits, and so does its deadline.
    pub(super) fn stalled(&mut self, worker: WorkerId) {
        if let Some(call) = self.workers.get(&worker).and_then(|worker| worker.lease)
            && self
                .calls
                .get(&call)
                .is_some_and(|call| call.audience == Audience::Waiting)
        {
            self.timers.clear(Timer::Call(call));
        }
    }

    pub(super) fn resumed(&mut self, worker: WorkerId) {
        let Some(call) = self.workers.get(&worker).and_then(|worker| worker.lease) else {
            return;
        };
        let Some(entry) = self.calls.get_mut(&call) else {
            return;
        };
        if entry.audience == Audience::Waiting {
            entry.deadline = entry
                .timeout
                .and_then(|timeout| self.now.checked_add(timeout));
            self.timers.set_or_clear(Timer::Call(call), entry.deadline);
        }
    }

    /// An old client has given up its unfinished calls and never looks at ids: not one further
    /// byte of their replies may be written.
    pub(super) fn give_up_earlier(&mut self, client: ClientId) {
        self.supersede(client);
        self.effect(Effect::Discard(client));
    }

    fn supersede(&mut self, client: ClientId) {
        let Some(calls) = self.clients.get(&client) else {
            return;
        };
        if !guarded(Guard::Supersede) {
            return;
        }
        let calls: Vec<_> = calls.values().copied().collect();
        for call in calls {
            self.abandon(call);
        }
    }

    pub(super) fn cancel_by_id(&mut self, client: ClientId, id: &RawId) {
        let Some(&call) = self.clients.get(&client).and_then(|calls| calls.get(id)) else {
            return;
        };
        if let Some(entry) = self.calls.get(&call) {
            let (dialect, id) = (entry.dialect, entry.id.clone());
            let error = WireError::dirty("Call cancelled").with("cancelled", true);
            self.effect(Effect::Fail {
                client,
                id,
                dialect,
                error,
            });
        }
        self.abandon(call);
    }

    pub(super) fn disconnected(&mut self, client: ClientId) {
        let calls = self.clients.remove(&client).unwrap_or_default();
        for call in calls.into_values() {
            let Some(entry) = self.calls.get_mut(&call) else {
                continue;
            };
            let finish = self.apps[entry.app].settings.on_disconnect == OnDisconnect::Finish;
            match entry.state {
                CallState::Running {
                    streaming: false, ..
                } if finish => entry.audience = Audience::Gone,
                CallState::Queued | CallState::Running { .. } => {
                    if guarded(Guard::Disconnect) {
                        self.abandon(call);
                    }
                }
            }
        }
    }

    /// Nobody waits for this call any more: it is dropped from the queue, or its worker is told.
    pub(super) fn abandon(&mut self, call: CallId) {
        let Some(entry) = self.calls.get_mut(&call) else {
            return;
        };
        if let Some(calls) = self.clients.get_mut(&entry.client) {
            calls.remove(&entry.id);
        }
        match entry.state {
            CallState::Queued => drop(self.remove_call(call)),
            CallState::Running { worker, .. } => {
                entry.audience = Audience::Cancelled;
                let grace_end = self.now + self.lifecycle.cancel_grace;
                self.timers.set(Timer::Call(call), grace_end);
                self.effect(Effect::CancelCall(worker, call));
            }
        }
    }
}
