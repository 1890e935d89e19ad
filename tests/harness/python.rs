//! Python environments, made on first use: with an unmodified peer in it, for the checks of
//! `tests/peers`, or with what an example requires.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use super::cli::{clean, run};
use super::host::Host;
use super::paths;

/// The newest release whose client speaks the JSON dialect.
pub(crate) const JSON_DIALECT: &str = "gunicorn==25.0.3";
/// The first release whose client speaks the binary dialect.
pub(crate) const FIRST_BINARY_DIALECT: &str = "gunicorn==25.1.0";
/// A newer one, whose client gives up its connection after a timeout.
pub(crate) const BINARY_DIALECT: &str = "gunicorn==27.0.1";

/// Runs `tests/peers/NAME.py` with each of the clients against a host.
#[track_caller]
pub(crate) fn run_peers(host: &Host, name: &str, checks: usize) {
    for peer in [JSON_DIALECT, BINARY_DIALECT] {
        run_peer(host, peer, name, checks);
    }
}

/// Runs `tests/peers/NAME.py` against a host, and checks that all of its checks were made.
#[track_caller]
pub(crate) fn run_peer(host: &Host, peer: &str, name: &str, checks: usize) {
    run_peer_with_app(host, peer, "demo", name, checks);
}

/// The same for checks that use this app, while other peers may use others of the host.
#[track_caller]
pub(crate) fn run_peer_with_app(host: &Host, peer: &str, app: &str, name: &str, checks: usize) {
    run_checks(host, &python(peer), app, name, checks);
}

/// The same with the interpreter of an environment that has more in it than a peer.
#[track_caller]
pub(crate) fn run_checks(host: &Host, python: &Path, app: &str, name: &str, checks: usize) {
    let script = paths::repository()
        .join("tests/peers")
        .join(name)
        .with_extension("py");
    let mut command = clean(Command::new(python));
    // Without -B the interpreter would leave its cache in the checkout.
    command
        .arg("-B")
        .arg(script)
        .env("GUNICORN_DIRTY_SOCKET", &host.socket)
        .env("DIRTY_TEST_APP", app);
    let ran = run(&mut command);
    let expected = format!("ran {checks} checks, all passed");
    assert!(
        ran.code == Some(0) && ran.stdout.lines().any(|line| line == expected),
        "{name} with {} did not print `{expected}`:\n{}\n{}",
        python.display(),
        ran.stdout,
        ran.stderr
    );
}

/// The interpreter of the environment that has this peer.
pub(crate) fn python(peer: &str) -> PathBuf {
    environment(&peer.replace("==", "-"), &[peer.as_ref()])
}

/// The interpreter of the environment that has what this file requires.
pub(crate) fn python_for(requirements: &Path) -> PathBuf {
    let text = fs::read(requirements)
        .unwrap_or_else(|error| panic!("{}: {error}", requirements.display()));
    // Other requirements are another environment.
    let digest = Sha256::digest(text);
    let name: String = digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let arguments = ["--requirement".as_ref(), requirements.as_os_str()];
    environment(&format!("requirements-{name}"), &arguments)
}

/// The interpreter of the environment of that name, into which pip installs this.
fn environment(name: &str, packages: &[&OsStr]) -> PathBuf {
    let peers = paths::target().join("peers");
    fs::create_dir_all(&peers).expect("the target directory is ours");
    let environment = peers.join(name);
    let interpreter = environment.join("bin/python");
    // Test binaries may run at once: one installs, the others wait and find it done.
    let lock = File::create(peers.join("lock")).expect("the target directory is ours");
    lock.lock().expect("a lock");
    if !interpreter.exists() {
        install(packages, &peers, &environment);
    }
    interpreter
}

/// Makes the environment elsewhere and moves it into place when it is whole.
fn install(packages: &[&OsStr], peers: &Path, environment: &Path) {
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
            .args(packages),
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
