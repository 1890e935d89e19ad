//! What the system's process list shows of a host: names that tell which process is which, and
//! nothing that has ended.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use harness::processes::{self, Process, command_line, short_name, zombies_of};
use harness::{App, Host, PATIENCE, wait_for, wait_until};
use nix::sys::signal::Signal;
use serde_json::json;

/// The titles of a mold and its workers, in the order of the workers' numbers.
#[track_caller]
fn titles(host: &Host, app: &str, workers: usize) -> (String, Vec<String>) {
    let pids = host.wait_workers(app, workers);
    let workers = pids.into_iter().map(command_line).collect();
    (command_line(host.mold(app)), workers)
}

#[test]
fn every_process_says_what_it_is() {
    let host = Host::builder()
        .app(App::demo().workers(2))
        .app(App::demo().named("größe: x=1 #2").workers(1))
        .start();
    assert_eq!(command_line(host.pid()), "dirty: arbiter");
    assert_eq!(short_name(host.pid()), "dirty: arbiter");
    for (app, count) in [("demo", 2), ("größe: x=1 #2", 1)] {
        let (mold, workers) = titles(&host, app, count);
        assert_eq!(mold, format!("dirty: mold {app}"));
        for worker in workers {
            let number = worker
                .strip_prefix(&format!("dirty: worker {app} #"))
                .unwrap_or_else(|| panic!("{worker}"));
            assert!((1..=3).contains(&number.parse().unwrap()), "{worker}");
        }
    }
    assert!(short_name(host.mold("demo")).starts_with("dirty: mold"));
    let worker = host.wait_workers("demo", 2)[0];
    assert_eq!(short_name(worker), "dirty: worker d");
}

#[test]
fn a_long_name_is_shown_whole() {
    let app = "ä".repeat(127);
    let host = Host::serving(App::demo().named(&app).workers(1));
    let (mold, workers) = titles(&host, &app, 1);
    assert_eq!(mold, format!("dirty: mold {app}"));
    assert_eq!(workers, [format!("dirty: worker {app} #1")]);
}

#[test]
fn the_demo_is_named_too() {
    let mut demo = harness::cli::Running::start(harness::cli::dirty().arg("demo"));
    demo.stdout.wait_for("the ready line", PATIENCE, |line| {
        line.starts_with("ready: ")
    });
    assert_eq!(command_line(demo.pid()), "dirty: arbiter");
    demo.signal(Signal::SIGTERM);
    assert_eq!(demo.wait(), Some(0));
}

#[track_caller]
fn wait_for_no_zombie(arbiter: i32) {
    wait_until("no ended child is left unreaped", PATIENCE, || {
        zombies_of(arbiter).is_empty()
    });
}

#[test]
fn the_copies_of_a_killed_mold_leave_no_zombies() {
    let host = Host::serving(App::demo().workers(4));
    for _ in 0..2 {
        let before = host.wait_workers("demo", 4);
        let mold = host.mold("demo");
        processes::signal(mold, Signal::SIGKILL);
        host.wait_status("four other workers", |status| {
            status.count("demo", "ready") == 4
                && status
                    .workers_of("demo")
                    .all(|worker| !before.contains(&worker.pid))
        });
        wait_for_no_zombie(host.pid());
        for pid in before.into_iter().chain([mold]) {
            assert!(Process::of(pid).is_none(), "{pid} is gone");
        }
    }
}

#[test]
fn killed_workers_leave_no_zombies() {
    let host = Host::demo(2);
    let mold = host.mold("demo");
    for worker in host.wait_workers("demo", 2) {
        processes::signal(worker, Signal::SIGKILL);
        wait_until("its mold has reaped it", PATIENCE, || {
            zombies_of(mold).is_empty() && Process::of(worker).is_none()
        });
    }
    wait_for_no_zombie(host.pid());
}

/// What was running before, as a child of the process that became the host.
#[test]
fn a_child_that_the_host_was_started_with_is_reaped() {
    let host = Host::builder()
        .app(App::demo().workers(1))
        .after_shell("tail -f /dev/null & true")
        .start();
    let stranger = *processes::children_of(host.pid())
        .iter()
        .find(|child| command_line(**child).starts_with("tail "))
        .expect("the shell's background process");
    processes::signal(stranger, Signal::SIGKILL);
    wait_for_no_zombie(host.pid());
}

/// A shell's preparation that makes what follows process 1 of a new namespace, and leaves it an
/// orphan; or nothing where the system does not let the tests have such a namespace.
fn as_process_1() -> Option<String> {
    let orphan = "(tail -f /dev/null &); exec \"$0\" \"$@\"";
    let flags = "--pid --fork --mount-proc --kill-child";
    ["", "--user --map-root-user "].iter().find_map(|user| {
        let unshare = format!("unshare {user}{flags}");
        let possible = std::process::Command::new("sh")
            .args(["-c", &format!("{unshare} true 2>/dev/null")])
            .status();
        possible
            .is_ok_and(|status| status.success())
            .then(|| format!("exec {unshare} sh -c '{orphan}' \"$0\" \"$@\""))
    })
}

#[test]
fn process_1_of_a_container_reaps_what_it_inherits() {
    let Some(preparation) = as_process_1() else {
        return;
    };
    let mut host = Host::builder()
        .app(App::demo().workers(2))
        .after_shell(&preparation)
        .start();
    // The host's process is `unshare`, and the arbiter its only child.
    let [arbiter] = processes::children_of(host.pid())[..] else {
        panic!("one arbiter");
    };
    assert_eq!(command_line(arbiter), "dirty: arbiter");
    let child = |beginning: &str| {
        wait_for(&format!("a child `{beginning}`"), PATIENCE, || {
            processes::children_of(arbiter)
                .into_iter()
                .find(|child| command_line(*child).starts_with(beginning))
        })
    };
    let orphan = child("tail ");
    processes::signal(orphan, Signal::SIGKILL);
    wait_until("the orphan is reaped", PATIENCE, || {
        !std::path::Path::new(&format!("/proc/{orphan}")).exists()
    });
    // Its own children, whose ends it has to hear of, are not taken for strangers.
    let mold = child("dirty: mold demo");
    processes::signal(mold, Signal::SIGKILL);
    host.stderr
        .wait_for("the mold's end in the log", PATIENCE, |line| {
            line.contains("the mold died") && line.contains("SIGKILL")
        });
    wait_for_no_zombie(arbiter);
    assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
    processes::signal(arbiter, Signal::SIGTERM);
    assert_eq!(host.wait_exit(PATIENCE).code(), Some(0));
}
