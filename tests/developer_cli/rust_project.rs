//! A Rust project, from `dirty new` to a change that is served.

use std::fs;
use std::path::Path;

use crate::harness::paths;
use crate::project::{Project, ran};

#[test]
fn a_rust_project_is_built_tested_run_served_and_changed() {
    let project = Project::new("rust");
    // The versions that the repository uses, which are there already.
    let versions = paths::repository().join("Cargo.lock");
    fs::copy(versions, project.path("Cargo.lock")).unwrap();

    let built = project.run(&["build"]).success();
    assert!(built.starts_with("greeter.wasm: "), "{built}");
    assert!(built.ends_with(" bytes), actions: greet, spell"), "{built}");

    let mut tests = project.program(Path::new("cargo"));
    let tested = ran(tests.args(["test", "--quiet"]).env_remove("RUSTC")).success();
    assert!(tested.contains("2 passed"), "{tested}");

    let greeting = project.run(&["run", "greeter.wasm", "greet", "Ada"]);
    assert_eq!(greeting.success(), "\"Hello, Ada! You are number 1.\"");
    let letters = project.run(&["run", "greeter.wasm", "spell", "--kw", "name=Al"]);
    assert_eq!(letters.success(), "\"A\"\n\"l\"");

    let watching = project.watch();
    assert_eq!(watching.greets(), "\"Hello, Ada! You are number 1.\"");
    project.edit("src/lib.rs", "Hello, {name}", "Welcome, {name}");
    watching.wait_for_outcome("greeter: serving, generation 2");
    assert!(watching.greets().starts_with("\"Welcome, Ada!"));

    let component = fs::read(project.path("greeter.wasm")).unwrap();
    project.edit("src/lib.rs", "Welcome, {name}", "Welcome, {nobody}");
    watching.wait_for_complaint("greeter.wasm stays as it was");
    watching.wait_for_complaint("cannot find value `nobody`");
    assert_eq!(fs::read(project.path("greeter.wasm")).unwrap(), component);
    assert!(watching.greets().starts_with("\"Welcome, Ada!"));

    // One that is built, but does not start.
    project.edit("src/lib.rs", "Welcome, {nobody}", "Welcome, {name}");
    project.edit("src/lib.rs", "Self { greeted: 0 }", "panic!(\"not today\")");
    watching.wait_for_outcome("greeter: failed: ");
    assert!(watching.greets().starts_with("\"Welcome, Ada!"));
    watching.stop();
}

#[test]
fn the_sdk_that_was_removed_is_there_after_the_next_build() {
    let project = Project::new("rust");
    let sdk = project.path("vendor/dirty");
    fs::remove_dir_all(&sdk).unwrap();
    // Not for the compiler: that comes after.
    let failed = ran(project.command(&["build"]).env("PATH", "/nonexistent"));
    assert!(failed.failure(1).contains("https://rustup.rs"));
    assert!(sdk.join("guest-sdk/rust/src/lib.rs").is_file());
}
