//! Calls that cannot be served: their worker died, or their app has no worker and gets none soon.

use std::time::Duration;

use super::app::Refill;
use super::call::{Audience, CallState};
use super::generation::Generation;
use super::report::DeathCause;
use super::timers::Timer;
use super::{AppId, Machine};
use crate::process::hop::{CallId, Exit, ExitStatus, WorkerId};
use crate::protocol::WireError;

impl Machine {
    /// The worker that held this call is no more, and did not finish it. If it was dead before it
    /// had read the call (`unread`), the call has not begun.
    pub(super) fn lease_broken(
        &mut self,
        call: CallId,
        worker: WorkerId,
        cause: &DeathCause,
        exit: Option<Exit>,
        unread: bool,
    ) {
        if unread && self.queue_again(call) {
            return;
        }
        let Some(entry) = self.remove_call(call) else {
            return;
        };
        if entry.audience == Audience::Waiting {
            let message = format!("Worker died while serving the call: {}", why(cause, exit));
            let mut error = WireError::worker(worker.0, message).with("cause", cause.name());
            if unread || matches!(cause, DeathCause::MoldDied | DeathCause::HostStopped) {
                // Not the call's doing.
                error = error.with("retryable", true);
            }
            self.fail(&entry, error);
        }
    }

    /// Puts a call that has not begun back into its place in the queue, if it can be.
    fn queue_again(&mut self, call: CallId) -> bool {
        let stopping = self.is_stopping();
        let Some(entry) = self.calls.get_mut(&call) else {
            return false;
        };
        let begun = matches!(
            entry.state,
            CallState::Running {
                streaming: true,
                ..
            }
        );
        let waited_for = entry.audience == Audience::Waiting;
        // Once is an accident. While the host stops there may be no worker for it any more.
        if begun || !waited_for || entry.frame.is_empty() || entry.queued_again || stopping {
            return false;
        }
        entry.queued_again = true;
        entry.state = CallState::Queued;
        let (app, client) = (entry.app, entry.client);
        self.apps[app].queue.put_back(client, call);
        // An app that ends forks for those that wait alone.
        self.apps[app].unsettled = true;
        self.unsettled = true;
        self.assign(app);
        true
    }

    /// Why calls for this app need not wait: starting it has failed, and no worker lives.
    pub(super) fn hopeless(&self, id: AppId) -> Option<WireError> {
        let app = &self.apps[id];
        // What somebody has asked for is waited for.
        if !app.members.is_empty() || app.is_reloading() && app.slots > 0 {
            return None;
        }
        let retry_at = match app.present {
            _ if app.slots == 0 => None,
            // Only while it winds down is there none for longer than a moment.
            Generation::Gone if self.winds_down(id) => None,
            Generation::Failed => None,
            Generation::Backoff => self.timers.due_at(Timer::Retry(id)),
            // One failure may be an accident; from then on it is a pattern.
            Generation::Booting(..) if app.restarts.failures() > 1 => Some(self.now),
            Generation::Serving(..) if app.refill == Refill::Backoff => {
                self.timers.due_at(Timer::Refill(id))
            }
            Generation::Serving(..) if app.refill == Refill::Never => None,
            _ => return None,
        };
        let error = WireError::no_workers(app.name());
        let error = match &app.last_error {
            Some(reason) => error.with("reason", reason.as_str()),
            None => error,
        };
        Some(match retry_at {
            Some(at) => {
                let delay = at.saturating_duration_since(self.now);
                retry_later(error, delay.max(Duration::from_millis(100)))
            }
            None => error.with("retryable", false),
        })
    }

    /// Answers the calls that wait for an app that cannot serve them.
    pub(super) fn answer_if_hopeless(&mut self, id: AppId) {
        if self.apps[id].queue.is_empty() {
            return;
        }
        let Some(error) = self.hopeless(id) else {
            return;
        };
        self.fail_queue(id, &error);
    }

    /// Answers every call that waits for this app.
    pub(super) fn fail_queue(&mut self, id: AppId, error: &WireError) {
        while let Some(call) = self.apps[id].queue.pop() {
            if let Some(entry) = self.remove_call(call) {
                self.fail(&entry, error.clone());
            }
        }
    }
}

/// An error that says when to try again.
pub(super) fn retry_later(error: WireError, delay: Duration) -> WireError {
    error
        .with("retryable", true)
        .with("retry_after", delay.as_secs_f64())
}

fn why(cause: &DeathCause, exit: Option<Exit>) -> String {
    match cause {
        DeathCause::MoldDied => "the process it was copied from died".into(),
        DeathCause::HostStopped | DeathCause::Stopped(_) => "the host stopped".into(),
        DeathCause::Misbehaved => "it broke the protocol with the arbiter".into(),
        _ => match exit.map(|exit| exit.status) {
            Some(ExitStatus::Signal(signal)) => format!("it was killed by signal {signal}"),
            Some(ExitStatus::Code(code)) => format!("it ended with exit code {code}"),
            None => "it ended".into(),
        },
    }
}
