//! The stash, as clients of the JSON dialect and the command line use it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use harness::python::{BINARY_DIALECT, run_peer};
use harness::wire::{Failure, Wire};
use harness::{App, Host, PATIENCE, wait_until};
use serde_json::{Value, json};

const PUT: u8 = 1;
const GET: u8 = 2;
const DELETE: u8 = 3;
const KEYS: u8 = 4;
const CLEAR: u8 = 5;
const INFO: u8 = 6;
const ENSURE: u8 = 7;
const DELETE_TABLE: u8 = 8;
const TABLES: u8 = 9;
const EXISTS: u8 = 10;

fn message(op: u8, fields: &Value) -> String {
    let mut message = json!({"type": "stash", "id": "s", "op": op});
    let members = fields.as_object().unwrap().clone();
    message.as_object_mut().unwrap().extend(members);
    message.to_string()
}

#[track_caller]
fn ask(wire: &mut Wire, op: u8, fields: Value) -> Value {
    wire.send(message(op, &fields));
    wire.outcome().result()
}

#[track_caller]
fn refused(wire: &mut Wire, op: u8, fields: Value) -> Failure {
    wire.send(message(op, &fields));
    wire.outcome().failure()
}

#[test]
fn tables_are_shared_by_all_connections_and_outlive_them() {
    let host = Host::demo(1);
    let mut one = host.connect();
    let in_t = |key: &str| json!({"table": "t", "key": key});
    let put = json!({"table": "t", "key": "a", "value": {"n": [1, null]}});
    assert_eq!(ask(&mut one, PUT, put), true);
    assert_eq!(ask(&mut one, PUT, in_t("b")), true);
    drop(one);
    let mut two = host.connect();
    assert_eq!(ask(&mut two, GET, in_t("a")), json!({"n": [1, null]}));
    assert_eq!(ask(&mut two, GET, in_t("b")), Value::Null);
    assert_eq!(
        ask(&mut two, KEYS, json!({"table": "t"})),
        json!(["a", "b"])
    );
    let pattern = json!({"table": "t", "pattern": "[!a]*"});
    assert_eq!(ask(&mut two, KEYS, pattern), json!(["b"]));
    assert_eq!(ask(&mut two, EXISTS, in_t("a")), true);
    assert_eq!(ask(&mut two, DELETE, in_t("a")), true);
    assert_eq!(ask(&mut two, EXISTS, in_t("a")), false);
    let info = json!({"size": 1, "table": "t"});
    assert_eq!(ask(&mut two, INFO, json!({"table": "t"})), info);
    assert_eq!(ask(&mut two, CLEAR, json!({"table": "t"})), true);
    assert_eq!(ask(&mut two, ENSURE, json!({"table": "u"})), true);
    assert_eq!(ask(&mut two, TABLES, json!({})), json!(["t", "u"]));
    assert_eq!(ask(&mut two, DELETE_TABLE, json!({"table": "t"})), true);
    assert_eq!(ask(&mut two, TABLES, json!({"table": ""})), json!(["u"]));
    // Calls go on beside it.
    assert_eq!(two.call("demo", "fib", &json!([10])).result(), json!(55));
}

#[test]
fn what_is_not_there_and_what_is_malformed_are_errors_to_their_message_only() {
    let host = Host::demo(1);
    let mut wire = host.connect();
    let missing = refused(&mut wire, GET, json!({"table": "t", "key": "k"}));
    let missing = missing.of_type("StashKeyNotFoundError");
    assert_eq!(
        (missing.detail("table"), missing.detail("key")),
        (&json!("t"), &json!("k"))
    );
    let missing = refused(&mut wire, INFO, json!({"table": "t"}));
    missing.of_type("StashTableNotFoundError");
    refused(&mut wire, GET, json!({"table": "t"})).of_type("DirtyProtocolError");
    refused(&mut wire, 13, json!({"table": "t"})).of_type("DirtyProtocolError");
    let long = json!({"table": "t", "key": "k".repeat(1025)});
    let long = refused(&mut wire, PUT, long).of_type("DirtyError");
    assert_eq!(long.detail("limit"), 1024);
    assert_eq!(ask(&mut wire, TABLES, json!({})), json!([]));
}

#[test]
fn a_full_stash_says_so_and_a_reload_gives_it_more_room() {
    let limited = |bytes: &str| {
        let limits = format!("stash = {{ max_bytes = \"{bytes}\", max_tables = 1 }}");
        Host::builder().set(&limits).app(App::demo().workers(1))
    };
    let host = limited("64KiB").start();
    let mut wire = host.connect();
    let put = |key: &str| json!({"table": "t", "key": key, "value": "v".repeat(40_000)});
    assert_eq!(ask(&mut wire, PUT, put("a")), true);
    let full = refused(&mut wire, PUT, put("b")).of_type("DirtyError");
    assert!(full.message.contains("`max_bytes`"), "{full:?}");
    assert_eq!(full.detail("limit"), 65_536);
    let tables = refused(&mut wire, ENSURE, json!({"table": "u"})).of_type("DirtyError");
    assert!(tables.message.contains("max_tables"), "{tables:?}");
    assert_eq!(ask(&mut wire, PUT, put("a")), true);
    host.edit(&limited("1MiB"));
    host.control(json!({"op": "reload"})).unwrap();
    assert_eq!(ask(&mut wire, PUT, put("b")), true);
    assert_eq!(
        ask(&mut wire, KEYS, json!({"table": "t"})),
        json!(["a", "b"])
    );
}

#[test]
fn answers_that_are_not_read_stop_their_client_and_nobody_else() {
    const ANSWERS: usize = 200;
    let host = Host::builder()
        .set("max_frame = \"1MiB\"")
        .app(App::demo().workers(1))
        .start();
    let mut wire = host.connect();
    let value = "v".repeat(1_000_000);
    let put = json!({"table": "t", "key": "k", "value": value});
    assert_eq!(ask(&mut wire, PUT, put), true);
    let get = message(GET, &json!({"table": "t", "key": "k"}));
    for _ in 0..ANSWERS {
        wire.send(&get);
    }
    let mut other = host.connect();
    assert_eq!(other.call("demo", "fib", &json!([10])).result(), json!(55));
    assert_eq!(ask(&mut other, TABLES, json!({})), json!(["t"]));
    assert_eq!(wire.outcome().result(), value.as_str());
    other.send(json!({"type": "status", "id": 1}).to_string());
    let held = other.outcome().result()["bytes_in_flight"]
        .as_u64()
        .unwrap();
    assert!(held < 8 << 20, "answers wait with their questions: {held}");
    for _ in 1..ANSWERS {
        assert_eq!(wire.outcome().result(), value.as_str());
    }
    assert_eq!(ask(&mut wire, TABLES, json!({})), json!(["t"]));
}

#[test]
fn answers_that_many_leave_unread_count_as_replies_do() {
    const MIB: usize = 1 << 20;
    let host = Host::builder()
        .set("max_frame = \"5MiB\"")
        .set("max_bytes_in_flight = \"16MiB\"")
        .app(App::demo().workers(1))
        .start();
    let mut watch = host.connect();
    let put = json!({"table": "t", "key": "k", "value": "v".repeat(4 * MIB)});
    assert_eq!(ask(&mut watch, PUT, put), true);
    let get = message(GET, &json!({"table": "t", "key": "k"}));
    let mut greedy: Vec<Wire> = (0..10).map(|_| host.connect()).collect();
    for wire in &mut greedy {
        wire.send(&get);
    }
    // Three answers have room beside each other, so the other clients have to go.
    wait_until("seven clients are closed", PATIENCE, || {
        host.stderr.count_of("it has left most unread") == 7
    });
    let held = host.status().bytes_in_flight as usize;
    assert!((12 * MIB..=16 * MIB).contains(&held), "{held}");
    assert_eq!(ask(&mut watch, TABLES, json!({})), json!(["t"]));
    drop(greedy);
    host.wait_status("what was unread is freed", |status| {
        status.bytes_in_flight < MIB as u64
    });
}

#[test]
fn who_lists_many_keys_many_times_keeps_nobody_waiting() {
    const LISTS: usize = 30;
    const KEYS_OF_TABLE: usize = 4000;
    let host = Host::demo(1);
    let mut many = host.connect();
    for key in 0..KEYS_OF_TABLE {
        let key = format!("{key:04}{}", "a".repeat(1000));
        let put = json!({"table": "t", "key": key, "value": 0});
        many.send(message(PUT, &put));
    }
    for _ in 0..KEYS_OF_TABLE {
        assert_eq!(many.outcome().result(), true);
    }
    let mut other = host.connect();
    let pattern = format!("{}b", "*a".repeat(100));
    let list = message(KEYS, &json!({"table": "t", "pattern": pattern}));
    for _ in 0..LISTS {
        many.send(&list);
    }
    assert_eq!(many.outcome().result(), json!([]));
    assert_eq!(ask(&mut other, TABLES, json!({})), json!(["t"]));
    assert_eq!(other.call("demo", "fib", &json!([10])).result(), json!(55));
    let mut answered = 1;
    while many.has_input() {
        assert_eq!(many.outcome().result(), json!([]));
        answered += 1;
    }
    assert!(
        answered < LISTS,
        "the other client was the last to be served"
    );
    for _ in answered..LISTS {
        assert_eq!(many.outcome().result(), json!([]));
    }
}

#[test]
fn a_message_of_very_many_binaries_is_refused() {
    let host = Host::demo(1);
    let mut wire = host.connect();
    let binaries = |count: usize| json!(vec![json!({"$bytes": ""}); count]);
    let put = |count| json!({"table": "t", "key": "k", "value": binaries(count)});
    assert_eq!(ask(&mut wire, PUT, put(65_536)), true);
    let refused = refused(&mut wire, PUT, put(65_537)).of_type("DirtyProtocolError");
    assert!(refused.message.contains("65536"), "{refused:?}");
    let call = wire.call("demo", "fib", &json!([binaries(65_537)]));
    call.failure().of_type("DirtyProtocolError");
    assert_eq!(wire.call("demo", "fib", &json!([10])).result(), json!(55));
}

#[test]
fn the_commands() {
    let host = Host::demo(1);
    let stash = |arguments: &[&str]| host.cli(&[&["stash"], arguments].concat());
    let prints = |arguments: &[&str], expected: &str| {
        assert_eq!(stash(arguments).success(), expected, "{arguments:?}");
    };
    prints(&["tables"], "");
    prints(&["put", "t", "user:1", r#"{"name": "Ada", "n": 1.50}"#], "");
    prints(&["put", "t", "user:2", "plain text"], "");
    prints(&["put", "t", "a\nb", "-5"], "");
    prints(&["get", "t", "user:1"], r#"{"name": "Ada", "n": 1.50}"#);
    prints(&["get", "t", "user:2"], "\"plain text\"");
    prints(&["keys", "t"], "user:1\nuser:2\na\\nb");
    prints(&["keys", "t", "user:*"], "user:1\nuser:2");
    let in_lines = "{\n  \"a\": [1,\n 2]\n}";
    prints(&["put", "u", "lines", in_lines], "");
    let printed = stash(&["get", "u", "lines"]).success();
    assert!(!printed.contains('\n'), "{printed}");
    prints(&["swap", "u", "lines", "1", "--expected", "[1]"], "false");
    prints(&["swap", "u", "lines", "1", "--expected", &printed], "true");
    prints(&["delete-table", "u"], "true");
    prints(&["info", "t"], "3");
    prints(&["exists", "t"], "true");
    prints(&["exists", "t", "user:3"], "false");
    prints(&["delete", "t", "user:1"], "true");
    prints(&["delete", "t", "user:1"], "false");
    prints(&["ensure", "u"], "");
    prints(&["tables"], "t\nu");
    prints(&["clear", "t"], "");
    prints(&["info", "t"], "0");
    prints(&["delete-table", "t"], "true");
    prints(&["delete-table", "t"], "false");
    let missing = stash(&["get", "t", "user:1"]).failure(1);
    assert!(
        missing.starts_with("StashKeyNotFoundError: Key not found in t: user:1"),
        "{missing}"
    );
    let missing = stash(&["info", "t"]).failure(1);
    assert!(missing.starts_with("StashTableNotFoundError"), "{missing}");
    let long = stash(&["ensure", &"t".repeat(256)]).failure(1);
    assert!(long.contains("at most 255"), "{long}");
}

#[test]
fn the_unmodified_client_of_gunicorn() {
    run_peer(&Host::demo(1), BINARY_DIALECT, "stash", 6);
}

#[test]
fn clients_of_either_dialect_read_each_others_values() {
    let host = Host::demo(1);
    let mut wire = host.connect();
    let value = json!({"text": "größe", "list": [1, -2.5, null, true]});
    let put = json!({"table": "json", "key": "k", "value": value});
    assert_eq!(ask(&mut wire, PUT, put), true);
    run_peer(&host, BINARY_DIALECT, "stash_exchange", 1);
    let key = json!({"table": "binary", "key": "k"});
    assert_eq!(ask(&mut wire, GET, key), value);
}
