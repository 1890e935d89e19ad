//! The unmodified dirty client of gunicorn 25.0.3 against this host. The checks themselves are
//! Python, in `peers/`; each prints how many it ran.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use harness::python::run_peer;
use harness::{App, Host};

#[test]
fn calls_and_streams_through_every_entry_point() {
    run_peer(&Host::demo(2), "entry_points", 9);
}

#[test]
fn values_of_every_kind_and_size() {
    run_peer(&Host::demo(1), "values", 8);
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
    run_peer(&host, "errors", 9);
}

#[test]
fn a_host_without_workers_raises_the_base_class() {
    run_peer(&Host::demo(0), "no_workers", 2);
}

#[test]
fn many_clients_at_once() {
    run_peer(&Host::demo(4), "concurrency", 4);
}

#[test]
fn kills_hangs_and_traps() {
    let app = App::demo().workers(2).timeout(2.0);
    run_peer(&Host::serving(app), "deaths", 8);
}
