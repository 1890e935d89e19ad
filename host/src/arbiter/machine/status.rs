//! What the machine tells of itself.

use std::time::Duration;

use super::app::Counts;
use super::generation::Generation;
use super::worker::{Role, Worker, WorkerState};
use super::{App, AppId, Machine};
use crate::process::hop::{Stage, WorkerId};

/// The state of the host at one moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Status {
    /// Every worker whose process exists, in order of age, oldest first.
    pub workers: Vec<WorkerStatus>,
    /// How many workers there should be.
    pub target_workers: usize,
    /// How many of these there are, or have been ordered.
    pub slots_held: usize,
    /// Every app that takes calls, in the order of the configuration; those that a reload has added
    /// come last.
    pub apps: Vec<AppStatus>,
}

/// One worker.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WorkerStatus {
    /// Which.
    pub worker: WorkerId,
    /// Its process.
    pub pid: i32,
    /// Its app's name.
    pub app: String,
    /// The number of its generation.
    pub generation: u64,
    /// Since it got ready, or, before that, since it was ordered.
    pub age: Duration,
    /// `starting`, `ready`, `leased`, `draining` or `stopping`.
    pub state: &'static str,
    /// Whether it has got ready.
    pub booted: bool,
    /// How many calls it was sent.
    pub calls: u32,
    /// Whether it serves nothing, but is to take the place of another.
    pub spare: bool,
}

/// Where an app stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AppState {
    /// Its component is being compiled or looked for in the cache.
    Compiling,
    /// Its `init()` runs.
    Initialising,
    /// It serves calls.
    Serving,
    /// It could not start and is tried again later.
    Backoff,
    /// It cannot start.
    Failed,
}

impl AppState {
    /// The state's name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            AppState::Compiling => "compiling",
            AppState::Initialising => "initialising",
            AppState::Serving => "serving",
            AppState::Backoff => "backoff",
            AppState::Failed => "failed",
        }
    }
}

/// One app.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AppStatus {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub state: AppState,
    /// The number of its present generation, 0 while it has none.
    pub generation: u64,
    /// Where the generation stands that is to replace it.
    pub reloading: Option<AppState>,
    /// How many older generations still end their calls.
    pub generations_draining: usize,
    /// How many workers it should have.
    pub workers: usize,
    /// How many of them wait for a call or serve one.
    pub workers_ready: usize,
    /// Calls that wait for a worker.
    pub queue: usize,
    /// What has happened so far.
    pub counts: Counts,
    /// How long until something is tried again.
    pub retry_in: Option<Duration>,
    /// What went wrong last.
    pub last_error: Option<String>,
}

impl Machine {
    /// The state at this moment.
    pub(crate) fn status(&self) -> Status {
        let mut workers: Vec<_> = self
            .workers
            .iter()
            .filter_map(|(id, worker)| self.worker_status(*id, worker))
            .collect();
        workers.sort_by_key(|worker| worker.worker);
        Status {
            workers,
            target_workers: self.apps.serving().map(|(_, app)| app.slots).sum(),
            slots_held: self.apps.serving().map(|(_, app)| app.members.len()).sum(),
            apps: self
                .apps
                .serving()
                .map(|(id, app)| self.app_status(id, app))
                .collect(),
        }
    }

    fn worker_status(&self, id: WorkerId, worker: &Worker) -> Option<WorkerStatus> {
        Some(WorkerStatus {
            worker: id,
            pid: worker.pid?,
            app: self.apps[worker.app].name().to_owned(),
            generation: worker.number,
            age: self.now.saturating_duration_since(worker.since),
            state: self.worker_state_name(worker),
            booted: worker.booted,
            calls: worker.calls,
            spare: matches!(worker.role, Role::Standby | Role::Incoming),
        })
    }

    fn app_status(&self, id: AppId, app: &App) -> AppStatus {
        let ready = |worker: &&WorkerId| {
            let state = self.state_of(**worker);
            matches!(state, Some(WorkerState::Ready | WorkerState::Leased))
        };
        let due = [super::Timer::Retry(id), super::Timer::Refill(id)]
            .into_iter()
            .find_map(|timer| self.timers.due_at(timer));
        AppStatus {
            name: app.name().to_owned(),
            state: app_state(app),
            generation: app.present.id().map_or(0, |it| self.number_of(it)),
            reloading: app.next.as_ref().map(|next| stage_state(next.stage)),
            generations_draining: self.draining(id),
            workers: app.slots,
            workers_ready: app.members.iter().filter(ready).count(),
            queue: app.queue.len(),
            counts: app.counts,
            retry_in: due.map(|due| due.saturating_duration_since(self.now)),
            last_error: app.last_error.clone(),
        }
    }

    fn worker_state_name(&self, worker: &Worker) -> &'static str {
        match worker.state {
            WorkerState::Forking | WorkerState::Starting => "starting",
            WorkerState::Waiting | WorkerState::Ready => "ready",
            WorkerState::Leased if worker.role == Role::Leaving || self.winds_down(worker.app) => {
                "draining"
            }
            WorkerState::Leased => "leased",
            WorkerState::Stopping | WorkerState::Dying => "stopping",
        }
    }
}

fn app_state(app: &App) -> AppState {
    match app.present {
        _ if app.has_failed() => AppState::Failed,
        _ if app.backs_off() => AppState::Backoff,
        Generation::Booting(_, stage) => stage_state(stage),
        // It stops.
        Generation::Gone if app.was_ready => AppState::Serving,
        Generation::Gone => AppState::Initialising,
        Generation::Serving(..) => AppState::Serving,
        // A reload is under way.
        Generation::Failed => AppState::Failed,
        Generation::Backoff => AppState::Backoff,
    }
}

fn stage_state(stage: Stage) -> AppState {
    match stage {
        Stage::Compiling => AppState::Compiling,
        Stage::Initialising | Stage::Forking => AppState::Initialising,
    }
}
