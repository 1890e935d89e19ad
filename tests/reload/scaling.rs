//! Numbers of workers: `dirty scale`, `SIGTTIN`, `SIGTTOU`, and `dirty restart`.

use std::fs;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::harness::load::{Load, assert_served_within};
use crate::harness::{App, Host, PATIENCE, fixture, paths, wait_until};
use crate::versions::{NAME, answer, lone_version, version};

#[test]
fn an_app_is_scaled_up_and_down_under_load() {
    let host = Host::serving(lone_version("old").workers(1));
    let load = Load::start(&host, 3, NAME, "version", &json!("old"));
    let mold = host.mold(NAME);
    for workers in [4, 2, 8, 1] {
        host.cli(&["scale", NAME, &workers.to_string()]).success();
        host.wait_workers(NAME, workers);
        wait_until("no worker is left over", PATIENCE, || {
            host.children().len() == 1 + workers
        });
    }
    assert_served_within(&load.finish(), PATIENCE / 20);
    assert_eq!(host.mold(NAME), mold, "the same mold");
    assert_eq!(host.status().app(NAME).generation, 1);
}

#[test]
fn what_a_worker_has_begun_is_finished_before_it_goes() {
    let host = Host::serving(version("old"));
    let mut calls = host.start_calls(2, NAME, "hold", &json!([2]));
    host.wait_in_calls(NAME, 2);
    host.cli(&["scale", NAME, "1"]).success();
    for call in &mut calls {
        assert_eq!(call.outcome().result(), json!("old"));
    }
    host.wait_workers(NAME, 1);
}

#[test]
fn a_number_beyond_the_limit_is_refused() {
    let host = Host::serving(version("old"));
    let ran = host.cli(&["scale", NAME, "1025"]);
    assert_ne!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("1024"), "the limit is named: {ran:?}");
    for workers in [json!(1025), json!(-1), json!(1.5), json!("two")] {
        let message = json!({"op": "scale", "app": NAME, "workers": workers});
        let failure = host.control(message).unwrap_err();
        assert!(!failure.message.is_empty(), "{failure:?}");
    }
    assert_eq!(host.wait_workers(NAME, 2).len(), 2);
}

#[test]
fn signals_add_and_remove_a_worker_of_each_app_but_never_the_last() {
    let host = Host::builder()
        .app(lone_version("old").workers(1))
        .app(App::demo().workers(2))
        .start();
    host.signal(Signal::SIGTTIN);
    host.wait_workers(NAME, 2);
    host.wait_workers("demo", 3);
    for left in [2, 1] {
        host.signal(Signal::SIGTTOU);
        host.wait_workers("demo", left);
    }
    host.wait_workers(NAME, 1);
    host.stderr.wait_for("a warning", PATIENCE, |line| {
        line.contains("WARN") && line.contains(NAME)
    });
    host.signal(Signal::SIGTTOU);
    wait_until("a warning for the other", PATIENCE, || {
        host.stderr
            .all()
            .iter()
            .any(|line| line.contains("WARN") && line.contains("demo"))
    });
    assert_eq!(host.wait_workers("demo", 1).len(), 1);
    assert_eq!(host.wait_workers(NAME, 1).len(), 1);
}

#[test]
fn a_restart_revives_an_app_that_was_given_up() {
    let directory = paths::short_temp_dir();
    let component = directory.path().join("app.wasm");
    fs::write(&component, "dear diary").unwrap();
    let host = Host::builder()
        .app(App::new(NAME, &component).workers(1))
        .app(App::demo().workers(1))
        .launch();
    host.wait_listening();
    host.wait_status("the app is given up", |status| {
        status.app(NAME).state == "failed"
    });
    host.cli(&["restart", NAME]).failure(1);
    fs::copy(fixture("versioned"), &component).unwrap();
    host.cli(&["restart", NAME]).success();
    assert_eq!(answer(&host), json!(""));
    assert_eq!(host.status().app(NAME).state, "serving");
}

/// A host that serves one app and has given up another.
fn with_a_failed_app() -> Host {
    let host = Host::builder()
        .app(version("old").config("init_fails = true"))
        .set("restart_intensity = 2")
        .app(App::demo().workers(1))
        .launch();
    host.wait_listening();
    host.wait_status("the app is given up", |status| {
        status.app(NAME).state == "failed"
    });
    host
}

#[test]
fn a_reload_revives_an_app_that_was_given_up() {
    let host = with_a_failed_app();
    host.edit(
        &Host::builder()
            .app(version("new"))
            .app(App::demo().workers(1)),
    );
    host.cli(&["reload", NAME]).success();
    assert_eq!(answer(&host), json!("new"));
}

#[test]
fn a_restart_replaces_every_process_of_an_app() {
    let host = Host::serving(version("old"));
    let before = host.children();
    host.cli(&["restart", NAME]).success();
    assert_eq!(answer(&host), json!("old"));
    wait_until("the end of the old processes", PATIENCE, || {
        !before.iter().any(|process| process.is_alive())
    });
    assert_eq!(host.wait_workers(NAME, 2).len(), 2);
}

#[test]
fn an_app_that_has_failed_gets_no_workers_from_a_manage_message() {
    let host = with_a_failed_app();
    let mut wire = host.connect();
    let mut add = |fields: Value| {
        let mut message = json!({"type": "manage", "id": 1, "op": 1, "count": 2});
        let fields = fields.as_object().unwrap().clone();
        message.as_object_mut().unwrap().extend(fields);
        wire.send(message.to_string());
        wire.outcome().result()
    };
    let to_it = add(json!({"app": NAME}));
    assert_eq!(to_it["spawned"], 0, "{to_it}");
    let reason = to_it["reason"].as_str().unwrap();
    assert!(reason.contains("failed"), "{to_it}");
    assert_eq!(add(json!({}))["spawned"], 2, "to the other app only");
}
