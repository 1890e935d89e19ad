//! What the arbiter holds when it is at rest: memory and descriptors, and that it is at rest.

use crate::apps::{TARGETS, processes_at_rest};
use crate::harness::{Host, PATIENCE, processes, wait_for, wait_until};
use serde_json::json;

/// What the allocator may keep more after one run than after another.
const MEMORY_TOLERANCE: u64 = 8 << 20;
/// For how many looks the number of descriptors has to stand still.
const LOOKS: usize = 100;

#[derive(Debug)]
pub(crate) struct Level {
    memory_bytes: u64,
}

/// How many descriptors the arbiter has open while nobody is connected and nothing starts.
#[track_caller]
pub(crate) fn standing_descriptors(arbiter: i32) -> usize {
    let mut last = 0;
    let mut looks = 0;
    wait_for("the descriptors stand still", PATIENCE, || {
        let now = processes::open_descriptors(arbiter).len();
        looks = if now == last { looks + 1 } else { 0 };
        last = now;
        (looks >= LOOKS).then_some(now)
    })
}

impl Level {
    /// Sets each app to the number of workers that it began with, waits until all is as it was
    /// then, and measures.
    #[track_caller]
    pub(crate) fn after_settling(host: &Host, descriptors: usize) -> Level {
        for app in &TARGETS {
            settle(host, app.name, app.workers);
        }
        wait_until(
            "every process that should be, and no other",
            PATIENCE,
            || host.children().len() == processes_at_rest(),
        );
        wait_until("no zombie", PATIENCE, || {
            processes::zombies_of(host.pid()).is_empty()
        });
        wait_until("the descriptors as in the beginning", PATIENCE, || {
            processes::open_descriptors(host.pid()).len() == descriptors
        });
        Level {
            memory_bytes: processes::private_memory(host.pid()),
        }
    }

    #[track_caller]
    pub(crate) fn assert_not_above(&self, before: &Level) {
        assert!(
            self.memory_bytes <= before.memory_bytes + MEMORY_TOLERANCE,
            "{self:?} after {before:?}"
        );
    }
}

#[track_caller]
fn settle(host: &Host, app: &str, workers: u32) {
    wait_until("the app is scaled", PATIENCE, || {
        let message = json!({"op": "scale", "app": app, "workers": workers});
        let result = host.control(message).expect("the app is known");
        result["apps"][app]["outcome"] == "scaled"
    });
    host.wait_status("every worker is ready", |status| {
        status.app(app).workers_ready == workers as usize
    });
    assert_eq!(
        host.call(app, "echo", json!(["after"])).result(),
        json!("after")
    );
    let status = host.wait_status("no call is left", |status| status.app(app).queue == 0);
    assert_eq!(status.app(app).state, "serving");
}
