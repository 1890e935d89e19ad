//! The status message's result, in the shape that the existing clients know: `arbiter_pid`,
//! `workers`, `worker_count`, `apps`, and `app_status` beside them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::budget::Budget;
use super::machine::{AppStatus, Status, WorkerStatus};
use crate::process::inspect;

/// Memory is read again after this time at the earliest.
const READING_AGE_MIN: Duration = Duration::from_secs(1);
/// And after this many times what the last reading took: the arbiter has other things to do.
const READING_SHARE: u32 = 20;

/// The private memory of workers, as it was read last. To read it the kernel walks the page tables
/// of each, which takes tens of milliseconds where there is much of it.
#[derive(Debug, Default)]
pub(super) struct Memory {
    bytes: HashMap<i32, Option<u64>>,
    read_again: Option<Instant>,
}

impl Memory {
    fn read(&mut self, status: &Status) {
        let start = Instant::now();
        if self.read_again.is_some_and(|at| start < at) {
            return;
        }
        let read = |worker: &WorkerStatus| (worker.pid, inspect::private_memory_bytes(worker.pid));
        self.bytes = status.workers.iter().map(read).collect();
        let end = Instant::now();
        self.read_again = Some(end + READING_AGE_MIN.max((end - start) * READING_SHARE));
    }

    /// None for a worker that is newer than the last reading, or has ended.
    fn of(&self, pid: i32) -> Option<u64> {
        self.bytes.get(&pid).copied().flatten()
    }
}

/// The result as JSON text.
pub(super) fn to_json(status: &Status, memory: &mut Memory, budget: &Budget) -> String {
    memory.read(status);
    let workers: Vec<_> = status
        .workers
        .iter()
        .map(|status| worker(status, memory))
        .collect();
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
        "bytes_in_flight": signed(budget.held_bytes()),
        "bytes_in_flight_max": signed(budget.bytes_max()),
    })
    .to_string()
}

/// A number of bytes that every dialect has words for: the binary one's integers are signed.
fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Seconds, as precise as the peer's.
fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 100.0).round() / 100.0
}

fn worker(worker: &WorkerStatus, memory: &Memory) -> Value {
    json!({
        "id": worker.worker.0,
        "pid": worker.pid,
        "age": seconds(worker.age),
        "apps": [worker.app],
        "generation": worker.generation,
        "calls": worker.calls,
        "spare": worker.spare,
        "booted": worker.booted,
        // A worker that lives is watched through its process: there is no beat to wait for.
        "last_heartbeat": 0.0,
        "state": worker.state,
        "memory": memory.of(worker.pid),
    })
}

fn app(app: &AppStatus) -> Value {
    json!({
        "state": app.state.name(),
        "generation": app.generation,
        "reloading": app.reloading.map(|state| state.name()),
        "generations_draining": app.generations_draining,
        "workers": app.workers,
        "workers_ready": app.workers_ready,
        "queue": app.queue,
        "calls": app.counts.calls,
        "refused": app.counts.refused,
        "restarts": app.counts.restarts,
        "recycled": app.counts.recycled,
        "retry_in": app.retry_in.map(seconds),
        "last_error": app.last_error,
    })
}
