//! Several calls on one connection: `multiplex`, `cancel`, superseded calls, timeouts, and the
//! reference client.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::time::{Duration, Instant};

use dirty_host::client::{Client, ClientError, Reply};
use harness::wire::request;
use harness::{App, Host, wait_for};
use serde_json::{Value, json};

/// An app whose cancelled calls end soon.
fn demo_with_short_grace(workers: u32) -> Host {
    Host::builder()
        .set("cancel_grace = 0.2")
        .app(App::demo().workers(workers))
        .start()
}

#[test]
fn multiplexed_replies_interleave() {
    let host = Host::demo(2);
    let mut wire = host.connect();
    wire.multiplexed("slow", "demo", "count", &json!([2, 60_000]));
    assert_eq!(wire.read().value("data"), json!(0));
    for _ in 0..3 {
        wire.multiplexed("quick", "demo", "fib", &json!([10]));
        let frame = wire.read();
        assert_eq!(
            (frame.raw("id"), frame.value("result")),
            (r#""quick""#, json!(55))
        );
    }
    wire.multiplexed("other", "demo", "count", &json!([3]));
    for _ in 0..3 {
        assert_eq!(wire.read().raw("id"), r#""other""#);
    }
    assert_eq!(wire.read().kind(), "end");
}

#[test]
fn a_cancelled_call_ends_long_before_it_would_have() {
    let host = demo_with_short_grace(2);
    let mut wire = host.connect();
    for (action, args) in [("sleep", json!([600])), ("hang", json!([]))] {
        wire.multiplexed("long", "demo", action, &args);
        host.wait_leased("demo", 1);
        wire.send(r#"{"type":"cancel","id":"long"}"#);
        let frame = wire.read();
        assert_eq!(frame.raw("id"), r#""long""#);
        assert!(frame.is_terminal(), "{frame:?}");
        assert_eq!(wire.call("demo", "fib", &json!([10])).result(), json!(55));
        host.wait_workers("demo", 2);
    }
}

#[test]
fn a_cancelled_stream_ends() {
    let host = demo_with_short_grace(1);
    let mut wire = host.connect();
    wire.multiplexed("stream", "demo", "count", &json!([1_000_000_000]));
    wire.read();
    wire.send(r#"{"type":"cancel","id":"stream"}"#);
    let end = wait_for("the stream's end", Duration::from_secs(30), || {
        Some(wire.read()).filter(harness::Frame::is_terminal)
    });
    assert_eq!(end.raw("id"), r#""stream""#);
    assert_eq!(wire.call("demo", "fib", &json!([10])).result(), json!(55));
}

#[test]
fn an_app_can_see_that_it_is_cancelled() {
    let app = App::fixture("ignores_cancel").workers(1);
    let host = Host::builder().set("cancel_grace = 600").app(app).start();
    let workers = host.wait_workers("ignores_cancel", 1);
    let mut wire = host.connect();
    wire.multiplexed("poll", "ignores_cancel", "poll", &json!([]));
    host.wait_leased("ignores_cancel", 1);
    wire.send(r#"{"type":"cancel","id":"poll"}"#);
    assert!(wire.read().is_terminal());
    assert_eq!(
        host.wait_workers("ignores_cancel", 1),
        workers,
        "who obeys is not killed"
    );
}

#[test]
fn an_app_that_ignores_being_cancelled_is_killed_after_the_grace() {
    let app = App::fixture("ignores_cancel").workers(1).timeout(0.0);
    let host = Host::builder().set("cancel_grace = 0.2").app(app).start();
    let before = host.wait_workers("ignores_cancel", 1);
    let mut wire = host.connect();
    wire.multiplexed("spin", "ignores_cancel", "spin", &json!([]));
    host.wait_leased("ignores_cancel", 1);
    wire.send(r#"{"type":"cancel","id":"spin"}"#);
    assert!(wire.read().is_terminal());
    host.wait_status("a fresh worker", |status| {
        status.count("ignores_cancel", "ready") == 1
            && status
                .workers_of("ignores_cancel")
                .all(|worker| !before.contains(&worker.pid))
    });
}

#[test]
fn a_cancel_for_nothing_is_ignored() {
    let host = Host::demo(1);
    let mut wire = host.connect();
    wire.send(r#"{"type":"cancel","id":"never-was"}"#);
    assert_eq!(wire.call("demo", "fib", &json!([10])).result(), json!(55));
    assert!(!wire.has_input());
}

#[test]
fn a_new_call_of_an_old_client_supersedes_its_unfinished_stream() {
    let host = demo_with_short_grace(2);
    let mut wire = host.connect();
    wire.request("old", "demo", "count", &json!([2, 60_000]));
    assert_eq!(wire.read().value("data"), json!(0));
    // An old client takes whatever frame comes next for the reply to its newest request.
    for number in 10..20 {
        wire.request("new", "demo", "fib", &json!([number]));
        let frame = wire.read();
        assert_eq!(frame.raw("id"), r#""new""#, "{frame:?}");
    }
    assert!(!wire.has_input());
}

#[test]
fn a_new_call_of_an_old_client_supersedes_its_unfinished_call() {
    let host = demo_with_short_grace(2);
    let mut wire = host.connect();
    wire.request("old", "demo", "sleep", &json!([0.5]));
    host.wait_leased("demo", 1);
    wire.request("new", "demo", "fib", &json!([10]));
    let frame = wire.read();
    assert_eq!(
        (frame.raw("id"), frame.value("result")),
        (r#""new""#, json!(55))
    );
    // This one is still running when the old one would have been answered.
    wire.request("last", "demo", "sleep", &json!([1.5]));
    assert_eq!(wire.read().raw("id"), r#""last""#);
}

#[test]
fn nothing_of_a_runaway_stream_follows_the_reply_that_superseded_it() {
    let host = demo_with_short_grace(2);
    let mut wire = host.connect();
    wire.request("old", "demo", "count", &json!([1_000_000_000]));
    wire.read();
    wire.request("new", "demo", "fib", &json!([10]));
    // What the host had written before it read the new request may still be on its way.
    let first = wait_for("the new reply", Duration::from_secs(30), || {
        Some(wire.read()).filter(|frame| frame.raw("id") != r#""old""#)
    });
    assert_eq!(first.value("result"), json!(55));
    for _ in 0..20 {
        wire.request("after", "demo", "fib", &json!([10]));
        assert_eq!(wire.read().raw("id"), r#""after""#);
    }
}

#[test]
fn a_requests_timeout_shortens_the_apps() {
    let host = Host::serving(App::demo().workers(1).timeout(300.0));
    let mut wire = host.connect();
    let asked = Instant::now();
    wire.send(request("x", "demo", "hang", "[]", r#","timeout":0.5"#));
    let failure = wire.read().failure().of_type("DirtyTimeoutError");
    assert_eq!(failure.detail("timeout"), &json!(0.5));
    assert!(asked.elapsed() >= Duration::from_millis(500));
    assert!(
        asked.elapsed() < Duration::from_secs(20),
        "{:?}",
        asked.elapsed()
    );
}

#[test]
fn a_requests_timeout_does_not_lengthen_the_apps() {
    let host = Host::serving(App::demo().workers(1).timeout(0.5));
    let mut wire = host.connect();
    let asked = Instant::now();
    wire.send(request("x", "demo", "hang", "[]", r#","timeout":600"#));
    let failure = wire.read().failure().of_type("DirtyTimeoutError");
    assert_eq!(failure.detail("timeout"), &json!(0.5));
    assert!(
        asked.elapsed() < Duration::from_secs(20),
        "{:?}",
        asked.elapsed()
    );
}

#[test]
fn a_streams_timeout_is_for_each_chunk() {
    let host = Host::serving(App::demo().workers(1).timeout(2.0));
    let asked = Instant::now();
    let chunks = host.call("demo", "count", json!([6, 500])).stream();
    assert_eq!(chunks.len(), 6);
    assert!(
        asked.elapsed() > Duration::from_secs(2),
        "longer than the timeout in all"
    );
    let outcome = host.call("demo", "count", json!([2, 60_000]));
    assert_eq!(outcome.chunks, [json!(0)]);
    outcome.failure().of_type("DirtyTimeoutError");
}

#[test]
fn a_client_that_leaves_ends_its_stream() {
    let host = demo_with_short_grace(1);
    let mut wire = host.connect();
    wire.request("x", "demo", "count", &json!([1_000_000_000]));
    wire.read();
    drop(wire);
    // The only worker serves the next one.
    assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
}

#[test]
fn a_slow_reader_stops_its_own_stream_and_nobody_else() {
    let app = App::fixture("chunks_then_result").workers(2);
    let host = Host::serving(app);
    let mut slow = host.connect();
    slow.request("x", "chunks_then_result", "emit", &json!([2000, 65_536]));
    slow.read();
    for _ in 0..5 {
        let chunks = host
            .call("chunks_then_result", "emit", json!([20, 65_536]))
            .stream();
        assert_eq!(chunks.len(), 20);
    }
    assert_eq!(
        slow.outcome().stream().len(),
        1999,
        "the slow reader misses nothing"
    );
}

async fn client(host: &Host) -> Client {
    Client::connect(&host.socket).await.unwrap()
}

#[tokio::test]
async fn the_reference_client_executes() {
    let host = Host::demo(1);
    let client = client(&host).await;
    let sum: u64 = client.call("demo", "fib").arg(30).execute().await.unwrap();
    assert_eq!(sum, 832_040);
    let echoed: Value = client
        .call("demo", "echo")
        .arg("é")
        .kwarg("k", [1, 2])
        .execute()
        .await
        .unwrap();
    assert_eq!(echoed, json!({"args": ["é"], "kwargs": {"k": [1, 2]}}));
}

#[tokio::test]
async fn the_reference_client_streams_and_cancels_what_is_dropped() {
    let host = demo_with_short_grace(1);
    let client = client(&host).await;
    let mut replies = client
        .call("demo", "count")
        .arg(1_000_000_000)
        .send()
        .await
        .unwrap();
    for expected in 0..3 {
        match replies.next().await.unwrap().unwrap() {
            Reply::Chunk(chunk) => assert_eq!(chunk.get(), expected.to_string()),
            Reply::Result(result) => panic!("a result: {result}"),
        }
    }
    drop(replies);
    let sum: u64 = client.call("demo", "fib").arg(10).execute().await.unwrap();
    assert_eq!(sum, 55);
}

#[tokio::test]
async fn the_reference_client_shares_a_connection_and_reports_errors() {
    let host = Host::demo(2);
    let client = client(&host).await;
    let slow = client
        .call("demo", "sleep")
        .arg(600)
        .timeout(Duration::from_millis(500));
    let slow = tokio::spawn(slow.execute::<Value>());
    let sum: u64 = client.call("demo", "fib").arg(10).execute().await.unwrap();
    assert_eq!(sum, 55);
    match slow.await.unwrap() {
        Err(ClientError::Remote(error)) => {
            assert_eq!(error.error_type.to_string(), "DirtyTimeoutError");
            assert_eq!(error.details["timeout"], json!(0.5));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_reference_client_sees_the_end_of_the_host() {
    let mut host = Host::demo(1);
    let client = client(&host).await;
    let slow = tokio::spawn(client.call("demo", "sleep").arg(600).execute::<Value>());
    client.status().await.unwrap();
    host.wait_leased("demo", 1);
    host.kill();
    assert!(matches!(
        slow.await.unwrap(),
        Err(ClientError::Closed { .. })
    ));
}
