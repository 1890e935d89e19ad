//! Tasks of 10 ms that wait, more clients than workers: how close the workers come to being busy all
//! the time, and whether all of them are. Beside them as many threads that wait and do nothing else:
//! timers are late, and a machine has other things to do.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::prctl;

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
const TASK: Duration = Duration::from_millis(10);

pub(super) fn run(suite: &Suite, results: &mut Results) -> Result<(), Error> {
    let duration = Duration::from_secs(suite.either(2, 5));
    let mut field = Field::on(On::AllCores, suite, Scenario::Tasks, results)?;
    field.enter(Contestant::InProcess, || {
        Ok(Box::new(move |recorder| {
            recorder.record(cases::TASKS, Measure::Calls, waits(duration));
            Ok(())
        }))
    });
    for contestant in CONTESTANTS {
        field.enter(contestant, || {
            let server = Server::start(suite, contestant, &Setup::of(WORKERS))?;
            let exchange = server.exchange(&Call::Sleep(TASK.as_secs_f64()));
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

/// The waits per second of as many threads as there are workers.
fn waits(duration: Duration) -> f64 {
    let start = Instant::now();
    let wait = || {
        // Else the system is free to be later than it has to. If it refuses that, it shows.
        let _ = prctl::set_timerslack(1);
        let mut waits = 0_u32;
        while start.elapsed() < duration {
            thread::sleep(TASK);
            waits += 1;
        }
        waits
    };
    let waits: u32 = thread::scope(|scope| {
        let threads: Vec<_> = (0..WORKERS).map(|_| scope.spawn(wait)).collect();
        let ended = threads.into_iter().map(|thread| thread.join());
        ended.map(|waits| waits.unwrap_or_default()).sum()
    });
    f64::from(waits) / start.elapsed().as_secs_f64()
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
