//! Promises about calls that nothing goes wrong with: who is served when, and which reply belongs
//! to which call.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::python::run_peer;
use crate::harness::wire::request;
use crate::harness::{App, Host};

#[test]
fn row_01_as_many_calls_run_at_once_as_there_are_workers() {
    let host = Host::demo(4);
    let started = Instant::now();
    for mut wire in host.start_calls(4, "demo", "sleep", &json!([2])) {
        wire.outcome().result();
    }
    let took = started.elapsed();
    assert!(
        took < Duration::from_secs(6),
        "one after the other: {took:?}"
    );
}

#[test]
fn row_07_short_calls_do_not_wait_behind_a_long_one() {
    let host = Host::demo(2);
    let mut long = host.start_calls(1, "demo", "sleep", &json!([20])).remove(0);
    host.wait_leased("demo", 1);
    for mut wire in host.start_calls(20, "demo", "fib", &json!([15])) {
        assert_eq!(wire.outcome().result(), json!(610));
    }
    assert!(
        !long.has_input(),
        "the short calls were answered before the long one"
    );
    long.send(r#"{"type":"cancel","id":"x"}"#);
}

/// The gap is longer than any time that is not in the configuration.
#[test]
fn row_08_only_the_configured_timeout_ends_a_stream() {
    let host = Host::builder()
        .app(App::demo().workers(1).timeout(60.0))
        .app(App::demo().named("hasty").workers(1).timeout(1.0))
        .start();
    let mut patient = host.start_calls(1, "demo", "count", &json!([2, 6000]));
    let asked = Instant::now();
    let hasty = host.call("hasty", "count", json!([2, 60_000]));
    assert_eq!(hasty.chunks, [json!(0)]);
    hasty.failure().of_type("DirtyTimeoutError");
    assert!(asked.elapsed() < Duration::from_secs(30));
    assert_eq!(patient[0].outcome().stream(), [json!(0), json!(1)]);
}

#[test]
fn row_09_a_stream_that_was_given_up_never_answers_a_later_call() {
    let host = Host::builder()
        .set("cancel_grace = 0.2")
        .app(App::demo().workers(2))
        .start();
    run_peer(&host, "abandoned", 5);
}

#[test]
fn row_09_a_stream_that_timed_out_never_answers_a_later_call() {
    let host = Host::demo(2);
    let mut wire = host.connect();
    let more = r#","timeout":0.5"#;
    wire.send(request("old", "demo", "count", "[3,1500]", more));
    let timed_out = wire.outcome();
    assert_eq!(timed_out.chunks, [json!(0)]);
    timed_out.failure().of_type("DirtyTimeoutError");
    // It is under way when the old stream would have gone on.
    wire.request("new", "demo", "count", &json!([5, 500]));
    for expected in 0..5 {
        let frame = wire.read();
        assert_eq!(
            (frame.raw("id"), frame.value("data")),
            (r#""new""#, json!(expected))
        );
    }
    assert_eq!(wire.read().kind(), "end");
    assert!(!wire.has_input());
}

#[test]
fn row_12_lifecycle_functions_and_private_names_are_not_actions() {
    let host = Host::demo(1);
    let mut wire = host.connect();
    for action in ["init", "close", "call", "_x", "__init__", "_"] {
        let failure = wire
            .call("demo", action, &json!([]))
            .failure()
            .of_type("DirtyAppError");
        assert!(failure.message.contains(action), "{failure:?}");
        assert_eq!(failure.detail("app_path"), "demo");
        assert_eq!(failure.detail("action"), action);
    }
    assert_eq!(
        wire.call("demo", "init_count", &json!([])).result(),
        json!(1)
    );
}
