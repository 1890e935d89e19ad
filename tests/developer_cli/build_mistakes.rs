//! What `dirty new` and `dirty build` say where something is missing or makes no sense.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::harness::cli::{dirty, run};
use crate::harness::paths;
use crate::project::Project;

fn dirty_in(place: &Path, arguments: &[&str]) -> Command {
    let mut command = dirty();
    command
        .args(arguments)
        .current_dir(place)
        .env("XDG_CACHE_HOME", place.join("cache"))
        .env_remove("RUSTC");
    command
}

/// A program of this name that runs this line of shell.
fn program(directory: &Path, name: &str, script: &str) {
    fs::create_dir_all(directory).unwrap();
    let path = directory.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_new_project_needs_a_name_and_a_place() {
    let place = paths::short_temp_dir();
    fs::create_dir(place.path().join("taken")).unwrap();
    for (arguments, code, complaint) in [
        (&["new", "taken", "--lang", "rust"][..], 1, "taken exists"),
        (&["new", "Upper", "--lang", "rust"], 2, "small letters"),
        (&["new", "a/2nd", "--lang", "rust"], 2, "\"2nd\""),
        (&["new", "..", "--lang", "python"], 2, "small letters"),
        (&["new", "class", "--lang", "python"], 2, "another name"),
        (
            &["new", "x", "--lang", "cobol"],
            2,
            "[possible values: rust, python]",
        ),
        (&["new", "x"], 2, "--lang"),
        (
            &["new", "no/such/x", "--lang", "rust"],
            1,
            "cannot write no/such/x",
        ),
    ] {
        let said = run(&mut dirty_in(place.path(), arguments)).failure(code);
        assert!(said.contains(complaint), "{arguments:?}: {said}");
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

#[test]
fn what_to_build_has_to_be_clear() {
    let place = paths::short_temp_dir();
    fs::write(place.path().join("app.py"), "").unwrap();
    fs::create_dir(place.path().join("wrong")).unwrap();
    fs::write(
        place.path().join("wrong/dirty.toml"),
        "[apps.a]\nbuild = {}",
    )
    .unwrap();
    let two = "[apps.a]\ncomponent = 'a'\nbuild = { rust = 'a' }\n\
               [apps.b]\ncomponent = 'b'\nbuild = { rust = 'b' }\n";
    fs::create_dir(place.path().join("two")).unwrap();
    fs::write(place.path().join("two/dirty.toml"), two).unwrap();
    for (arguments, code, complaint) in [
        (&["build"][..], 2, "nothing to build in .: no Cargo.toml"),
        (&["build", "no/such"], 2, "nothing to build in no/such"),
        (&["build", "app:App"], 2, "--output FILE"),
        (&["build", "wrong"], 2, "wrong/dirty.toml:2:1: apps.a.build"),
        (
            &["build", "two", "-o", "x"],
            2,
            "--output is for one component, and 2 are built",
        ),
        (
            &["build", "two", "--root", "x"],
            2,
            "--root goes with a Python class",
        ),
        (
            &["build", "two"],
            1,
            "there is no two/a/Cargo.toml to build",
        ),
        (
            &["build", "app:App", "-o", "x", "--root", "no"],
            1,
            "there is no no to build",
        ),
    ] {
        let said = run(&mut dirty_in(place.path(), arguments)).failure(code);
        assert!(said.contains(complaint), "{arguments:?}: {said}");
    }
}

#[test]
fn what_rust_needs_is_named() {
    let project = Project::new("rust");
    let bin = project.path("bin");
    let build = || {
        let mut command = dirty_in(&project.path(""), &["build"]);
        run(command.env("PATH", &bin)).failure(1)
    };
    let said = build();
    assert!(
        said.contains("there is no `rustc` in PATH: https://rustup.rs"),
        "{said}"
    );
    program(&bin, "rustc", "echo /nonexistent");
    let said = build();
    assert!(
        said.contains("no standard library for wasm32-wasip2: install Rust with rustup"),
        "{said}"
    );
    program(&bin, "rustup", "true");
    let said = build();
    assert!(
        said.contains("run `rustup target add wasm32-wasip2`"),
        "{said}"
    );
    fs::create_dir(project.path("lib")).unwrap();
    fs::write(project.path("lib/libstd-0.rlib"), "").unwrap();
    program(
        &bin,
        "rustc",
        &format!("echo {}", project.path("lib").display()),
    );
    let said = build();
    assert!(said.contains("there is no `cargo` in PATH"), "{said}");
    program(&bin, "cargo", "echo as cargo says >&2; exit 101");
    let said = build();
    assert!(said.contains("as cargo says\n"), "{said}");
    assert!(
        said.contains("not built: cargo has failed, see above"),
        "{said}"
    );
    program(&bin, "cargo", "echo '{\"reason\": \"build-finished\"}'");
    let said = build();
    assert!(
        said.contains("makes no component: Cargo.toml needs `crate-type"),
        "{said}"
    );
    assert!(!project.path("greeter.wasm").exists());
}

#[test]
fn what_python_needs_is_named() {
    let project = Project::new("python");
    let bin = project.path("bin");
    fs::create_dir(&bin).unwrap();
    let build = |command: &mut Command| run(command.env("PATH", &bin)).failure(1);
    let command = || dirty_in(&project.path(""), &["build"]);
    let said = build(&mut command());
    assert!(
        said.contains("there is no `python3` in PATH: install Python 3.10"),
        "{said}"
    );

    // An index that does not have it.
    let python = run(Command::new("python3").args(["-c", "import sys; print(sys.executable)"]));
    program(
        &bin,
        "python3",
        &format!("exec {} \"$@\"", python.success()),
    );
    let said = build(
        command()
            .env("PIP_NO_INDEX", "1")
            .env("PIP_CONFIG_FILE", "/dev/null"),
    );
    assert!(
        said.contains("error: cannot install componentize-py"),
        "{said}"
    );
    assert!(
        said.contains("help: pip has to reach a package index"),
        "{said}"
    );
    assert!(
        said.contains("not built: the builder of Python components has failed"),
        "{said}"
    );
    assert!(!project.path("greeter.wasm").exists());
}
