//! Molds and their copies: what makes forking sound, seen from outside through /proc.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use harness::processes::{self, open_descriptors};
use harness::{App, Host, PATIENCE, Wire, paths};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

#[test]
fn the_mold_has_one_thread_and_no_runtime() {
    let host = Host::demo(2);
    host.wait_workers("demo", 2);
    let mold = host.mold("demo");
    assert_eq!(processes::parent_of(mold), host.pid());
    assert_eq!(processes::thread_count(mold), 1);
    let open = open_descriptors(mold);
    let leftover = |target: &&String| target.contains("eventpoll") || target.contains("eventfd");
    assert!(!open.values().any(|target| leftover(&target)), "{open:?}");
}

#[test]
fn a_worker_has_one_thread() {
    let host = Host::demo(3);
    for worker in host.wait_workers("demo", 3) {
        assert_eq!(processes::thread_count(worker), 1);
    }
}

fn sockets(pid: i32) -> BTreeSet<String> {
    let sockets = open_descriptors(pid).into_values();
    sockets
        .filter(|target| target.starts_with("socket:"))
        .collect()
}

#[test]
fn every_socket_has_one_owner() {
    let host = Host::demo(4);
    let workers = host.wait_workers("demo", 4);
    let _connected: Vec<Wire> = (0..3).map(|_| host.connect()).collect();
    let mut owners = workers;
    owners.extend([host.mold("demo"), host.pid()]);
    let mut seen = BTreeSet::new();
    for owner in owners {
        for socket in sockets(owner) {
            assert!(
                seen.insert(socket.clone()),
                "{socket} of {owner} has another owner"
            );
        }
    }
}

#[test]
fn a_worker_has_open_what_the_first_one_has() {
    let host = Host::demo(6);
    let kinds = |pid: i32| -> Vec<String> {
        let targets = open_descriptors(pid).into_values();
        let mut kinds: Vec<String> = targets
            .map(|target| target.split('[').next().unwrap().to_owned())
            .collect();
        kinds.sort_unstable();
        kinds
    };
    let workers = host.wait_workers("demo", 6);
    let first = kinds(workers[0]);
    for worker in workers {
        assert_eq!(
            kinds(worker),
            first,
            "descriptors pile up from copy to copy"
        );
    }
}

#[test]
fn what_the_arbiter_inherited_reaches_no_mold_and_no_worker() {
    let directory = paths::short_temp_dir();
    let secret = directory.path().join("secret");
    std::fs::write(&secret, "").unwrap();
    let preparation = format!("exec 7<'{}'", secret.display());
    let host = Host::builder()
        .app(App::demo().workers(1))
        .after_shell(&preparation)
        .start();
    let name = secret.to_string_lossy().into_owned();
    for process in host.children() {
        let open = open_descriptors(process.pid);
        assert!(!open.values().any(|target| *target == name), "{open:?}");
    }
}

/// Asks the app's only worker, kills it, asks its successor, and so on.
fn ask_successive_workers(host: &Host, app: &str, workers: usize, action: &str) -> Vec<Value> {
    let ask_and_kill = |_| {
        let worker = host.wait_workers(app, 1)[0];
        let answer = host.call(app, action, json!([])).result();
        processes::signal(worker, Signal::SIGKILL);
        host.wait_status("the worker is gone", |status| {
            status.workers_of(app).all(|other| other.pid != worker)
        });
        answer
    };
    (0..workers).map(ask_and_kill).collect()
}

#[test]
fn init_runs_once_and_every_copy_has_what_it_left() {
    let host = Host::demo(1);
    let nonces = ask_successive_workers(&host, "demo", 4, "instance");
    assert!(nonces.iter().all(|nonce| *nonce == nonces[0]), "{nonces:?}");
    for init_count in ask_successive_workers(&host, "demo", 3, "init_count") {
        assert_eq!(init_count, json!(1));
    }
    let log = host.stderr.text();
    assert_eq!(host.stderr.count_of("filling 0 MiB of state"), 1, "{log}");
}

#[test]
fn randomness_differs_in_every_copy() {
    let host = Host::demo(4);
    let mut wires: Vec<Wire> = (0..4).map(|_| host.connect()).collect();
    for wire in &mut wires {
        wire.request("x", "demo", "random", &json!([1]));
    }
    host.wait_leased("demo", 4);
    let drawn: BTreeSet<String> = wires
        .iter_mut()
        .map(|wire| wire.outcome().result().to_string())
        .collect();
    assert_eq!(drawn.len(), 4, "{drawn:?}");
}

#[test]
fn what_init_prints_is_printed_once() {
    let mut host = Host::serving(App::fixture("init_prints").workers(4));
    host.wait_workers("init_prints", 4);
    for _ in 0..8 {
        host.call("init_prints", "print", json!([])).result();
    }
    host.stop();
    host.stderr.finish();
    let log = host.stderr.text();
    assert_eq!(host.stderr.count_of("a whole line from init"), 1, "{log}");
    assert_eq!(
        host.stderr.count_of("a part of a line from init"),
        1,
        "{log}"
    );
    assert_eq!(host.stderr.count_of("a line from a call"), 8, "{log}");
}

#[test]
fn an_app_that_keeps_a_file_open_is_initialised_in_each_worker() {
    let data = paths::short_temp_dir();
    std::fs::write(data.path().join("kept.txt"), "abcdefgh").unwrap();
    let dirs = format!("dirs = {{ \"/data\" = \"{}\" }}", data.path().display());
    let host = Host::serving(App::fixture("init_opens_file").workers(2).set(&dirs));
    host.wait_workers("init_opens_file", 2);
    let mut bytes: Vec<u64> = (0..4)
        .map(|_| {
            host.call("init_opens_file", "read_byte", json!([]))
                .result()
                .as_u64()
                .unwrap()
        })
        .collect();
    bytes.sort_unstable();
    // Copies with one offset between them would have read a, b, c, d.
    let split: BTreeSet<u64> = bytes.iter().copied().collect();
    assert!(
        split.len() < bytes.len(),
        "the copies share an offset: {bytes:?}"
    );
    assert_warned(&host, "kept.txt");
}

#[test]
fn an_app_that_keeps_a_timer_is_initialised_in_each_worker() {
    let host = Host::serving(App::fixture("init_leaves_timer").workers(2));
    for _ in 0..4 {
        let pending = host
            .call("init_leaves_timer", "pending", json!([]))
            .result();
        assert_eq!(pending, json!(true));
    }
    assert_warned(&host, "timer");
}

/// The log has one warning that init runs in each worker, and because of what.
fn assert_warned(host: &Host, what: &str) {
    host.stderr.wait_for("a warning", PATIENCE, |line| {
        line.contains("WARN") && line.contains(what) && line.contains("per-worker")
    });
}

#[test]
fn per_worker_initialises_each_worker() {
    let mut host = Host::serving(App::demo().workers(1).set("init = \"per-worker\""));
    let nonces = ask_successive_workers(&host, "demo", 3, "instance");
    let distinct: BTreeSet<String> = nonces.iter().map(Value::to_string).collect();
    assert_eq!(distinct.len(), 3, "{nonces:?}");
    let counts = ask_successive_workers(&host, "demo", 2, "init_count");
    assert_eq!(counts, [json!(1), json!(1)]);
    host.stop();
    host.stderr.finish();
    let log = host.stderr.text();
    assert!(!log.contains("init() left"), "it was asked for: {log}");
}

#[test]
fn on_fork_runs_once_in_every_worker() {
    let host = Host::serving(App::fixture("on_fork_counts").workers(4));
    host.wait_workers("on_fork_counts", 4);
    for _ in 0..8 {
        assert_eq!(
            host.call("on_fork_counts", "forks", json!([])).result(),
            json!(1)
        );
    }
    let drawn: BTreeSet<u64> = (0..4)
        .map(|_| {
            host.call("on_fork_counts", "draw", json!([]))
                .result()
                .as_u64()
                .unwrap()
        })
        .collect();
    assert_eq!(
        drawn.len(),
        4,
        "the workers take turns, and each has seeded anew"
    );
}

#[test]
fn signals_to_their_groups_stop_neither_molds_nor_workers() {
    let host = Host::demo(2);
    let before = host.wait_workers("demo", 2);
    let mold = host.mold("demo");
    for signal in [
        Signal::SIGINT,
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGQUIT,
    ] {
        processes::signal_group_of(mold, signal);
        for worker in &before {
            processes::signal_group_of(*worker, signal);
        }
        assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
    }
    assert_eq!(host.wait_workers("demo", 2), before);
    assert_eq!(host.mold("demo"), mold);
    assert_eq!(host.status().app("demo").restarts, 0);
}

const MIB: u64 = 1 << 20;

/// Memory of all the host's processes, what they share counted once.
fn memory_with(workers: u32) -> u64 {
    let app = App::demo().workers(workers).config("state_mib = 256");
    let host = Host::serving(app);
    for worker in host.wait_workers("demo", workers as usize) {
        assert!(
            processes::private_memory(worker) < 32 * MIB,
            "a worker shares its mold's state"
        );
    }
    for _ in 0..workers {
        assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
    }
    let children = host.children().into_iter().map(|process| process.pid);
    children
        .chain([host.pid()])
        .map(processes::proportional_memory)
        .sum()
}

#[test]
fn eight_workers_take_hardly_more_memory_than_one() {
    let one = memory_with(1);
    let eight = memory_with(8);
    assert!(
        one > 256 * MIB,
        "the state is really there: {} MiB",
        one / MIB
    );
    assert!(
        eight * 10 < one * 12,
        "8 workers take {} MiB, one takes {} MiB",
        eight / MIB,
        one / MIB
    );
}

#[test]
fn a_large_state_is_in_huge_pages_where_the_system_has_them() {
    let app = App::demo().workers(1).config("state_mib = 128");
    let host = Host::serving(app);
    let maps = fs::read_to_string(format!("/proc/{}/smaps", host.mold("demo"))).unwrap();
    let mut state = maps
        .lines()
        .skip_while(|line| size_of_mapping(line).is_none_or(|size| size < 48 * MIB));
    let flags = state.find_map(|line| line.strip_prefix("VmFlags:"));
    let advised = flags.unwrap().split_whitespace().any(|flag| flag == "hg");
    let enabled = Path::new("/sys/kernel/mm/transparent_hugepage/enabled");
    assert_eq!(advised, enabled.exists());
}

/// Of one that can be written to, in its first line.
fn size_of_mapping(line: &str) -> Option<u64> {
    let (range, _) = line.split_once(" rw-p ")?;
    let (start, end) = range.split_once('-')?;
    let address = |hex| u64::from_str_radix(hex, 16).ok();
    Some(address(end)? - address(start)?)
}
