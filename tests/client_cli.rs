//! The command line of clients: `call`, `status`, `demo`, and how they find the socket.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use harness::cli::{Ran, clean, dirty, run};
use harness::lines::Lines;
use harness::status::Status;
use harness::{App, Host, PATIENCE, demo_wasm, paths, processes, wait_for};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn call_prints_a_result_as_one_line_of_json() {
    let host = Host::demo(1);
    assert_eq!(host.cli(&["call", "demo", "fib", "20"]).success(), "6765");
    assert_eq!(host.cli(&["call", "demo", "sleep", "0"]).success(), "null");
}

#[test]
fn call_takes_arguments_as_json_or_else_as_strings() {
    let host = Host::demo(1);
    let big = "123456789012345678901234567890";
    let printed = host
        .cli(&[
            "call", "demo", "echo", big, "1.50", "plain text", "\"quoted\"", "[1, {\"a\": null}]",
            "true", "--kw", "n=7", "--kw", "s=a=b", "--kw", r#"o={"deep": [1]}"#,
        ])
        .success();
    assert!(printed.contains(big), "the integer stays exact: {printed}");
    assert!(printed.contains("1.50"), "a number stays as typed: {printed}");
    let echoed = json_of(&printed);
    assert_eq!(echoed["args"][2], "plain text");
    assert_eq!(echoed["args"][3], "quoted");
    assert_eq!(echoed["args"][4], json!([1, {"a": null}]));
    assert_eq!(echoed["args"][5], true);
    assert_eq!(echoed["kwargs"], json!({"n": 7, "s": "a=b", "o": {"deep": [1]}}));
}

#[test]
fn call_prints_the_chunks_of_a_stream_as_they_arrive() {
    let host = Host::demo(1);
    assert_eq!(host.cli(&["call", "demo", "count", "4"]).success(), "0\n1\n2\n3");
    assert_eq!(host.cli(&["call", "demo", "count", "0"]).success(), "");

    // The second chunk comes in a minute: the first is there before.
    let mut slow = Running::start(
        dirty().args(["call", "demo", "count", "2", "60000"]).env("DIRTY_SOCKET", &host.socket),
    );
    slow.stdout.wait_for("the first chunk", PATIENCE, |line| line == "0");
    slow.signal(Signal::SIGINT);
    assert_ne!(slow.wait(), Some(0));
}

#[test]
fn call_reports_an_error_with_its_type_and_exits_with_1() {
    let host = Host::demo(1);
    let complaint = host.cli(&["call", "demo", "fail", "no such model"]).failure(1);
    assert!(complaint.starts_with("DirtyAppError: "), "{complaint}");
    assert!(complaint.contains("ValueError"), "{complaint}");
    assert!(complaint.contains("no such model"), "{complaint}");

    let complaint = host.cli(&["call", "nobody", "fib", "1"]).failure(1);
    assert!(complaint.starts_with("DirtyAppNotFoundError: "), "{complaint}");
    assert!(complaint.contains("nobody"), "{complaint}");
}

#[test]
fn call_has_a_timeout_of_its_own() {
    let host = Host::demo(1);
    let complaint = host.cli(&["call", "--timeout", "0.3", "demo", "hang"]).failure(1);
    assert!(complaint.starts_with("DirtyTimeoutError: "), "{complaint}");
}

#[test]
fn call_without_a_host_names_the_socket_and_what_to_do() {
    let ran = run(dirty().args(["call", "demo", "fib", "1"]).env("DIRTY_SOCKET", "/tmp/none/s"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("/tmp/none/s"), "{ran:?}");
    assert!(ran.stderr.contains("DIRTY_SOCKET"), "how it was found: {ran:?}");
    assert!(ran.stderr.contains("dirty serve"), "what to do: {ran:?}");
}

#[test]
fn status_prints_the_object_that_the_host_sends() {
    let app = App::demo().workers(2);
    let host = Host::builder().app(app).app(App::demo().named("other").workers(1)).start();
    host.wait_workers("demo", 2);
    host.wait_workers("other", 1);
    host.call("demo", "fib", json!([10])).result();
    let printed = host.cli(&["status", "--json"]).success();
    let status: Status = serde_json::from_str(&printed).unwrap();
    assert_eq!(status.arbiter_pid, host.pid());
    assert_eq!(status.worker_count, 3);
    assert_eq!(status.workers.len(), 3);
    assert_eq!(status.apps, ["demo", "other"]);
    for worker in &status.workers {
        assert!(worker.booted);
        assert_eq!(worker.state, "ready");
        assert!((0.0..3600.0).contains(&worker.age), "{worker:?}");
        assert!(processes::Process::of(worker.pid).is_some_and(|process| process.is_alive()));
        assert!(worker.memory.is_some_and(|bytes| (1..1 << 30).contains(&bytes)), "{worker:?}");
    }
    assert_eq!(status.app("demo").state, "serving");
    assert_eq!(status.app("demo").calls, 1);
    assert_eq!(status.app("demo").restarts, 0);
    assert_eq!(status.app("demo").queue, 0);
    assert_eq!(status.app("demo").last_error, None);
    assert_eq!(status.app("other").calls, 0);
}

#[test]
fn status_is_readable_for_humans() {
    let host = Host::demo(2);
    let printed = host.cli(&["status"]).success();
    assert!(printed.contains("demo"), "{printed}");
    assert!(printed.contains("serving"), "{printed}");
    for pid in host.wait_workers("demo", 2) {
        assert!(printed.contains(&pid.to_string()), "no worker {pid}:\n{printed}");
    }
}

/// A command that runs until the test stops it.
struct Running {
    child: Child,
    stdout: Lines,
}

impl Running {
    fn start(command: &mut Command) -> Running {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = Lines::collect(child.stdout.take().unwrap());
        Running { child, stdout }
    }

    fn signal(&self, signal: Signal) {
        processes::signal(i32::try_from(self.child.id()).unwrap(), signal);
    }

    fn wait(&mut self) -> Option<i32> {
        wait_for("the command's end", PATIENCE, || self.child.try_wait().unwrap()).code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails only if it has been waited for, and then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn demo_serves_without_any_file_and_prints_three_commands_that_work() {
    let directory = paths::short_temp_dir();
    let mut demo = Running::start(
        dirty().arg("demo").current_dir(directory.path()).env("TMPDIR", directory.path()),
    );
    let ready = demo.stdout.wait_for("the ready line", 2 * PATIENCE, |line| {
        line.starts_with("ready: demo on ")
    });
    let socket = PathBuf::from(ready.rsplit_once(" on ").unwrap().1);
    let commands = wait_for("three commands", PATIENCE, || {
        let lines = demo.stdout.all();
        let commands: Vec<String> =
            lines.into_iter().filter(|line| line.contains(paths::DIRTY)).collect();
        (commands.len() >= 3).then_some(commands)
    });
    assert_eq!(commands.len(), 3, "{commands:?}");
    for command in &commands {
        assert_pasted_works(command.trim(), directory.path());
    }
    demo.signal(Signal::SIGTERM);
    assert_eq!(demo.wait(), Some(0));
    assert!(!socket.exists(), "nothing is left behind");
    assert_eq!(leftovers(directory.path()), Vec::<PathBuf>::new());
}

/// Runs a line as a user would who pasted it into a shell.
fn assert_pasted_works(line: &str, directory: &Path) {
    let line = line.strip_prefix("$ ").unwrap_or(line);
    let ran = run(clean(Command::new("sh")).arg("-c").arg(line).current_dir(directory));
    let shows_an_error = line.contains(" fail") || line.contains(" trap");
    if shows_an_error {
        assert!(ran.stderr.starts_with("DirtyAppError: "), "{line}: {ran:?}");
        assert_eq!(ran.code, Some(1), "{line}: {ran:?}");
    } else {
        assert!(!ran.success().is_empty(), "{line} prints nothing");
    }
}

fn leftovers(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// A host whose socket clients are to find in different ways.
struct Findable {
    directory: tempfile::TempDir,
    host: Host,
}

impl Findable {
    fn start() -> Findable {
        Findable { directory: paths::short_temp_dir(), host: Host::demo(1) }
    }

    /// A client in an empty directory which finds nothing by itself.
    fn client(&self) -> Command {
        let mut command = dirty();
        command.current_dir(self.directory.path());
        command.env("TMPDIR", self.directory.path());
        command
    }

    fn assert_found(&self, command: &mut Command) {
        let ran: Ran = run(command);
        assert_eq!(json_of(&ran.success())["arbiter_pid"], self.host.pid(), "{command:?}");
    }
}

#[test]
fn the_socket_is_found_by_flag_then_environment_then_configuration() {
    let findable = Findable::start();
    let real = &findable.host.socket;
    let wrong = findable.directory.path().join("wrong");
    let status = ["status", "--json"];

    findable.assert_found(
        findable.client().args(status).arg("--socket").arg(real).env("DIRTY_SOCKET", &wrong),
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
    findable.assert_found(findable.client().args(status).env("GUNICORN_DIRTY_SOCKET", real));
    findable.assert_found(
        findable
            .client()
            .args(status)
            .env("DIRTY_SOCKET", "")
            .env("GUNICORN_DIRTY_SOCKET", real),
    );
    write_config(real);
    let runtime = findable.directory.path();
    findable.assert_found(findable.client().args(status).env("XDG_RUNTIME_DIR", runtime));
}

#[test]
fn without_any_setting_the_socket_is_in_the_runtime_directory() {
    let directory = paths::short_temp_dir();
    let environment = [("XDG_RUNTIME_DIR", directory.path()), ("TMPDIR", Path::new("/none"))];
    assert_meets(&environment, &directory.path().join("dirty.sock"), directory.path());
}

#[test]
fn without_a_runtime_directory_the_socket_is_in_a_private_temporary_directory() {
    let directory = paths::short_temp_dir();
    let private = directory.path().join(format!("dirty-{}", nix::unistd::getuid()));
    assert_meets(&[("TMPDIR", directory.path())], &private.join("dirty.sock"), directory.path());
    assert_eq!(fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_temporary_directory_that_others_may_write_is_refused() {
    let directory = paths::short_temp_dir();
    let shared = directory.path().join(format!("dirty-{}", nix::unistd::getuid()));
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
    serve.args(["serve", "--app", &component]).envs(environment.iter().copied());
    serve.env("XDG_CACHE_HOME", paths::compile_cache()).current_dir(working_directory);
    let mut host = Running::start(&mut serve);
    let ready = host.stdout.wait_for("the ready line", 2 * PATIENCE, |line| {
        line.starts_with("ready: ")
    });
    assert_eq!(ready, format!("ready: demo on {}", socket.display()));
    let mut call = dirty();
    call.args(["call", "demo", "fib", "10"]).envs(environment.iter().copied());
    assert_eq!(run(call.current_dir(working_directory)).success(), "55");
    host.signal(Signal::SIGTERM);
    assert_eq!(host.wait(), Some(0));
}
