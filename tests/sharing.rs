//! What workers share of what `init` has made, after calls that have read it. `cargo bench --bench memory`
//! has the figures.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use harness::processes::{private_memory, proportional_anonymous_memory};
use harness::python_apps::python_app;
use harness::{App, Host};
use serde_json::{Value, json};

const APP: &str = "shared_state";
/// About 16 MiB in Python, and less than half of that in Rust.
const RECORDS: u64 = 40_000;

fn rust() -> App {
    App::fixture("shared_state").config(&format!("records = {RECORDS}"))
}

fn python() -> App {
    let component = python_app("shared_state:SharedState", None);
    App::new(APP, component).config(&format!("records = {RECORDS}"))
}

/// What part of the state a worker has for itself after each has served so many calls.
fn private_part(app: App, action: &str, args: &Value, calls: usize) -> f64 {
    let host = Host::serving(app.workers(2));
    let workers = host.wait_workers(APP, 2);
    let processes = [workers.clone(), vec![host.mold(APP)]].concat();
    let state = processes
        .iter()
        .map(|pid| proportional_anonymous_memory(*pid));
    let state: u64 = state.sum();
    let mut wire = host.connect();
    for _ in 0..calls * workers.len() {
        // They take turns: the one that has idled longest is next.
        wire.call(APP, action, args).result();
    }
    let private = workers.iter().map(|pid| private_memory(*pid)).max();
    private.unwrap() as f64 / state as f64
}

#[test]
fn reading_unshares_nothing_in_rust() {
    let part = private_part(rust(), "touch", &json!([0, RECORDS]), 10);
    assert!(part < 0.2, "{part}");
}

#[test]
fn python_writes_to_what_it_reads_and_to_little_else() {
    let few = private_part(python(), "touch", &json!([0, 100]), 100);
    assert!(few < 0.2, "{few}");
    // Reference counts are within the objects.
    let all = private_part(python(), "touch", &json!([0, RECORDS]), 1);
    assert!(
        all > few + 0.2,
        "{all}: if this has become better, say so in guest-sdk/python/README.md"
    );
}

#[test]
fn the_garbage_collector_leaves_alone_what_init_has_made() {
    let frozen = private_part(python(), "collect", &json!([]), 3);
    assert!(frozen < 0.2, "{frozen}");
    let thawed = private_part(python().config("thaws = true"), "collect", &json!([]), 3);
    assert!(thawed > frozen + 0.2, "{thawed}: freezing does nothing");
}
