//! 32 and 200 clients, each with one small call after the other, on all cores. None may fail.

use std::path::Path;

use super::super::client::crowd::Crowd;
use super::super::client::exchange::{Call, Dialect, Exchange};
use super::super::error::Error;
use super::super::field::{Field, On, Recorder};
use super::super::peers::relay::RelayPeer;
use super::super::peers::server::{DEMO, Server, Setup};
use super::super::report::cases;
use super::super::report::names::{Contestant, Measure, Scenario};
use super::super::report::results::Results;
use super::super::suite::Suite;
use super::{SERVERS, record_percentiles};

const CROWDS: [(usize, &str); 2] = [(32, cases::CLIENTS_32), (200, cases::CLIENTS_200)];
/// Of each server.
const WORKERS: u32 = 2;

pub(super) fn run(suite: &Suite, results: &mut Results) -> Result<(), Error> {
    let call = Call::EchoText(5);
    let bare = Exchange::new(Dialect::Json, DEMO, &call);
    let mut field = Field::on(On::AllCores, suite, Scenario::Crowd, results)?;
    field.enter(Contestant::Relay, || {
        let relay = RelayPeer::start(&bare)?;
        let mut crowds = gathered(&relay.socket(), &bare)?;
        Ok(Box::new(move |recorder| {
            let _alive = &relay;
            record(suite, recorder, &mut crowds)
        }))
    });
    for contestant in SERVERS {
        field.enter(contestant, || {
            let server = Server::start(suite, contestant, &Setup::of(WORKERS))?;
            let mut crowds = gathered(&server.socket(), &server.exchange(&call))?;
            Ok(Box::new(move |recorder| {
                let _alive = &server;
                record(suite, recorder, &mut crowds)
            }))
        });
    }
    field.run(suite.rounds());
    Ok(())
}

fn gathered(socket: &Path, exchange: &Exchange) -> Result<Vec<(&'static str, Crowd)>, Error> {
    let crowds = CROWDS.into_iter().map(|(clients, case)| {
        let crowd = Crowd::gather(socket, clients, exchange.clone())?;
        Ok((case, crowd))
    });
    crowds.collect()
}

fn record(
    suite: &Suite,
    recorder: &mut Recorder<'_>,
    crowds: &mut [(&'static str, Crowd)],
) -> Result<(), Error> {
    for (case, crowd) in crowds {
        let outcome = crowd.run(suite.turn())?;
        recorder.record(case, Measure::Calls, outcome.rate());
        record_percentiles(recorder, case, &outcome.latencies);
        recorder.record(case, Measure::Failed, f64::from(outcome.failed));
    }
    Ok(())
}
