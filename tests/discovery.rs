//! Where the socket is looked for, and that a host and its clients meet there.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use harness::cli::{Running, dirty, run};
use harness::status::Status;
use harness::{App, Host, PATIENCE, demo_wasm, paths};
use nix::sys::signal::Signal;

/// A host whose socket clients are to find in different ways.
struct Findable {
    directory: tempfile::TempDir,
    host: Host,
}

impl Findable {
    fn start() -> Findable {
        Findable {
            directory: paths::short_temp_dir(),
            host: Host::demo(1),
        }
    }

    /// A client in an empty directory which finds nothing by itself.
    fn client(&self) -> Command {
        let mut command = dirty();
        command.current_dir(self.directory.path());
        command.env("TMPDIR", self.directory.path());
        command
    }

    fn assert_found(&self, command: &mut Command) {
        let printed = run(command).success();
        let status: Status = serde_json::from_str(&printed).unwrap();
        assert_eq!(status.arbiter_pid, self.host.pid(), "{command:?}");
    }
}

#[test]
fn the_socket_is_found_by_flag_then_environment_then_configuration() {
    let findable = Findable::start();
    let real = &findable.host.socket;
    let wrong = findable.directory.path().join("wrong");
    let status = ["status", "--json"];

    findable.assert_found(
        findable
            .client()
            .args(status)
            .arg("--socket")
            .arg(real)
            .env("DIRTY_SOCKET", &wrong),
    );
    findable.assert_found(
        findable
            .client()
            .args(status)
            .env("DIRTY_SOCKET", real)
            .env("GUNICORN_DIRTY_SOCKET", &wrong),
    );
    let config = findable.directory.path().join("dirty.toml");
    let write_config = |socket: &Path| {
        let socket = harness::app::toml_string(&socket.to_string_lossy());
        let apps = App::demo().toml();
        fs::write(&config, format!("socket = {socket}\n{apps}")).unwrap();
    };
    write_config(&wrong);
    findable.assert_found(
        findable
            .client()
            .args(status)
            .env("GUNICORN_DIRTY_SOCKET", real),
    );
    findable.assert_found(
        findable
            .client()
            .args(status)
            .env("DIRTY_SOCKET", "")
            .env("GUNICORN_DIRTY_SOCKET", real),
    );
    write_config(real);
    let runtime = findable.directory.path();
    findable.assert_found(
        findable
            .client()
            .args(status)
            .env("XDG_RUNTIME_DIR", runtime),
    );
}

#[test]
fn without_any_setting_the_socket_is_in_the_runtime_directory() {
    let directory = paths::short_temp_dir();
    let environment = [
        ("XDG_RUNTIME_DIR", directory.path()),
        ("TMPDIR", Path::new("/none")),
    ];
    assert_meets(
        &environment,
        &directory.path().join("dirty.sock"),
        directory.path(),
    );
}

#[test]
fn without_a_runtime_directory_the_socket_is_in_a_private_temporary_directory() {
    let directory = paths::short_temp_dir();
    let private = directory
        .path()
        .join(format!("dirty-{}", nix::unistd::getuid()));
    assert_meets(
        &[("TMPDIR", directory.path())],
        &private.join("dirty.sock"),
        directory.path(),
    );
    assert_eq!(
        fs::metadata(&private).unwrap().permissions().mode() & 0o777,
        0o700
    );
}

#[test]
fn a_temporary_directory_that_others_may_write_is_refused() {
    let directory = paths::short_temp_dir();
    let shared = directory
        .path()
        .join(format!("dirty-{}", nix::unistd::getuid()));
    DirBuilder::new().mode(0o777).create(&shared).unwrap();
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o777)).unwrap();
    let ran = run(dirty().args(["status"]).env("TMPDIR", directory.path()));
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains(&*shared.to_string_lossy()), "{ran:?}");
}

/// A host and a client with the same environment and nothing else meet at this socket.
fn assert_meets(environment: &[(&str, &Path)], socket: &Path, working_directory: &Path) {
    let component = format!("demo={}:1", demo_wasm().display());
    let mut serve = dirty();
    serve
        .args(["serve", "--app", &component])
        .envs(environment.iter().copied());
    serve
        .env("XDG_CACHE_HOME", paths::compile_cache())
        .current_dir(working_directory);
    let mut host = Running::start(&mut serve);
    let ready = host
        .stdout
        .wait_for("the ready line", 2 * PATIENCE, |line| {
            line.starts_with("ready: ")
        });
    assert_eq!(ready, format!("ready: demo on {}", socket.display()));
    let mut call = dirty();
    call.args(["call", "demo", "fib", "10"])
        .envs(environment.iter().copied());
    assert_eq!(run(call.current_dir(working_directory)).success(), "55");
    host.signal(Signal::SIGTERM);
    assert_eq!(host.wait(), Some(0));
}
