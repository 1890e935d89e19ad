//! When memory that was used for something large is given back. As long as more of it comes, it is kept:
//! fresh memory costs more than all copying.

use std::time::{Duration, Instant};

/// How long nothing large has come.
const IDLE: Duration = Duration::from_secs(1);

/// When it was used last.
#[derive(Debug, Default)]
pub(crate) struct Idle {
    used_at: Option<Instant>,
}

impl Idle {
    /// Something large is there, or has just been.
    pub(crate) fn used(&mut self, now: Instant) {
        self.used_at = Some(now);
    }

    /// Whether there may be something to give back.
    pub(crate) fn is_used(&self) -> bool {
        self.used_at.is_some()
    }

    /// When to give back.
    pub(crate) fn due(&self) -> Option<Instant> {
        Some(self.used_at? + IDLE)
    }

    /// Whether it is time to give back: true once, and to be done then.
    pub(crate) fn take_if_over(&mut self, now: Instant) -> bool {
        let over = self.due().is_some_and(|due| due <= now);
        if over {
            self.used_at = None;
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_over_once_when_nothing_has_come_for_a_while() {
        let start = Instant::now();
        let mut idle = Idle::default();
        assert_eq!((idle.due(), idle.take_if_over(start + IDLE)), (None, false));
        idle.used(start);
        idle.used(start + IDLE / 2);
        assert!(!idle.take_if_over(start + IDLE));
        assert_eq!(idle.due(), Some(start + IDLE / 2 + IDLE));
        assert!(idle.take_if_over(start + IDLE * 2));
        assert!(!idle.is_used() && !idle.take_if_over(start + IDLE * 3));
    }
}
