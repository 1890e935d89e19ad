//! The log file of a real host, and the signals of log rotation.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::harness::{App, Host, PATIENCE, paths, processes, wait_until};

#[track_caller]
fn wait_for_line(path: &Path, needle: &str) {
    let what = format!("{needle:?} in {}", path.display());
    wait_until(&what, PATIENCE, || {
        fs::read_to_string(path).is_ok_and(|text| text.contains(needle))
    });
}

#[test]
fn after_a_rename_the_log_goes_on_in_a_new_file() {
    let directory = paths::short_temp_dir();
    let (path, rotated) = (directory.path().join("log"), directory.path().join("log.1"));
    let host = Host::builder()
        .app(App::demo().workers(1))
        .flag("--log-file")
        .flag(path.to_string_lossy())
        .after_shell("umask 022")
        .start();
    wait_for_line(&path, "the app's mold is ready");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
    fs::rename(&path, &rotated).unwrap();
    host.signal(Signal::SIGUSR1);
    wait_for_line(&path, "log file reopened");
    processes::signal(host.wait_workers("demo", 1)[0], Signal::SIGKILL);
    wait_for_line(&path, "worker died");
    assert!(
        !fs::read_to_string(&rotated)
            .unwrap()
            .contains("worker died")
    );
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
    assert_eq!(host.stderr.text(), "", "and nothing goes to standard error");
}

#[test]
fn a_log_file_that_cannot_be_had_is_an_error_with_advice() {
    let mut host = Host::builder()
        .app(App::demo().workers(1))
        .flag("--log-file")
        .flag("/nonexistent/log")
        .launch();
    assert_eq!(host.wait_exit(PATIENCE).code(), Some(1));
    host.stderr.finish();
    let complaint = host.stderr.text();
    for part in ["/nonexistent/log", "--log-file"] {
        assert!(complaint.contains(part), "{complaint}");
    }
}

#[test]
fn signals_for_the_host_do_no_harm_to_its_children() {
    let host = Host::demo(2);
    let workers = host.wait_workers("demo", 2);
    for signal in [
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGTTIN,
        Signal::SIGTTOU,
    ] {
        for child in host.children() {
            processes::signal(child.pid, signal);
        }
    }
    host.signal(Signal::SIGUSR1);
    host.stderr
        .wait_for("the arbiter's answer", PATIENCE, |line| {
            line.contains("no log file to reopen")
        });
    assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
    assert_eq!(host.wait_workers("demo", 2), workers);
}
