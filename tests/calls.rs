//! Calls over the wire: every action of the demo, values kept exact, and
//! how much of them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::collections::BTreeSet;

use harness::wire::request;
use harness::{App, Host, Wire};
use serde_json::{Value, json};

const MIB: usize = 1 << 20;

/// The reply to a request whose arguments are this text, as text.
fn echo_text(wire: &mut Wire, args: &str) -> String {
    wire.send(request("echo", "demo", "echo", args, ""));
    let frame = wire.read();
    assert_eq!(frame.kind(), "response", "{frame:?}");
    frame.raw("result").to_owned()
}

#[test]
fn every_action_of_the_demo_does_what_it_says() {
    let host = Host::serving(App::demo().workers(1));
    let mut wire = host.connect();
    let mut call = |action: &str, args: Value| wire.call("demo", action, &args);

    let echoed = call("echo", json!([1, "two", null])).result();
    assert_eq!(echoed, json!({"args": [1, "two", null], "kwargs": {}}));
    assert_eq!(call("fib", json!([30])).result(), json!(832_040));
    assert_eq!(
        call("count", json!([3])).stream(),
        [json!(0), json!(1), json!(2)]
    );
    assert_eq!(call("count", json!([0])).stream(), Vec::<Value>::new());
    assert_eq!(call("counter", json!([])).result(), json!(1));
    assert_eq!(
        call("counter", json!([])).result(),
        json!(2),
        "an instance keeps its state"
    );
    assert_eq!(call("sleep", json!([0.01])).result(), Value::Null);
    assert_eq!(
        call("big", json!([1000])).result().as_str().unwrap().len(),
        1000
    );
    assert_eq!(call("init_count", json!([])).result(), json!(1));
    let nonce = call("instance", json!([])).result();
    assert_eq!(
        call("instance", json!([])).result(),
        nonce,
        "an instance keeps its nonce"
    );
    let random = call("random", json!([])).result();
    assert!(is_hex(random.as_str().unwrap(), 16), "{random}");
    assert_ne!(call("random", json!([])).result(), random);

    let failure = call("fail", json!(["no such model"]))
        .failure()
        .of_type("DirtyAppError");
    assert_eq!(failure.message, "no such model");
    assert_eq!(failure.detail("kind"), "ValueError");
    assert_eq!(failure.detail("app_path"), "demo");
    assert_eq!(failure.detail("action"), "fail");
    assert_eq!(
        call("init_count", json!([])).result(),
        json!(1),
        "an error costs no worker"
    );

    call("hog", json!([8])).result();
}

fn is_hex(text: &str, bytes: usize) -> bool {
    text.len() == 2 * bytes && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[test]
fn arguments_go_by_position_or_by_name() {
    let host = Host::demo(1);
    let mut wire = host.connect();
    wire.send(
        r#"{"type":"request","id":"k","app_path":"demo","action":"count","kwargs":{"n":2,"delay_ms":1}}"#,
    );
    assert_eq!(wire.outcome().stream(), [json!(0), json!(1)]);
    wire.send(
        r#"{"type":"request","id":"k","app_path":"demo","action":"echo","args":[1],"kwargs":{"a":{"b":2}}}"#,
    );
    assert_eq!(
        wire.outcome().result(),
        json!({"args": [1], "kwargs": {"a": {"b": 2}}})
    );
    wire.send(r#"{"type":"request","id":"k","app_path":"demo","action":"fib","kwargs":{"nn":2}}"#);
    let failure = wire.outcome().failure().of_type("DirtyAppError");
    assert!(
        failure.message.contains("nn"),
        "the surplus argument is named: {failure:?}"
    );
}

#[test]
fn fields_may_come_in_any_order_with_any_spacing_and_escapes() {
    let host = Host::demo(1);
    let mut wire = host.connect();
    for text in [
        r#"{"kwargs":{},"args":[12],"action":"fib","app_path":"demo","id":"x","type":"request"}"#,
        "\r\n{ \"args\" : [ 12 ] ,\t\"id\" : \"x\" , \"type\":\"request\",\n\"action\":\"fib\",\"app_path\":\"demo\" } ",
        r#"{"type":"request","id":"x","app_path":"d\u0065mo","action":"f\u0069b","args":[12]}"#,
        r#"{"\u0074ype":"request","id":"x","app_path":"demo","action":"fib","args":[12]}"#,
        r#"{"future":{"type":"status"},"type":"request","id":"x","app_path":"demo","action":"fib","args":[12]}"#,
    ] {
        wire.send(text);
        let frame = wire.read();
        assert_eq!(frame.kind(), "response", "{text}: {frame:?}");
        assert_eq!(frame.raw("id"), r#""x""#);
        assert_eq!(frame.value("result"), json!(144));
    }
}

#[test]
fn an_id_comes_back_exactly_as_it_was_sent() {
    let host = Host::demo(1);
    let mut wire = host.connect();
    for id in [
        r#""caf\u00e9""#,
        "\"é🦀\"",
        "18446744073709551617",
        "1.50",
        "true",
        "null",
        "-0",
    ] {
        wire.send(format!(
            r#"{{"type":"request","id":{id},"app_path":"demo","action":"fib","args":[1]}}"#
        ));
        assert_eq!(wire.read().raw("id"), id);
        wire.send(format!(
            r#"{{"type":"request","id":{id},"app_path":"none","action":"fib"}}"#
        ));
        assert_eq!(wire.read().raw("id"), id, "of an error");
    }
}

#[test]
fn numbers_and_strings_pass_through_exactly() {
    let host = Host::demo(1);
    let mut wire = host.connect();
    for exact in [
        "123456789012345678901234567890123456789012345678901234567890",
        "-9223372036854775809",
        "0.1000000000000000055511151231257827021181583404541015625",
        "1e400",
        "-0.0",
        "\"\\ud83e\\udd80 \\u0000 \\ud800\"",
        "\"ünïcödé 🦀 ﷽ \u{202e}\"",
    ] {
        let echoed = echo_text(&mut wire, &format!("[{exact}]"));
        assert!(echoed.contains(exact), "{exact} came back as {echoed}");
    }
}

#[test]
fn an_app_may_have_any_name() {
    let name = "mein.módul:Äpp \"🦀\"";
    let host = Host::serving(App::demo().named(name).workers(1));
    assert_eq!(host.call(name, "fib", json!([10])).result(), json!(55));
}

#[test]
fn payloads_of_every_size_pass_both_ways() {
    let host = Host::demo(1);
    let mut wire = host.connect();
    for size in [0, 1, MIB, 63 * MIB] {
        let text = "x".repeat(size);
        let echoed = echo_text(&mut wire, &format!("[\"{text}\"]"));
        assert!(
            echoed.contains(&format!("[\"{text}\"]")),
            "{size} bytes were not echoed"
        );
        let big = wire.call("demo", "big", &json!([size])).result();
        assert_eq!(big.as_str().unwrap().len(), size);
    }
}

#[test]
fn an_unknown_action_names_those_that_exist() {
    let host = Host::demo(1);
    let failure = host
        .call("demo", "fibb", json!([1]))
        .failure()
        .of_type("DirtyAppError");
    assert!(failure.message.contains("fibb"), "{failure:?}");
    assert!(failure.message.contains("fib"), "{failure:?}");
    assert_eq!(failure.detail("action"), "fibb");
}

#[test]
fn an_unknown_app_has_an_error_of_its_own() {
    let host = Host::demo(1);
    let failure = host.call("demos", "fib", json!([1])).failure();
    let failure = failure.of_type("DirtyAppNotFoundError");
    assert_eq!(failure.message, "Dirty app not found: demos");
    assert_eq!(failure.detail("app_path"), "demos");
}

#[test]
fn a_host_without_any_worker_says_so() {
    let host = Host::serving(App::demo().workers(0));
    let failure = host
        .call("demo", "fib", json!([1]))
        .failure()
        .of_type("DirtyError");
    assert!(
        failure.message.contains("No dirty workers available"),
        "{failure:?}"
    );
}

#[test]
fn text_that_is_no_json_is_the_apps_error() {
    let host = Host::serving(App::fixture("bad_json").workers(1));
    let mut wire = host.connect();
    for action in ["result", "empty", "deep", "chunk", "deep_chunk"] {
        let outcome = wire.call("bad_json", action, &json!([]));
        assert_eq!(
            outcome.chunks,
            Vec::<Value>::new(),
            "{action}: nothing of it is sent"
        );
        let failure = outcome.failure().of_type("DirtyAppError");
        assert_eq!(failure.detail("action"), action);
        assert!(!failure.message.is_empty(), "{action}");
    }
    wire.call("bad_json", "bad_error", &json!([]))
        .failure()
        .of_type("DirtyAppError");
    assert_eq!(
        wire.call("bad_json", "fine", &json!([])).result(),
        Value::Null
    );
}

#[test]
fn what_an_app_returns_after_chunks_is_the_last_chunk() {
    let host = Host::serving(App::fixture("chunks_then_result").workers(1));
    let chunks = host
        .call("chunks_then_result", "chunks_then_result", json!([]))
        .stream();
    assert_eq!(chunks, ["first", "second", "result"]);
}

#[test]
fn an_app_knows_the_time_that_it_has_left() {
    let app = App::fixture("time_left").workers(1);
    let host = Host::serving(app.timeout(100.0));
    let mut wire = host.connect();
    let left = wire
        .call("time_left", "time_left", &json!([]))
        .result()
        .as_u64()
        .unwrap();
    assert!((50_000..=100_000).contains(&left), "{left}");
    wire.send(request(
        "x",
        "time_left",
        "time_left",
        "[]",
        r#","timeout":50"#,
    ));
    let left = wire.outcome().result().as_u64().unwrap();
    assert!((1..=50_000).contains(&left), "{left}");

    let host = Host::serving(App::fixture("time_left").workers(1).timeout(0.0));
    assert_eq!(
        host.call("time_left", "time_left", json!([])).result(),
        Value::Null
    );
}

#[test]
fn every_request_on_one_connection_has_one_reply() {
    let host = Host::demo(2);
    let mut wire = host.connect();
    let ids: BTreeSet<String> = (0..200).map(|number| format!("id-{number}")).collect();
    for id in &ids {
        wire.multiplexed(id, "demo", "fib", &json!([15]));
    }
    let mut answered = BTreeSet::new();
    for _ in &ids {
        let frame = wire.read();
        assert_eq!(frame.value("result"), json!(610));
        assert!(
            answered.insert(frame.value("id").as_str().unwrap().to_owned()),
            "{frame:?}"
        );
    }
    assert_eq!(answered, ids);
    assert!(!wire.has_input());
}
