//! Workers that are replaced in good health: by their calls, their age, their memory; and the
//! spare that takes the place of one that ends.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::load::{Load, assert_served_within};
use crate::harness::processes::Process;
use crate::harness::{App, Host, PATIENCE, wait_until};
use crate::versions::{NAME, version};

fn counters(host: &Host, calls: usize) -> Vec<Value> {
    (0..calls)
        .map(|_| host.call("demo", "counter", json!([])).result())
        .collect()
}

#[test]
fn with_one_call_for_each_copy_every_call_begins_from_the_state_after_init() {
    let host = Host::serving(App::demo().workers(2).set("max_calls = 1"));
    assert_eq!(counters(&host, 50), vec![json!(1); 50]);
    let mut at_once = host.start_calls(20, "demo", "counter", &json!([]));
    for wire in &mut at_once {
        assert_eq!(wire.outcome().result(), json!(1));
    }
    let status = host.wait_status("both workers again", |status| {
        status.count("demo", "ready") == 2
    });
    assert_eq!(status.app("demo").generation, 1, "copies of one mold");
    assert_eq!(status.app("demo").state, "serving");
}

#[test]
fn a_copy_for_each_call_does_not_hurt_a_stream() {
    let host = Host::serving(App::demo().workers(1).set("max_calls = 1"));
    for _ in 0..5 {
        let chunks = host.call("demo", "count", json!([100])).stream();
        assert_eq!(chunks.len(), 100);
    }
}

#[test]
fn a_worker_is_replaced_after_its_calls() {
    let app = App::demo().workers(1).set("max_calls = 5");
    let host = Host::serving(app.set("max_calls_jitter = 0"));
    let expected: Vec<Value> = (0..20).map(|call| json!(call % 5 + 1)).collect();
    assert_eq!(counters(&host, 20), expected);
}

#[test]
fn a_worker_is_replaced_at_its_age_and_no_call_notices() {
    let host = Host::serving(version("old").set("max_age = 1"));
    let before: BTreeSet<i32> = host.wait_workers(NAME, 2).into_iter().collect();
    let load = Load::start(&host, 2, NAME, "version", &json!("old"));
    wait_until("two other workers", PATIENCE, || {
        host.wait_workers(NAME, 2)
            .iter()
            .all(|worker| !before.contains(worker))
    });
    assert_served_within(&load.finish(), PATIENCE / 20);
    assert_eq!(host.status().app(NAME).generation, 1);
}

#[test]
fn a_worker_is_replaced_when_it_holds_too_much_memory_of_its_own() {
    let app = App::demo().workers(1).set("max_memory = \"48MiB\"");
    let host = Host::serving(app);
    let before = host.wait_workers("demo", 1);
    assert_eq!(host.call("demo", "hog", json!([8])).result(), json!(8));
    host.call("demo", "fib", json!([10])).result();
    assert_eq!(
        host.wait_workers("demo", 1),
        before,
        "it is within its limit"
    );
    assert_eq!(host.call("demo", "hog", json!([80])).result(), json!(88));
    wait_until("another worker", PATIENCE, || {
        host.wait_workers("demo", 1) != before
    });
    assert_eq!(host.call("demo", "hog", json!([1])).result(), json!(1));
}

/// What `init` left in the mold's memory is not the workers' own.
#[test]
fn memory_that_is_shared_with_the_mold_does_not_count() {
    let app = App::demo().workers(1).set("max_memory = \"48MiB\"");
    let host = Host::serving(app.config("state_mib = 128"));
    let before = host.wait_workers("demo", 1);
    assert_eq!(counters(&host, 20).last(), Some(&json!(20)));
    assert_eq!(host.wait_workers("demo", 1), before);
}

/// The worker that is at work, once there is one.
#[track_caller]
fn worker_in_a_call(host: &Host) -> i32 {
    host.wait_in_calls("demo", 1);
    let status = host.status();
    let leased = status
        .workers
        .iter()
        .find(|worker| worker.state == "leased");
    leased.expect("it sleeps for long").pid
}

#[test]
fn a_spare_takes_the_place_of_a_worker_that_ends() {
    let host = Host::serving(App::demo().workers(1).set("spare = true"));
    let start_call = || {
        host.start_calls(1, "demo", "sleep", &json!([600]))
            .remove(0)
    };
    let mut call = start_call();
    for _ in 0..3 {
        let worker = worker_in_a_call(&host);
        let status = host.wait_status("a worker and a spare", |status| {
            status.workers.iter().filter(|worker| worker.booted).count() == 2
        });
        assert_eq!(
            status.app("demo").workers_ready,
            1,
            "a spare does not serve"
        );
        let mut others = status.workers.iter().filter(|other| other.pid != worker);
        let spare = others.next().expect("there are two").pid;

        assert!(Process::of(worker).unwrap().kill());
        call.outcome().failure().of_type("DirtyWorkerError");
        call = start_call();
        assert_eq!(worker_in_a_call(&host), spare);
    }
}
