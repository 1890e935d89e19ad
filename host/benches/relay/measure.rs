//! Numbers out of many: latencies of a while, and medians of rounds.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::error::Error;

/// What calls made one after the other have taken, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) mean: f64,
}

/// The middle of some numbers, and how far they lie apart.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Latency {
    /// Repeats a call for this long, once at least.
    pub(crate) fn of(
        duration: Duration,
        mut call: impl FnMut() -> Result<Duration, Error>,
    ) -> Result<Latency, Error> {
        let start = Instant::now();
        let mut taken = Vec::new();
        while taken.is_empty() || start.elapsed() < duration {
            taken.push(call()?.as_secs_f64());
        }
        taken.sort_by(f64::total_cmp);
        Ok(Latency {
            p50: percentile(&taken, 50),
            p99: percentile(&taken, 99),
            mean: taken.iter().sum::<f64>() / taken.len() as f64,
        })
    }
}

impl Spread {
    /// Of at least one number.
    pub(crate) fn of(numbers: impl IntoIterator<Item = f64>) -> Spread {
        let mut numbers: Vec<_> = numbers.into_iter().collect();
        numbers.sort_by(f64::total_cmp);
        Spread {
            median: percentile(&numbers, 50),
            min: percentile(&numbers, 0),
            max: percentile(&numbers, 100),
        }
    }
}

/// The nearest of the sorted numbers.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100]
}
