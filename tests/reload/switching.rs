//! Reloads that go well. That of `SIGHUP` under load is among the promises.

use std::fs;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::harness::load::{Load, assert_served_within, assert_switched_once};
use crate::harness::{App, Host, PATIENCE, Wire, fixture, paths, wait_until};
use crate::versions::{NAME, answer, lone_version, version};

#[test]
fn another_component_file_under_load() {
    let directory = paths::short_temp_dir();
    let component = directory.path().join("app.wasm");
    fs::copy(fixture("versioned"), &component).unwrap();
    let app = || App::new(NAME, &component).workers(2);
    let host = Host::serving(app());
    let load = Load::start(&host, 3, NAME, "version", &json!(""));
    let next = directory.path().join("next.wasm");
    fs::copy(fixture("another_version"), &next).unwrap();
    fs::rename(next, component).unwrap();

    let printed = host.cli(&["reload", NAME]).success();
    assert!(printed.contains("serving"), "{printed}");
    assert_eq!(answer(&host), json!("another build"), "it has switched");
    load.wait_for_result(&json!("another build"));
    let samples = load.finish();
    assert_switched_once(&samples, &json!(""), &json!("another build"));
    assert_served_within(&samples, PATIENCE / 20);
}

#[test]
fn many_reloads_under_load() {
    let host = Host::serving(version("first"));
    let load = Load::start(&host, 3, NAME, "version", &json!("first"));
    for reload in 0..10 {
        let label = format!("reload {reload}");
        host.edit(&Host::builder().app(version(&label)));
        host.cli(&["reload"]).success();
        assert_eq!(answer(&host), json!(label));
    }
    assert_served_within(&load.finish(), PATIENCE / 20);
    wait_until("the end of the old versions", PATIENCE, || {
        host.children().len() == 1 + 2
    });
}

#[test]
fn calls_and_streams_end_in_the_version_in_which_they_began() {
    let host = Host::serving(version("old"));
    let mut stream = host.start_calls(1, NAME, "versions", &json!([8, 500]));
    assert_eq!(stream[0].read().value("data"), json!("old"));
    let mut call = host.start_calls(1, NAME, "hold", &json!([4]));
    host.wait_in_calls(NAME, 2);
    let old = host.children();

    host.edit(&Host::builder().app(version("new")));
    host.cli(&["reload"]).success();
    assert_eq!(answer(&host), json!("new"));
    let unanswered = |wires: &[Wire]| !wires[0].has_input();
    assert!(unanswered(&call), "the reload does not wait for old calls");
    assert_eq!(call[0].outcome().result(), json!("old"));
    let rest = stream[0].outcome().stream();
    assert_eq!(rest, vec![json!("old"); 7]);
    wait_until("the end of the old version", PATIENCE, || {
        !old.iter().any(|process| process.is_alive())
    });
    assert_eq!(host.children().len(), 1 + 2);
}

#[test]
fn a_reload_of_one_app_leaves_the_others_alone() {
    let host = Host::builder()
        .app(version("old"))
        .app(App::demo().workers(1))
        .start();
    let untouched = host.wait_workers("demo", 1);
    let touched = host.wait_workers(NAME, 2);
    let generations = |host: &Host| {
        let status = host.status();
        [NAME, "demo"].map(|app| status.app(app).generation)
    };
    assert_eq!(generations(&host), [1, 1]);
    host.cli(&["reload", NAME]).success();
    assert_eq!(host.wait_workers("demo", 1), untouched);
    assert!(
        !host
            .wait_workers(NAME, 2)
            .iter()
            .any(|pid| touched.contains(pid))
    );
    assert_eq!(generations(&host), [2, 1]);
}

#[test]
fn what_was_queued_is_served_after_a_reload() {
    let host = Host::serving(lone_version("old").workers(1));
    let mut busy = host.start_calls(1, NAME, "hold", &json!([3]));
    host.wait_in_calls(NAME, 1);
    let mut queued = host.start_calls(5, NAME, "version", &json!([]));
    host.wait_status("five calls wait", |status| status.app(NAME).queue == 5);
    host.edit(&Host::builder().app(lone_version("new").workers(1)));
    host.signal(Signal::SIGHUP);
    for wire in &mut queued {
        assert_eq!(wire.outcome().result(), json!("new"));
    }
    assert!(
        !busy[0].has_input(),
        "they did not wait for the old version"
    );
    assert_eq!(busy[0].outcome().result(), json!("old"));
}

/// The last word counts, whatever becomes of those before it.
#[test]
fn reloads_in_quick_succession_end_in_the_last_version() {
    let host = Host::serving(version("first"));
    let load = Load::start(&host, 2, NAME, "version", &json!("first"));
    for reload in 0..20 {
        let label = format!("reload {reload}");
        host.edit(&Host::builder().app(version(&label).config("init_seconds = 0.2")));
        host.signal(Signal::SIGHUP);
    }
    load.wait_for_result(&json!("reload 19"));
    assert_served_within(&load.finish(), PATIENCE / 20);
    wait_until("the end of the other versions", PATIENCE, || {
        host.children().len() == 1 + 2
    });
    assert_eq!(answer(&host), json!("reload 19"));
}

#[test]
fn a_stop_during_a_reload_leaves_nothing() {
    let mut host = Host::serving(version("old"));
    host.edit(&Host::builder().app(version("new").config("init_seconds = 600.0")));
    let before = host.children().len();
    host.signal(Signal::SIGHUP);
    wait_until("the new version starts", PATIENCE, || {
        host.children().len() > before
    });
    let status = host.stop();
    assert_eq!(status.code(), Some(0));
    assert!(!host.socket.exists());
}
