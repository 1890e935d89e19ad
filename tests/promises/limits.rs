//! Promises about what is bounded. The bound of restarts is that of row 4.

use serde_json::json;

use crate::harness::wire::{framed, request};
use crate::harness::{App, Host, PATIENCE, Wire, wait_until};

#[test]
fn row_14_a_full_queue_answers_at_once_that_one_may_try_again() {
    let host = Host::serving(App::demo().workers(1).set("max_queue = 2"));
    let mut busy = host.start_calls(1, "demo", "sleep", &json!([2]));
    host.wait_leased("demo", 1);
    let mut queued = host.start_calls(2, "demo", "fib", &json!([10]));
    host.wait_status("two calls wait", |status| status.app("demo").queue == 2);
    let failure = host.call("demo", "fib", json!([10])).failure();
    assert_eq!(failure.detail("retryable"), &json!(true), "{failure:?}");
    assert!(
        failure.detail("retry_after").as_f64().unwrap() > 0.0,
        "{failure:?}"
    );
    assert!(!busy[0].has_input(), "it was answered at once");
    busy[0].outcome().result();
    for wire in &mut queued {
        assert_eq!(wire.outcome().result(), json!(55));
    }
}

#[test]
fn row_14_connections_over_the_limit_are_turned_away_and_others_served() {
    let host = Host::builder()
        .set("max_connections = 8")
        .app(App::demo().workers(1))
        .start();
    let mut held: Vec<Wire> = (0..8).map(|_| host.connect()).collect();
    for wire in &mut held {
        assert_eq!(wire.call("demo", "fib", &json!([10])).result(), json!(55));
    }
    let turned_away = host.connect().try_read();
    if let Some(frame) = turned_away {
        assert!(frame.failure().message.contains('8'), "{frame:?}");
    }
    drop(held);
    wait_until("a new connection is served", PATIENCE, || {
        let mut wire = host.connect();
        let call = framed(request("x", "demo", "fib", "[10]", "").as_bytes());
        wire.try_send_bytes(&call).is_ok()
            && wire
                .try_read()
                .is_some_and(|frame| frame.kind() == "response")
    });
}

#[test]
fn row_14_a_frame_over_the_limit_is_refused_by_its_length_alone() {
    let host = Host::builder()
        .set("max_frame = \"1MiB\"")
        .app(App::demo().workers(1))
        .start();
    let mut wire = host.connect();
    // Nothing of the frame follows, so nothing of it is waited for.
    let too_long: u32 = (1 << 20) + 1;
    wire.send_bytes(&too_long.to_be_bytes());
    let failure = wire.read().failure().of_type("DirtyProtocolError");
    assert!(failure.message.contains("1048576"), "{failure:?}");
    assert!(wire.try_read().is_none(), "the connection is closed");
    assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

#[test]
fn row_15_nesting_has_a_limit_that_is_an_error_and_no_crash() {
    let host = Host::demo(1);
    let mut wire = host.connect();
    wire.send(request("echo", "demo", "echo", &nested(100), ""));
    assert!(wire.read().raw("result").contains(&nested(100)));
    let workers = host.wait_workers("demo", 1);
    for depth in [200, 100_000] {
        wire.send(request("deep", "demo", "echo", &nested(depth), ""));
        wire.read().failure().of_type("DirtyProtocolError");
    }
    assert_eq!(wire.call("demo", "fib", &json!([10])).result(), json!(55));
    assert_eq!(host.wait_workers("demo", 1), workers, "no worker is lost");
}
