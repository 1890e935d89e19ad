//! Frames that arrive in pieces, are malformed, too large or end early: each has its answer, and no
//! other connection notices.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use harness::wire::{framed, request};
use harness::{App, Host};
use serde_json::json;

const MIB: usize = 1 << 20;

#[test]
fn a_frame_may_arrive_in_pieces() {
    let host = Host::demo(1);
    let mut wire = host.connect();
    let bytes = framed(request("x", "demo", "fib", "[10]", "").as_bytes());
    for byte in &bytes {
        wire.send_bytes(std::slice::from_ref(byte));
    }
    assert_eq!(wire.outcome().result(), json!(55));
    let two = [bytes.clone(), bytes].concat();
    let (first, rest) = two.split_at(two.len() / 2 + 3);
    let mut wire = host.connect();
    wire.send_bytes(first);
    assert_eq!(wire.outcome().result(), json!(55));
    wire.send_bytes(rest);
    assert_eq!(wire.outcome().result(), json!(55));
}

#[test]
fn a_result_over_the_frame_limit_is_an_error_to_its_caller_only() {
    let host = Host::builder()
        .set("max_frame = \"1MiB\"")
        .app(App::demo().workers(1))
        .start();
    let mut wire = host.connect();
    let failure = wire.call("demo", "big", &json!([2 * MIB])).failure();
    assert!(failure.error_type.starts_with("Dirty"), "{failure:?}");
    assert!(
        failure.message.contains(&MIB.to_string()),
        "the limit is named: {failure:?}"
    );
    assert_eq!(wire.call("demo", "fib", &json!([10])).result(), json!(55));
}

#[test]
fn a_frame_that_leaves_the_connection_in_step_is_answered_and_it_lives_on() {
    let host = Host::demo(1);
    let mut wire = host.connect();
    let mut bystander = host.connect();
    let whole = request("x", "demo", "fib", "[1]", "");
    let table: &[(&str, Vec<u8>)] = &[
        ("no JSON", b"hello".to_vec()),
        ("cut off", whole.as_bytes()[..whole.len() - 1].to_vec()),
        ("trailing bytes", format!("{whole}{whole}").into_bytes()),
        ("no object", b"[1, 2]".to_vec()),
        ("a scalar", b"17".to_vec()),
        ("only spaces", b"   ".to_vec()),
        ("no fields", b"{}".to_vec()),
        ("no UTF-8", b"{\"type\":\"request\",\"id\":\"x\",\"app_path\":\"demo\",\"action\":\"echo\",\"args\":[\"\xff\xfe\"]}".to_vec()),
        ("a byte order mark", format!("\u{feff}{whole}").into_bytes()),
        ("NaN", request("x", "demo", "echo", "[NaN]", "").into_bytes()),
        ("no app", br#"{"type":"request","id":"x","action":"fib","args":[1]}"#.to_vec()),
        ("no action", br#"{"type":"request","id":"x","app_path":"demo","args":[1]}"#.to_vec()),
        ("no type", br#"{"id":"x","app_path":"demo","action":"fib"}"#.to_vec()),
        ("an unknown type", br#"{"type":"frobnicate","id":"x"}"#.to_vec()),
        ("a reply", br#"{"type":"response","id":"x","result":1}"#.to_vec()),
        ("app is a number", br#"{"type":"request","id":"x","app_path":1,"action":"fib"}"#.to_vec()),
        ("action is null", br#"{"type":"request","id":"x","app_path":"demo","action":null}"#.to_vec()),
        ("args is an object", request("x", "demo", "echo", "{}", "").into_bytes()),
        ("args is null", request("x", "demo", "echo", "null", "").into_bytes()),
        ("kwargs is an array", br#"{"type":"request","id":"x","app_path":"demo","action":"echo","kwargs":[]}"#.to_vec()),
        ("a field twice", request("x", "demo", "fib", "[1]", r#","args":[2]"#).into_bytes()),
        ("an action twice", request("x", "demo", "fib", "[1]", r#","action":"trap""#).into_bytes()),
        ("id is an array", br#"{"type":"request","id":["x"],"app_path":"demo","action":"fib"}"#.to_vec()),
        ("a timeout of zero", request("x", "demo", "fib", "[1]", r#","timeout":0"#).into_bytes()),
        ("a negative timeout", request("x", "demo", "fib", "[1]", r#","timeout":-1"#).into_bytes()),
        ("a timeout in words", request("x", "demo", "fib", "[1]", r#","timeout":"1s""#).into_bytes()),
    ];
    for (what, payload) in table {
        wire.send(payload);
        let frame = wire.read();
        let failure = frame.failure();
        assert_eq!(
            failure.error_type, "DirtyProtocolError",
            "{what}: {failure:?}"
        );
        assert!(!failure.message.is_empty(), "{what}");
        assert_eq!(
            wire.call("demo", "fib", &json!([10])).result(),
            json!(55),
            "after {what}"
        );
        assert_eq!(
            bystander.call("demo", "fib", &json!([10])).result(),
            json!(55),
            "{what}"
        );
    }
    assert_eq!(
        host.status().app("demo").restarts,
        0,
        "no worker is lost to bad input"
    );
}

#[test]
fn the_error_for_a_malformed_frame_shows_its_first_bytes_and_its_id() {
    let host = Host::demo(1);
    let mut wire = host.connect();
    let payload = "not json ".repeat(20);
    wire.send(&payload);
    let failure = wire.read().failure().of_type("DirtyProtocolError");
    let shown: String = payload
        .bytes()
        .take(100)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(failure.detail("raw_data"), &json!(shown));

    wire.send(r#"{"type":"frobnicate","id":"mine"}"#);
    let frame = wire.read();
    assert_eq!(frame.raw("id"), r#""mine""#);
    assert!(frame.failure().message.contains("frobnicate"), "{frame:?}");
}

#[test]
fn a_frame_that_puts_the_connection_out_of_step_is_answered_and_ends_it() {
    let host = Host::builder()
        .set("max_frame = \"1MiB\"")
        .app(App::demo().workers(1))
        .start();
    let mut bystander = host.connect();
    let table: &[(&str, &[u8])] = &[
        ("length 0", &[0, 0, 0, 0]),
        ("over the limit", &[0, 16, 0, 1]),
        ("the largest length", &[0xff, 0xff, 0xff, 0xff]),
        ("another protocol", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ];
    for (what, bytes) in table {
        let mut wire = host.connect();
        wire.send_bytes(bytes);
        let failure = wire.read().failure();
        assert_eq!(
            failure.error_type, "DirtyProtocolError",
            "{what}: {failure:?}"
        );
        assert!(
            wire.try_read().is_none(),
            "{what}: the connection is closed"
        );
        assert_eq!(
            bystander.call("demo", "fib", &json!([10])).result(),
            json!(55),
            "{what}"
        );
    }
}

#[test]
fn a_client_that_leaves_within_a_frame_disturbs_nobody() {
    let host = Host::demo(1);
    let mut bystander = host.connect();
    let bytes = framed(request("x", "demo", "fib", "[10]", "").as_bytes());
    for cut in [1, 3, 4, 5, bytes.len() - 1] {
        host.connect().send_bytes(&bytes[..cut]);
        assert_eq!(
            bystander.call("demo", "fib", &json!([10])).result(),
            json!(55)
        );
    }
    let mut half_closed = host.connect();
    half_closed.send_bytes(&bytes);
    half_closed.shut_down_sending();
    assert_eq!(
        bystander.call("demo", "fib", &json!([10])).result(),
        json!(55)
    );
}
