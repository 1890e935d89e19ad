//! Promises about what goes wrong: a call that hangs, an app that cannot start, an arbiter that is
//! killed.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::host::GONE_WITHIN;
use crate::harness::processes::Process;
use crate::harness::{App, Host, PATIENCE, Wire, wait_until};

#[test]
fn row_02_a_hung_call_times_out_and_its_worker_is_replaced() {
    let timeout = Duration::from_secs(2);
    let host = Host::serving(App::demo().workers(1).timeout(timeout.as_secs_f64()));
    let before = host.wait_workers("demo", 1);
    let hung = Process::of(before[0]).unwrap();
    let mut wire = host.connect();
    let asked = Instant::now();
    let failure = wire
        .call("demo", "hang", &json!([]))
        .failure()
        .of_type("DirtyTimeoutError");
    let answered = asked.elapsed();
    assert_eq!(failure.detail("timeout"), &json!(2.0));
    assert!(answered >= timeout, "not before the deadline: {answered:?}");
    assert!(answered < 5 * timeout, "at the deadline, not {answered:?}");

    let asked = Instant::now();
    assert_eq!(wire.call("demo", "fib", &json!([10])).result(), json!(55));
    let next = asked.elapsed();
    assert!(
        next < timeout / 2,
        "the next call took {next:?} of a timeout of {timeout:?}"
    );
    wait_until("the end of the hung worker", PATIENCE, || !hung.is_alive());
    assert_ne!(host.wait_workers("demo", 1), before);
    assert_eq!(
        host.call("demo", "init_count", json!([])).result(),
        json!(1)
    );
}

/// How often the app is tried before it is given up; after the first failure at once, then after
/// 0.1, 0.2, 0.4 s.
const INTENSITY: usize = 5;

#[test]
fn row_04_an_init_that_fails_backs_off_and_is_given_up_with_its_reason() {
    // An attempt takes long enough to be seen.
    let init_fails = App::demo()
        .config("init_fails = true")
        .config("init_seconds = 0.1");
    assert_given_up(init_fails, "init fails");
}

#[test]
fn row_04_a_worker_that_cannot_start_backs_off_and_is_given_up_with_its_reason() {
    assert_given_up(App::fixture("on_fork_traps"), "on_fork was called");
}

/// Panics unless an app that cannot start is given up after a few attempts, beside one that serves.
#[track_caller]
fn assert_given_up(broken: App, reason: &str) {
    let started = Instant::now();
    let host = Host::builder()
        .set(&format!("restart_intensity = {INTENSITY}"))
        .app(broken.named("broken").workers(1))
        .app(App::demo().workers(1))
        .launch();
    host.wait_listening();
    let mut seen: BTreeSet<Process> = BTreeSet::new();
    wait_until("the app is given up", PATIENCE, || {
        seen.extend(host.children());
        assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
        host.status().app("broken").state == "failed"
    });
    // A mold, a worker and a compiler in each attempt at most, and the sound app's.
    let limit = 3 * (INTENSITY + 1);
    assert!(seen.len() <= limit, "{} processes were made", seen.len());
    assert!(
        started.elapsed() >= Duration::from_millis(300),
        "no delay between the attempts: {:?}",
        started.elapsed()
    );
    let last_error = host.status().app("broken").last_error.clone().unwrap();
    assert!(last_error.contains(reason), "{last_error}");
    let refused = host.call("broken", "fib", json!([1])).failure();
    refused.of_type("DirtyNoWorkersAvailableError");
    host.stderr
        .wait_for("the log says why", PATIENCE, |line| line.contains(reason));
}

#[test]
fn row_05_kill_of_the_arbiter_leaves_no_process_and_no_waiting_client() {
    let mut host = Host::builder()
        .app(App::demo().workers(3))
        .app(App::demo().named("other").workers(1))
        .start();
    host.wait_workers("demo", 3);
    host.wait_workers("other", 1);
    let mut idle = host.connect();
    let mut calls: Vec<Wire> = ["sleep", "count", "hang"]
        .into_iter()
        .map(|action| {
            let mut wire = host.connect();
            let args = match action {
                "sleep" => json!([600]),
                "count" => json!([2, 60_000]),
                _ => json!([]),
            };
            wire.request("x", "demo", action, &args);
            wire
        })
        .collect();
    assert_eq!(calls[1].read().value("data"), json!(0));
    host.wait_leased("demo", 3);
    assert_eq!(host.children().len(), 2 + 4, "two molds and four workers");

    assert!(host.kill() < 2 * GONE_WITHIN);
    assert!(idle.try_read().is_none(), "the connection is closed");
    for wire in &mut calls {
        assert!(wire.try_read().is_none(), "the connection is closed");
    }
}
