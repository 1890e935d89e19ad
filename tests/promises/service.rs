//! Promises about a host that runs on: reloads, starting workers, idling, its status.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::json;

use crate::harness::load::{Load, assert_served_within, assert_switched_once};
use crate::harness::processes::{self, Process};
use crate::harness::wire::request;
use crate::harness::{App, Host, PATIENCE, wait_until};

/// How long the new version's `init` takes, so that a caller that waits for it would be noticed.
const SLOW_INIT: Duration = Duration::from_secs(2);

#[test]
fn row_03_a_reload_switches_to_the_new_version_and_nobody_notices() {
    let version = |label: &str| App::fixture("versioned").workers(2).config(label);
    let old = version("label = \"old\"");
    let host = Host::serving(old);
    let before = host.children();
    let load = Load::start(&host, 3, "versioned", "version", &json!("old"));
    let init_seconds = format!("init_seconds = {:.1}", SLOW_INIT.as_secs_f64());
    let new = version("label = \"new\"").config(&init_seconds);
    host.edit(&Host::builder().app(new));
    host.signal(Signal::SIGHUP);
    load.wait_for_result(&json!("new"));
    let samples = load.finish();
    assert_switched_once(&samples, &json!("old"), &json!("new"));
    assert_served_within(&samples, SLOW_INIT / 2);
    wait_until("the end of the old version", PATIENCE, || {
        !before.iter().any(|process| process.is_alive())
    });
    assert_eq!(host.wait_workers("versioned", 2).len(), 2);
}

#[test]
fn row_06_calls_wait_for_a_worker_that_is_ready() {
    let slow = App::demo().config("init_seconds = 1.5").workers(1);
    let host = Host::builder()
        .app(slow.named("slow").set("init = \"per-worker\""))
        .launch();
    host.wait_listening();
    let mut patient = host.start_calls(1, "slow", "fib", &json!([10]));
    let mut hasty = host.connect();
    let more = r#","timeout":0.2"#;
    hasty.send(request("hasty", "slow", "fib", "[10]", more));
    let failure = hasty.outcome().failure().of_type("DirtyTimeoutError");
    assert_eq!(failure.detail("timeout"), &json!(0.2));
    assert!(!patient[0].has_input(), "no worker is ready yet");
    assert_eq!(patient[0].outcome().result(), json!(55));

    // The same for the worker that takes the place of a dead one.
    let worker = Process::of(host.wait_workers("slow", 1)[0]).unwrap();
    assert!(worker.kill());
    host.wait_status("the next worker starts", |status| {
        status.count("slow", "starting") == 1
    });
    assert_eq!(host.call("slow", "fib", json!([10])).result(), json!(55));
    let initialised = host.call("slow", "init_count", json!([])).result();
    assert_eq!(initialised, json!(1));
}

/// Over how long a host's processor time is measured.
const MEASURED: Duration = Duration::from_secs(5);

#[test]
fn row_11_no_timeout_means_no_deadline_and_an_idle_host_costs_nothing() {
    let host = Host::serving(App::demo().workers(3).timeout(0.0));
    host.wait_workers("demo", 3);
    let mut waiting = host.connect();
    waiting.request("x", "demo", "sleep", &json!([MEASURED.as_secs()]));
    host.wait_in_calls("demo", 1);
    let everybody: Vec<i32> = host
        .children()
        .into_iter()
        .map(|process| process.pid)
        .chain([host.pid()])
        .collect();
    let used = || -> Duration { everybody.iter().copied().map(processes::cpu_time).sum() };
    let (before, started) = (used(), Instant::now());
    assert_eq!(waiting.outcome().result(), json!(null), "no deadline");
    let (cost, elapsed) = (used() - before, started.elapsed());
    assert!(cost * 100 < elapsed, "{cost:?} in {elapsed:?}");
}

#[test]
fn row_13_the_status_tells_the_truth() {
    let slow = App::demo().config("init_seconds = 1.5").workers(1);
    let host = Host::builder()
        .app(App::demo().workers(2))
        .app(slow.named("slow").set("init = \"per-worker\""))
        .launch();
    host.wait_listening();
    let starting = host.wait_status("a worker that starts", |status| {
        status.count("slow", "starting") == 1
    });
    assert!(
        !starting.workers_of("slow").any(|worker| worker.booted),
        "{starting:?}"
    );

    host.wait_workers("slow", 1);
    host.wait_workers("demo", 2);
    let mut busy = host.connect();
    busy.request("x", "demo", "sleep", &json!([600]));
    host.wait_in_calls("demo", 1);
    let status = host.status();
    assert_eq!(status.arbiter_pid, host.pid());
    assert_eq!(status.worker_count, 3);
    assert_eq!(status.count("demo", "ready"), 1, "{status:?}");
    for worker in &status.workers {
        assert!(worker.booted, "{worker:?}");
        let waits = processes::waits_in_a_call(worker.pid);
        assert_eq!(waits, worker.state == "leased", "{worker:?}");
        assert!(Process::of(worker.pid).is_some(), "{worker:?}");
    }

    let leased = status
        .workers_of("demo")
        .find(|worker| worker.state == "leased");
    let killed = Process::of(leased.unwrap().pid).unwrap();
    assert!(killed.kill());
    busy.outcome().failure().of_type("DirtyWorkerError");
    let after = host.wait_status("two workers again", |status| {
        status.count("demo", "ready") == 2
    });
    assert!(
        after
            .workers_of("demo")
            .all(|worker| worker.pid != killed.pid)
    );
    assert!(after.app("demo").restarts >= 1);
}
