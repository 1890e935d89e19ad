//! Deaths: hangs, traps, and kill -9 of a worker and of a mold, with calls in flight. That of the
//! arbiter is in `promises`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::collections::BTreeSet;

use harness::processes::{self, Process};
use harness::{App, Host, PATIENCE, Wire, wait_until};
use nix::sys::signal::Signal;
use serde_json::json;

#[test]
fn a_call_that_waits_in_the_queue_times_out_too() {
    let host = Host::serving(App::demo().workers(1).timeout(300.0));
    let mut busy = host.connect();
    busy.request("busy", "demo", "sleep", &json!([600]));
    host.wait_leased("demo", 1);
    let mut waiting = host.connect();
    waiting.send(
        r#"{"type":"request","id":"w","app_path":"demo","action":"fib","args":[1],"timeout":0.3}"#,
    );
    waiting.outcome().failure().of_type("DirtyTimeoutError");
    assert_eq!(
        host.status().count("demo", "leased"),
        1,
        "the busy worker is not disturbed"
    );
}

#[test]
fn a_trap_is_an_error_with_the_guests_backtrace_and_costs_one_worker() {
    let host = Host::demo(2);
    let before: BTreeSet<i32> = host.wait_workers("demo", 2).into_iter().collect();
    let failure = host
        .call("demo", "trap", json!([]))
        .failure()
        .of_type("DirtyAppError");
    assert!(
        failure.message.contains("the demo's trap was called"),
        "the panic's message reaches the caller: {failure:?}"
    );
    assert_eq!(failure.detail("app_path"), "demo");
    assert_eq!(failure.detail("action"), "trap");
    let traceback = failure.detail("traceback").as_str().unwrap();
    assert!(
        traceback.contains("fall_into_the_trap"),
        "guest functions are named: {traceback}"
    );

    host.wait_status("one fresh worker beside the other", |status| {
        let now: BTreeSet<i32> = status.workers_of("demo").map(|worker| worker.pid).collect();
        status.count("demo", "ready") == 2 && now.intersection(&before).count() == 1
    });
}

#[test]
fn a_stack_overflow_is_a_trap_like_any_other() {
    let host = Host::serving(App::fixture("stack_overflow").workers(1));
    for _ in 0..2 {
        let failure = host.call("stack_overflow", "recurse", json!([])).failure();
        let failure = failure.of_type("DirtyAppError");
        let traceback = failure.detail("traceback").as_str().unwrap();
        assert!(traceback.contains("recurse"), "{traceback}");
    }
}

#[test]
fn the_reply_of_a_worker_that_ends_right_after_is_delivered() {
    let workers = 4;
    let host = Host::demo(workers);
    for _ in 0..3 {
        let mut wires: Vec<Wire> = (0..workers).map(|_| host.connect()).collect();
        for wire in &mut wires {
            wire.request("trap", "demo", "trap", &json!([]));
        }
        for wire in &mut wires {
            wire.outcome().failure().of_type("DirtyAppError");
        }
    }
}

/// Nothing tells a test that a reply is in a worker's socket while the arbiter stands still; but
/// the worker sleeps again only after it has written it.
#[test]
fn a_reply_that_was_written_is_delivered_though_its_worker_was_killed() {
    let host = Host::demo(1);
    let worker = host.wait_workers("demo", 1)[0];
    let mut wire = host.connect();
    wire.request("x", "demo", "fib", &json!([40]));
    host.wait_leased("demo", 1);
    host.signal(Signal::SIGSTOP);
    wait_until("the worker is done", PATIENCE, || {
        processes::is_asleep(worker)
    });
    processes::signal(worker, Signal::SIGKILL);
    wait_until("the worker's end", PATIENCE, || {
        Process::of(worker).is_none()
    });
    host.signal(Signal::SIGCONT);
    assert_eq!(wire.outcome().result(), json!(102_334_155));
    assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
}

#[test]
fn kill_of_a_worker_fails_its_call_and_the_next_is_served() {
    let host = Host::demo(1);
    let worker = host.wait_workers("demo", 1)[0];
    let mut wire = host.connect();
    wire.request("x", "demo", "sleep", &json!([600]));
    host.wait_in_calls("demo", 1);
    processes::signal(worker, Signal::SIGKILL);
    let failure = wire.outcome().failure().of_type("DirtyWorkerError");
    assert!(!failure.detail("worker_id").is_null(), "{failure:?}");
    assert_eq!(wire.call("demo", "fib", &json!([10])).result(), json!(55));
    assert!(host.status().app("demo").restarts >= 1);
}

#[test]
fn kill_of_a_worker_ends_its_stream_with_an_error() {
    let host = Host::demo(1);
    let worker = host.wait_workers("demo", 1)[0];
    let mut wire = host.connect();
    wire.request("x", "demo", "count", &json!([2, 60_000]));
    assert_eq!(wire.read().value("data"), json!(0));
    processes::signal(worker, Signal::SIGKILL);
    let outcome = wire.outcome();
    assert_eq!(outcome.chunks, Vec::<serde_json::Value>::new());
    outcome.failure().of_type("DirtyWorkerError");
    assert_eq!(wire.call("demo", "fib", &json!([10])).result(), json!(55));
}

#[test]
fn kill_of_a_worker_leaves_the_calls_of_others_alone() {
    let host = Host::demo(2);
    let mut wires = [host.connect(), host.connect()];
    for wire in &mut wires {
        wire.request("x", "demo", "sleep", &json!([1.5]));
    }
    host.wait_in_calls("demo", 2);
    processes::signal(host.wait_workers("demo", 2)[0], Signal::SIGKILL);
    let outcomes = wires.map(|mut wire| wire.outcome().end);
    assert_eq!(
        outcomes.iter().filter(|end| end.is_ok()).count(),
        1,
        "{outcomes:?}"
    );
}

#[test]
fn kill_of_the_mold_fails_its_calls_as_retryable_and_a_new_generation_serves() {
    let host = Host::builder()
        .app(App::demo().workers(2))
        .app(App::demo().named("other").workers(1))
        .start();
    host.wait_workers("demo", 2);
    let generation = host.status().app("demo").generation;
    let instance = host.call("demo", "instance", json!([])).result();
    let mut bystander = host.connect();
    bystander.request("x", "other", "count", &json!([3, 700]));
    let mut wire = host.connect();
    wire.request("x", "demo", "sleep", &json!([600]));
    host.wait_in_calls("demo", 1);
    let mold = host.mold("demo");
    let copies: Vec<Process> = processes::children_of(mold)
        .into_iter()
        .filter_map(Process::of)
        .collect();
    processes::signal(mold, Signal::SIGKILL);

    let failure = wire.outcome().failure().of_type("DirtyWorkerError");
    assert_eq!(failure.detail("retryable"), &json!(true), "{failure:?}");
    assert_eq!(wire.call("demo", "fib", &json!([10])).result(), json!(55));
    let status = host.wait_status("a new generation", |status| {
        status.app("demo").generation > generation && status.count("demo", "ready") == 2
    });
    assert_eq!(status.app("demo").state, "serving");
    assert_ne!(
        host.call("demo", "instance", json!([])).result(),
        instance,
        "a new mold"
    );
    wait_until("the old copies' end", PATIENCE, || {
        !copies.iter().any(|copy| copy.is_alive())
    });
    assert_eq!(
        bystander.outcome().stream().len(),
        3,
        "the other app did not notice"
    );
}

#[test]
fn workers_that_keep_dying_are_replaced_ever_more_slowly() {
    let host = Host::demo(1);
    let mut killed = BTreeSet::new();
    wait_until("the backoff is in the status", PATIENCE, || {
        let status = host.status();
        for worker in status.workers_of("demo") {
            processes::signal(worker.pid, Signal::SIGKILL);
            killed.insert(worker.pid);
        }
        status.app("demo").state == "backoff"
    });
    assert!(killed.len() <= 20, "{} workers were made", killed.len());
    let status = host.status();
    assert!(status.app("demo").restarts >= 2, "{status:?}");
    // Left in peace, it recovers.
    wait_until("calls are served again", PATIENCE, || {
        host.call("demo", "fib", json!([10])).end.is_ok()
    });
}

#[test]
fn close_runs_once_in_each_worker_that_stops_gracefully_and_nowhere_else() {
    let mut host = Host::serving(App::fixture("close_logs").workers(3));
    host.call("close_logs", "count", json!([])).result();
    let workers = host.wait_workers("close_logs", 3);
    assert_eq!(host.stderr.count_of("closed after"), 0);
    // One is killed; its successor has served nothing.
    processes::signal(workers[0], Signal::SIGKILL);
    host.wait_status("a successor", |status| {
        status.count("close_logs", "ready") == 3
            && status
                .workers_of("close_logs")
                .all(|worker| worker.pid != workers[0])
    });
    host.stop();
    host.stderr.finish();
    assert_eq!(
        host.stderr.count_of("closed after"),
        3,
        "{}",
        host.stderr.text()
    );
}
