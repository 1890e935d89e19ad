//! Calls: from a client's request to the one end that every call has.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::guard::{Guard, guarded};
use super::report::{DeathCause, Report};
use super::timers::Timer;
use super::unserved::retry_later;
use super::worker::{Role, WorkerState};
use super::{AppId, ClientId, Effect, Machine, Request};
use crate::process::hop::{CallId, Fate, WorkerId};
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
    pub(super) app: AppId,
    pub(super) client: ClientId,
    pub(super) dialect: Dialect,
    /// Until it is sent to a worker; a short one until the call ends, to be sent again.
    pub(super) frame: Bytes,
    pub(super) timeout: Option<Duration>,
    /// Moved with every chunk; its timer follows only when it is due.
    pub(super) deadline: Option<Instant>,
    pub(super) state: CallState,
    /// It was sent to a worker that was dead already.
    pub(super) queued_again: bool,
    pub(super) audience: Audience,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallState {
    Queued,
    Running {
        worker: WorkerId,
        /// A chunk has been sent.
        streaming: bool,
    },
}

/// Who waits for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
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
            self.give_up_earlier(client);
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
    fn admit(&mut self, client: ClientId, request: &Request) -> Result<AppId, WireError> {
        if self.is_stopping() {
            let error = WireError::dirty("the host is stopping and takes no more calls");
            return Err(error.with("retryable", true));
        }
        let name = request.app_path.as_str();
        let Some(id) = self.apps.named(name) else {
            return Err(WireError::app_not_found(name));
        };
        if self
            .clients
            .get(&client)
            .is_some_and(|calls| calls.contains_key(&request.id))
        {
            let message = format!("id {} is in use by a call that is not finished", request.id);
            return Err(WireError::protocol(message, None));
        }
        if self.apps.serving().all(|(_, app)| app.slots == 0) {
            return Err(WireError::dirty("No dirty workers available"));
        }
        if let Some(error) = self.hopeless(id) {
            return Err(error);
        }
        self.make_room(client, id)?;
        Ok(id)
    }

    /// Sees to it that another call of this client may wait for an app. In a full queue the client
    /// with the most calls makes room for one that has fewer.
    fn make_room(&mut self, client: ClientId, id: AppId) -> Result<(), WireError> {
        let app = &self.apps[id];
        let fits = !app.idle.is_empty() || app.queue.len() < app.settings.queue_max;
        if fits || !guarded(Guard::QueueBound) {
            return Ok(());
        }
        let own = app.queue.len_of(client);
        // Calls that were put back come on top.
        let overfull = app.queue.len() > app.settings.queue_max;
        let error = self.refuse(id);
        match self.apps[id].queue.longest() {
            Some((_, count, latest)) if count > own + 1 && !overfull => {
                if let Some(entry) = self.remove_call(latest) {
                    self.fail(&entry, error);
                }
                Ok(())
            }
            _ => Err(error),
        }
    }

    /// A call is refused because an app's queue is full.
    fn refuse(&mut self, id: AppId) -> WireError {
        let app = &mut self.apps[id];
        app.counts.refused += 1;
        let (name, queue) = (app.name().to_owned(), app.queue.len());
        if !std::mem::replace(&mut app.overloaded, true) {
            let app = name.clone();
            self.report(Report::Overloaded { app, queue });
        }
        let message = format!("too many calls for app {name}: {queue} are waiting (max_queue)");
        retry_later(WireError::dirty(message), RETRY_AFTER_DEFAULT).with("queue_depth", queue)
    }

    /// Says so when an app's queue is at most half full again.
    fn end_overload(&mut self, id: AppId) {
        let app = &mut self.apps[id];
        if app.overloaded && app.queue.len() <= app.settings.queue_max / 2 {
            app.overloaded = false;
            let report = Report::OverloadEnded {
                app: app.name().to_owned(),
                refused: app.counts.refused,
            };
            self.report(report);
        }
    }

    fn enqueue(&mut self, client: ClientId, app: AppId, request: Request) {
        self.last_call += 1;
        let call = CallId(self.last_call);
        let timeout = [self.apps[app].settings.timeout, request.timeout]
            .into_iter()
            .flatten()
            .min();
        let deadline = timeout.and_then(|timeout| self.now.checked_add(timeout));
        if guarded(Guard::Deadline) {
            self.timers.set_or_clear(Timer::Call(call), deadline);
        }
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
        self.apps[app].queue.insert(client, call);
        self.assign(app);
    }

    /// Brings waiting calls and waiting workers together.
    pub(super) fn assign(&mut self, id: AppId) {
        while let Some((worker, call)) = self.apps[id].next_match() {
            self.dispatch(worker, call);
        }
        if self.apps[id].overloaded {
            self.end_overload(id);
        }
    }

    fn dispatch(&mut self, worker: WorkerId, call: CallId) {
        let lessee = self
            .workers
            .get_mut(&worker)
            .expect("an idle worker exists");
        lessee.state = WorkerState::Leased;
        lessee.lease = Some(call);
        let entry = self.calls.get_mut(&call).expect("a queued call exists");
        entry.state = CallState::Running {
            worker,
            streaming: false,
        };
        let (deadline, timeout) = (entry.deadline, entry.timeout);
        let frame = match entry.frame.len() {
            0..=RETAINED_BYTES_MAX => entry.frame.clone(),
            _ => std::mem::take(&mut entry.frame),
        };
        self.effect(Effect::Dispatch {
            worker,
            call,
            deadline,
            timeout,
            frame,
        });
        self.count_call(worker);
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
            self.apps[entry.app].counts.calls += 1;
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
            Fate::Tainted(taint) if guarded(Guard::Taint) => {
                if let Some(entry) = self.workers.get_mut(&worker) {
                    entry.lease = None;
                }
                // The reply is here: nothing more is wanted of it.
                self.kill(worker, DeathCause::Trap(taint));
            }
            Fate::Tainted(_) | Fate::Healthy => self.free(worker),
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
        let (app, ordered, role) = (worker.app, worker.ordered, worker.role);
        self.apps[app].restarts.succeed(ordered);
        if role == Role::Leaving {
            self.unsettled = true;
            self.tell_to_stop(id);
        } else if self.may_serve_on(id) {
            self.apps[app].idle.push_back(id);
            self.assign(app);
        }
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

    /// Takes a call out of everything that knows it, but its worker.
    pub(super) fn remove_call(&mut self, call: CallId) -> Option<Call> {
        let entry = self.calls.remove(&call)?;
        self.timers.clear(Timer::Call(call));
        if entry.state == CallState::Queued {
            self.apps[entry.app].queue.remove(entry.client, call);
        }
        if let Some(calls) = self.clients.get_mut(&entry.client)
            && calls.get(&entry.id) == Some(&call)
        {
            calls.remove(&entry.id);
        }
        Some(entry)
    }

    pub(super) fn fail(&mut self, call: &Call, error: WireError) {
        let (client, dialect, id) = (call.client, call.dialect, call.id.clone());
        self.effect(Effect::Fail {
            client,
            id,
            dialect,
            error,
        });
    }

    /// Calls that wait or run.
    pub(super) fn calls_in_flight(&self) -> usize {
        self.calls.len()
    }
}
