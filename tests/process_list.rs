//! What the system's process list shows of a host: names that tell which process is which, and
//! nothing that has ended.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use harness::processes::{command_line, short_name};
use harness::{App, Host, PATIENCE};

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
    demo.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(demo.wait(), Some(0));
}
