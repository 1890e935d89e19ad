//! Callers in the background: each makes one call after the other on a connection of its own, and
//! remembers when it asked, when it was answered, and what.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::host::Host;
use super::wait::{PATIENCE, wait_until};
use super::wire::{Failure, Wire};

/// One call that was answered.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) asked: Instant,
    pub(crate) answered: Instant,
    pub(crate) end: Result<Value, Failure>,
}

/// What the callers share with the test.
#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    /// The distinct results so far.
    seen: Mutex<Vec<Value>>,
}

impl Shared {
    fn saw(&self, result: &Value) -> bool {
        self.seen.lock().expect("no caller panics").contains(result)
    }

    fn note(&self, result: &Value) {
        if !self.saw(result) {
            let mut seen = self.seen.lock().expect("no caller panics");
            seen.push(result.clone());
        }
    }
}

/// Callers that are at work.
pub(crate) struct Load {
    shared: Arc<Shared>,
    callers: Vec<JoinHandle<Vec<Sample>>>,
}

impl Load {
    /// Starts so many callers of a plain action that takes no arguments, and waits until the app
    /// has answered this to one of them.
    #[track_caller]
    pub(crate) fn start(
        host: &Host,
        callers: usize,
        app: &str,
        action: &str,
        expected: &Value,
    ) -> Load {
        let shared = Arc::new(Shared::default());
        let callers = (0..callers)
            .map(|_| {
                let (app, action) = (app.to_owned(), action.to_owned());
                let (wire, shared) = (host.connect(), Arc::clone(&shared));
                std::thread::spawn(move || call_on(wire, &app, &action, &shared))
            })
            .collect();
        let load = Load { shared, callers };
        load.wait_for_result(expected);
        load
    }

    /// Waits until a caller has this result.
    #[track_caller]
    pub(crate) fn wait_for_result(&self, result: &Value) {
        wait_until(&format!("the answer {result}"), PATIENCE, || {
            self.shared.saw(result)
        });
    }

    /// Lets each caller finish its call; returns all calls of all callers.
    pub(crate) fn finish(self) -> Vec<Sample> {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.callers
            .into_iter()
            .flat_map(|caller| caller.join().expect("no caller panics"))
            .collect()
    }
}

fn call_on(mut wire: Wire, app: &str, action: &str, shared: &Shared) -> Vec<Sample> {
    let mut samples = Vec::new();
    while !shared.stop.load(Ordering::Relaxed) {
        let asked = Instant::now();
        let outcome = wire.call(app, action, &Value::Array(Vec::new()));
        let answered = Instant::now();
        let end = outcome.end.map(|result| result.unwrap_or(Value::Null));
        if let Ok(result) = &end {
            shared.note(result);
        }
        samples.push(Sample {
            asked,
            answered,
            end,
        });
    }
    samples
}

/// Panics if a call failed or took longer than that.
#[track_caller]
pub(crate) fn assert_served_within(samples: &[Sample], limit: Duration) {
    for sample in samples {
        assert!(sample.end.is_ok(), "{sample:?}");
        let took = sample.answered - sample.asked;
        assert!(took < limit, "took {took:?}: {sample:?}");
    }
}

/// Panics unless the callers were answered `old` and then `new`, and never `old` to a call that was
/// made after `new` had been seen.
#[track_caller]
pub(crate) fn assert_switched_once(samples: &[Sample], old: &Value, new: &Value) {
    let is = |sample: &&Sample, answer: &Value| sample.end.as_ref() == Ok(answer);
    let first_new = samples
        .iter()
        .filter(|sample| is(sample, new))
        .map(|sample| sample.answered)
        .min()
        .expect("the new version has answered");
    for sample in samples {
        assert!(
            is(&sample, new) || (is(&sample, old) && sample.asked <= first_new),
            "the old version, or none, {:?} after the new one was seen: {sample:?}",
            sample.asked.saturating_duration_since(first_new),
        );
    }
}
