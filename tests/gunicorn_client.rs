//! The unmodified dirty clients of gunicorn 25.0.3, 25.1.0 and 27.0.1, which speak the two dialects,
//! against one host. The checks themselves are Python, in `peers/`; each prints how many it ran.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::thread;

use harness::python::{self, run_peer, run_peer_with_app, run_peers};
use harness::{App, Host};

#[test]
fn calls_and_streams_through_every_entry_point() {
    run_peers(&Host::demo(2), "entry_points", 9);
}

#[test]
fn values_of_every_kind_and_size() {
    let host = Host::builder()
        .app(App::demo().workers(1))
        .app(App::fixture("speaks_json").workers(1))
        .start();
    run_peers(&host, "values", 6);
    run_peer(&host, python::JSON_DIALECT, "values_json", 3);
    run_peer(&host, python::BINARY_DIALECT, "values_binary", 10);
}

#[test]
fn every_exception_class_with_its_attributes() {
    let host = Host::builder()
        .app(App::demo().workers(1).timeout(2.0))
        .app(
            App::demo()
                .named("broken")
                .config("init_fails = true")
                .workers(1),
        )
        .launch();
    host.wait_listening();
    host.wait_status("one app serves and the other has failed", |status| {
        status.count("demo", "ready") == 1 && status.app("broken").last_error.is_some()
    });
    run_peers(&host, "errors", 9);
}

#[test]
fn a_host_without_workers_raises_the_base_class() {
    run_peers(&Host::demo(0), "no_workers", 2);
}

#[test]
fn many_clients_at_once() {
    run_peers(&Host::demo(4), "concurrency", 4);
}

#[test]
fn status_and_manage_through_gunicorns_own_control_command() {
    let host = Host::builder()
        .app(App::demo().workers(2))
        .app(App::demo().named("other").workers(1))
        .start();
    for peer in [python::FIRST_BINARY_DIALECT, python::BINARY_DIALECT] {
        run_peer(&host, peer, "gunicornc", 3);
    }
}

#[test]
fn three_releases_at_the_same_time() {
    let releases = [
        python::JSON_DIALECT,
        python::FIRST_BINARY_DIALECT,
        python::BINARY_DIALECT,
    ];
    let mut host = Host::builder().app(
        App::demo()
            .named("broken")
            .config("init_fails = true")
            .workers(1),
    );
    for release in releases {
        host = host.app(App::demo().named(release).workers(2).timeout(2.0));
    }
    let host = host.launch();
    host.wait_listening();
    host.wait_status("three apps serve and one has failed", |status| {
        let serves = |release: &&str| status.count(release, "ready") == 2;
        releases.iter().all(serves) && status.app("broken").last_error.is_some()
    });
    thread::scope(|scope| {
        for release in releases {
            let run = |name, checks| run_peer_with_app(&host, release, release, name, checks);
            scope.spawn(move || {
                run("entry_points", 9);
                run("steering", 6);
                if release != python::JSON_DIALECT {
                    run("stash", 6);
                }
                run("errors", 9);
            });
        }
    });
}

#[test]
fn kills_hangs_and_traps() {
    let app = App::demo().workers(2).timeout(2.0);
    run_peers(&Host::serving(app), "deaths", 8);
}
