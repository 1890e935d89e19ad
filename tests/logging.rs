//! The log goes to a pipe that somebody has to read: nobody else may suffer if that is not done.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::fs::File;
use std::path::{Path, PathBuf};

use harness::lines::Lines;
use harness::{App, Host, PATIENCE, paths};
use nix::sys::stat::Mode;
use serde_json::json;

/// A host whose standard error is this pipe, beside an app that serves and one that prints a lot.
/// The host has the pipe open for reading, too, so that it has a reader, who reads nothing.
fn host_logging_to(pipe: &Path) -> Host {
    nix::unistd::mkfifo(pipe, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    Host::builder()
        .app(App::fixture("stdout_spam").workers(1))
        .app(App::demo().workers(1))
        .after_shell(&format!("exec 2<>'{}'", pipe.display()))
        .start()
}

fn pipe_in(directory: &tempfile::TempDir) -> PathBuf {
    directory.path().join("log")
}

/// Has the app print 10 MB, which is many times what fits into a pipe.
#[track_caller]
fn spam(host: &Host) {
    let printed = host.call("stdout_spam", "spam", json!([])).result();
    assert_eq!(printed, json!(100_000));
}

#[test]
fn a_log_that_nobody_reads_holds_up_neither_calls_nor_the_end() {
    let directory = paths::short_temp_dir();
    let mut host = host_logging_to(&pipe_in(&directory));
    let mut spamming = host.connect();
    spamming.request("x", "stdout_spam", "spam", &json!([]));
    assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
    assert_eq!(spamming.outcome().result(), json!(100_000));
    spamming.request("y", "stdout_spam", "spam", &json!([]));
    assert!(host.stop().success());
}

#[test]
fn a_log_that_is_read_again_says_how_much_is_missing() {
    let directory = paths::short_temp_dir();
    let pipe = pipe_in(&directory);
    let mut host = host_logging_to(&pipe);
    spam(&host);
    let mut log = Lines::collect(File::open(&pipe).unwrap());
    // What was kept has to be out of the pipe before there is room for more.
    log.wait_for("a line from before", PATIENCE, |line| {
        line.contains("stdout_spam")
    });
    assert!(host.stop().success());
    log.finish();
    let text = log.text();
    let lost = text
        .lines()
        .filter_map(|line| line.split_once("standard error was not read: "))
        .map(|(_, lost)| lost.parse::<usize>().unwrap())
        .sum::<usize>();
    let kept = text.matches("stream=\"stdout\"").count();
    assert!(lost > 0, "{text}");
    // One line may be cut, and what is not printed by the app is lost or kept as well.
    assert!(
        (100_000..100_100).contains(&(lost + kept)),
        "{lost} + {kept}"
    );
}
