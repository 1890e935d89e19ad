//! The command line of clients: `call`, `status`, and the `demo`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::cli::{Running, clean, dirty, run};
use harness::status::Status;
use harness::{App, Host, PATIENCE, paths, processes, wait_for};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn call_prints_a_result_as_one_line_of_json() {
    let host = Host::demo(1);
    assert_eq!(host.cli(&["call", "demo", "fib", "20"]).success(), "6765");
    assert_eq!(host.cli(&["call", "demo", "sleep", "0"]).success(), "null");
}

#[test]
fn call_takes_arguments_as_json_or_else_as_strings() {
    let host = Host::demo(1);
    let big = "123456789012345678901234567890";
    let printed = host
        .cli(&[
            "call",
            "demo",
            "echo",
            big,
            "1.50",
            "plain text",
            "\"quoted\"",
            "[1, {\"a\": null}]",
            "true",
            "--kw",
            "n=7",
            "--kw",
            "s=a=b",
            "--kw",
            r#"o={"deep": [1]}"#,
        ])
        .success();
    assert!(printed.contains(big), "the integer stays exact: {printed}");
    assert!(
        printed.contains("1.50"),
        "a number stays as typed: {printed}"
    );
    let echoed = json_of(&printed);
    assert_eq!(echoed["args"][2], "plain text");
    assert_eq!(echoed["args"][3], "quoted");
    assert_eq!(echoed["args"][4], json!([1, {"a": null}]));
    assert_eq!(echoed["args"][5], true);
    assert_eq!(
        echoed["kwargs"],
        json!({"n": 7, "s": "a=b", "o": {"deep": [1]}})
    );
}

#[test]
fn call_prints_the_chunks_of_a_stream_as_they_arrive() {
    let host = Host::demo(1);
    assert_eq!(
        host.cli(&["call", "demo", "count", "4"]).success(),
        "0\n1\n2\n3"
    );
    assert_eq!(host.cli(&["call", "demo", "count", "0"]).success(), "");

    // The second chunk comes in a minute: the first is there before.
    let mut slow = Running::start(
        dirty()
            .args(["call", "demo", "count", "2", "60000"])
            .env("DIRTY_SOCKET", &host.socket),
    );
    slow.stdout
        .wait_for("the first chunk", PATIENCE, |line| line == "0");
    slow.signal(Signal::SIGINT);
    assert_ne!(slow.wait(), Some(0));
}

#[test]
fn call_reports_an_error_with_its_type_and_exits_with_1() {
    let host = Host::demo(1);
    let complaint = host
        .cli(&["call", "demo", "fail", "no such model"])
        .failure(1);
    assert!(complaint.starts_with("DirtyAppError: "), "{complaint}");
    assert!(complaint.contains("ValueError"), "{complaint}");
    assert!(complaint.contains("no such model"), "{complaint}");

    let complaint = host.cli(&["call", "nobody", "fib", "1"]).failure(1);
    assert!(
        complaint.starts_with("DirtyAppNotFoundError: "),
        "{complaint}"
    );
    assert!(complaint.contains("nobody"), "{complaint}");
}

#[test]
fn call_has_a_timeout_of_its_own() {
    let host = Host::demo(1);
    let complaint = host
        .cli(&["call", "--timeout", "0.3", "demo", "hang"])
        .failure(1);
    assert!(complaint.starts_with("DirtyTimeoutError: "), "{complaint}");
}

#[test]
fn call_without_a_host_names_the_socket_and_what_to_do() {
    let ran = run(dirty()
        .args(["call", "demo", "fib", "1"])
        .env("DIRTY_SOCKET", "/tmp/none/s"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("/tmp/none/s"), "{ran:?}");
    assert!(
        ran.stderr.contains("DIRTY_SOCKET"),
        "how it was found: {ran:?}"
    );
    assert!(ran.stderr.contains("dirty serve"), "what to do: {ran:?}");
}

#[test]
fn status_prints_the_object_that_the_host_sends() {
    let app = App::demo().workers(2);
    let host = Host::builder()
        .app(app)
        .app(App::demo().named("other").workers(1))
        .start();
    host.wait_workers("demo", 2);
    host.wait_workers("other", 1);
    host.call("demo", "fib", json!([10])).result();
    // It is read once a second at most, and a worker may be newer.
    host.wait_status("everybody's memory", |status| {
        let mut workers = status.workers.iter();
        workers.all(|worker| worker.memory.is_some())
    });
    let printed = host.cli(&["status", "--json"]).success();
    let status: Status = serde_json::from_str(&printed).unwrap();
    assert_eq!(status.arbiter_pid, host.pid());
    assert_eq!(status.worker_count, 3);
    assert_eq!(status.workers.len(), 3);
    assert_eq!(status.apps, ["demo", "other"]);
    for worker in &status.workers {
        assert!(worker.booted);
        assert_eq!(worker.state, "ready");
        assert!((0.0..3600.0).contains(&worker.age), "{worker:?}");
        assert!(processes::Process::of(worker.pid).is_some_and(|process| process.is_alive()));
        assert!(
            worker
                .memory
                .is_some_and(|bytes| (1..1 << 30).contains(&bytes)),
            "{worker:?}"
        );
    }
    assert_eq!(status.app("demo").state, "serving");
    assert_eq!(status.app("demo").calls, 1);
    assert_eq!(status.app("demo").restarts, 0);
    assert_eq!(status.app("demo").queue, 0);
    assert_eq!(status.app("demo").last_error, None);
    assert_eq!(status.app("other").calls, 0);
}

#[test]
fn status_is_readable_for_humans() {
    let host = Host::demo(2);
    let printed = host.cli(&["status"]).success();
    assert!(printed.contains("demo"), "{printed}");
    assert!(printed.contains("serving"), "{printed}");
    for pid in host.wait_workers("demo", 2) {
        assert!(
            printed.contains(&pid.to_string()),
            "no worker {pid}:\n{printed}"
        );
    }
}

#[test]
fn demo_serves_without_any_file_and_prints_three_commands_that_work() {
    let directory = paths::short_temp_dir();
    let mut demo = Running::start(
        dirty()
            .arg("demo")
            .current_dir(directory.path())
            .env("TMPDIR", directory.path()),
    );
    let ready = demo
        .stdout
        .wait_for("the ready line", 2 * PATIENCE, |line| {
            line.starts_with("ready: demo on ")
        });
    let socket = PathBuf::from(ready.rsplit_once(" on ").unwrap().1);
    let commands = wait_for("three commands", PATIENCE, || {
        let lines = demo.stdout.all();
        let commands: Vec<String> = lines
            .into_iter()
            .filter(|line| line.contains(paths::DIRTY))
            .collect();
        (commands.len() >= 3).then_some(commands)
    });
    assert_eq!(commands.len(), 3, "{commands:?}");
    for command in &commands {
        assert_pasted_works(command.trim(), directory.path());
    }
    demo.signal(Signal::SIGTERM);
    assert_eq!(demo.wait(), Some(0));
    assert!(!socket.exists(), "nothing is left behind");
    assert_eq!(leftovers(directory.path()), Vec::<PathBuf>::new());
}

/// Runs a line as a user would who pasted it into a shell.
fn assert_pasted_works(line: &str, directory: &Path) {
    let line = line.strip_prefix("$ ").unwrap_or(line);
    let ran = run(clean(Command::new("sh"))
        .arg("-c")
        .arg(line)
        .current_dir(directory));
    let shows_an_error = line.contains(" fail") || line.contains(" trap");
    if shows_an_error {
        assert!(ran.stderr.starts_with("DirtyAppError: "), "{line}: {ran:?}");
        assert_eq!(ran.code, Some(1), "{line}: {ran:?}");
    } else {
        assert!(!ran.success().is_empty(), "{line} prints nothing");
    }
}

fn leftovers(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}
