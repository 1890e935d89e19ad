//! `dirty inspect`.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::harness::cli::dirty;
use crate::harness::{demo_wasm, paths};
use crate::project::{ran, with_tools};

fn inspect() -> Command {
    let mut command = with_tools(dirty());
    command.arg("inspect");
    command
}

#[test]
fn an_app_shows_its_contract_and_its_actions() {
    let shown = ran(inspect().arg(demo_wasm())).success();
    for part in [
        "demo.wasm: an app of dirty:app@0.1.0, ",
        "dirty:app/host@0.1.0",
        "exports: ",
        "\n  count(n: integer, delay_ms: integer = 0) -> a stream\n      ",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let shown = ran(inspect().arg(demo_wasm()).arg("--json")).success();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["contract"], "dirty:app@0.1.0");
    let actions = shown["description"]["actions"].as_array().unwrap();
    assert!(actions.iter().any(|action| action["name"] == "echo"));
}

#[test]
fn what_is_no_app_is_told_apart() {
    let place = paths::short_temp_dir();
    for (name, text, complaint) in [
        (
            "text",
            b"#!/bin/sh".to_vec(),
            "it is not a WebAssembly component",
        ),
        (
            "module",
            wat::parse_str("(module)").unwrap(),
            "it is a core WebAssembly module",
        ),
        (
            "other",
            wat::parse_str("(component)").unwrap(),
            "it does not export `dirty:app/dirty-app@0.1.0`",
        ),
        (
            "greedy",
            wat::parse_str("(component (import \"acme:gpu/tensor@1.0.0\" (instance)))").unwrap(),
            "it imports what the host does not offer: acme:gpu/tensor@1.0.0",
        ),
    ] {
        let file = place.path().join(name);
        fs::write(&file, text).unwrap();
        let said = ran(inspect().arg(&file)).failure(1);
        assert!(said.contains(complaint), "{name}: {said}");
    }
    let missing = place.path().join("missing");
    let said = ran(inspect().arg(missing)).failure(1);
    assert!(said.contains("cannot read the component"), "{said}");
}
