//! What workers share of what `init` has made, after calls that have read it. `cargo bench --bench memory`
//! has the figures.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use harness::processes::{private_memory, proportional_memory};
use harness::python_apps::python_app;
use harness::{App, Host};
use serde_json::json;

const APP: &str = "shared_state";
/// About 16 MiB in Python, and less than half of that in Rust.
const RECORDS: u64 = 40_000;
const WORKERS: usize = 2;

fn rust() -> App {
    App::fixture("shared_state").config(&format!("records = {RECORDS}"))
}

fn python() -> App {
    let component = python_app("shared_state:SharedState", None);
    App::new(APP, component).config(&format!("records = {RECORDS}"))
}

/// What part of the state each worker has for itself after some calls: at least the second number of
/// them. `action` is called with these arguments so often.
fn private_part(app: App, action: &str, args: [u64; 2], calls: usize) -> f64 {
    let host = Host::serving(app.workers(u32::try_from(WORKERS).unwrap()));
    let workers = host.wait_workers(APP, WORKERS);
    let processes = [workers.clone(), vec![host.mold(APP)]].concat();
    let state: u64 = processes.iter().map(|pid| proportional_memory(*pid)).sum();
    let mut wire = host.connect();
    for _ in 0..calls * WORKERS {
        let args = if action == "collect" { json!([]) } else { json!(args) };
        wire.call(APP, action, &args).result();
    }
    let private = workers.iter().map(|pid| private_memory(*pid)).max();
    private.unwrap() as f64 / state as f64
}

#[test]
fn reading_unshares_nothing_in_rust() {
    let part = private_part(rust(), "touch", [0, RECORDS], 10);
    assert!(part < 0.2, "{part}");
}

#[test]
fn python_writes_to_what_it_reads_and_to_nothing_else() {
    let few = private_part(python(), "touch", [0, 100], 100);
    assert!(few < 0.3, "{few}");
    // Reference counts are within the objects.
    let all = private_part(python(), "touch", [0, RECORDS], 1);
    assert!(all > 0.6, "{all}: if this has become better, say so in guest-sdk/python/README.md");
}

#[test]
fn the_garbage_collector_leaves_alone_what_init_has_made() {
    let frozen = private_part(python(), "collect", [0, 0], 3);
    assert!(frozen < 0.3, "{frozen}");
    let thawed = private_part(python().config("thaws = true"), "collect", [0, 0], 3);
    assert!(thawed > frozen + 0.3, "{thawed}: freezing does nothing");
}
