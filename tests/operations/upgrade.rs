//! The upgrade of a real host by SIGUSR2.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use nix::sys::signal::Signal;
use serde_json::json;
use tempfile::TempDir;

use super::pidfile::{read, with_pidfile};
use super::service::Manager;
use crate::harness::host::HostBuilder;
use crate::harness::processes::{self, Process};
use crate::harness::{App, Host, PATIENCE, Wire, paths, wait_for, wait_until};

const ID: &str = r#"{"type": "status", "id": 0}"#;

/// A directory with a link to the program in it, which can be replaced, and pidfiles.
struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Place {
        let place = Place {
            directory: paths::short_temp_dir(),
        };
        place.restore_program();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn host(&self) -> HostBuilder {
        with_pidfile(&self.path("pid"))
            .directory(self.directory.path())
            .binary(&self.path("dirty"))
    }

    fn replace_program(&self, script: &str) {
        self.put_program(|path| {
            fs::write(path, script).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        });
    }

    fn restore_program(&self) {
        self.put_program(|path| symlink(paths::DIRTY, path).unwrap());
    }

    /// As an installation does: under another name first.
    fn put_program(&self, write: impl FnOnce(&Path)) {
        let new = self.path("dirty.new");
        write(&new);
        fs::rename(&new, self.path("dirty")).unwrap();
    }

    /// Changes the configuration that the next host reads.
    fn edit_config(&self, edit: impl FnOnce(String) -> String) {
        let path = self.path("dirty.toml");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, edit(text)).unwrap();
    }

    fn pidfiles(&self) -> (Option<i32>, Option<i32>) {
        (read(&self.path("pid")), read(&self.path("pid.2")))
    }
}

/// A host that was started by another one; killed at the end if it still runs.
struct Successor(Process);

impl Successor {
    fn of(pid: i32) -> Successor {
        Successor(Process::of(pid).expect("it lives"))
    }

    /// The host that new connections come to, once it is another one than this.
    #[track_caller]
    fn wait_for(host: &Host) -> Successor {
        let pid = wait_for("another host", PATIENCE, || {
            Some(host.status().arbiter_pid).filter(|pid| *pid != host.pid())
        });
        Successor::of(pid)
    }

    fn pid(&self) -> i32 {
        self.0.pid
    }

    #[track_caller]
    fn stop(self) {
        processes::signal(self.pid(), Signal::SIGTERM);
        wait_until("the new host's end", PATIENCE, || !self.0.is_alive());
    }
}

impl Drop for Successor {
    fn drop(&mut self) {
        if self.0.is_alive() {
            processes::signal(self.pid(), Signal::SIGKILL);
        }
    }
}

#[track_caller]
fn wait_for_line(host: &Host, needle: &str) -> String {
    host.stderr
        .wait_for(needle, PATIENCE, |line| line.contains(needle))
}

/// Which host serves this connection.
fn served_by(wire: &mut Wire) -> i32 {
    wire.send(ID);
    let status: serde_json::Value = serde_json::from_str(wire.read().raw("result")).unwrap();
    i32::try_from(status["arbiter_pid"].as_i64().unwrap()).unwrap()
}

#[test]
fn clients_of_the_old_host_are_served_until_they_leave_and_pidfiles_tell_both() {
    let place = Place::new();
    let mut old = place.host().set("graceful_timeout = 600").start();
    let mut client = old.connect();
    assert_eq!(served_by(&mut client), old.pid());
    old.signal(Signal::SIGUSR2);
    let new = Successor::wait_for(&old);
    assert_eq!(place.pidfiles(), (Some(old.pid()), Some(new.pid())));
    assert_eq!(client.call("demo", "fib", &json!([10])).result(), json!(55));
    assert_eq!(served_by(&mut client), old.pid());
    for host in [old.pid(), new.pid()] {
        processes::signal(host, Signal::SIGUSR2);
    }
    wait_until("refusals by both", PATIENCE, || {
        old.stderr.count_of("upgrade refused") == 2
    });
    drop(client);
    assert_eq!(old.wait_arbiter_exit(PATIENCE).code(), Some(0));
    wait_until("the pidfile's new name", PATIENCE, || {
        place.pidfiles() == (Some(new.pid()), None)
    });
    assert_eq!(old.call("demo", "fib", json!([10])).result(), json!(55));
    new.stop();
    assert_eq!(place.pidfiles(), (None, None));
    assert!(!old.socket.exists());
}

#[test]
fn a_client_that_stays_is_disconnected_when_the_old_host_has_drained_for_long_enough() {
    let place = Place::new();
    let mut old = place.host().set("graceful_timeout = 1").start();
    let mut client = old.connect();
    assert_eq!(served_by(&mut client), old.pid());
    old.signal(Signal::SIGUSR2);
    let new = Successor::wait_for(&old);
    // An end without an error: it has asked for nothing.
    assert!(client.try_read().is_none());
    assert_eq!(old.wait_arbiter_exit(PATIENCE).code(), Some(0));
    new.stop();
}

#[test]
fn no_call_fails_in_an_upgrade_under_load() {
    const CLIENTS: usize = 4;
    let place = Place::new();
    let mut old = place.host().start();
    let (stop, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let socket = old.socket.clone();
    let load = || {
        while !stop.load(Ordering::Relaxed) {
            let outcome = Wire::connect(&socket).call("demo", "fib", &json!([10]));
            assert_eq!(outcome.result(), json!(55));
            calls.fetch_add(1, Ordering::Relaxed);
        }
    };
    let more_calls = |count: usize| {
        let enough = calls.load(Ordering::Relaxed) + count;
        wait_until("more calls", PATIENCE, || {
            calls.load(Ordering::Relaxed) >= enough
        });
    };
    let new = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(load)).collect();
        more_calls(100);
        old.signal(Signal::SIGUSR2);
        let ended = old.wait_arbiter_exit(PATIENCE);
        more_calls(100);
        stop.store(true, Ordering::Relaxed);
        assert_eq!(ended.code(), Some(0));
        for client in clients {
            client.join().unwrap();
        }
        Successor::wait_for(&old)
    });
    new.stop();
}

#[test]
fn a_program_that_fails_leaves_the_old_host_as_it_was() {
    let place = Place::new();
    let mut host = place.host().start();
    for script in ["#!/bin/sh\nexit 1\n", "no program\n"] {
        place.replace_program(script);
        let before = host.stderr.count_of("upgrade failed");
        host.signal(Signal::SIGUSR2);
        wait_until("the failure in the log", PATIENCE, || {
            host.stderr.count_of("upgrade failed") > before
        });
        assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
        assert_eq!(host.status().arbiter_pid, host.pid());
        assert_eq!(place.pidfiles(), (Some(host.pid()), None));
    }
    place.restore_program();
    host.signal(Signal::SIGUSR2);
    let new = Successor::wait_for(&host);
    assert_eq!(host.wait_arbiter_exit(PATIENCE).code(), Some(0));
    new.stop();
}

#[test]
fn a_new_host_whose_app_cannot_start_gives_up() {
    let place = Place::new();
    let mut host = place.host().start();
    place.edit_config(|text| text + &App::fixture("init_traps").toml());
    host.signal(Signal::SIGUSR2);
    wait_for_line(&host, "upgrade given up");
    wait_for_line(&host, "upgrade failed");
    assert_eq!(host.call("demo", "fib", json!([10])).result(), json!(55));
    assert_eq!(place.pidfiles(), (Some(host.pid()), None));
    assert!(host.stop().success());
    assert!(!host.socket.exists());
}

#[test]
fn a_new_host_goes_on_alone_if_the_old_one_is_stopped_or_killed_first() {
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        let place = Place::new();
        let mut old = place.host().start();
        // It will never be ready.
        place.edit_config(|text| text + &App::fixture("init_hangs").workers(1).toml());
        old.signal(Signal::SIGUSR2);
        let pid = wait_for("the new host's pidfile", PATIENCE, || {
            read(&place.path("pid.2"))
        });
        let new = Successor::of(pid);
        old.signal(Signal::SIGUSR2);
        wait_for_line(&old, "upgrade refused");
        assert_eq!(old.status().arbiter_pid, old.pid());
        old.signal(signal);
        old.wait_arbiter_exit(PATIENCE);
        wait_until("the pidfile's new name", PATIENCE, || {
            place.pidfiles() == (Some(new.pid()), None)
        });
        assert_eq!(old.call("demo", "fib", json!([10])).result(), json!(55));
        assert_eq!(old.status().arbiter_pid, new.pid());
        new.stop();
        assert!(!old.socket.exists());
        assert_eq!(place.pidfiles(), (None, None));
    }
}

#[test]
fn the_service_manager_follows_the_service() {
    let place = Place::new();
    let manager = Manager::in_directory(place.directory.path());
    let mut old = place
        .host()
        .env("NOTIFY_SOCKET", manager.path.to_string_lossy())
        .env("WATCHDOG_USEC", "60000000")
        .start();
    assert!(manager.next().starts_with("READY=1\n"));
    old.signal(Signal::SIGUSR2);
    let main_pid = manager.next();
    let pid = main_pid.strip_prefix("MAINPID=").unwrap().trim_end();
    let new = Successor::of(pid.parse().unwrap());
    assert!(manager.next().starts_with("READY=1\n"), "by the new host");
    assert_eq!(old.wait_arbiter_exit(PATIENCE).code(), Some(0));
    new.stop();
    let stopping = manager.next();
    assert!(stopping.starts_with("STOPPING=1\n"), "{stopping}");
}
