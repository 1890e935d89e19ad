//! What is to happen when: a set of timers that the machine asks for the next one.

use std::collections::BTreeSet;
use std::time::Instant;

use super::super::id_map::IdMap;
use super::{AppId, GenerationId};
use crate::process::hop::{CallId, WorkerId};

/// What a timer is for; each has at most one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A call's deadline, or the end of its grace after a cancel.
    Call(CallId),
    /// A worker has to be ready, or to have ended.
    Worker(WorkerId),
    /// A worker's socket is closed, but its mold has not reported its end.
    Exit(WorkerId),
    /// A worker reaches its greatest age.
    Age(WorkerId),
    /// The free slots of an app may have workers again.
    Refill(AppId),
    /// An app may have its next spare.
    Spare(AppId),
    /// A mold has to have initialised its app, or to have ended.
    Mold(GenerationId),
    /// An app may start its next generation.
    Retry(AppId),
    /// The end of a graceful stop.
    Stop,
}

/// The timers that are set.
#[derive(Debug, Default)]
pub(super) struct Timers {
    order: BTreeSet<(Instant, Timer)>,
    at: IdMap<Timer, Instant>,
}

impl Timers {
    /// Sets a timer, or moves it.
    pub(super) fn set(&mut self, timer: Timer, at: Instant) {
        self.clear(timer);
        self.at.insert(timer, at);
        self.order.insert((at, timer));
    }

    /// Sets a timer if there is a time for it, else clears it.
    pub(super) fn set_or_clear(&mut self, timer: Timer, at: Option<Instant>) {
        match at {
            Some(at) => self.set(timer, at),
            None => self.clear(timer),
        }
    }

    pub(super) fn clear(&mut self, timer: Timer) {
        if let Some(at) = self.at.remove(&timer) {
            self.order.remove(&(at, timer));
        }
    }

    /// When this timer is due.
    pub(super) fn due_at(&self, timer: Timer) -> Option<Instant> {
        self.at.get(&timer).copied()
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// When the next one is due that does not come again and again while nothing happens.
    #[cfg(test)]
    pub(super) fn next_but_age(&self) -> Option<Instant> {
        let is_age = |timer: &Timer| matches!(timer, Timer::Age(_));
        let mut others = self.order.iter().filter(|(_, timer)| !is_age(timer));
        others.next().map(|(at, _)| *at)
    }

    /// Takes one that is due.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Timer> {
        let (at, timer) = *self.order.first()?;
        if at > now {
            return None;
        }
        self.clear(timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn timers_come_in_order_and_a_moved_one_only_once() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut timers = Timers::default();
        timers.set(Timer::Call(CallId(1)), at(1));
        timers.set(Timer::Call(CallId(2)), at(2));
        timers.set(Timer::Call(CallId(1)), at(3));
        timers.set(Timer::Stop, at(4));
        timers.set_or_clear(Timer::Stop, None);
        assert_eq!(timers.next(), Some(at(2)));
        assert_eq!(timers.take_due(at(1)), None);
        assert_eq!(timers.take_due(at(9)), Some(Timer::Call(CallId(2))));
        assert_eq!(timers.due_at(Timer::Call(CallId(1))), Some(at(3)));
        assert_eq!(timers.take_due(at(9)), Some(Timer::Call(CallId(1))));
        assert_eq!(timers.take_due(at(9)), None);
    }
}
