//! Gives back the memory that large frames have taken in the lane, when none has passed for a while.

use std::time::{Duration, Instant};

use crate::process::idle::Idle;
use crate::process::lane::{Area, Lane};

/// The lane's areas, and when they were used.
pub(super) struct IdleLane {
    areas: [Area; 2],
    idle: Idle,
}

impl IdleLane {
    pub(super) fn new(lane: &Lane) -> IdleLane {
        IdleLane {
            areas: [lane.requests(), lane.replies()],
            idle: Idle::default(),
        }
    }

    /// Something large has passed.
    pub(super) fn used(&mut self, now: Instant) {
        self.idle.used(now);
    }

    /// Whether there may be something to give back.
    pub(super) fn is_used(&self) -> bool {
        self.idle.is_used()
    }

    /// When to give back.
    pub(super) fn due_in(&self, now: Instant) -> Option<Duration> {
        Some(self.idle.due()?.saturating_duration_since(now))
    }

    pub(super) fn give_back_if_due(&mut self, now: Instant) {
        if !self.idle.take_if_over(now) {
            return;
        }
        let given_back = self.areas.each_ref().map(Area::give_back);
        if !given_back.iter().all(|given_back| *given_back) {
            // A client may take its time to read a reply: later, then.
            self.idle.used(now);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::process::lane;

    #[test]
    fn memory_is_given_back_when_nothing_has_passed_for_a_while_and_nobody_reads_it() {
        let [arbiter, worker] = lane::pair(1 << 20);
        let mut idle = IdleLane::new(&worker);
        let now = Instant::now();
        assert_eq!(idle.due_in(now), None);
        let mut reply = worker.replies().take().unwrap();
        reply.write(0, &[7; 100_000]);
        reply.hand_over();
        idle.used(now);
        let span = idle.due_in(now).unwrap();
        idle.give_back_if_due(now);
        let unread = arbiter.replies().frame(100_000).unwrap();
        idle.give_back_if_due(now + span);
        assert_eq!(unread[..], [7; 100_000]);
        assert_eq!(idle.due_in(now + span), Some(span), "tries again");
        drop(unread);
        idle.give_back_if_due(now + span * 2);
        assert_eq!(idle.due_in(now), None);
        assert_eq!(arbiter.replies().frame(100_000).unwrap()[..], [0; 100_000]);
    }
}
