//! What the threads of one run share: its end, and where their choices come from.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

/// One stretch of load and storm.
pub(crate) struct Run {
    until: Mutex<Instant>,
    ended: Condvar,
    seed: AtomicU64,
}

impl Run {
    pub(crate) fn new(duration: Duration, seed: u64) -> Run {
        Run {
            until: Mutex::new(Instant::now() + duration),
            ended: Condvar::new(),
            seed: AtomicU64::new(seed),
        }
    }

    /// A source of choices of its own for each thread; to be asked for in a fixed order.
    pub(crate) fn choices(&self) -> fastrand::Rng {
        fastrand::Rng::with_seed(self.seed.fetch_add(0x9e37_79b9, Ordering::Relaxed))
    }

    /// Whether new calls are made and new blows are dealt.
    pub(crate) fn goes_on(&self) -> bool {
        Instant::now() < *self.until.lock().expect("no holder panics")
    }

    /// Waits for that long, or for the end of the run.
    pub(crate) fn pause(&self, duration: Duration) {
        let wake = Instant::now() + duration;
        let mut until = self.until.lock().expect("no holder panics");
        loop {
            let rest = wake.min(*until).saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return;
            }
            let waited = self.ended.wait_timeout(until, rest);
            until = waited.expect("no holder panics").0;
        }
    }

    /// Has the run end early if its holder panics, so that the complaint is seen at once.
    pub(crate) fn guard(&self) -> EndOnPanic<'_> {
        EndOnPanic(self)
    }
}

pub(crate) struct EndOnPanic<'r>(&'r Run);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            if let Ok(mut until) = self.0.until.lock() {
                *until = Instant::now();
            }
            self.0.ended.notify_all();
        }
    }
}
