//! The pidfile of a real host.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::json;

use crate::harness::app::toml_string;
use crate::harness::host::HostBuilder;
use crate::harness::{App, Host, PATIENCE, paths};

/// A host with its pidfile there.
pub(crate) fn with_pidfile(path: &Path) -> HostBuilder {
    let path = toml_string(&path.to_string_lossy());
    Host::builder()
        .set(&format!("pidfile = {path}"))
        .app(App::demo().workers(1))
}

/// The number in a pidfile; none if it does not exist.
pub(crate) fn read(path: &Path) -> Option<i32> {
    let text = fs::read_to_string(path).ok()?;
    Some(text.strip_suffix('\n').unwrap().parse().unwrap())
}

/// Starts a host that must not start, and returns what it complains about.
#[track_caller]
fn refused(builder: HostBuilder) -> String {
    let mut host = builder.launch();
    assert_eq!(host.wait_exit(PATIENCE).code(), Some(1));
    host.stderr.finish();
    assert!(!host.socket.exists(), "it has not left its socket");
    host.stderr.text()
}

#[test]
fn a_pidfile_exists_as_long_as_its_host() {
    let directory = paths::short_temp_dir();
    let path = directory.path().join("pid");
    let mut host = with_pidfile(&path).start();
    assert_eq!(read(&path), Some(host.pid()));
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o644
    );
    assert!(host.stop().success());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_second_host_does_not_start_and_leaves_the_first_one_alone() {
    let directory = paths::short_temp_dir();
    let path = directory.path().join("pid");
    let first = with_pidfile(&path).start();
    let complaint = refused(with_pidfile(&path));
    let expected = format!("already running (pid {})", first.pid());
    assert!(complaint.contains(&expected), "{complaint}");
    assert_eq!(read(&path), Some(first.pid()));
    assert_eq!(first.call("demo", "fib", json!([10])).result(), json!(55));
}

#[test]
fn what_a_killed_host_leaves_is_replaced_by_the_next() {
    let directory = paths::short_temp_dir();
    let path = directory.path().join("pid");
    let mut killed = with_pidfile(&path).start();
    killed.kill();
    assert_eq!(read(&path), Some(killed.pid()));
    let mut next = with_pidfile(&path).start();
    assert_eq!(read(&path), Some(next.pid()));
    assert!(next.stop().success());
    assert_eq!(read(&path), None);
}

#[test]
fn a_link_is_not_followed() {
    let directory = paths::short_temp_dir();
    let (path, precious) = (
        directory.path().join("pid"),
        directory.path().join("precious"),
    );
    fs::write(&precious, "1\n").unwrap();
    symlink(&precious, &path).unwrap();
    let complaint = refused(with_pidfile(&path));
    assert!(complaint.contains("symbolic link"), "{complaint}");
    assert_eq!(fs::read_to_string(&precious).unwrap(), "1\n");
    assert!(path.is_symlink());
}
