//! Bytes in arguments, results and chunks, and objects that look like them, in both dialects.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use harness::python::{BINARY_DIALECT, JSON_DIALECT, run_peer};
use harness::wire::request;
use harness::{App, Host, paths};
use serde_json::{Value, json};

const GUEST: &str = "binaries";
const MIB: usize = 1 << 20;

/// Bytes as a client of the JSON dialect writes them.
fn bytes(bytes: &[u8]) -> Value {
    json!({"$bytes": STANDARD.encode(bytes)})
}

/// A host with the guest, whose frames hold a MiB.
fn host_with_small_frames() -> Host {
    Host::builder()
        .set("max_frame = \"1MiB\"")
        .app(App::fixture(GUEST).workers(1))
        .start()
}

#[test]
fn json_clients_send_and_get_bytes_as_base64() {
    let host = Host::demo(1);
    let mut wire = host.connect();
    for size in [0, 1, 2, 3, 1000, 16 * MIB] {
        let data: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
        let reversed: Vec<u8> = data.iter().rev().copied().collect();
        let result = wire
            .call("demo", "reverse", &json!([bytes(&data)]))
            .result();
        assert!(result == bytes(&reversed), "{size}");
    }
    let pieces = wire.call("demo", "pieces", &json!([bytes(b"abcde"), 2]));
    let expected = [&b"ab"[..], b"cd", b"e"].map(bytes);
    assert_eq!(pieces.stream(), expected);
    let nested = json!([{"a": [bytes(b"x"), {"b": bytes(b"")}]}]);
    let echoed = wire.call("demo", "echo", &nested).result();
    assert_eq!(echoed["args"], nested);
}

#[test]
fn objects_with_dollars_arrive_as_they_were() {
    let host = Host::demo(1);
    let mut wire = host.connect();
    for object in [
        r#"{"$blob": 0}"#,
        r#"{"$$blob": {"$float": "nan"}}"#,
        r#"{"$float": 5}"#,
        r#"{"$$bytes": "AA=="}"#,
        r#"{"$$$bytes": null}"#,
        r#"{"$bytes": 1, "a": 2}"#,
        r#"{"$": {"bytes": "$blob"}}"#,
    ] {
        wire.send(request("1", "demo", "echo", &format!("[{object}]"), ""));
        let expected = format!(r#"{{"args":[{object}],"kwargs":{{}}}}"#);
        assert_eq!(wire.read().raw("result"), expected);
    }
}

#[test]
fn what_is_no_base64_is_its_callers_error_only() {
    let host = Host::demo(1);
    let mut wire = host.connect();
    for value in [json!("?"), json!("AA"), json!(5), json!([])] {
        let refused = wire.call("demo", "echo", &json!([{"$bytes": value}]));
        let refused = refused.failure().of_type("DirtyProtocolError");
        assert!(
            refused.message.contains("must be a string of base64"),
            "{refused:?}"
        );
    }
    let wrong = wire.call("demo", "reverse", &json!(["AA=="])).failure();
    assert_eq!(wrong.of_type("DirtyAppError").detail("kind"), "TypeError");
    assert_eq!(host.status().app("demo").restarts, 0);
    assert_eq!(wire.call("demo", "fib", &json!([10])).result(), json!(55));
}

#[test]
fn an_index_means_something_in_its_own_call_only() {
    let host = host_with_small_frames();
    let mut wire = host.connect();
    let mut get = |args: Value| wire.call(GUEST, "get", &args).result();
    let none = Value::Null;
    assert_eq!(get(json!([bytes(b"12345")])), json!([5, none, none]));
    for _ in 0..2 {
        assert_eq!(get(json!([])), json!([none, none, none]));
    }
    assert_eq!(
        wire.call(GUEST, "in_init", &json!([])).result(),
        "None, Err(0)"
    );
    let lie = wire.call(GUEST, "lie", &json!([])).failure();
    let lie = lie.of_type("DirtyAppError");
    assert!(lie.message.contains("names no binary"), "{lie:?}");
    assert_eq!(
        host.status().app(GUEST).restarts,
        0,
        "none of this is a trap"
    );
}

#[test]
fn what_a_call_may_put_is_limited() {
    let host = host_with_small_frames();
    let mut wire = host.connect();
    for size in [0, 1000, 100_000, MIB] {
        for _ in 0..2 {
            let result = wire.call(GUEST, "greedy", &json!([size])).result();
            assert_eq!(result, json!([MIB / (32 + size), MIB]), "{size}");
        }
    }
    assert_eq!(
        host.status().app(GUEST).restarts,
        0,
        "none of this is a trap"
    );
}

#[test]
fn a_chunk_consumes_what_it_names() {
    let host = host_with_small_frames();
    let mut wire = host.connect();
    // In all a hundred times what the call may put.
    let long = wire.call(GUEST, "long", &json!([200, MIB / 2])).stream();
    assert_eq!(long.len(), 200);
    assert!(long.iter().all(|chunk| *chunk == bytes(&vec![7; MIB / 2])));
    let consumed = wire.call(GUEST, "consumed", &json!([]));
    assert_eq!(consumed.chunks, [bytes(b"once"), json!(false)]);
    let failure = consumed.failure();
    assert!(failure.message.contains("names no binary"), "{failure:?}");
    // What the client sent stays.
    let given = wire.call(GUEST, "given_twice", &json!([bytes(b"x")]));
    assert_eq!(given.stream(), [bytes(b"x"), bytes(b"x")]);
}

#[test]
fn base64_that_does_not_fit_into_a_frame_is_no_trap() {
    let host = host_with_small_frames();
    let mut wire = host.connect();
    // It fits as bytes; as base64 it takes a third more.
    let too_long = wire.call(GUEST, "long", &json!([1, MIB - 1000])).failure();
    let too_long = too_long.of_type("DirtyAppError");
    assert!(
        too_long.message.contains("does not fit into a frame"),
        "{too_long:?}"
    );
    assert_eq!(too_long.detail("kind"), &Value::Null, "{too_long:?}");
    assert_eq!(host.status().app(GUEST).restarts, 0);
}

#[test]
fn clients_of_the_stash_read_each_others_bytes() {
    let host = Host::demo(1);
    let mut wire = host.connect();
    let mut ask = |message: Value| {
        wire.send(message.to_string());
        wire.outcome().result()
    };
    let value = json!({"data": [bytes(b"\xff\x00"), {"$$bytes": 1}, {"$blob": 0}]});
    let put =
        json!({"type": "stash", "id": 1, "op": 1, "table": "json", "key": "k", "value": value});
    assert_eq!(ask(put), true);
    run_peer(&host, BINARY_DIALECT, "binaries_stash", 1);
    let get = json!({"type": "stash", "id": 1, "op": 2, "table": "binary", "key": "k"});
    assert_eq!(ask(get), value);
}

#[test]
fn the_unmodified_clients_of_gunicorn() {
    let host = Host::demo(2);
    run_peer(&host, BINARY_DIALECT, "binaries", 7);
    run_peer(&host, JSON_DIALECT, "binaries_json", 2);
}

#[test]
fn the_command_line_reads_and_writes_files() {
    let host = Host::demo(1);
    let directory = paths::short_temp_dir();
    let file = |name: &str| directory.path().join(name);
    fs::write(file("in"), b"\xffabc\n").unwrap();
    let input = format!("@{}", file("in").display());
    let output = file("out").display().to_string();
    let call = |arguments: &[&str]| host.cli(&[&["call", "demo"], arguments].concat());

    assert_eq!(
        call(&["reverse", &input]).success(),
        r#"{"$bytes":"CmNiYf8="}"#
    );
    assert_eq!(
        call(&["reverse", &input, "--output", &output]).success(),
        ""
    );
    assert_eq!(fs::read(&output).unwrap(), b"\ncba\xff");
    let by_name = format!("data={input}");
    call(&["pieces", "--kw", &by_name, "--kw", "bytes=2", "-o", &output]).success();
    assert_eq!(
        fs::read(&output).unwrap(),
        b"\xffabc\n",
        "chunks are put together"
    );
    let printed = call(&["reverse", r#"{"$bytes":"YWI="}"#, "--output", "-"]).success();
    assert_eq!(printed, "ba");

    let complaint = call(&["fib", "1", "--output", &output]).failure(1);
    assert!(complaint.contains("--output"), "{complaint}");
    assert_eq!(fs::read(&output).unwrap(), b"\xffabc\n", "it is as it was");
    let complaint = call(&["reverse", "@/no/such/file"]).failure(2);
    assert!(complaint.contains("/no/such/file"), "{complaint}");

    let stash = |arguments: &[&str]| host.cli(&[&["stash"], arguments].concat());
    stash(&["put", "t", "k", &input]).success();
    assert_eq!(
        stash(&["get", "t", "k"]).success(),
        r#"{"$bytes":"/2FiYwo="}"#
    );
}
