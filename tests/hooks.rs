//! `on_starting`, the hook that can stop the start, in a real host.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::fs;
use std::path::Path;

use harness::app::toml_string;
use harness::processes::Process;
use harness::{App, Host, PATIENCE, wait_for, wait_until};
use nix::sys::signal::Signal;

/// A host whose settings end with a table `[hooks]`.
fn with_hook(directory: &Path, script: &str) -> harness::host::HostBuilder {
    let script = toml_string(&format!("cd {} && {script}", directory.display()));
    Host::builder().app(App::demo().workers(1)).set(&format!(
        "[hooks]\non_starting = [\"sh\", \"-c\", {script}]"
    ))
}

#[test]
fn on_starting_runs_before_the_host_listens() {
    let scratch = tempfile::tempdir().unwrap();
    let script =
        "test ! -e \"$DIRTY_SOCKET\" && echo $DIRTY_HOOK $DIRTY_ARBITER_PID >told && echo hello";
    let host = with_hook(scratch.path(), script).start();
    let told = fs::read_to_string(scratch.path().join("told")).unwrap();
    assert_eq!(told, format!("on_starting {}\n", host.pid()));
    assert_eq!(host.stderr.count_of("hook: hello"), 1);
}

#[test]
fn on_starting_stops_the_start() {
    let scratch = tempfile::tempdir().unwrap();
    let mut host = with_hook(scratch.path(), "echo no database >&2; exit 3").launch();
    assert_eq!(host.wait_exit(PATIENCE).code(), Some(1));
    host.stderr.finish();
    let complaint = "the hook on_starting failed: sh ended with code 3: no database";
    assert_eq!(host.stderr.count_of(complaint), 1, "{}", host.stderr.text());
    assert!(!host.socket.exists());
}

#[test]
fn a_hook_that_does_not_exist_stops_the_start() {
    let mut host = Host::builder()
        .app(App::demo().workers(1))
        .set("[hooks]\nworker_exit = \"no-such-program-anywhere\"")
        .launch();
    assert_eq!(host.wait_exit(PATIENCE).code(), Some(1));
    host.stderr.finish();
    let text = host.stderr.text();
    let named = text.contains("worker_exit") && text.contains("no-such-program-anywhere");
    assert!(named && text.contains("PATH"), "{text}");
}

#[test]
fn a_host_that_is_told_to_stop_does_not_wait_for_on_starting() {
    let scratch = tempfile::tempdir().unwrap();
    let mut host = with_hook(scratch.path(), "echo $$ >pid; exec sleep 1000").launch();
    let hook = wait_for("the hook's process", PATIENCE, || {
        let text = fs::read_to_string(scratch.path().join("pid")).ok()?;
        text.strip_suffix('\n')?.parse().ok().and_then(Process::of)
    });
    host.signal(Signal::SIGTERM);
    assert_eq!(host.wait_exit(PATIENCE).code(), Some(0));
    assert!(!hook.is_alive());
}

#[test]
fn a_hook_ends_with_an_arbiter_that_is_killed() {
    let scratch = tempfile::tempdir().unwrap();
    let mut host = with_hook(scratch.path(), "echo $$ >pid; exec sleep 1000").launch();
    let hook = wait_for("the hook's process", PATIENCE, || {
        let text = fs::read_to_string(scratch.path().join("pid")).ok()?;
        text.strip_suffix('\n')?.parse().ok().and_then(Process::of)
    });
    host.kill();
    wait_until("the hook's end", harness::host::GONE_WITHIN, || {
        !hook.is_alive()
    });
}
