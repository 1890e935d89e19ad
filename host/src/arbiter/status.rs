//! The status message's result, in the shape that the existing clients know: `arbiter_pid`,
//! `workers`, `worker_count`, `apps`, and `app_status` beside them.

use serde_json::{Map, Value, json};

use super::machine::{AppStatus, Status, WorkerStatus};
use crate::process::inspect;

/// The result as JSON text. Reads each worker's private memory, which takes up to a few
/// milliseconds for one with much of it.
pub(super) fn to_json(status: &Status) -> String {
    let workers: Vec<_> = status.workers.iter().map(worker).collect();
    let names: Vec<_> = status.apps.iter().map(|app| app.name.as_str()).collect();
    let apps: Map<_, _> = status
        .apps
        .iter()
        .map(|status| (status.name.clone(), app(status)))
        .collect();
    json!({
        "arbiter_pid": std::process::id(),
        "workers": workers,
        "worker_count": workers.len(),
        "target_workers": status.target_workers,
        "apps": names,
        "app_status": apps,
    })
    .to_string()
}

fn worker(worker: &WorkerStatus) -> Value {
    json!({
        "id": worker.worker.0,
        "pid": worker.pid,
        "age": worker.age.as_secs_f64(),
        "apps": [worker.app],
        "booted": worker.booted,
        // A worker that lives is watched through its process: there is no beat to wait for.
        "last_heartbeat": 0.0,
        "state": worker.state,
        "memory": inspect::private_memory_bytes(worker.pid),
    })
}

fn app(app: &AppStatus) -> Value {
    json!({
        "state": app.state.name(),
        "generation": app.generation,
        "workers": app.workers,
        "workers_ready": app.workers_ready,
        "queue": app.queue,
        "calls": app.calls,
        "restarts": app.restarts,
        "last_error": app.last_error,
    })
}
