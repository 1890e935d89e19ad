//! Tasks of 10 ms that wait, more clients than workers: how close the workers come to being busy all
//! the time, and whether all of them are.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::client::crowd::Crowd;
use super::super::client::exchange::Call;
use super::super::error::Error;
use super::super::field::{Field, On};
use super::super::harness::Host;
use super::super::peers::server::{Server, Setup};
use super::super::report::cases;
use super::super::report::names::{Contestant, Measure, Scenario};
use super::super::report::results::Results;
use super::super::suite::Suite;
use super::record_latency;

const CONTESTANTS: [Contestant; 3] = [Contestant::Rust, Contestant::Python, Contestant::Gunicorn];
const WORKERS: u32 = 4;
const CLIENTS: usize = 200;

pub(super) fn run(suite: &Suite, results: &mut Results) -> Result<(), Error> {
    let duration = Duration::from_secs(suite.either(2, 5));
    let mut field = Field::on(On::AllCores, suite, Scenario::Tasks, results)?;
    for contestant in CONTESTANTS {
        field.enter(contestant, || {
            let server = Server::start(suite, contestant, &Setup::of(WORKERS))?;
            let exchange = server.exchange(&Call::Sleep(0.01));
            let mut connection = server.connect()?;
            let mut crowd = Crowd::gather(&server.socket(), CLIENTS, exchange.clone())?;
            Ok(Box::new(move |recorder| {
                record_latency(recorder, cases::TASKS_ALONE, suite.turn(), || {
                    connection.run(&exchange)
                })?;
                let before = server.host().map(calls_by_worker);
                let outcome = crowd.run(duration)?;
                recorder.record(cases::TASKS, Measure::Calls, outcome.rate());
                recorder.record(cases::TASKS, Measure::Failed, f64::from(outcome.failed));
                if let (Some(before), Some(host)) = (before, server.host()) {
                    let imbalance = imbalance(&before, &calls_by_worker(host));
                    recorder.record(cases::TASKS, Measure::Imbalance, imbalance);
                }
                Ok(())
            }))
        });
    }
    field.run_cold(suite.either(1, 3));
    Ok(())
}

fn calls_by_worker(host: &Host) -> BTreeMap<i32, u64> {
    let workers = host.status().workers;
    workers.iter().map(|it| (it.pid, it.calls)).collect()
}

/// What the busiest worker has done since, by what each has on average.
fn imbalance(before: &BTreeMap<i32, u64>, after: &BTreeMap<i32, u64>) -> f64 {
    let done = after.iter().map(|(pid, calls)| {
        let calls = calls - before.get(pid).copied().unwrap_or(0);
        calls as f64
    });
    let done: Vec<f64> = done.collect();
    let mean = done.iter().sum::<f64>() / done.len() as f64;
    done.into_iter().fold(0.0, f64::max) / mean
}
