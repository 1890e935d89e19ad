//! Calls: from a client's request to the one end that every call has.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::app::SlotContent;
use super::generation::Generation;
use super::report::DeathCause;
use super::timers::Timer;
use super::worker::WorkerState;
use super::{AppId, ClientId, Effect, Machine, Request, SlotId};
use crate::process::hop::{CallId, Exit, ExitStatus, Fate, WorkerId};
use crate::protocol::{Dialect, RawId, WireError};

/// What a client is told to wait before it tries again, if nothing better is known.
const RETRY_AFTER_DEFAULT: Duration = Duration::from_secs(1);

/// A frame up to this length is kept while its call runs, so that it can be sent to another worker
/// if the first one turns out to have been dead already.
const RETAINED_BYTES_MAX: usize = 64 << 10;

/// A call, from its arrival to its end.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: RawId,
    app: AppId,
    client: ClientId,
    dialect: Dialect,
    /// Until it is sent to a worker; a short one until the call ends, to be sent again.
    frame: Bytes,
    timeout: Option<Duration>,
    /// Moved with every chunk; its timer follows only when it is due.
    deadline: Option<Instant>,
    state: CallState,
    /// It was sent to a worker that was dead already.
    queued_again: bool,
    audience: Audience,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallState {
    Queued,
    Running {
        worker: WorkerId,
        /// A chunk has been sent.
        streaming: bool,
    },
}

/// Who waits for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    /// Its client.
    Waiting,
    /// Nobody, but a plain call is finished all the same.
    Gone,
    /// Nobody, and the worker has been told.
    Cancelled,
}

impl Machine {
    pub(super) fn request(&mut self, client: ClientId, request: Request) {
        if !request.multiplex {
            self.supersede(client);
            self.effect(Effect::Discard(client));
        }
        match self.admit(client, &request) {
            Ok(app) => self.enqueue(client, app, request),
            Err(error) => {
                let Request { id, dialect, .. } = request;
                self.effect(Effect::Fail {
                    client,
                    id,
                    dialect,
                    error,
                });
            }
        }
    }

    /// Whether a request can wait for a worker, and for which app's.
    fn admit(&self, client: ClientId, request: &Request) -> Result<AppId, WireError> {
        if self.is_stopping() {
            let error = WireError::dirty("the host is stopping and takes no more calls");
            return Err(error.with("retryable", true));
        }
        let name = request.app_path.as_str();
        let Some(&id) = self.by_name.get(name) else {
            return Err(WireError::app_not_found(name));
        };
        let app = &self.apps[id.0];
        if self
            .clients
            .get(&client)
            .is_some_and(|calls| calls.contains_key(&request.id))
        {
            let message = format!("id {} is in use by a call that is not finished", request.id);
            return Err(WireError::protocol(message, None));
        }
        if self.apps.iter().all(|app| app.slots.is_empty()) {
            return Err(WireError::dirty("No dirty workers available"));
        }
        if let Some(error) = self.hopeless(id) {
            return Err(error);
        }
        if app.idle.is_empty() && app.queue.len() >= app.queue_max {
            let message = format!(
                "too many calls for app {name}: {} are waiting",
                app.queue.len()
            );
            return Err(retry_later(WireError::dirty(message), RETRY_AFTER_DEFAULT)
                .with("queue_depth", app.queue.len()));
        }
        Ok(id)
    }

    fn enqueue(&mut self, client: ClientId, app: AppId, request: Request) {
        self.last_call += 1;
        let call = CallId(self.last_call);
        let timeout = [self.apps[app.0].timeout, request.timeout]
            .into_iter()
            .flatten()
            .min();
        let deadline = timeout.and_then(|timeout| self.now.checked_add(timeout));
        self.timers.set_or_clear(Timer::Call(call), deadline);
        self.clients
            .entry(client)
            .or_default()
            .insert(request.id.clone(), call);
        let Request {
            id, dialect, frame, ..
        } = request;
        let (state, audience) = (CallState::Queued, Audience::Waiting);
        let entry = Call {
            id,
            app,
            client,
            dialect,
            frame,
            timeout,
            deadline,
            state,
            queued_again: false,
            audience,
        };
        self.calls.insert(call, entry);
        self.apps[app.0].queue.insert(call);
        self.assign(app);
    }

    /// Brings waiting calls and waiting workers together.
    pub(super) fn assign(&mut self, id: AppId) {
        let app = &mut self.apps[id.0];
        while let Some(&worker) = app.idle.front()
            && let Some(call) = app.queue.pop_first()
        {
            app.idle.pop_front();
            if let Some(lessee) = self.workers.get_mut(&worker) {
                lessee.state = WorkerState::Leased;
                lessee.lease = Some(call);
            }
            let Some(entry) = self.calls.get_mut(&call) else {
                continue;
            };
            entry.state = CallState::Running {
                worker,
                streaming: false,
            };
            let (deadline, timeout) = (entry.deadline, entry.timeout);
            let frame = match entry.frame.len() {
                0..=RETAINED_BYTES_MAX => entry.frame.clone(),
                _ => std::mem::take(&mut entry.frame),
            };
            self.effects.push(Effect::Dispatch {
                worker,
                call,
                deadline,
                timeout,
                frame,
            });
        }
    }

    pub(super) fn chunk(&mut self, worker: WorkerId, call: CallId, frames: Bytes) {
        if !self.holds(worker, call) {
            return self.claimed_without_lease(worker);
        }
        let Some(entry) = self.calls.get_mut(&call) else {
            return;
        };
        entry.state = CallState::Running {
            worker,
            streaming: true,
        };
        match entry.audience {
            Audience::Waiting => {
                entry.deadline = entry
                    .timeout
                    .and_then(|timeout| self.now.checked_add(timeout));
                let client = entry.client;
                self.effect(Effect::Forward {
                    client,
                    worker: Some(worker),
                    frames,
                });
            }
            // It turns out to be a stream that nobody reads.
            Audience::Gone => self.abandon(call),
            Audience::Cancelled => {}
        }
    }

    pub(super) fn last(&mut self, worker: WorkerId, call: CallId, fate: Fate, frames: Bytes) {
        if !self.holds(worker, call) {
            return self.claimed_without_lease(worker);
        }
        if let Some(entry) = self.remove_call(call) {
            self.apps[entry.app.0].calls_total += 1;
            if entry.audience == Audience::Waiting {
                let client = entry.client;
                self.effect(Effect::Forward {
                    client,
                    worker: None,
                    frames,
                });
            }
        }
        match fate {
            Fate::Tainted => {
                if let Some(entry) = self.workers.get_mut(&worker) {
                    entry.lease = None;
                }
                // The reply is here: nothing more is wanted of it.
                self.kill(worker, DeathCause::Trap);
            }
            Fate::Healthy => self.free(worker),
        }
    }

    /// A worker has done its call.
    fn free(&mut self, id: WorkerId) {
        let Some(worker) = self.workers.get_mut(&id) else {
            return;
        };
        worker.lease = None;
        if worker.state != WorkerState::Leased {
            return;
        }
        worker.state = WorkerState::Ready;
        let (app, slot) = (worker.app, worker.slot);
        if let Some(at) = slot {
            self.apps[app.0].slots[at].deaths.succeed();
        }
        self.apps[app.0].boots.succeed();
        self.apps[app.0].idle.push_back(id);
        self.assign(app);
    }

    fn holds(&self, worker: WorkerId, call: CallId) -> bool {
        self.workers
            .get(&worker)
            .is_some_and(|worker| worker.lease == Some(call))
    }

    /// A frame for a call that the worker does not hold: late, if it is being killed for it.
    fn claimed_without_lease(&mut self, worker: WorkerId) {
        let dying = |worker: &super::Worker| worker.state == WorkerState::Dying;
        if !self.workers.get(&worker).is_some_and(dying) {
            self.kill(worker, DeathCause::Misbehaved);
        }
    }

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
        let app = entry.app;
        self.apps[app.0].queue.insert(call);
        self.assign(app);
        self.answer_if_hopeless(app);
        true
    }

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
    fn supersede(&mut self, client: ClientId) {
        let Some(calls) = self.clients.get(&client) else {
            return;
        };
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
            match entry.state {
                CallState::Running {
                    streaming: false, ..
                } => entry.audience = Audience::Gone,
                CallState::Queued | CallState::Running { .. } => self.abandon(call),
            }
        }
    }

    /// Nobody waits for this call any more: it is dropped from the queue, or its worker is told.
    fn abandon(&mut self, call: CallId) {
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

    /// Takes a call out of everything that knows it, but its worker.
    fn remove_call(&mut self, call: CallId) -> Option<Call> {
        let entry = self.calls.remove(&call)?;
        self.timers.clear(Timer::Call(call));
        if entry.state == CallState::Queued {
            self.apps[entry.app.0].queue.remove(&call);
        }
        if let Some(calls) = self.clients.get_mut(&entry.client)
            && calls.get(&entry.id) == Some(&call)
        {
            calls.remove(&entry.id);
        }
        Some(entry)
    }

    fn fail(&mut self, call: &Call, error: WireError) {
        let (client, dialect, id) = (call.client, call.dialect, call.id.clone());
        self.effect(Effect::Fail {
            client,
            id,
            dialect,
            error,
        });
    }

    /// Why calls for this app need not wait: starting it has failed, and no worker lives.
    fn hopeless(&self, id: AppId) -> Option<WireError> {
        let app = &self.apps[id.0];
        if app.has_worker() {
            return None;
        }
        let error = WireError::no_workers(&app.name);
        let slot_due = |at| self.timers.due_at(Timer::Slot(SlotId { app: id, at }));
        let retry_at = match app.generation {
            _ if app.slots.is_empty() => None,
            // Only while the host stops is there none for longer than a moment.
            Generation::Gone if self.is_stopping() => None,
            Generation::Failed => None,
            Generation::Backoff => self.timers.due_at(Timer::Retry(id)),
            // One failure may be an accident; from then on it is a pattern.
            Generation::Booting(..) if app.boots.failures() > 1 => Some(self.now),
            Generation::Serving(..) if app.slots.iter().all(|slot| !slot.can_soon()) => {
                (0..app.slots.len()).filter_map(slot_due).min()
            }
            _ => return None,
        };
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
        if self.apps[id.0].queue.is_empty() {
            return;
        }
        let Some(error) = self.hopeless(id) else {
            return;
        };
        self.fail_queue(id, &error);
    }

    /// Answers every call that waits for this app.
    pub(super) fn fail_queue(&mut self, id: AppId, error: &WireError) {
        while let Some(call) = self.apps[id.0].queue.pop_first() {
            if let Some(entry) = self.remove_call(call) {
                self.fail(&entry, error.clone());
            }
        }
    }

    /// Ends every call that runs, at the end of a stop.
    pub(super) fn calls_in_flight(&self) -> usize {
        self.calls.len()
    }
}

impl super::app::Slot {
    /// Whether a worker may come without a delay.
    fn can_soon(&self) -> bool {
        matches!(self.content, SlotContent::Vacant | SlotContent::Occupied(_))
    }
}

fn retry_later(error: WireError, delay: Duration) -> WireError {
    error
        .with("retryable", true)
        .with("retry_after", delay.as_secs_f64())
}

fn why(cause: &DeathCause, exit: Option<Exit>) -> String {
    match cause {
        DeathCause::MoldDied => "the process it was copied from died".into(),
        DeathCause::HostStopped | DeathCause::Stopped => "the host stopped".into(),
        DeathCause::Misbehaved => "it broke the protocol with the arbiter".into(),
        _ => match exit.map(|exit| exit.status) {
            Some(ExitStatus::Signal(signal)) => format!("it was killed by signal {signal}"),
            Some(ExitStatus::Code(code)) => format!("it ended with exit code {code}"),
            None => "it ended".into(),
        },
    }
}
