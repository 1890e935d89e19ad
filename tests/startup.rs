//! Starting: apps that cannot start beside apps that can, and how many workers each has.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use harness::cli::{self, Running};
use harness::{App, Failure, Host, PATIENCE, Wire, fixture, paths};
use nix::sys::signal::Signal;
use serde_json::json;

/// A host with an app that cannot start, beside one that serves.
fn with_a_sound_app(broken: App) -> Host {
    let host = Host::builder()
        .app(broken)
        .app(App::demo().workers(1))
        .launch();
    host.wait_listening();
    // A call waits for the app's first start.
    assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
    host
}

/// Waits until the app has failed for good, or for now, and returns the reason in the status.
#[track_caller]
fn reason(host: &Host, app: &str) -> String {
    let status = host.wait_status(&format!("{app} has failed"), |status| {
        matches!(status.app(app).state.as_str(), "backoff" | "failed")
    });
    let reason = status.app(app).last_error.clone().unwrap();
    let ready = host
        .stdout
        .wait_for("the ready line", PATIENCE, |line| line.contains("ready: "));
    assert!(
        ready.starts_with("ready: demo on "),
        "of the other one: {ready}"
    );
    host.stderr
        .wait_for("the log says so", PATIENCE, |line| line.contains(app));
    reason
}

/// The error of a call to an app that could not start.
#[track_caller]
fn refusal(host: &Host, app: &str) -> Failure {
    let failure = host.call(app, "fib", json!([1])).failure();
    let failure = failure.of_type("DirtyNoWorkersAvailableError");
    assert_eq!(failure.detail("app_path"), app);
    failure
}

#[test]
fn an_init_that_fails_is_shown_with_its_reason_while_another_app_serves() {
    let host = with_a_sound_app(App::demo().named("broken").config("init_fails = true"));
    let reason = reason(&host, "broken");
    assert!(reason.contains("RuntimeError"), "{reason}");
    assert!(reason.contains("init fails"), "{reason}");
    refusal(&host, "broken");
    assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
}

#[test]
fn an_init_that_logs_a_long_text_serves_and_nothing_of_the_text_is_lost() {
    let app = App::fixture("long_texts").workers(1);
    let host = Host::serving(app.config("log_bytes = 200_000"));
    for part in ["begin ", " end"] {
        host.stderr
            .wait_for("both ends of the text", PATIENCE, |line| {
                line.contains(part)
            });
    }
}

#[test]
fn an_init_that_fails_with_a_long_text_is_shown_with_both_ends_of_it() {
    let app = App::fixture("long_texts").workers(1);
    let host = with_a_sound_app(app.config("fail_bytes = 200_000"));
    let reason = reason(&host, "long_texts");
    assert!(reason.contains("begin "), "{reason}");
    assert!(reason.contains(" end"), "{reason}");
}

#[test]
fn an_init_that_traps_is_shown_with_its_panic_message() {
    let host = with_a_sound_app(App::fixture("init_traps").workers(1));
    let reason = reason(&host, "init_traps");
    assert!(reason.contains("init was called"), "{reason}");
    refusal(&host, "init_traps");
}

#[test]
fn an_init_that_hangs_ends_at_the_boot_timeout() {
    let host = Host::builder()
        .set("boot_timeout = 3")
        .app(App::fixture("init_hangs").workers(1))
        .app(App::demo().workers(1))
        .launch();
    host.stderr
        .wait_for("the boot timeout", 2 * PATIENCE, |line| {
            line.contains("boot_timeout")
        });
    let reason = reason(&host, "init_hangs");
    assert!(reason.contains("boot_timeout"), "{reason}");
}

#[test]
fn an_on_fork_that_traps_is_shown_with_its_panic_message() {
    let host = with_a_sound_app(App::fixture("on_fork_traps").workers(2));
    let reason = reason(&host, "on_fork_traps");
    assert!(reason.contains("on_fork was called"), "{reason}");
}

/// Writes a component, given as text, into a directory of the host's.
fn component(directory: &Path, text: &str) -> PathBuf {
    let path = directory.join("broken.wasm");
    std::fs::write(&path, wat::parse_str(text).unwrap()).unwrap();
    path
}

#[track_caller]
fn assert_refused_naming(path: &Path, words: &[&str]) {
    let host = with_a_sound_app(App::new("broken", path).workers(1));
    let reason = reason(&host, "broken");
    for word in words {
        assert!(reason.contains(word), "no {word} in: {reason}");
    }
    host.wait_status("no further attempt", |status| {
        status.app("broken").state == "failed"
    });
    assert_eq!(refusal(&host, "broken").detail("retryable"), &json!(false));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    assert_refused_naming(
        Path::new("/nonexistent/app.wasm"),
        &["/nonexistent/app.wasm"],
    );
}

#[test]
fn a_file_that_is_no_component_is_refused() {
    let directory = paths::short_temp_dir();
    let path = directory.path().join("notes.wasm");
    std::fs::write(&path, "dear diary").unwrap();
    assert_refused_naming(&path, &["notes.wasm", "not a WebAssembly component"]);
}

#[test]
fn a_core_module_is_refused_with_the_remedy() {
    let directory = paths::short_temp_dir();
    let path = component(directory.path(), "(module)");
    assert_refused_naming(&path, &["broken.wasm", "core", "wasm32-wasip2"]);
}

#[test]
fn a_component_without_the_apps_interface_is_refused_naming_it() {
    let directory = paths::short_temp_dir();
    let path = component(directory.path(), "(component)");
    assert_refused_naming(&path, &["broken.wasm", "dirty:app/dirty-app"]);
}

#[test]
fn a_component_with_unknown_imports_is_refused_naming_each() {
    let directory = paths::short_temp_dir();
    let path = component(
        directory.path(),
        r#"(component
            (import "acme:gpu/blas@1.0.0" (instance
                (export "dot" (func (param "n" u32) (result u32)))))
            (import "wasi:http/types@0.2.0" (instance
                (export "send" (func)))))"#,
    );
    assert_refused_naming(&path, &["acme:gpu/blas@1.0.0", "wasi:http/types@0.2.0"]);
}

#[test]
fn a_component_whose_interface_lacks_a_function_is_refused_naming_it() {
    let directory = paths::short_temp_dir();
    let path = component(
        directory.path(),
        r#"(component
            (instance $empty)
            (export "dirty:app/dirty-app@0.1.0" (instance $empty)))"#,
    );
    assert_refused_naming(&path, &["broken.wasm", "dirty:app/dirty-app"]);
}

#[test]
fn a_host_that_can_never_serve_ends_with_the_reason() {
    let directory = paths::short_temp_dir();
    let path = component(directory.path(), "(component)");
    let mut host = Host::builder()
        .app(App::new("broken", path).workers(1))
        .launch();
    let status = host.wait_exit(2 * PATIENCE);
    assert_eq!(status.code(), Some(1), "{status:?}");
    host.stderr.finish();
    assert!(
        host.stderr.text().contains("dirty:app/dirty-app"),
        "{}",
        host.stderr.text()
    );
    assert!(!host.socket.exists());
}

#[test]
fn a_damaged_file_in_the_cache_is_compiled_again() {
    let directory = paths::short_temp_dir();
    let cache = directory.path().join("cache");
    let serve = || {
        let host = Host::builder()
            .app(App::demo().workers(1))
            .cache_dir(&cache);
        host.start()
    };
    serve().stop();
    let compiled: Vec<PathBuf> = std::fs::read_dir(&cache)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let [compiled] = &compiled[..] else {
        panic!("one compiled component, not {compiled:?}");
    };
    let whole = std::fs::read(compiled).unwrap();
    for len in [0, whole.len() / 2] {
        std::fs::write(compiled, &whole[..len]).unwrap();
        let mut host = serve();
        assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
        host.stop();
        host.stderr.finish();
        assert_eq!(host.stderr.count_of("compiling the component again"), 1);
        assert_eq!(
            std::fs::metadata(compiled).unwrap().len(),
            whole.len() as u64
        );
    }
    let mut host = serve();
    host.stop();
    host.stderr.finish();
    assert_eq!(host.stderr.count_of("compiling the component again"), 0);
}

#[test]
fn every_app_has_its_own_number_of_workers() {
    let host = Host::builder()
        .set("workers = 2")
        .app(App::demo().named("one").workers(1))
        .app(App::demo().named("two"))
        .app(App::demo().named("three").workers(3))
        .start();
    for (app, count) in [("one", 1), ("two", 2), ("three", 3)] {
        assert_eq!(host.wait_workers(app, count).len(), count);
    }
    assert_eq!(host.status().worker_count, 6);
    assert_eq!(
        host.children().len(),
        3 + 6,
        "a mold for each app, and the workers"
    );
}

#[test]
fn paths_need_not_be_text() {
    let directory = paths::short_temp_dir();
    let base = directory.path().join(OsStr::from_bytes(b"\xff\xfe"));
    std::fs::create_dir_all(base.join("data")).unwrap();
    std::fs::copy(fixture("env_and_dirs"), base.join("app.wasm")).unwrap();
    std::fs::write(base.join("data/file"), "found").unwrap();
    let socket = directory.path().join("s");
    // Relative paths are relative to this file.
    let config = format!(
        "socket = \"{}\"\ncache_dir = \"cache\"\n[apps.x]\ncomponent = \"app.wasm\"\nworkers = 1\n\
         dirs = {{ \"/data\" = \"data\" }}\n",
        socket.display()
    );
    std::fs::write(base.join("dirty.toml"), config).unwrap();
    let mut command = cli::dirty();
    let mut host = Running::start(
        command
            .arg("serve")
            .arg("--config")
            .arg(base.join("dirty.toml")),
    );
    host.stdout
        .wait_for("the ready line", 2 * PATIENCE, |line| {
            line.starts_with("ready: x")
        });
    let read = Wire::connect(&socket).call("x", "read", &json!(["/data/file"]));
    assert_eq!(read.result(), json!("found"));
    host.signal(Signal::SIGTERM);
    assert_eq!(host.wait(), Some(0));
}
