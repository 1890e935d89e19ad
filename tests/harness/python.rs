//! A Python environment with an unmodified peer in it, made on first use.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::paths;

/// The newest release whose client speaks the JSON dialect.
pub(crate) const JSON_DIALECT: &str = "gunicorn==25.0.3";
/// A release whose client speaks the binary dialect.
pub(crate) const BINARY_DIALECT: &str = "gunicorn==27.0.1";

/// The interpreter of the environment that has this peer.
pub(crate) fn python(peer: &str) -> PathBuf {
    let peers = paths::target().join("peers");
    fs::create_dir_all(&peers).expect("the target directory is ours");
    let environment = peers.join(peer.replace("==", "-"));
    let interpreter = environment.join("bin/python");
    // Test binaries may run at once: one installs, the others wait and find it done.
    let lock = File::create(peers.join("lock")).expect("the target directory is ours");
    lock.lock().expect("a lock");
    if !interpreter.exists() {
        install(peer, &peers, &environment);
    }
    interpreter
}

/// Makes the environment elsewhere and moves it into place when it is whole.
fn install(peer: &str, peers: &Path, environment: &Path) {
    let unfinished = peers.join("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).expect("a former attempt can be removed");
    }
    succeed(
        Command::new("python3")
            .args(["-m", "venv"])
            .arg(&unfinished),
    );
    succeed(
        Command::new(unfinished.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-input",
                "--disable-pip-version-check",
            ])
            .arg(peer),
    );
    fs::rename(&unfinished, environment).expect("both lie in one directory");
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error} (the tests need Python 3 with venv and pip)")
    });
    assert!(
        output.status.success(),
        "{command:?} failed ({}):\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}
