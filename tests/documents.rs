//! What lies in the repository beside the host: the embedded demo, the guest SDK, and that the
//! project stands alone.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::paths::{repository, target};

#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let output = command.current_dir(repository()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(
        output.status.success(),
        "{command:?} failed ({}):\n{text}",
        output.status
    );
    text
}

#[test]
fn the_embedded_demo_is_what_the_compiler_makes_of_its_source() {
    succeeds(Command::new(repository().join("scripts/build-guests")).arg("--check-demo"));
}

#[test]
fn the_guest_sdk_and_the_apps_of_the_examples_pass_their_tests() {
    let mut command = Command::new(env!("CARGO"));
    command.args([
        "test",
        "--locked",
        "--package",
        "dirty-guest",
        "--package",
        "dirty-guest-macros",
        "--package",
        "demo",
        "--package",
        "embeddings",
        "--package",
        "text",
        "--package",
        "thumbnails",
    ]);
    let printed = succeeds(command.arg("--target-dir").arg(target().join("sdk")));
    assert!(printed.contains("Doc-tests dirty_guest"), "{printed}");
    assert!(printed.contains("mistakes_are_explained"), "{printed}");
}

/// Every file of the project: what git would keep, without asking git.
fn project_files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if matches!(
            name.as_str(),
            "target" | ".git" | "__pycache__" | "node_modules"
        ) {
            continue;
        }
        if path.is_dir() {
            project_files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn no_file_refers_to_a_place_of_one_machine() {
    // Written in two parts, so that this file does not contain them.
    let foreign = [
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/Us", "ers/"),
        concat!("/wo", "rk/"),
        concat!("/tmp/", "brief"),
        concat!("../", "shared"),
    ];
    let checkout = repository();
    let mut files = Vec::new();
    project_files(&checkout, &mut files);
    assert!(files.len() > 50, "the whole project is looked at");
    for file in files {
        let bytes = fs::read(&file).unwrap();
        for place in foreign.iter().copied().chain([checkout.to_str().unwrap()]) {
            let found = bytes
                .windows(place.len())
                .any(|window| window == place.as_bytes());
            assert!(!found, "{} refers to {place}", file.display());
        }
    }
}

#[test]
fn every_guest_has_a_test() {
    let guests = fs::read_dir(repository().join("tests/guests/examples")).unwrap();
    let guests: BTreeSet<String> = guests
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert!(!guests.is_empty());
    let mut tests = String::new();
    for target in test_targets() {
        let root = repository().join("tests").join(target);
        let directory = root.parent().unwrap();
        let mut files = vec![root.clone()];
        if root.ends_with("main.rs") {
            project_files(directory, &mut files);
        }
        tests.extend(files.iter().map(|file| fs::read_to_string(file).unwrap()));
    }
    for guest in guests {
        assert!(
            tests.contains(&format!("\"{guest}\"")),
            "no test uses tests/guests' {guest}"
        );
    }
}

/// The test targets' files, by their paths in `tests`: `NAME.rs` or `NAME/main.rs`.
fn test_targets() -> Vec<PathBuf> {
    let tests = repository().join("tests");
    let entries = fs::read_dir(&tests).unwrap();
    entries
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let main = path.join("main.rs");
            let root = if main.is_file() { main } else { path };
            let is_source = root.extension().is_some_and(|extension| extension == "rs");
            is_source.then(|| root.strip_prefix(&tests).unwrap().to_path_buf())
        })
        .collect()
}

#[test]
fn every_test_file_is_a_target_of_the_host() {
    let manifest = fs::read_to_string(repository().join("host/Cargo.toml")).unwrap();
    for target in test_targets() {
        let declared = format!("path = \"../tests/{}\"", target.display());
        assert!(
            manifest.contains(&declared),
            "host/Cargo.toml does not have {declared}"
        );
    }
}
