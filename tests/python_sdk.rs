//! Apps in Python: gunicorn's own `DirtyApp` classes, their source unchanged, made into components
//! by the SDK's builder and served by a real host.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use harness::python::{self, run_peer};
use harness::python_apps::{builder, python_app, ran};
use harness::{App, Host, PATIENCE, paths, wait_until};
use serde_json::{Value, json};

const EVERY: &str = "sample.every:Every";
const DISPATCHER: &str = "sample.every:Dispatcher";

fn every() -> App {
    App::new(EVERY, python_app(EVERY, None))
}

#[test]
fn the_sdk_passes_its_unit_tests() {
    let mut command = Command::new("python3");
    command
        .args(["-B", "-m", "unittest", "discover", "-t", ".", "-s", "tests"])
        .current_dir(paths::repository().join("guest-sdk/python"));
    let ran = ran(&mut command);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.trim_end().ends_with("OK"), "{ran:?}");
}

#[test]
fn apps_answer_as_they_do_under_gunicorn() {
    let host = Host::builder()
        .app(every().workers(1).set("env = { SHOWN = \"shown\" }"))
        .app(App::new(DISPATCHER, python_app(DISPATCHER, None)).workers(1))
        .start();
    run_peer(&host, python::BINARY_DIALECT, "python_app", 14);
}

#[test]
fn what_an_app_prints_and_logs_reaches_the_log() {
    let mut host = Host::serving(every().workers(1));
    assert_eq!(result(&host, "talk"), Value::Null);
    let lines = [
        "printed in init",
        "without an end",
        "printed in a call",
        "to standard error",
        "no end of line",
    ];
    wait_until("all that was printed", PATIENCE, || {
        let log = host.stderr.text();
        lines.iter().all(|line| log.contains(line))
    });
    let log = host.stderr.text();
    let warned = log
        .lines()
        .find(|line| line.contains("logged as a warning"));
    assert!(warned.is_some_and(|line| line.contains("WARN")), "{log}");
    assert!(!log.contains("not shown"), "{log}");
    host.stop();
    assert!(host.stderr.text().contains("every is closed"));
}

#[test]
fn copies_share_what_init_has_made_and_nothing_else() {
    // Each call has a copy of its own.
    let host = Host::serving(every().workers(2).set("max_calls = 1"));
    let mut processes = BTreeSet::new();
    let mut drawn: [BTreeSet<String>; 3] = Default::default();
    for _ in 0..4 {
        processes.insert(result(&host, "pid").as_u64().unwrap());
        let draw = result(&host, "draw");
        for (seen, value) in drawn.iter_mut().zip(draw.as_array().unwrap()) {
            seen.insert(value.to_string());
        }
        assert_eq!(result(&host, "count"), 1);
    }
    assert_eq!(processes.len(), 4, "{processes:?}");
    // What `init` drew, then `random` and the system's generator in the copy.
    let different = drawn.each_ref().map(BTreeSet::len);
    assert_eq!(different, [1, 4, 4], "{drawn:?}");
}

#[test]
fn the_class_says_how_many_workers_it_wants_unless_the_configuration_does() {
    for (setting, flags, workers) in [
        ("", &[][..], 1),
        ("workers = 2", &[], 2),
        ("", &["--workers", "3"], 3),
    ] {
        let host = Host::builder().set("workers = 4").app(every().set(setting));
        let host = flags
            .iter()
            .fold(host, |host, flag| host.flag(*flag))
            .start();
        host.wait_workers(EVERY, workers);
        let status = host.status();
        assert_eq!(status.app(EVERY).workers, workers, "{setting} {flags:?}");
        assert_eq!(status.workers_of(EVERY).count(), workers);
        assert_eq!(status.apps, [EVERY]);
    }
}

#[test]
fn the_process_number_is_the_one_that_the_status_shows() {
    let host = Host::serving(every().workers(1));
    let process = result(&host, "pid");
    let status = host.status();
    let workers: Vec<_> = status.workers_of(EVERY).map(|worker| worker.pid).collect();
    assert_eq!(json!(workers), json!([process]));
}

#[test]
fn requirements_are_part_of_the_component() {
    let component = python_app("pages:Pages", Some("requirements.txt"));
    let host = Host::serving(App::new("pages", component).workers(1));
    let args = json!(["<Title>", "some *text*"]);
    let rendered = host.call("pages", "render", args).result();
    let expected = "<h1>&lt;Title&gt;</h1><p>some <em>text</em></p>";
    assert_eq!(rendered, expected);
}

/// A source, what the builder says, and what it exits with.
const REFUSED: [(&str, &str, &str, i32); 8] = [
    (
        "import socket\n",
        "app:App",
        "error: app.py:1 imports socket: a component has no network",
        1,
    ),
    (
        "from threading import Thread\n",
        "app:App",
        "error: app.py:1 uses threading.Thread: a component has one thread",
        1,
    ),
    (
        "import numpy\n",
        "app:App",
        "error: app.py:1 imports numpy, which is not there: add it to the requirements file",
        1,
    ),
    (
        "\nraise ValueError('as asked')\n",
        "app:App",
        "error: app cannot be imported: ValueError: as asked\n  at app.py:2\n",
        1,
    ),
    (
        "class App:\n    pass\n",
        "app:App",
        "error: app:App has no init and no close: derive it from gunicorn.dirty.DirtyApp",
        1,
    ),
    (
        "class Other:\n    pass\n",
        "app:App",
        "error: there is no App in app: it has Other",
        1,
    ),
    ("", "other:App", "error: there is no module other in ", 1),
    ("", "app", "'app' is not MODULE:CLASS", 2),
];

#[test]
fn what_cannot_work_is_a_build_error_that_says_what_to_do() {
    for (source, class, message, code) in REFUSED {
        let directory = paths::short_temp_dir();
        fs::write(directory.path().join("app.py"), source).unwrap();
        let output = directory.path().join("app.wasm");
        let mut command = builder(directory.path());
        let ran = ran(command.arg(class).arg("--output").arg(&output));
        assert_eq!(ran.code, Some(code), "{source:?}: {ran:?}");
        assert!(ran.stderr.contains(message), "{source:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
        assert!(!output.exists());
    }
}

/// Makes a package of which only a compiled part is of use.
const COMPILED_PACKAGE: &str = r#"
import zipfile
with zipfile.ZipFile("fast-1.0-py3-none-any.whl", "w") as wheel:
    files = {
        "fast/__init__.py": "from ._core import run",
        "fast/_core.cpython-314-x86_64-linux-gnu.so": "",
        "fast-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: fast\nVersion: 1.0\n",
        "fast-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "fast-1.0.dist-info/RECORD"
    for name, text in files.items():
        wheel.writestr(name, text)
    wheel.writestr(record, "".join(f"{name},,\n" for name in [*files, record]))
"#;

#[test]
fn a_package_that_needs_its_compiled_part_is_named() {
    let directory = paths::short_temp_dir();
    let made = Command::new("python3")
        .args(["-c", COMPILED_PACKAGE])
        .current_dir(directory.path())
        .status();
    assert!(made.unwrap().success());
    for (file, text) in [
        ("requirements.txt", "./fast-1.0-py3-none-any.whl\n"),
        ("app.py", "import fast\n"),
    ] {
        fs::write(directory.path().join(file), text).unwrap();
    }
    let mut command = builder(directory.path());
    let arguments = ["app:App", "-o", "app.wasm", "-r", "requirements.txt"];
    let ran = ran(command.args(arguments));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let expected = "error: app.py:1 needs fast 1.0, which does not work without its compiled parts: \
                    a component cannot load native libraries: use a package that is pure Python";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
}

#[track_caller]
fn result(host: &Host, action: &str) -> Value {
    host.call(EVERY, action, json!([])).result()
}
