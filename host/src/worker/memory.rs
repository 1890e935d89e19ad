//! How much private memory this worker has, looked at between calls, and whether that is too much.
//!
//! To measure takes the kernel a walk over all of the process's pages, so it is done seldom enough
//! to take a small part of the worker's time: what a call leaves behind may be measured a little
//! later, but is. What follows from it is for the arbiter to decide.

use std::time::{Duration, Instant};

use crate::process::inspect;

/// After a measurement there is none for so many times as long as it took: about 5 % of the time.
const REST_FACTOR: u32 = 20;

/// Watches one limit.
#[derive(Debug)]
pub(super) struct MemoryWatch {
    bytes_max: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The next measurement is made from then on; the first at once. `owed`: it is to be made even if
    /// no call comes.
    Watching { from: Option<Instant>, owed: bool },
    /// It was too much, and was said.
    Over,
}

impl MemoryWatch {
    /// Of a worker that may have so many bytes.
    pub(super) fn new(bytes_max: u64) -> MemoryWatch {
        MemoryWatch {
            bytes_max,
            state: State::Watching {
                from: None,
                owed: false,
            },
        }
    }

    /// Measures, if it is time for it, or owes that. Returns the private memory in bytes when it is
    /// above the limit for the first time.
    pub(super) fn look(&mut self) -> Option<u64> {
        let began = Instant::now();
        if !self.is_due(began) {
            self.owe();
            return None;
        }
        let bytes = inspect::private_memory_bytes(std::process::id() as i32);
        self.measured(bytes, began, Instant::now())
    }

    fn is_due(&self, now: Instant) -> bool {
        match self.state {
            State::Watching { from, .. } => from.is_none_or(|from| now >= from),
            State::Over => false,
        }
    }

    fn owe(&mut self) {
        if let State::Watching { owed, .. } = &mut self.state {
            *owed = true;
        }
    }

    /// In what time a measurement is to be made if nothing else happens; none if there is no need.
    pub(super) fn owed_in(&self, now: Instant) -> Option<Duration> {
        match self.state {
            State::Watching {
                from: Some(from),
                owed: true,
            } => Some(from.saturating_duration_since(now)),
            _ => None,
        }
    }

    /// Takes note of a measurement; none if the system could not tell.
    fn measured(&mut self, bytes: Option<u64>, began: Instant, ended: Instant) -> Option<u64> {
        let took: Duration = ended.saturating_duration_since(began);
        let over = bytes.filter(|bytes| *bytes > self.bytes_max);
        self.state = match over {
            Some(_) => State::Over,
            None => State::Watching {
                from: Some(ended + took * REST_FACTOR),
                owed: false,
            },
        };
        over
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_long_measurement_is_followed_by_a_long_rest() {
        let mut watch = MemoryWatch::new(100);
        let began = Instant::now();
        assert!(watch.is_due(began), "the first is made at once");
        let ended = began + 3 * MS;
        assert_eq!(watch.measured(Some(100), began, ended), None);
        assert!(!watch.is_due(ended + 60 * MS - Duration::from_nanos(1)));
        assert!(watch.is_due(ended + 60 * MS));
    }

    #[test]
    fn a_measurement_that_is_not_due_is_owed() {
        let mut watch = MemoryWatch::new(100);
        let now = Instant::now();
        watch.measured(Some(100), now, now + MS);
        assert_eq!(watch.owed_in(now), None, "nothing has happened since");
        watch.owe();
        assert_eq!(watch.owed_in(now), Some(21 * MS));
        assert_eq!(watch.owed_in(now + 30 * MS), Some(Duration::ZERO));
        watch.measured(Some(101), now, now + MS);
        watch.owe();
        assert_eq!(watch.owed_in(now), None, "more than said cannot be");
    }

    #[test]
    fn what_is_above_the_limit_is_said_once() {
        let mut watch = MemoryWatch::new(100);
        let now = Instant::now();
        assert_eq!(watch.measured(Some(101), now, now), Some(101));
        assert!(!watch.is_due(now + 1000 * MS));
    }

    #[test]
    fn what_cannot_be_measured_is_tried_again() {
        let mut watch = MemoryWatch::new(100);
        let now = Instant::now();
        assert_eq!(watch.measured(None, now, now + MS), None);
        assert!(watch.is_due(now + 21 * MS));
    }

    #[test]
    fn a_real_process_is_above_nothing_and_below_everything() {
        assert_eq!(MemoryWatch::new(u64::MAX).look(), None);
        assert!(MemoryWatch::new(0).look().unwrap() > 0);
    }
}
