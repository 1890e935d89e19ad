//! Who is served when: in which order, at which worker, and when somebody left. What is refused is
//! in `admission`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::collections::BTreeSet;

use harness::{App, Host, Wire};
use serde_json::json;

#[test]
fn calls_are_served_in_the_order_of_their_arrival() {
    let host = Host::demo(1);
    let mut wire = host.connect();
    wire.multiplexed("first", "demo", "sleep", &json!([0.5]));
    let ids: Vec<String> = (0..50).map(|number| format!("id-{number}")).collect();
    for id in &ids {
        wire.multiplexed(id, "demo", "counter", &json!([]));
    }
    assert_eq!(wire.read().raw("id"), r#""first""#);
    for (id, served_before) in ids.iter().zip(0..) {
        let frame = wire.read();
        assert_eq!(frame.value("id"), json!(id));
        assert_eq!(frame.value("result"), json!(served_before + 1));
    }
}

#[test]
fn a_client_that_leaves_the_queue_is_forgotten() {
    let host = Host::demo(1);
    let mut busy = host.start_calls(1, "demo", "sleep", &json!([3]));
    host.wait_leased("demo", 1);
    let queued = host.start_calls(5, "demo", "count", &json!([1_000_000, 1000]));
    host.wait_status("five calls wait", |status| status.app("demo").queue == 5);
    drop(queued);
    host.wait_status("none of them waits on", |status| {
        status.app("demo").queue == 0
    });
    busy[0].outcome().result();
    assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
}

#[test]
fn an_app_that_is_busy_does_not_hold_up_another() {
    let host = Host::builder()
        .app(App::demo().workers(1))
        .app(App::demo().named("other").workers(1))
        .start();
    let busy = host.start_calls(10, "demo", "sleep", &json!([20]));
    host.wait_leased("demo", 1);
    assert_eq!(host.call("other", "fib", json!([10])).result(), json!(55));
    assert!(!busy.iter().any(Wire::has_input));
}

#[test]
fn load_reaches_every_worker() {
    let host = Host::demo(4);
    let randoms: BTreeSet<String> = host
        .start_calls(4, "demo", "random", &json!([1]))
        .iter_mut()
        .map(|wire| wire.outcome().result().to_string())
        .collect();
    assert_eq!(randoms.len(), 4);
    let mut counters = Vec::new();
    for _ in 0..8 {
        counters.push(
            host.call("demo", "counter", json!([]))
                .result()
                .as_u64()
                .unwrap(),
        );
    }
    assert_eq!(
        counters.iter().filter(|count| **count == 1).count(),
        4,
        "{counters:?}"
    );
}
