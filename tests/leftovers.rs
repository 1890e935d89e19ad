//! What a killed host leaves in the file system goes with the next start.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::fs;
use std::hint::spin_loop;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, Instant};

use harness::app::toml_string;
use harness::cli::{Running, dirty};
use harness::host::{GONE_WITHIN, HostBuilder};
use harness::{App, Host, PATIENCE, paths, processes, wait_until};
use nix::sys::signal::Signal;
use serde_json::json;

/// Of the time that a start takes, the moments at which a host is killed.
const MOMENTS: u32 = 20;
/// Hosts that are killed when the first file of theirs is seen.
const SEEN: u32 = 20;

/// The names in a directory, in order.
fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A host in a directory that others were in before it, and with a pidfile there.
fn host_in(directory: &Path) -> HostBuilder {
    let pidfile = toml_string(&directory.join("pid").to_string_lossy());
    Host::builder()
        .directory(directory)
        .set(&format!("pidfile = {pidfile}"))
        .app(App::demo().workers(1))
}

/// Starts a host and stops it. It must serve, and only its configuration and what the test has
/// put there may be left. Returns how long the start took.
#[track_caller]
fn serves_and_leaves(builder: HostBuilder, directory: &Path, expected: &[&str]) -> Duration {
    let started = Instant::now();
    let mut host = builder.start();
    let took = started.elapsed();
    assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
    let mut serving: Vec<&str> = [expected, &["pid", "s"]].concat();
    serving.sort_unstable();
    assert_eq!(names(directory), serving, "while it serves");
    assert!(host.stop().success());
    assert_eq!(names(directory), expected, "after its end");
    took
}

/// Computes until the condition holds: waiting would let moments pass that are to be hit.
fn spin_until(condition: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "nothing has happened");
        spin_loop();
    }
}

#[test]
fn a_host_that_is_killed_while_it_starts() {
    let directory = paths::short_temp_dir();
    let path = directory.path();
    let check = || serves_and_leaves(host_in(path), path, &["dirty.toml"]);
    let start_takes = check();
    for moment in 0..MOMENTS {
        let end = Instant::now() + start_takes * moment / MOMENTS;
        let mut host = host_in(path).launch();
        spin_until(|| Instant::now() >= end);
        host.kill();
        check();
    }
}

/// Kills follow each other here, so that what one host has left meets the next one while that is
/// being killed, too.
#[test]
fn hosts_that_are_killed_as_soon_as_they_leave_anything() {
    let directory = paths::short_temp_dir();
    let path = directory.path();
    for further in 0..SEEN {
        let before = names(path);
        let mut host = host_in(path).launch();
        let is_news = |name: &String| !before.contains(name) && !name.starts_with("dirty.");
        // Names of a killed host's may be had again: then its socket says that it has come so far.
        spin_until(|| names(path).iter().any(is_news) || listens(&host.socket));
        for _ in 0..further {
            names(path);
        }
        host.kill();
    }
    serves_and_leaves(host_in(path), path, &["dirty.toml"]);
}

fn listens(socket: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(socket).is_ok()
}

/// Each thing that a host can leave, whatever the moment in which it is killed.
#[test]
fn everything_that_can_be_left() {
    let directory = paths::short_temp_dir();
    let path = directory.path();
    for name in [".dirty-socket-000000", ".dirty-socket-000001", "cache"] {
        fs::create_dir(path.join(name)).unwrap();
    }
    fs::set_permissions(path.join("cache"), fs::Permissions::from_mode(0o700)).unwrap();
    for name in [".dirty-socket-000001/s", "s"] {
        drop(UnixListener::bind(path.join(name)).unwrap());
    }
    for (name, text) in [
        (".dirty-pid-000000", ""),
        (".dirty-pid-000001", "1234567\n"),
        ("pid", "1234567\n"),
        // Of a host that was to replace another one.
        ("pid.2", "1234567\n"),
        ("cache/.new-000000", "half a component"),
        // Not a host's, for all their names.
        (".dirty-pid-notes", "a note"),
        ("pid.3", "1234567\n"),
    ] {
        fs::write(path.join(name), text).unwrap();
        fs::set_permissions(path.join(name), fs::Permissions::from_mode(0o644)).unwrap();
    }
    let builder = host_in(path).cache_dir(&path.join("cache"));
    let foreign = [".dirty-pid-notes", "cache", "dirty.toml", "pid.3"];
    serves_and_leaves(builder, path, &foreign);
    let cached = names(&path.join("cache"));
    assert!(
        matches!(&cached[..], [compiled] if compiled.ends_with(".cwasm")),
        "{cached:?}"
    );
}

/// A demo whose files lie in this directory.
fn demo_in(directory: &Path) -> Running {
    Running::start(dirty().arg("demo").env("TMPDIR", directory))
}

#[track_caller]
fn wait_ready(demo: &Running) {
    demo.stdout
        .wait_for("the ready line", 2 * PATIENCE, |line| {
            line.starts_with("ready: ")
        });
}

#[track_caller]
fn kill(mut demo: Running) {
    let children = processes::descendants_of(demo.pid());
    demo.signal(Signal::SIGKILL);
    assert_eq!(demo.wait(), None, "it was killed");
    wait_until("the end of the demo's processes", GONE_WITHIN, || {
        !children.iter().any(|child| child.is_alive())
    });
}

#[test]
fn a_demo_that_is_killed() {
    let directory = paths::short_temp_dir();
    let path = directory.path();
    for further in 0..8 {
        let before = names(path);
        let demo = demo_in(path);
        spin_until(|| names(path).iter().any(|name| !before.contains(name)));
        for _ in 0..further * further {
            names(path);
        }
        kill(demo);
        assert_ne!(names(path), [] as [&str; 0], "what the next one removes");
    }
    let first = demo_in(path);
    wait_ready(&first);
    assert_eq!(names(path).len(), 1, "of the first one that can serve");
    kill(first);
    let mut second = demo_in(path);
    wait_ready(&second);
    let own = names(path);
    assert_eq!(own.len(), 1, "of the second one");
    // What is in use stays.
    let mut third = demo_in(path);
    wait_ready(&third);
    assert_eq!(names(path).len(), 2, "of the second and the third one");
    for demo in [&mut second, &mut third] {
        demo.signal(Signal::SIGTERM);
        assert_eq!(demo.wait(), Some(0));
    }
    assert_eq!(names(path), [] as [&str; 0]);
}
