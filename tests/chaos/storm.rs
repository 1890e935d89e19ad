//! What is done to the host: processes are killed, apps reloaded, restarted and scaled.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread::Scope;
use std::time::Duration;

use fastrand::Rng;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::apps::TARGETS;
use crate::harness::processes::Process;
use crate::harness::{Host, PATIENCE, wait_until};
use crate::run::Run;

/// Between two kills, at most.
const KILL_PAUSE_MS_MAX: u64 = 300;
/// Between two changes, at most.
const CHANGE_PAUSE_MS_MAX: u64 = 400;
/// How many workers an app is scaled to, at most.
const WORKERS_MAX: u32 = 6;

/// Every process of the host that was seen so far, the arbiter not counted.
#[derive(Default)]
pub(crate) struct Seen(Mutex<BTreeSet<Process>>);

impl Seen {
    fn note(&self, processes: &[Process]) {
        let mut seen = self.0.lock().expect("no holder panics");
        seen.extend(processes);
    }

    /// Panics if another process than these lives on.
    #[track_caller]
    pub(crate) fn assert_only_these_live(&self, expected: &[Process]) {
        let seen = self.0.lock().expect("no holder panics");
        assert!(!seen.is_empty());
        wait_until("the end of every other process", PATIENCE, || {
            seen.iter()
                .all(|process| expected.contains(process) || !process.is_alive())
        });
    }
}

/// Starts those who kill and those who change.
pub(crate) fn start<'scope>(
    scope: &'scope Scope<'scope, '_>,
    run: &'scope Run,
    host: &'scope Host,
    seen: &'scope Seen,
) {
    let mut choices = run.choices();
    scope.spawn(move || {
        let _guard = run.guard();
        while run.goes_on() {
            kill_one(host, seen, &mut choices);
            run.pause(Duration::from_millis(choices.u64(..KILL_PAUSE_MS_MAX)));
        }
    });
    let mut choices = run.choices();
    scope.spawn(move || {
        let _guard = run.guard();
        while run.goes_on() {
            change(host, &mut choices);
            run.pause(Duration::from_millis(choices.u64(..CHANGE_PAUSE_MS_MAX)));
        }
    });
}

/// Kills some worker, or, one time in eight, some mold; both in whatever state they are.
fn kill_one(host: &Host, seen: &Seen, choices: &mut Rng) {
    let processes = host.children();
    seen.note(&processes);
    let wants_mold = choices.u8(..8) == 0;
    let is_mold = |process: &Process| process.parent() == Some(host.pid());
    let victims: Vec<Process> = processes
        .into_iter()
        .filter(|process| is_mold(process) == wants_mold)
        .collect();
    if let Some(victim) = choices.choice(&victims) {
        victim.kill();
    }
}

fn change(host: &Host, choices: &mut Rng) {
    let app = TARGETS[choices.usize(..TARGETS.len())].name;
    match choices.u8(..8) {
        0 => host.signal(Signal::SIGHUP),
        1 => host.signal(Signal::SIGTTIN),
        2 => host.signal(Signal::SIGTTOU),
        3 => order(host, &json!({"op": "restart", "app": app})),
        4 => order(host, &json!({"op": "reload", "app": app})),
        5 => order(host, &json!({"op": "reload"})),
        _ => {
            let workers = choices.u32(1..=WORKERS_MAX);
            order(
                host,
                &json!({"op": "scale", "app": app, "workers": workers}),
            );
        }
    }
}

/// An order has a result, whatever it is: what was to start may have been killed, or another order
/// came in between.
fn order(host: &Host, message: &Value) {
    let result = host
        .control(message.clone())
        .unwrap_or_else(|failure| panic!("{message}: {failure:?}"));
    let apps = result["apps"].as_object();
    let apps = apps.unwrap_or_else(|| panic!("{message}: {result}"));
    for (name, app) in apps {
        let outcome = app["outcome"].as_str().unwrap_or_default();
        assert!(
            ["serving", "scaled", "failed", "superseded"].contains(&outcome),
            "{message}: {name}: {app}"
        );
    }
}
