//! The host under attack: three apps of one guest that differ in how their workers come and go.

use crate::harness::{App, Host};

/// An app, and how many workers it has while nobody meddles.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) workers: u32,
    /// Whether one more process waits to be a worker.
    pub(crate) spares: u32,
}

pub(crate) const TARGETS: [Target; 3] = [
    Target {
        name: "copies",
        workers: 3,
        spares: 0,
    },
    Target {
        name: "per-worker",
        workers: 2,
        spares: 0,
    },
    Target {
        name: "fresh",
        workers: 2,
        spares: 1,
    },
];

/// How many processes the host has when it is at rest, the arbiter not counted.
pub(crate) fn processes_at_rest() -> usize {
    let of_each = TARGETS.iter().map(|app| 1 + app.workers + app.spares);
    of_each.sum::<u32>() as usize
}

pub(crate) fn host() -> Host {
    let mut apps = TARGETS.iter().map(|target| {
        let app = App::fixture("nonces").named(target.name);
        app.workers(target.workers).timeout(60.0)
    });
    let mut next = || apps.next().expect("three targets");
    Host::builder()
        // An app is killed more often here than one that is merely broken would die.
        .set("restart_intensity = 1000")
        .set("cancel_grace = 0.2")
        .app(next())
        .app(next().set("init = \"per-worker\""))
        .app(
            next()
                .set("max_calls = 3")
                .set("spare = true")
                .set("on_disconnect = \"cancel\""),
        )
        .start()
}
