//! What the machine tells of itself.

use std::time::Duration;

use super::generation::Generation;
use super::worker::WorkerState;
use super::{App, Machine};
use crate::process::hop::{Stage, WorkerId};

/// The state of the host at one moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Status {
    /// Every worker whose process exists, in order of age, oldest first.
    pub workers: Vec<WorkerStatus>,
    /// How many workers are configured.
    pub target_workers: usize,
    /// Every app, in the order of the configuration.
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
    /// Since it got ready, or, before that, since it was ordered.
    pub age: Duration,
    /// `starting`, `ready`, `leased`, `draining` or `stopping`.
    pub state: &'static str,
    /// Whether it has got ready.
    pub booted: bool,
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
    /// How many workers it should have.
    pub workers: usize,
    /// How many of them wait for a call or serve one.
    pub workers_ready: usize,
    /// Calls that wait for a worker.
    pub queue: usize,
    /// Calls that were answered by a worker.
    pub calls: u64,
    /// Workers that were replaced.
    pub restarts: u64,
    /// What went wrong last.
    pub last_error: Option<String>,
}

impl Machine {
    /// The state at this moment.
    pub(crate) fn status(&self) -> Status {
        let mut workers: Vec<_> = self
            .workers
            .iter()
            .filter_map(|(id, worker)| {
                Some(WorkerStatus {
                    worker: *id,
                    pid: worker.pid?,
                    app: self.apps[worker.app.0].name.clone(),
                    age: self.now.saturating_duration_since(worker.since),
                    state: self.worker_state_name(worker.state),
                    booted: !matches!(worker.state, WorkerState::Forking | WorkerState::Starting),
                })
            })
            .collect();
        workers.sort_by_key(|worker| worker.worker);
        Status {
            workers,
            target_workers: self.apps.iter().map(|app| app.slots.len()).sum(),
            apps: self.apps.iter().map(|app| self.app_status(app)).collect(),
        }
    }

    fn app_status(&self, app: &App) -> AppStatus {
        let ready = |worker: &&super::Worker| {
            worker.slot.is_some()
                && matches!(worker.state, WorkerState::Ready | WorkerState::Leased)
        };
        let of_app = |worker: &&super::Worker| self.apps[worker.app.0].name == app.name;
        AppStatus {
            name: app.name.clone(),
            state: app_state(app),
            generation: app.generation.id().map_or(0, |generation| generation.0),
            workers: app.slots.len(),
            workers_ready: self.workers.values().filter(of_app).filter(ready).count(),
            queue: app.queue.len(),
            calls: app.calls_total,
            restarts: app.restarts_total,
            last_error: app.last_error.clone(),
        }
    }

    fn worker_state_name(&self, state: WorkerState) -> &'static str {
        match state {
            WorkerState::Forking | WorkerState::Starting => "starting",
            WorkerState::Ready => "ready",
            WorkerState::Leased if self.is_stopping() => "draining",
            WorkerState::Leased => "leased",
            WorkerState::Stopping | WorkerState::Dying => "stopping",
        }
    }
}

fn app_state(app: &App) -> AppState {
    match app.generation {
        Generation::Failed => AppState::Failed,
        Generation::Serving(..) if app.has_failed() => AppState::Failed,
        Generation::Booting(_, Stage::Compiling) => AppState::Compiling,
        Generation::Booting(..) | Generation::Gone => AppState::Initialising,
        Generation::Backoff => AppState::Backoff,
        Generation::Serving(..) if app.slots_wait() => AppState::Backoff,
        Generation::Serving(..) | Generation::Stopping(_) => AppState::Serving,
    }
}
