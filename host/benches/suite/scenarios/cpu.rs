//! A call that computes: what the code costs in each form, on one core.

use std::hint::black_box;
use std::time::Instant;

use super::super::client::exchange::Call;
use super::super::error::Error;
use super::super::field::{Field, On};
use super::super::peers::server::{Server, Setup};
use super::super::report::cases;
use super::super::report::names::{Contestant, Measure, Scenario};
use super::super::report::results::Results;
use super::super::report::statistics::percentile;
use super::super::suite::Suite;
use super::{record_latency, repeated};

const N: u32 = 24;
const SERVERS: [Contestant; 3] = [Contestant::Rust, Contestant::Python, Contestant::Gunicorn];

pub(super) fn run(suite: &Suite, results: &mut Results) -> Result<(), Error> {
    let mut field = Field::on(On::OneCore, suite, Scenario::Cpu, results)?;
    field.enter(Contestant::InProcess, || {
        Ok(Box::new(move |recorder| {
            let taken = repeated(suite.turn(), || {
                let start = Instant::now();
                black_box(fib(black_box(N)));
                Ok(start.elapsed())
            })?;
            if let Some(time) = percentile(&taken, 50) {
                recorder.record(cases::FIBONACCI, Measure::P50, time);
            }
            Ok(())
        }))
    });
    for contestant in SERVERS {
        field.enter(contestant, || {
            let server = Server::start(suite, contestant, &Setup::of(1))?;
            let exchange = server.exchange(&Call::Fib(N));
            let mut connection = server.connect()?;
            Ok(Box::new(move |recorder| {
                let _alive = &server;
                record_latency(recorder, cases::FIBONACCI, suite.turn(), || {
                    connection.run(&exchange)
                })
            }))
        });
    }
    field.run(suite.rounds());
    Ok(())
}

/// As the apps do it.
fn fib(n: u32) -> u64 {
    if n < 2 {
        u64::from(n)
    } else {
        fib(n - 1) + fib(n - 2)
    }
}
