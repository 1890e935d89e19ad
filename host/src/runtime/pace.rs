//! How often a guest that never waits lets the host look around: seldom enough to cost nothing, often
//! enough to be told soon that nobody needs its answer any more.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A guest that goes on without a wait runs for so long before the host has its turn.
const INTERVAL: Duration = Duration::from_millis(5);

/// When the host had its last turn. Clones share it.
#[derive(Clone)]
pub(super) struct Pace(Arc<Mutex<Instant>>);

impl Pace {
    pub(super) fn new() -> Pace {
        Pace(Arc::new(Mutex::new(Instant::now())))
    }

    /// Gives the host its turn if it is due.
    pub(super) async fn keep(&self) {
        if self.is_due() {
            tokio::task::yield_now().await;
        }
    }

    /// The host has just had its turn, because the guest waited.
    pub(super) fn was_kept(&self) {
        *self.last() = Instant::now();
    }

    fn is_due(&self) -> bool {
        let mut last = self.last();
        let due = last.elapsed() > INTERVAL;
        if due {
            *last = Instant::now();
        }
        due
    }

    fn last(&self) -> MutexGuard<'_, Instant> {
        // One thread uses it, and a panic there ends the process.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_turn_is_due_once_in_an_interval() {
        let pace = Pace::new();
        let long_ago = Instant::now().checked_sub(2 * INTERVAL).unwrap();
        *pace.clone().last() = long_ago;
        assert!(pace.is_due());
        assert!(*pace.last() > long_ago);
        *pace.last() = long_ago;
        pace.was_kept();
        assert!(*pace.last() > long_ago);
        *pace.last() = Instant::now() + Duration::from_secs(3600);
        assert!(!pace.is_due());
    }
}
