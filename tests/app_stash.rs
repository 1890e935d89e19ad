//! The stash as apps use it: in calls, in `init()`, through the contract's import and `wasi:keyvalue`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::thread;
use std::time::{Duration, Instant};

use harness::processes::signal;
use harness::python::{BINARY_DIALECT, run_peer};
use harness::wait::PATIENCE;
use harness::wait::wait_until;
use harness::wire::Failure;
use harness::{App, Host};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

/// The app `uses_stash` with this many workers.
fn uses_stash(workers: u32) -> App {
    App::fixture("uses_stash").workers(workers)
}

/// A use of the stash by a client of the JSON dialect.
#[track_caller]
fn stash(host: &Host, mut message: Value) -> Value {
    message["type"] = "stash".into();
    message["id"] = 0.into();
    let mut wire = host.connect();
    wire.send(message.to_string());
    wire.outcome().result()
}

#[track_caller]
fn get(host: &Host, table: &str, key: &str) -> Value {
    stash(host, json!({"op": 2, "table": table, "key": key}))
}

#[track_caller]
fn result(host: &Host, action: &str, args: Value) -> Value {
    host.call("uses_stash", action, args).result()
}

#[track_caller]
fn failure(host: &Host, action: &str, args: Value) -> Failure {
    host.call("uses_stash", action, args)
        .failure()
        .of_type("DirtyAppError")
}

#[test]
fn workers_count_together_and_nothing_is_lost() {
    const WORKERS: u32 = 4;
    const TIMES: i64 = 500;
    let host = Host::serving(uses_stash(WORKERS));
    let host_of_all = &host;
    thread::scope(|scope| {
        for action in ["count", "raise"] {
            for _ in 0..WORKERS {
                scope.spawn(move || result(host_of_all, action, json!([action, TIMES])));
            }
        }
    });
    for key in ["count", "raise"] {
        assert_eq!(get(&host, "t", key), i64::from(WORKERS) * TIMES, "{key}");
    }
}

#[test]
fn every_phase_of_an_apps_life_may_use_it() {
    let life = |phase: &str| json!({"op": 2, "table": "life", "key": phase});
    for (mode, inits) in [("mold", 1), ("per-worker", 2)] {
        let app = uses_stash(2).set(&format!("init = \"{mode}\""));
        let host = Host::serving(app.config("large_bytes = 1_000_000"));
        host.wait_workers("uses_stash", 2);
        assert_eq!(stash(&host, life("init")), inits, "{mode}");
        assert_eq!(stash(&host, life("on_fork")), 2, "{mode}");
        let large = get(&host, "life", "large");
        assert_eq!(large.as_str().unwrap().len(), 1_000_000);
        host.control(json!({"op": "restart", "app": "uses_stash"}))
            .unwrap();
        wait_until("both workers have closed", PATIENCE, || {
            let exists = json!({"op": 10, "table": "life", "key": "close"});
            stash(&host, exists) == true && stash(&host, life("close")) == 2
        });
        host.wait_workers("uses_stash", 2);
        assert_eq!(stash(&host, life("init")), 2 * inits, "{mode}");
    }
}

#[test]
fn an_app_reads_what_clients_put_and_the_other_way_round() {
    let host = Host::serving(uses_stash(1));
    let exact = r#"{"n": [123456789012345678901234567890, 1.10, -0.0, 9223372036854775807]}"#;
    let mut wire = host.connect();
    wire.send(format!(
        r#"{{"type":"stash","id":1,"op":1,"table":"t","key":"exact","value":{exact}}}"#
    ));
    assert_eq!(wire.outcome().result(), true);
    assert_eq!(result(&host, "get", json!(["exact"])), json!([exact, []]));
    wire.request("x", "uses_stash", "put", &json!(["back", 1, null]));
    assert_eq!(wire.outcome().result(), Value::Null);
    assert_eq!(get(&host, "t", "back"), 1);
    let put = format!(
        r#"{{"type":"request","id":1,"app_path":"uses_stash","action":"put","args":["exact 2",{exact},null]}}"#
    );
    wire.send(put);
    wire.outcome().result();
    wire.send(r#"{"type":"stash","id":1,"op":2,"table":"t","key":"exact 2"}"#);
    assert_eq!(wire.read().raw("result"), exact);
    assert_eq!(
        result(&host, "keys", json!(["exact*"])),
        json!(["exact", "exact 2"])
    );
    assert_eq!(result(&host, "get", json!(["missing"])), Value::Null);
    run_peer(&host, BINARY_DIALECT, "app_stash", 3);
}

#[test]
fn what_an_app_puts_for_a_time_is_forgotten() {
    let host = Host::serving(uses_stash(1));
    let put = Instant::now();
    result(&host, "put", json!(["short", 1, 1.0]));
    result(&host, "put", json!(["long", 1, 3600.0]));
    let exists = || result(&host, "get", json!(["short"])) != Value::Null;
    let seen = exists();
    assert!(seen || put.elapsed() >= Duration::from_secs(1));
    wait_until("the value is forgotten", PATIENCE, || !exists());
    assert!(put.elapsed() >= Duration::from_secs(1));
    assert_ne!(result(&host, "get", json!(["long"])), Value::Null);
}

#[test]
fn clients_add_swap_and_forget_too() {
    let host = Host::serving(uses_stash(1));
    let of = |op: u8, more: Value| {
        let mut message = json!({"op": op, "table": "t", "key": "k"});
        message
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        stash(&host, message)
    };
    assert_eq!(of(11, json!({})), 1);
    assert_eq!(of(11, json!({"delta": -43})), -42);
    assert_eq!(of(12, json!({"value": 1})), false);
    assert_eq!(of(12, json!({"expected": -42, "value": 1})), true);
    assert_eq!(result(&host, "swap", json!(["k", 2, 3])), false);
    assert_eq!(result(&host, "swap", json!(["k", 1, 3])), true);
    assert_eq!(of(1, json!({"value": "v", "ttl": 0.05})), true);
    wait_until("the value is forgotten", PATIENCE, || {
        of(10, json!({})) == false
    });
    let cli = |arguments: &[&str]| host.cli(&[&["stash"], arguments].concat()).success();
    assert_eq!(cli(&["increment", "t", "n"]), "1");
    assert_eq!(cli(&["increment", "t", "n", "-3"]), "-2");
    assert_eq!(cli(&["swap", "t", "n", "5"]), "false");
    assert_eq!(cli(&["swap", "t", "n", "5", "--expected", "-2"]), "true");
    assert_eq!(cli(&["put", "t", "soon", "1", "--ttl", "0.05"]), "");
    wait_until("the value is forgotten", PATIENCE, || {
        cli(&["exists", "t", "soon"]) == "false"
    });
    let refused = host.cli(&["stash", "increment", "t", "n", "9223372036854775807"]);
    assert!(refused.failure(1).contains("64 bits"));
}

#[test]
fn limits_reach_the_app_as_errors() {
    let host = Host::builder()
        .set("max_frame = \"64KiB\"")
        .set("stash = { max_bytes = \"256KiB\" }")
        .app(uses_stash(1))
        .start();
    let [filled] = host.wait_workers("uses_stash", 1)[..] else {
        panic!("one worker");
    };
    let full = result(&host, "fill", json!([60_000]));
    assert_eq!(full[0], 4, "{full}");
    assert!(full[1].as_str().unwrap().contains("`max_bytes`"));
    for (action, args, expected) in [
        ("fill", json!([70_000]), "max_frame"),
        ("put", json!(["k".repeat(1025), 1, null]), "at most 1024"),
        ("keys", json!(["x".repeat(256)]), "at most 255"),
        ("malformed", json!(["[1"]), "the value is not valid"),
        (
            "malformed",
            json!(["[".repeat(200)]),
            "the value is not valid",
        ),
        ("malformed", json!([r#"{"$blob":7}"#]), "names no binary"),
        ("malformed", json!([r#"[{"$float":"0"}]"#]), "`$float` is"),
    ] {
        let failure = failure(&host, action, args);
        assert_eq!(failure.detail("kind"), "StashError", "{action}");
        assert!(failure.message.contains(expected), "{failure:?}");
    }
    result(&host, "put", json!(["text", "x", null]));
    let no_integer = failure(&host, "count", json!(["text", 1]));
    assert!(no_integer.message.contains("no integer"), "{no_integer:?}");
    assert_eq!(host.wait_workers("uses_stash", 1), [filled], "it lives on");
}

#[test]
fn what_does_not_fit_into_a_message_to_the_app_is_an_error() {
    let host = Host::builder()
        .set("max_frame = \"16KiB\"")
        .app(uses_stash(1))
        .start();
    for number in 0..40 {
        let key = format!("{number} {}", "k".repeat(1000));
        stash(&host, json!({"op": 1, "table": "t", "key": key}));
    }
    let failure = failure(&host, "keys", json!(["*"]));
    assert!(failure.message.contains("max_frame"), "{failure:?}");
    assert_eq!(result(&host, "keys", json!(["no*"])), json!([]));
}

#[test]
fn uses_of_the_stash_count_against_the_deadline() {
    let host = Host::serving(uses_stash(2).timeout(1.0));
    let began = Instant::now();
    let spin = host.call("uses_stash", "spin", json!([]));
    spin.failure().of_type("DirtyTimeoutError");
    assert!(began.elapsed() >= Duration::from_secs(1));
    host.wait_workers("uses_stash", 2);
    let spun = get(&host, "t", "spin").as_i64().unwrap();
    assert!(spun > 100, "{spun} uses in a second");
    assert_eq!(result(&host, "count", json!(["after", 10])), 10);
}

#[test]
fn an_app_that_waits_for_the_stash_hears_that_it_is_cancelled() {
    let host = Host::builder()
        .set("cancel_grace = 60")
        .app(uses_stash(1))
        .start();
    let [worker] = host.wait_workers("uses_stash", 1)[..] else {
        panic!("one worker");
    };
    let mut wire = host.connect();
    wire.multiplexed("tell", "uses_stash", "tell", &json!([]));
    assert_eq!(wire.read().value("data"), 1);
    wire.send(r#"{"type":"cancel","id":"tell"}"#);
    wait_until("the stream's end", PATIENCE, || wire.read().is_terminal());
    assert_eq!(result(&host, "count", json!(["after", 1])), 1);
    assert_eq!(host.wait_workers("uses_stash", 1), [worker]);
}

#[test]
fn a_worker_that_is_killed_while_it_uses_the_stash_harms_nobody() {
    const KILLS: usize = 20;
    let host = Host::serving(uses_stash(2));
    for _ in 0..KILLS {
        let mut wire = host.connect();
        let before = get_or_zero(&host, "spin");
        wire.request("x", "uses_stash", "spin", &json!([]));
        wait_until("the call spins", PATIENCE, || {
            get_or_zero(&host, "spin") > before
        });
        let status = host.status();
        let mut leased = status
            .workers_of("uses_stash")
            .filter(|worker| worker.state == "leased");
        signal(leased.next().unwrap().pid, Signal::SIGKILL);
        // Not tried again elsewhere: it had begun.
        wire.outcome().failure().of_type("DirtyWorkerError");
        host.wait_workers("uses_stash", 2);
    }
    let spun = get_or_zero(&host, "spin");
    assert_eq!(result(&host, "count", json!(["spin", 1])), spun + 1);
}

#[track_caller]
fn get_or_zero(host: &Host, key: &str) -> i64 {
    let add = json!({"op": 11, "table": "t", "key": key, "delta": 0});
    stash(host, add).as_i64().unwrap()
}

#[test]
fn the_tables_of_the_configuration_are_there_and_stay() {
    let app = |stashes: &str| {
        let component = App::fixture("described").workers(1);
        component.set(stashes).set("env = { DESCRIPTION = '{}' }")
    };
    let host = Host::serving(app("stashes = ['one', 'two']"));
    assert_eq!(get(&host, "seen", "init"), json!(["one", "two"]));
    stash(&host, json!({"op": 1, "table": "one", "key": "k"}));
    host.edit(&Host::builder().app(app("stashes = ['three']")));
    host.control(json!({"op": "reload"})).unwrap();
    let tables = json!(["one", "two", "seen", "three"]);
    assert_eq!(get(&host, "seen", "init"), tables);
    assert_eq!(get(&host, "one", "k"), Value::Null);
}

#[test]
fn the_tables_of_a_description_are_there_unless_the_configuration_names_others() {
    let description = r#"env = { DESCRIPTION = '{"workers": 9, "stashes": ["a", "b"]}' }"#;
    for (setting, tables) in [
        ("", json!(["a", "b"])),
        ("init = \"per-worker\"", json!(["a", "b"])),
        ("stashes = []", json!([])),
    ] {
        let app = App::fixture("described").workers(1).set(description);
        let host = Host::serving(app.set(setting));
        assert_eq!(get(&host, "seen", "init"), tables, "{setting}");
    }
}

#[test]
fn a_description_that_is_none_keeps_the_app_from_starting_and_says_why() {
    for (environment, expected) in [
        ("env = { DESCRIPTION = '[]' }", "no JSON object"),
        (
            "env = { DESCRIPTION = '{\"stashes\": 1}' }",
            "invalid type: integer",
        ),
        (
            "env = { DESCRIPTION = '{\"workers\": 0}' }",
            "an app can have 1 to 1024",
        ),
        (
            "env = { DESCRIPTION = '{\"stashes\": [\"a\", \"b\"]}' }",
            "max_tables",
        ),
        ("", "DESCRIPTION is set"),
    ] {
        let app = App::fixture("described").workers(1).set(environment);
        let host = Host::builder()
            .set("restart_intensity = 1\nstash = { max_tables = 1 }")
            .app(app)
            .app(App::demo().workers(1))
            .start();
        let status = host.status();
        let error = status.app_status["described"].last_error.clone().unwrap();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_component_of_wasi_keyvalue_finds_the_same_tables() {
    let host = Host::serving(App::fixture("keyvalue").workers(2));
    let call = |action: &str, args: Value| host.call("keyvalue", action, args);
    call("set", json!(["kv", "bytes", [0, 255]])).result();
    let bytes = call("get", json!(["kv", "bytes"])).result();
    assert_eq!(bytes, json!([0, 255]));
    stash(
        &host,
        json!({"op": 1, "table": "kv", "key": "json", "value": [1]}),
    );
    let text = call("get", json!(["kv", "json"])).result();
    assert_eq!(text, json!(b"[1]"));
    assert_eq!(call("get", json!(["kv", "none"])).result(), Value::Null);
    let big = call("increment", json!(["kv", "n", i64::MAX])).result();
    assert_eq!(big, i64::MAX);
    assert_eq!(get(&host, "kv", "n"), i64::MAX);
    for (by, expected) in [(1, "64 bits"), (u64::MAX, "too large")] {
        let over = call("increment", json!(["kv", "n", by])).failure();
        assert_eq!(over.detail("kind"), "Other");
        assert!(over.message.contains(expected), "{over:?}");
    }
    call("set", json!(["kv", "digits", b"5"])).result();
    assert_eq!(call("increment", json!(["kv", "digits", 1])).result(), 6);
    let digits = call("get", json!(["kv", "digits"])).result();
    assert_eq!(digits, json!(b"6"));
    let long = call("get", json!(["t".repeat(256), "k"])).failure();
    assert!(long.message.contains("at most 255"), "{long:?}");
    let rest = call("rest", json!(["rest"])).result();
    assert_eq!(
        rest,
        json!([
            r#"[Some(("b", [98])), None, Some(("a", [97]))]"#,
            r#"["a", "b"] None"#,
            "[] None",
            "true false",
            "None",
        ])
    );
    run_peer(&host, BINARY_DIALECT, "keyvalue_stash", 1);
    let put = call("get", json!(["kv", "from a client"])).result();
    assert_eq!(put, json!([1, 0]));
    let within = call("get", json!(["kv", "within"])).failure();
    assert!(within.message.contains("dirty:app/stash"), "{within:?}");
}

#[test]
fn what_a_component_collects_in_the_hosts_memory_is_bounded() {
    let host = Host::builder()
        .set("max_frame = \"64KiB\"")
        .app(App::fixture("keyvalue").workers(1))
        .start();
    let [worker] = host.wait_workers("keyvalue", 1)[..] else {
        panic!("one worker");
    };
    let call = |action: &str, args: Value| host.call("keyvalue", action, args);
    let value = "v".repeat(20_000);
    stash(
        &host,
        json!({"op": 1, "table": "t", "key": "k", "value": value}),
    );
    // Four times the largest frame may cross at once.
    assert_eq!(call("many", json!(["t", "k", 12])).result(), 12);
    let many = call("many", json!(["t", "k", 14])).failure();
    assert_eq!(many.detail("kind"), "Other");
    assert!(many.message.contains("`max_frame`"), "{many:?}");
    for _ in 0..3 {
        assert_eq!(call("buckets", json!([1024])).result(), 1024);
    }
    let buckets = call("buckets", json!([1025])).failure();
    assert_eq!(buckets.detail("kind"), "Other");
    assert!(buckets.message.contains("1024 buckets"), "{buckets:?}");
    assert_eq!(call("buckets", json!([1024])).result(), 1024);
    assert_eq!(host.wait_workers("keyvalue", 1), [worker], "it lives on");
}
