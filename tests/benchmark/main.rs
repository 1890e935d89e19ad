//! The benchmark: that it makes the right thing of its numbers, and that it runs.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code, reason = "the benchmark uses what its tests need not")]
#[path = "../../host/benches/suite/report/mod.rs"]
mod report;

mod document;
mod goals;
mod names;
mod plot;
mod results;
mod statistics;
mod table;

use std::process::Command;

use serde_json::Value;

/// A scenario that needs nothing but the host.
const SCENARIO: &str = "queue";

#[test]
fn a_quick_run_of_one_scenario_measures_it_and_evaluates_its_goals() {
    let output = Command::new(env!("CARGO"))
        // As the tests are compiled: its own profile takes minutes, and here no time counts.
        .args(["bench", "--locked", "--quiet", "--profile", "release"])
        .args(["--bench", "suite", "--"])
        .args(["--quick", "--json", "--only", SCENARIO])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(outcome["results"]["failures"], Value::Array(Vec::new()));
    let goals = outcome["goals"].as_array().unwrap();
    assert!(!goals.is_empty());
    for goal in goals {
        assert_ne!(goal["verdict"], "not-measured", "{goal}");
    }
}
