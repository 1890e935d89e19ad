//! How long to wait before trying again what keeps failing.

use std::time::Duration;

/// The first failure is answered at once, the second after this.
const FIRST_DELAY: Duration = Duration::from_millis(100);
/// No delay is longer.
const DELAY_MAX: Duration = Duration::from_secs(30);
/// After so many failures in a row it is given up.
const FAILURES_MAX: u32 = 10;
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

/// Failures in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// How often it has failed since it last succeeded.
    pub(super) fn failures(self) -> u32 {
        self.failures
    }

    /// It has failed again. `dice` is a number from 0 to 1 for the jitter.
    pub(super) fn fail(&mut self, dice: f64) -> Verdict {
        self.failures += 1;
        match self.failures {
            1 => Verdict::RetryIn(Duration::ZERO),
            failures if failures >= FAILURES_MAX => Verdict::GiveUp,
            failures => {
                let delay = FIRST_DELAY
                    .saturating_mul(1 << (failures - 2))
                    .min(DELAY_MAX);
                Verdict::RetryIn(delay.mul_f64(1.0 + JITTER * dice))
            }
        }
    }

    /// It works.
    pub(super) fn succeed(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_from_nothing_up_to_giving_up() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.fail(0.0), Verdict::RetryIn(Duration::ZERO));
        for failure in 0..FAILURES_MAX - 2 {
            let expected = (FIRST_DELAY * 2u32.pow(failure)).min(DELAY_MAX);
            assert_eq!(backoff.fail(0.0), Verdict::RetryIn(expected));
        }
        assert_eq!(backoff.fail(0.0), Verdict::GiveUp);
        backoff.succeed();
        assert_eq!(backoff.fail(0.0), Verdict::RetryIn(Duration::ZERO));
    }

    #[test]
    fn jitter_only_lengthens_and_by_a_quarter_at_most() {
        let mut backoff = Backoff::default();
        backoff.fail(1.0);
        assert_eq!(
            backoff.fail(1.0),
            Verdict::RetryIn(FIRST_DELAY.mul_f64(1.25))
        );
    }
}
