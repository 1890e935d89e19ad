//! The status object, as the host prints and sends it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The whole host.
#[derive(Debug, Deserialize)]
pub(crate) struct Status {
    pub(crate) arbiter_pid: i32,
    pub(crate) workers: Vec<Worker>,
    pub(crate) worker_count: usize,
    pub(crate) apps: Vec<String>,
    pub(crate) app_status: BTreeMap<String, AppStatus>,
    pub(crate) bytes_in_flight: u64,
    pub(crate) bytes_in_flight_max: u64,
}

/// One worker.
#[derive(Debug, Deserialize)]
pub(crate) struct Worker {
    pub(crate) pid: i32,
    pub(crate) age: f64,
    pub(crate) apps: Vec<String>,
    pub(crate) booted: bool,
    pub(crate) last_heartbeat: Value,
    pub(crate) state: String,
    /// Kept in reserve.
    pub(crate) spare: bool,
    /// How many it has served.
    pub(crate) calls: u64,
    /// Private bytes; none while the system cannot tell.
    pub(crate) memory: Option<u64>,
}

/// One app.
#[derive(Debug, Deserialize)]
pub(crate) struct AppStatus {
    pub(crate) state: String,
    pub(crate) generation: u64,
    pub(crate) workers: Value,
    /// Who can serve, without those that are kept in reserve.
    pub(crate) workers_ready: usize,
    pub(crate) queue: u64,
    pub(crate) calls: u64,
    pub(crate) restarts: u64,
    pub(crate) last_error: Option<String>,
}

impl Status {
    /// One app's part.
    #[track_caller]
    pub(crate) fn app(&self, name: &str) -> &AppStatus {
        self.app_status
            .get(name)
            .unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    /// The workers of one app.
    pub(crate) fn workers_of(&self, app: &str) -> impl Iterator<Item = &Worker> {
        self.workers
            .iter()
            .filter(move |worker| worker.apps.iter().any(|name| name == app))
    }

    /// How many workers of one app are in this state.
    pub(crate) fn count(&self, app: &str, state: &str) -> usize {
        self.workers_of(app)
            .filter(|worker| worker.state == state)
            .count()
    }
}
