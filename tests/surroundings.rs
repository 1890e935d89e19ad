//! What a host is started with by others: what is ignored, and how much it may have.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use harness::processes::{self, open_descriptors};
use harness::{App, Host, PATIENCE, Wire, paths, wait_until};
use nix::sys::signal::Signal;
use serde_json::json;

/// A supervisor may start its services with SIGCHLD ignored, and exec keeps that.
#[test]
fn a_host_that_inherits_an_ignored_sigchld_compiles_and_knows_how_its_processes_end() {
    let directory = paths::short_temp_dir();
    let host = Host::builder()
        .app(App::demo().workers(1))
        .cache_dir(&directory.path().join("cache"))
        // Not every shell hands on a SIGCHLD that it was told to ignore.
        .after_shell(r#"exec env --ignore-signal=CHLD "$0" "$@""#)
        .start();
    let mold = host.mold("demo");
    processes::signal(host.wait_workers("demo", 1)[0], Signal::SIGKILL);
    let died = host.stderr.wait_for("the worker's end", PATIENCE, |line| {
        line.contains("worker died")
    });
    assert!(died.contains("SIGKILL"), "{died}");
    processes::signal(mold, Signal::SIGKILL);
    let died = host.stderr.wait_for("the mold's end", PATIENCE, |line| {
        line.contains("the mold died")
    });
    assert!(died.contains("SIGKILL"), "{died}");
    host.wait_workers("demo", 1);
}

/// The soft and the hard limit of open files, as the kernel prints them.
fn open_files_limits(pid: i32) -> (String, String) {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .unwrap();
    let mut words = line.split_whitespace().map(str::to_owned);
    (words.next().unwrap(), words.next().unwrap())
}

#[test]
fn the_soft_limit_of_open_files_is_raised() {
    let host = Host::builder()
        .app(App::demo().workers(1))
        .after_shell("ulimit -Sn 32; ulimit -Hn 4096")
        .start();
    let raised = ("4096".to_owned(), "4096".to_owned());
    assert_eq!(open_files_limits(host.pid()), raised);
    assert_eq!(open_files_limits(host.mold("demo")), raised);
    let mut wires: Vec<Wire> = (0..100).map(|_| host.connect()).collect();
    for wire in &mut wires {
        assert_eq!(wire.call("demo", "fib", &json!([10])).result(), json!(55));
    }
}

/// A mold that stands still sends the descriptors of a new worker when the test wants them.
#[test]
fn a_worker_for_which_no_descriptor_is_left_is_lost_alone() {
    const DESCRIPTORS_MAX: i32 = 64;
    let host = Host::builder()
        .app(App::demo().workers(2))
        .after_shell(&format!("ulimit -n {DESCRIPTORS_MAX}"))
        .start();
    let workers = host.wait_workers("demo", 2);
    let mold = host.mold("demo");
    let clients: Vec<Wire> = (0..2 * DESCRIPTORS_MAX).map(|_| host.connect()).collect();
    processes::signal(mold, Signal::SIGSTOP);
    processes::signal(workers[0], Signal::SIGKILL);
    host.stderr
        .wait_for("the worker is given up", PATIENCE, |line| {
            line.contains("worker died")
        });
    wait_until("clients have every descriptor", PATIENCE, || {
        // What was inherited from a higher limit does not count.
        open_descriptors(host.pid())
            .range(..DESCRIPTORS_MAX)
            .count()
            == DESCRIPTORS_MAX as usize
    });
    processes::signal(mold, Signal::SIGCONT);
    host.stderr
        .wait_for("the loss of the new worker", PATIENCE, |line| {
            line.contains("no file descriptor left")
        });
    drop(clients);
    let now = host.wait_workers("demo", 2);
    assert!(now.contains(&workers[1]), "the other worker serves on");
    assert_eq!(host.mold("demo"), mold, "and so does the mold");
    assert_eq!(processes::children_of(mold), now, "no lost worker lives on");
    assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
}
