//! The token stream, and its end in mid-stream.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::cli::{clean, run};
use crate::harness::python::{BINARY_DIALECT, python};
use crate::harness::python_apps::python_app_of;
use crate::harness::{Host, PATIENCE, wait_until};
use crate::{example, host_of_component};

const APP: &str = "story:Story";

fn served() -> Host {
    let component = python_app_of(APP, &example("story"), None);
    host_of_component("story", APP, &component).start()
}

/// What is generated, as one text.
fn generated(host: &Host, args: Value) -> String {
    let tokens = host.call(APP, "generate", args).stream();
    tokens.iter().map(|token| token.as_str().unwrap()).collect()
}

#[test]
fn the_same_seed_gives_the_same_story() {
    let host = served();
    let story = generated(&host, json!(["The White Rabbit", 12, 0]));
    assert_eq!(
        story,
        " was still in sight, hurrying down it. There was nothing"
    );
    let seeded = |seed| generated(&host, json!(["Alice", 15, 1.5, seed]));
    assert_eq!(seeded(1), seeded(1));
    assert_ne!(seeded(1), seeded(2));
    // Workers are copies, and yet no two of them draw the same.
    let unseeded = || generated(&host, json!(["", 30, 3.0]));
    assert_ne!(unseeded(), unseeded());
    assert_eq!(generated(&host, json!(["Alice", 0])), "");
}

#[test]
fn probabilities_are_those_of_the_text() {
    let host = served();
    let likely = host.call(APP, "likely", json!(["the White", 3])).result();
    assert_eq!(likely[0]["token"], "Rabbit");
    let probability = likely[0]["probability"].as_f64().unwrap();
    assert!((probability - 1.0).abs() < 1e-9, "{likely}");
    let unknown = host.call(APP, "likely", json!(["zyx"])).result();
    assert_eq!(
        unknown.as_array().unwrap().len(),
        5,
        "the text's most frequent"
    );
}

#[test]
fn a_story_ends_when_nobody_reads_on() {
    let host = served();
    let mut reader = host.connect();
    reader.request("1", APP, "generate", &json!(["Alice", 100_000]));
    for _ in 0..3 {
        assert_eq!(reader.read().kind(), "chunk");
    }
    host.wait_leased(APP, 1);
    drop(reader);
    // Long before the hour that the rest would take.
    host.wait_leased(APP, 0);
    wait_until("the log of the unfinished story", PATIENCE, || {
        let log = host.stderr.text();
        log.lines().any(|line| line.contains("of 100000 tokens"))
    });
    let made = |()| host.call(APP, "made", json!([])).result().as_u64().unwrap();
    // Calls go to the workers in turn: one of the two has made some.
    let made = made(()) + made(());
    // With the last one that was read the app may have learnt already that nobody reads on.
    assert!((2..1000).contains(&made), "{made}");
    let app = host.status();
    assert_eq!(app.app(APP).restarts, 0, "{app:?}");
}

#[test]
fn what_cannot_be_generated_is_refused() {
    let host = served();
    for (args, kind, named) in [
        (json!(["", -1]), "ValueError", "max_tokens is -1"),
        (json!(["", "many"]), "TypeError", "max_tokens is 'many'"),
        (json!(["", 1, 99.5]), "ValueError", "temperature is 99.5"),
        (json!(["", 1, 1, 1, 1]), "TypeError", "generate()"),
    ] {
        let error = host.call(APP, "generate", args).failure();
        assert_eq!(error.detail("kind"), kind, "{error:?}");
        assert!(error.message.contains(named), "{error:?}");
    }
}

#[test]
fn the_example_client_prints_a_story() {
    let host = served();
    let script: &Path = &example("story").join("client.py");
    let mut command = clean(Command::new(python(BINARY_DIALECT)));
    command
        .args(["-B".as_ref(), script, "The".as_ref(), "garden".as_ref()])
        .env("GUNICORN_DIRTY_SOCKET", &host.socket);
    let printed = run(&mut command).success();
    assert!(printed.starts_with("The garden "), "{printed}");
    assert!(printed.split_whitespace().count() > 100, "{printed}");
}
