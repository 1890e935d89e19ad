//! What an app can reach and how much it can take: environment, directories, memory, output.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::fs;

use harness::{App, Host, PATIENCE, Wire, paths};
use serde_json::{Value, json};

const APP: &str = "env_and_dirs";

/// Why the guest could not do it.
#[track_caller]
fn denied(wire: &mut Wire, action: &str, args: &Value) -> String {
    wire.call(APP, action, args)
        .failure()
        .of_type("DirtyAppError")
        .message
}

#[test]
fn an_app_sees_the_directories_and_variables_that_it_was_given_and_no_others() {
    let directory = paths::short_temp_dir();
    let (models, out) = (
        directory.path().join("models"),
        directory.path().join("out"),
    );
    fs::create_dir_all(&models).unwrap();
    fs::create_dir_all(&out).unwrap();
    fs::write(models.join("base.txt"), "weights").unwrap();
    fs::write(directory.path().join("secret.txt"), "secret").unwrap();
    std::os::unix::fs::symlink("../secret.txt", models.join("link.txt")).unwrap();
    let dirs = format!(
        "dirs = {{ \"/models\" = \"{}\", \"/out\" = {{ path = \"{}\", writable = true }} }}",
        models.display(),
        out.display()
    );
    let app = App::fixture(APP)
        .workers(1)
        .set(&dirs)
        .set("env = { MODEL = \"base\" }");
    let host = Host::builder()
        .app(app)
        .env("SECRET_OF_THE_HOST", "x")
        .start();
    let mut wire = host.connect();

    assert_eq!(
        wire.call(APP, "env", &json!(["MODEL"])).result(),
        json!("base")
    );
    for hidden in ["SECRET_OF_THE_HOST", "PATH", "HOME"] {
        assert_eq!(
            wire.call(APP, "env", &json!([hidden])).result(),
            Value::Null,
            "{hidden}"
        );
    }
    assert_eq!(
        wire.call(APP, "read", &json!(["/models/base.txt"]))
            .result(),
        json!("weights")
    );
    let listed = wire.call(APP, "list", &json!(["/models"])).result();
    assert_eq!(listed, json!(["base.txt", "link.txt"]));

    wire.call(APP, "write", &json!(["/out/result.txt", "done"]))
        .result();
    assert_eq!(fs::read_to_string(out.join("result.txt")).unwrap(), "done");
    denied(
        &mut wire,
        "write",
        &json!(["/models/base.txt", "overwritten"]),
    );
    denied(&mut wire, "write", &json!(["/models/new.txt", "new"]));
    assert_eq!(
        fs::read_to_string(models.join("base.txt")).unwrap(),
        "weights"
    );
    assert!(!models.join("new.txt").exists());

    for outside in [
        "/etc/passwd",
        "/models/../secret.txt",
        "/models/link.txt",
        "/secret.txt",
    ] {
        let message = denied(&mut wire, "read", &json!([outside]));
        assert!(!message.contains("root:"), "{message}");
    }
    denied(&mut wire, "list", &json!(["/"]));
}

#[test]
fn an_app_cannot_take_more_memory_than_its_limit() {
    let app = App::fixture("memory_growth")
        .workers(1)
        .set("memory_limit = \"64MiB\"");
    let host = Host::serving(app);
    let workers = host.wait_workers("memory_growth", 1);
    let mib = host
        .call("memory_growth", "grow", json!([]))
        .result()
        .as_u64()
        .unwrap();
    assert!((32..=64).contains(&mib), "{mib} MiB of 64");
    assert_eq!(
        host.wait_workers("memory_growth", 1),
        workers,
        "the app was told no, not killed"
    );
}

#[test]
fn an_app_that_prints_without_end_in_sight_slows_nobody_down_for_long() {
    let app = App::fixture("stdout_spam").workers(1);
    let host = Host::builder().app(app).app(App::demo().workers(1)).start();
    let mut spam = host.connect();
    spam.request("x", "stdout_spam", "spam", &json!([]));
    assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
    assert_eq!(spam.outcome().result(), json!(100_000));
    assert_eq!(
        spam.call("stdout_spam", "spam", &json!([])).result(),
        json!(100_000)
    );
}

#[test]
fn the_log_says_which_app_printed_a_line() {
    let host = Host::builder()
        .app(App::fixture("init_prints").workers(1))
        .app(App::demo().workers(1))
        .start();
    host.call("init_prints", "print", json!([])).result();
    let line = host.stderr.wait_for("the line", PATIENCE, |line| {
        line.contains("a line from a call")
    });
    assert!(line.contains("init_prints"), "{line}");
}

#[test]
fn a_stream_that_nobody_reads_is_ended() {
    let app = App::fixture("chunks_then_result").workers(1);
    let host = Host::builder().set("cancel_grace = 0.2").app(app).start();
    let mut wire = host.connect();
    wire.request("x", "chunks_then_result", "runaway", &json!([]));
    wire.read();
    drop(wire);
    let chunks = host
        .call("chunks_then_result", "emit", json!([2, 1]))
        .stream();
    assert_eq!(chunks, ["x", "x"]);
}
