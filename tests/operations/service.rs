//! A real host and a service manager, played by the test: notifications and passed sockets.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::harness::cli::{self, Running};
use crate::harness::host::HostBuilder;
use crate::harness::{App, Host, PATIENCE, demo_wasm, paths, wait_for};

/// The receiving end of NOTIFY_SOCKET.
pub(crate) struct Manager {
    socket: UnixDatagram,
    pub(crate) path: PathBuf,
}

impl Manager {
    pub(crate) fn in_directory(directory: &Path) -> Manager {
        let path = directory.join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Manager { socket, path }
    }

    /// The next message, waiting for it, without those of the watchdog.
    pub(crate) fn next(&self) -> String {
        loop {
            let message = self.next_of_all();
            if message != "WATCHDOG=1\n" {
                return message;
            }
        }
    }

    fn next_of_all(&self) -> String {
        let mut bytes = [0; 4096];
        let length = self.socket.recv(&mut bytes).expect("a message");
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }
}

/// The variables that a process was started with, or an empty text if it has ended.
fn environment_of(pid: i32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', "\n")
}

#[test]
fn the_manager_hears_of_start_and_stop_and_the_children_know_nothing_of_it() {
    let directory = paths::short_temp_dir();
    let manager = Manager::in_directory(directory.path());
    let mut host = Host::builder()
        .app(App::demo().workers(1))
        .app(App::demo().workers(1).named("other"))
        .env("NOTIFY_SOCKET", manager.path.to_string_lossy())
        .launch();
    let ready = manager.next();
    assert!(
        ready.starts_with("READY=1\nSTATUS=Serving 2 apps on "),
        "{ready}"
    );
    host.wait_ready();
    assert!(environment_of(host.pid()).contains("NOTIFY_SOCKET="));
    for child in host.children() {
        let environment = environment_of(child.pid);
        assert!(!environment.contains("NOTIFY_SOCKET"), "{environment}");
    }
    assert!(host.stop().success());
    assert!(manager.next().starts_with("STOPPING=1\n"));
}

#[test]
fn the_watchdog_is_fed_before_and_after_the_start() {
    let directory = paths::short_temp_dir();
    let manager = Manager::in_directory(directory.path());
    let _host = Host::builder()
        .app(App::demo().workers(1))
        .env("NOTIFY_SOCKET", manager.path.to_string_lossy())
        .env("WATCHDOG_USEC", "100000")
        .launch();
    assert_eq!(manager.next_of_all(), "WATCHDOG=1\n", "while apps start");
    manager.next();
    for _ in 0..3 {
        assert_eq!(manager.next_of_all(), "WATCHDOG=1\n");
    }
}

#[test]
fn a_watchdog_of_another_process_is_not_fed() {
    let directory = paths::short_temp_dir();
    let manager = Manager::in_directory(directory.path());
    let mut host = Host::builder()
        .app(App::demo().workers(1))
        .env("NOTIFY_SOCKET", manager.path.to_string_lossy())
        .env("WATCHDOG_USEC", "1000")
        .env("WATCHDOG_PID", "1")
        .launch();
    assert!(manager.next_of_all().starts_with("READY=1\n"));
    host.wait_ready();
    assert!(host.stop().success());
    assert!(manager.next_of_all().starts_with("STOPPING=1\n"));
}

/// A program for Python that does what a service manager does: it listens at the paths up to `--`
/// and then becomes the command that follows.
const ACTIVATE: &str = r#"
import os, socket, sys
split = sys.argv.index("--")
paths, command = sys.argv[1:split], sys.argv[split + 1:]
for number, path in enumerate(paths, start=3):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(64)
    if listener.fileno() != number:
        os.dup2(listener.detach(), number)
    os.set_inheritable(number, True)
    listener.detach()
os.environ.update(LISTEN_FDS=str(len(paths)), LISTEN_PID=str(os.getpid()))
os.execv(command[0], command)
"#;

/// A host that is started with sockets of these paths.
fn activated(paths: &[&Path]) -> HostBuilder {
    let paths: Vec<_> = paths.iter().map(|path| path.to_str().unwrap()).collect();
    let paths = paths.join(" ");
    Host::builder()
        .app(App::demo().workers(1))
        .env("ACTIVATE", ACTIVATE)
        .after_shell(&format!(
            r#"exec python3 -c "$ACTIVATE" {paths} -- "$0" "$@""#
        ))
}

#[test]
fn a_passed_socket_is_served_and_left() {
    let directory = paths::short_temp_dir();
    let path = directory.path().join("s");
    let mut host = activated(&[&path]).directory(directory.path()).start();
    assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
    for child in host.children() {
        let environment = environment_of(child.pid);
        assert!(!environment.contains("LISTEN_"), "{environment}");
    }
    assert!(host.stop().success());
    assert!(path.exists(), "it belongs to whoever made it");
}

#[test]
fn without_a_path_of_its_own_a_host_serves_where_the_passed_socket_is() {
    let directory = paths::short_temp_dir();
    let path = directory.path().join("passed");
    let mut python = cli::clean(Command::new("python3"));
    python
        .args(["-c", ACTIVATE])
        .arg(&path)
        .args(["--", paths::DIRTY, "serve", "--app"])
        .arg(format!("demo={}:1", demo_wasm().display()))
        .current_dir(directory.path())
        .env("XDG_CACHE_HOME", directory.path())
        .env("TMPDIR", directory.path());
    let mut host = Running::start(&mut python);
    let expected = format!("ready: demo on {}", path.display());
    wait_for("the ready line", PATIENCE, || {
        host.stdout.all().into_iter().find(|line| *line == expected)
    });
    host.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(host.wait(), Some(0));
}

/// Starts a host that must not start, and returns what it complains about.
#[track_caller]
fn refused(builder: HostBuilder) -> String {
    let mut host = builder.launch();
    assert_eq!(host.wait_exit(PATIENCE).code(), Some(1));
    host.stderr.finish();
    host.stderr.text()
}

#[test]
fn a_socket_that_contradicts_and_one_too_many_are_errors() {
    let directory = paths::short_temp_dir();
    let elsewhere = directory.path().join("elsewhere");
    let complaint = refused(activated(&[&elsewhere]));
    for part in ["elsewhere", "--socket"] {
        assert!(complaint.contains(part), "{complaint}");
    }
    let (one, two) = (directory.path().join("1"), directory.path().join("2"));
    let complaint = refused(activated(&[&one, &two]));
    assert!(complaint.contains("2 sockets"), "{complaint}");
}
