//! The command line: `serve` and its socket, signals and configuration errors.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use harness::cli::{dirty, run};
use harness::{App, Host, PATIENCE, Wire, demo_wasm, paths};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

#[test]
fn the_ready_line_names_every_app_and_the_socket() {
    let mut host = Host::builder()
        .app(App::demo().named("first").workers(1))
        .app(App::demo().named("second:App").workers(1))
        .launch();
    let line = host.wait_ready();
    let (apps, socket) = line
        .strip_prefix("ready: ")
        .unwrap()
        .rsplit_once(" on ")
        .unwrap();
    let mut apps: Vec<&str> = apps.split(", ").collect();
    apps.sort_unstable();
    assert_eq!(apps, ["first", "second:App"]);
    assert_eq!(socket, host.socket.to_string_lossy());
    for app in apps {
        assert_eq!(host.call(app, "fib", json!([10])).result(), json!(55));
    }
    assert_eq!(
        host.stdout.all().len(),
        1,
        "only the ready line goes to stdout"
    );
}

#[test]
fn the_socket_is_for_its_owner_only() {
    let host = Host::demo(1);
    let mode = fs::metadata(&host.socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn the_socket_of_a_live_host_is_never_stolen() {
    let host = Host::demo(1);
    let component = format!("demo={}:1", demo_wasm().display());
    let second = run(dirty()
        .arg("serve")
        .arg("--app")
        .arg(&component)
        .arg("--socket")
        .arg(&host.socket));
    assert_ne!(second.code, Some(0));
    assert!(
        second.stderr.contains(&*host.socket.to_string_lossy()),
        "{second:?}"
    );
    assert!(!second.stdout.contains("ready"), "{second:?}");
    assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
}

#[test]
fn a_stale_socket_is_replaced() {
    let directory = paths::short_temp_dir();
    let start = || {
        Host::builder()
            .app(App::demo().workers(1))
            .directory(directory.path())
            .start()
    };
    let mut first = start();
    first.kill();
    assert!(
        first.socket.exists(),
        "a killed host cannot remove its socket"
    );
    let second = start();
    assert_eq!(second.call("demo", "fib", json!([10])).result(), json!(55));
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let directory = paths::short_temp_dir();
    let precious = directory.path().join("precious");
    fs::write(&precious, "data").unwrap();
    let component = format!("demo={}:1", demo_wasm().display());
    let ran = run(dirty()
        .arg("serve")
        .arg("--app")
        .arg(&component)
        .arg("--socket")
        .arg(&precious));
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("precious"), "{ran:?}");
    assert_eq!(fs::read_to_string(&precious).unwrap(), "data");
}

fn a_call_in_flight_is_finished(signal: Signal) {
    let directory = paths::short_temp_dir();
    let start = || {
        Host::builder()
            .app(App::demo().workers(2))
            .directory(directory.path())
            .start()
    };
    let mut host = start();
    let mut wire = host.connect();
    wire.request("slow", "demo", "sleep", &json!([1.5]));
    let mut stream = host.connect();
    stream.request("stream", "demo", "count", &json!([3, 500]));
    host.wait_leased("demo", 2);
    host.signal(signal);
    assert_eq!(wire.outcome().result(), Value::Null);
    assert_eq!(stream.outcome().stream(), [json!(0), json!(1), json!(2)]);
    assert_eq!(
        host.wait_exit(PATIENCE).code(),
        Some(0),
        "{}",
        host.stderr.text()
    );
    assert!(
        !host.socket.exists(),
        "a host that stops removes its socket"
    );
    assert!(wire.try_read().is_none(), "the connection is closed");

    let second = start();
    assert_eq!(second.call("demo", "fib", json!([10])).result(), json!(55));
}

#[test]
fn term_stops_the_host_after_the_calls_in_flight_and_it_can_start_again() {
    a_call_in_flight_is_finished(Signal::SIGTERM);
}

#[test]
fn int_stops_the_host_after_the_calls_in_flight_and_it_can_start_again() {
    a_call_in_flight_is_finished(Signal::SIGINT);
}

#[test]
fn a_call_that_never_ends_holds_up_a_stop_for_the_graceful_timeout_only() {
    let app = App::demo().workers(1).timeout(0.0);
    let mut host = Host::builder().set("graceful_timeout = 1").app(app).start();
    let mut wire = host.connect();
    wire.request("hung", "demo", "hang", &json!([]));
    host.wait_leased("demo", 1);
    let asked = Instant::now();
    host.stop();
    assert!(
        asked.elapsed() >= Duration::from_secs(1),
        "the call had its grace"
    );
    assert!(
        asked.elapsed() < Duration::from_secs(20),
        "took {:?}",
        asked.elapsed()
    );
    if let Some(frame) = wire.try_read() {
        frame.failure().of_type("DirtyWorkerError");
        assert!(wire.try_read().is_none(), "the connection is closed");
    }
}

#[test]
fn flags_override_the_file() {
    let directory = paths::short_temp_dir();
    let socket = directory.path().join("other");
    let mut host = Host::builder()
        .app(App::demo().workers(1).timeout(300.0))
        .flag("--socket")
        .flag(socket.to_string_lossy())
        .flag("--workers")
        .flag("3")
        .flag("--timeout")
        .flag("0.5")
        .launch();
    assert!(
        host.wait_ready()
            .ends_with(&format!(" on {}", socket.display()))
    );
    host.socket = socket;
    assert_eq!(host.wait_workers("demo", 3).len(), 3);
    let failure = host
        .call("demo", "hang", json!([]))
        .failure()
        .of_type("DirtyTimeoutError");
    assert_eq!(failure.detail("timeout"), &json!(0.5));
}

/// Serves with this configuration, which must fail, and returns the complaint.
fn complaint(config: &str) -> String {
    let directory = paths::short_temp_dir();
    let file = directory.path().join("dirty.toml");
    fs::write(&file, config).unwrap();
    let ran = run(dirty().arg("serve").arg("--config").arg(&file));
    assert_ne!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.stdout, "", "nothing is ready");
    ran.stderr
}

#[test]
fn errors_of_the_configuration_name_file_line_and_remedy() {
    let table = [
        (
            "tiemout = 3\n[apps.a]\ncomponent = 'a.wasm'\n",
            "dirty.toml:1",
            "timeout",
        ),
        (
            "\ndirty_threads = 4\n[apps.a]\ncomponent = 'a.wasm'\n",
            "dirty.toml:2",
            "workers",
        ),
        (
            "dirty_workers = 4\n[apps.a]\ncomponent = 'a.wasm'\n",
            "dirty.toml:1",
            "workers",
        ),
        (
            "[apps.a]\ncomponent = 'a.wasm'\nworkers = -1\n",
            "dirty.toml:3",
            "workers",
        ),
        (
            "[apps.a]\ncomponent = 'a.wasm'\ninit = 'never'\n",
            "dirty.toml:3",
            "per-worker",
        ),
        ("[apps.a]\nworkers = 1\n", "dirty.toml:1", "component"),
        ("[apps.a\ncomponent = 'a.wasm'\n", "dirty.toml:1", ""),
        (
            "timeout = 'long'\n[apps.a]\ncomponent = 'a.wasm'\n",
            "dirty.toml:1",
            "timeout",
        ),
    ];
    for (config, place, remedy) in table {
        let complaint = complaint(config);
        assert!(
            complaint.contains(place),
            "no {place} for {config:?}:\n{complaint}"
        );
        assert!(
            complaint.contains(remedy),
            "no {remedy} for {config:?}:\n{complaint}"
        );
    }
}

#[test]
fn a_host_without_apps_says_how_to_configure_one() {
    let complaint = complaint("workers = 2\n");
    assert!(complaint.contains("component"), "{complaint}");
}

#[test]
fn a_configuration_file_that_is_not_there_is_named() {
    let ran = run(dirty().args(["serve", "--config", "/nonexistent/dirty.toml"]));
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("/nonexistent/dirty.toml"), "{ran:?}");
}

#[test]
fn a_socket_path_that_no_system_takes_is_refused_clearly() {
    let socket = format!("/tmp/{}", "x".repeat(120));
    let component = format!("demo={}:1", demo_wasm().display());
    let ran = run(dirty().args(["serve", "--app", &component, "--socket", &socket]));
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("107"), "the limit is named: {ran:?}");
}

#[test]
fn usage_errors_exit_with_2() {
    for arguments in [
        &["serve", "--nonsense"][..],
        &["serve", "--workers", "many"],
        &["call", "demo"],
        &["call", "demo", "echo", "--timeout", "0"],
        &["call", "demo", "echo", "--kw", "no-equals-sign"],
        &["frobnicate"],
    ] {
        run(dirty().args(arguments)).failure(2);
    }
}

#[test]
fn a_socket_that_nobody_listens_on_does_not_count_as_live() {
    let directory = paths::short_temp_dir();
    drop(UnixListener::bind(directory.path().join("s")).unwrap());
    let host = Host::builder()
        .app(App::demo().workers(1))
        .directory(directory.path())
        .start();
    assert!(Wire::try_connect(&host.socket).is_ok());
}
