//! Streams of small chunks: how many chunks a second, and how soon the first.

use super::super::client::crowd::Crowd;
use super::super::client::exchange::Call;
use super::super::error::Error;
use super::super::field::{Field, On};
use super::super::peers::server::{Server, Setup};
use super::super::report::cases;
use super::super::report::names::{Measure, Scenario};
use super::super::report::results::Results;
use super::super::report::statistics::percentile;
use super::super::suite::Suite;
use super::{SERVERS, repeated};

/// Of a stream, when they are counted; and when the first of them counts.
const CHUNKS: u16 = 200;
const FEW_CHUNKS: u16 = 10;
const WORKERS: u32 = 4;

pub(super) fn run(suite: &Suite, results: &mut Results) -> Result<(), Error> {
    rates(suite, results)?;
    first_chunks(suite, results)
}

fn rates(suite: &Suite, results: &mut Results) -> Result<(), Error> {
    let mut field = Field::on(On::AllCores, suite, Scenario::Streams, results)?;
    for contestant in SERVERS {
        field.enter(contestant, || {
            let server = Server::start(suite, contestant, &Setup::of(WORKERS))?;
            let exchange = server.exchange(&Call::Count(CHUNKS.into()));
            let crowd = |streams| Crowd::gather(&server.socket(), streams, exchange.clone());
            let mut crowds = [
                (cases::ONE_STREAM, crowd(1)?),
                (cases::STREAMS_32, crowd(32)?),
            ];
            Ok(Box::new(move |recorder| {
                let _alive = &server;
                for (case, crowd) in &mut crowds {
                    let outcome = crowd.run(suite.turn())?;
                    let chunks = outcome.rate() * f64::from(CHUNKS);
                    recorder.record(case, Measure::Chunks, chunks);
                    recorder.record(case, Measure::Failed, f64::from(outcome.failed));
                }
                Ok(())
            }))
        });
    }
    field.run(suite.rounds());
    Ok(())
}

fn first_chunks(suite: &Suite, results: &mut Results) -> Result<(), Error> {
    let mut field = Field::on(On::OneCore, suite, Scenario::Streams, results)?;
    for contestant in SERVERS {
        field.enter(contestant, || {
            let server = Server::start(suite, contestant, &Setup::of(1))?;
            let mut connection = server.connect()?;
            let stream = server.exchange(&Call::Count(FEW_CHUNKS.into()));
            let echo = server.exchange(&Call::EchoText(5));
            Ok(Box::new(move |recorder| {
                let _alive = &server;
                let mut first = || connection.run(&stream).map(|timing| timing.first);
                let chunks = repeated(suite.turn(), &mut first)?;
                let echoes = repeated(suite.turn(), || {
                    connection.run(&echo).map(|timing| timing.whole)
                })?;
                let rows = [
                    (cases::FIRST_OF_STREAM, Measure::FirstChunk, chunks),
                    (cases::ECHO_BESIDE_STREAM, Measure::P50, echoes),
                ];
                for (case, measure, taken) in rows {
                    if let Some(time) = percentile(&taken, 50) {
                        recorder.record(case, measure, time);
                    }
                }
                Ok(())
            }))
        });
    }
    field.run(suite.rounds());
    Ok(())
}
