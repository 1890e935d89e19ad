//! When to try again what keeps failing, and when to give it up.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::guard::{Guard, guarded};
use crate::config::RestartSettings;

/// The first failure is answered at once, the second after this.
const FIRST_DELAY: Duration = Duration::from_millis(100);
/// No delay is longer.
const DELAY_MAX: Duration = Duration::from_secs(30);
/// A delay is longer by up to this part of itself, so that what failed together is not tried
/// again together.
const JITTER: f64 = 0.25;

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    /// Try again after this time.
    RetryIn(Duration),
    /// Do not try again.
    GiveUp,
}

/// An app's failures in a row: molds that could not start or died, workers that could not start or
/// died idle. A success of what was started after the last one ends the row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Restarts {
    failures: u32,
    /// The latest of them, as many as matter for the intensity.
    times: VecDeque<Instant>,
}

impl Restarts {
    /// How often it has failed in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether something that was started then was already there when the last failure was
    /// counted. What fails together counts once.
    pub(super) fn is_of_an_earlier_round(&self, started: Instant) -> bool {
        self.times.back().is_some_and(|last| started < *last)
    }

    /// It has failed again. `dice` is a number from 0 to 1 for the jitter.
    pub(super) fn fail(&mut self, now: Instant, settings: RestartSettings, dice: f64) -> Verdict {
        self.failures = self.failures.saturating_add(1);
        self.times.push_back(now);
        if self.times.len() > settings.intensity as usize {
            self.times.pop_front();
        }
        let all_within = |first: &Instant| now.saturating_duration_since(*first) <= settings.period;
        let intense = self.times.len() >= settings.intensity as usize
            && self.times.front().is_some_and(all_within);
        if intense {
            return Verdict::GiveUp;
        }
        self.wait(dice)
    }

    /// How long to wait after the failures that were counted.
    pub(super) fn wait(&self, dice: f64) -> Verdict {
        if !guarded(Guard::Backoff) {
            return Verdict::RetryIn(Duration::ZERO);
        }
        Verdict::RetryIn(delay_after(self.failures).mul_f64(1.0 + JITTER * dice))
    }

    /// What was started at that time works.
    pub(super) fn succeed(&mut self, started: Instant) {
        if !self.is_of_an_earlier_round(started) {
            self.forget();
        }
    }

    /// Somebody has asked for a new beginning.
    pub(super) fn forget(&mut self) {
        *self = Restarts::default();
    }
}

/// How long to wait after so many failures in a row, jitter not counted.
pub(super) fn delay_after(failures: u32) -> Duration {
    match failures {
        0 | 1 => Duration::ZERO,
        more => {
            let doublings = (more - 2).min(16);
            FIRST_DELAY.saturating_mul(1 << doublings).min(DELAY_MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLICY: RestartSettings = RestartSettings {
        intensity: 10,
        period: Duration::from_secs(60),
    };

    #[test]
    fn delays_double_from_nothing_up_to_giving_up() {
        let mut now = Instant::now();
        let mut restarts = Restarts::default();
        assert_eq!(
            restarts.fail(now, POLICY, 0.0),
            Verdict::RetryIn(Duration::ZERO)
        );
        for failure in 0..8 {
            let expected = (FIRST_DELAY * 2u32.pow(failure)).min(DELAY_MAX);
            assert_eq!(restarts.fail(now, POLICY, 0.0), Verdict::RetryIn(expected));
            now += expected;
        }
        assert_eq!(restarts.fail(now, POLICY, 0.0), Verdict::GiveUp);
        restarts.succeed(now);
        assert_eq!(
            restarts.fail(now, POLICY, 0.0),
            Verdict::RetryIn(Duration::ZERO)
        );
    }

    #[test]
    fn failures_that_are_far_apart_are_retried_for_ever_and_never_sooner_than_the_longest_delay() {
        let mut now = Instant::now();
        let mut restarts = Restarts::default();
        for _ in 0..1000 {
            now += Duration::from_secs(7);
            let verdict = restarts.fail(now, POLICY, 0.0);
            assert_ne!(verdict, Verdict::GiveUp);
        }
        assert_eq!(
            restarts.fail(now + Duration::from_secs(7), POLICY, 0.0),
            Verdict::RetryIn(DELAY_MAX)
        );
    }

    #[test]
    fn the_success_of_what_was_there_before_proves_nothing() {
        let start = Instant::now();
        let mut restarts = Restarts::default();
        restarts.fail(start + Duration::from_secs(1), POLICY, 0.0);
        restarts.succeed(start);
        assert_eq!(restarts.failures(), 1);
        restarts.succeed(start + Duration::from_secs(2));
        assert_eq!(restarts.failures(), 0);
    }

    proptest! {
        #[test]
        fn a_delay_is_bounded_and_jitter_only_lengthens_it_by_a_quarter_at_most(
            failures in 0u32..5000, dice in 0.0f64..=1.0
        ) {
            let now = Instant::now();
            let patient = RestartSettings { intensity: 1_000_000, ..POLICY };
            let mut restarts = Restarts { failures, times: VecDeque::new() };
            let Verdict::RetryIn(delay) = restarts.fail(now, patient, dice) else {
                panic!("given up");
            };
            let plain = delay_after(failures + 1);
            prop_assert!(plain <= delay && delay <= plain.mul_f64(1.25));
            prop_assert!(plain <= DELAY_MAX && delay_after(failures) <= plain);
        }
    }
}
