//! The scenarios, one a file: what is called, by how many, and which numbers are taken.

mod cold_start;
mod cpu;
mod crowd;
mod echo;
mod idle;
mod memory;
mod mixed;
mod payload;
mod queue;
mod replacement;
mod streams;
mod tasks;

use std::time::{Duration, Instant};

use super::client::connection::Timing;
use super::error::Error;
use super::field::Recorder;
use super::report::names::{Contestant, Measure, Scenario};
use super::report::results::Results;
use super::report::statistics::percentile;
use super::suite::Suite;

/// The servers that everything small is asked of.
const SERVERS: [Contestant; 4] = [
    Contestant::Rust,
    Contestant::RustBinary,
    Contestant::Python,
    Contestant::Gunicorn,
];

/// Measures one scenario.
pub(crate) fn run(scenario: Scenario, suite: &Suite, results: &mut Results) -> Result<(), Error> {
    match scenario {
        Scenario::Echo => echo::run(suite, results),
        Scenario::Crowd => crowd::run(suite, results),
        Scenario::Payload => payload::run(suite, results),
        Scenario::Streams => streams::run(suite, results),
        Scenario::Mixed => mixed::run(suite, results),
        Scenario::Cpu => cpu::run(suite, results),
        Scenario::Tasks => tasks::run(suite, results),
        Scenario::Replacement => replacement::run(suite, results),
        Scenario::ColdStart => cold_start::run(suite, results),
        Scenario::Memory => memory::run(suite, results),
        Scenario::Idle => idle::run(suite, results),
        Scenario::Queue => queue::run(suite, results),
    }
}

/// Repeats something for this long, once at least, and returns what it took, in seconds, sorted.
fn repeated(
    duration: Duration,
    mut call: impl FnMut() -> Result<Duration, Error>,
) -> Result<Vec<f64>, Error> {
    let start = Instant::now();
    let mut taken = Vec::new();
    while taken.is_empty() || start.elapsed() < duration {
        taken.push(call()?.as_secs_f64());
    }
    taken.sort_by(f64::total_cmp);
    Ok(taken)
}

/// Takes down the time of a call that is repeated for this long.
fn record_latency(
    recorder: &mut Recorder<'_>,
    case: &'static str,
    duration: Duration,
    mut call: impl FnMut() -> Result<Timing, Error>,
) -> Result<(), Error> {
    let taken = repeated(duration, || call().map(|timing| timing.whole))?;
    record_percentiles(recorder, case, &taken);
    Ok(())
}

fn record_percentiles(recorder: &mut Recorder<'_>, case: &'static str, sorted: &[f64]) {
    for (measure, percent) in [(Measure::P50, 50), (Measure::P99, 99)] {
        if let Some(time) = percentile(sorted, percent) {
            recorder.record(case, measure, time);
        }
    }
}
