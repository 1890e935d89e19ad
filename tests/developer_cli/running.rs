//! `dirty run`: what it does with a component is what a host does.

use std::fs;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::harness::cli::{Ran, Running, dirty};
use crate::harness::{demo_wasm, fixture, paths};
use crate::project::{ran, with_tools};

/// `dirty run` of a component, with temporary files in a directory of the test's.
fn command(component: &Path, temporary: &Path) -> Command {
    let mut command = with_tools(dirty());
    command.arg("run").arg(component).env("TMPDIR", temporary);
    command
}

fn run(component: &Path, arguments: &[&str]) -> Ran {
    let temporary = paths::short_temp_dir();
    let ended = ran(command(component, temporary.path()).args(arguments));
    let left = fs::read_dir(temporary.path()).unwrap().count();
    assert_eq!(left, 0, "nothing is left behind: {arguments:?}");
    ended
}

fn demo(arguments: &[&str]) -> Ran {
    run(&demo_wasm(), arguments)
}

#[test]
fn results_chunks_and_bytes_are_those_of_a_call() {
    let echoed = demo(&["echo", "a b", "1.50", "[1, null]", "--kw", "k=v"]).success();
    assert!(echoed.contains("1.50"), "as it was typed: {echoed}");
    let echoed: Value = serde_json::from_str(&echoed).unwrap();
    assert_eq!(echoed["args"][0], "a b");
    assert_eq!(echoed["kwargs"], json!({"k": "v"}));
    assert_eq!(demo(&["count", "3"]).success(), "0\n1\n2");
    let place = paths::short_temp_dir();
    let (photo, output) = (place.path().join("photo"), place.path().join("out"));
    fs::write(&photo, b"\xff\x00\x01").unwrap();
    let photo = format!("@{}", photo.display());
    let to = output.to_str().unwrap();
    assert_eq!(demo(&["reverse", &photo, "--output", to]).success(), "");
    assert_eq!(fs::read(&output).unwrap(), b"\x01\x00\xff");
}

#[test]
fn failures_have_the_exit_codes_of_a_call() {
    for (arguments, complaint) in [
        (&["nope"][..], "DirtyAppError: "),
        (&["__init__"], "DirtyAppError: "),
        (&["fail", "as asked"], "as asked"),
        (&["trap"], "panicked at"),
        (&["--timeout", "0.2", "hang"], "DirtyTimeoutError: "),
        (&["--set", "init_fails=true", "fib", "1"], "init() failed: "),
        (&["--memory-limit", "64KiB", "fib", "1"], "demo: "),
    ] {
        let said = demo(arguments).failure(1);
        assert!(said.contains(complaint), "{arguments:?}: {said}");
    }
    for arguments in [
        &["fib", "--kw", "n=1", "--kw", "n=2"][..],
        &["fib", "1", "--set", "a=1", "--set", "a=2"],
        &["fib", "1", "--env", "A"],
        &["fib", "1", "--dir", "data=."],
        &["fib", "1", "--memory-limit", "much"],
        &[],
    ] {
        demo(arguments).failure(2);
    }
    let said = run(Path::new("no-such.wasm"), &["greet"]).failure(1);
    assert!(said.contains("cannot read the component"), "{said}");
    assert_eq!(said.lines().count(), 2, "said once: {said}");
}

#[test]
fn an_app_has_what_its_configuration_would_give_it() {
    let place = paths::short_temp_dir();
    fs::write(place.path().join("base.txt"), "weights").unwrap();
    let app = fixture("env_and_dirs");
    let here = place.path().display();
    let read_only = format!("/models={here}");
    let shown = run(&app, &["read", "/models/base.txt", "--dir", &read_only]);
    assert_eq!(shown.success(), "\"weights\"");
    let write = ["write", "/models/new.txt", "text", "--dir"];
    run(&app, &[&write[..], &[&read_only]].concat()).failure(1);
    run(&app, &[&write[..], &[&format!("{read_only}:rw")]].concat()).success();
    assert_eq!(fs::read(place.path().join("new.txt")).unwrap(), b"text");
    let shown = run(&app, &["env", "SHOWN", "--env", "SHOWN=a=b"]);
    assert_eq!(shown.success(), "\"a=b\"");
}

#[test]
fn the_stash_is_there_and_close_is_called() {
    let stash = fixture("uses_stash");
    assert_eq!(run(&stash, &["count", "hits", "3"]).success(), "3");
    let closed = run(&fixture("close_logs"), &["count"]);
    assert!(closed.stderr.contains("closed after 1 calls"), "{closed:?}");
    assert!(!closed.stderr.contains("dirty_host"), "{closed:?}");
}

#[test]
fn an_interrupted_run_stops_and_leaves_nothing() {
    let temporary = paths::short_temp_dir();
    let mut command = command(&demo_wasm(), temporary.path());
    let mut running = Running::start(command.args(["count", "1000000", "--kw", "delay_ms=20"]));
    running
        .stdout
        .wait_for("a chunk", crate::harness::PATIENCE, |line| line == "0");
    // Twice: once is to wait for the call.
    running.signal(Signal::SIGINT);
    running.signal(Signal::SIGINT);
    assert_eq!(running.wait(), Some(1));
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}
