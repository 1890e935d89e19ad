//! Much text and many bytes, there and back, by one client on one core.

use super::super::client::connection::Connection;
use super::super::client::connection::Timing;
use super::super::client::exchange::{Call, Dialect, Exchange};
use super::super::error::Error;
use super::super::field::Recorder;
use super::super::field::{Field, On};
use super::super::peers::raw::RawPeer;
use super::super::peers::relay::RelayPeer;
use super::super::peers::server::{DEMO, Server, Setup};
use super::super::report::cases;
use super::super::report::names::{Contestant, Measure, Scenario};
use super::super::report::results::Results;
use super::super::report::statistics::percentile;
use super::super::suite::Suite;
use super::{SERVERS, repeated};

type Case = (&'static str, Call);

const TEXTS: [Case; 3] = [
    (cases::TEXT_64_KIB, Call::EchoText(64 << 10)),
    (cases::TEXT_1_MIB, Call::EchoText(1 << 20)),
    (cases::TEXT_16_MIB, Call::EchoText(16 << 20)),
];
const BYTES: [Case; 3] = [
    (cases::BYTES_64_KIB, Call::EchoBytes(64 << 10)),
    (cases::BYTES_1_MIB, Call::EchoBytes(1 << 20)),
    (cases::BYTES_16_MIB, Call::EchoBytes(16 << 20)),
];

pub(super) fn run(suite: &Suite, results: &mut Results) -> Result<(), Error> {
    let mut field = Field::on(On::OneCore, suite, Scenario::Payload, results)?;
    field.enter(Contestant::Raw, || {
        let peers = cases_of(Contestant::Raw).into_iter().map(|(case, call)| {
            // Bytes have a form of their own in the binary dialect only.
            let dialect = match call {
                Call::EchoBytes(_) => Dialect::Binary,
                _ => Dialect::Json,
            };
            Ok((case, RawPeer::start(Exchange::new(dialect, DEMO, &call))?))
        });
        let mut peers = peers.collect::<Result<Vec<_>, Error>>()?;
        Ok(Box::new(move |recorder| {
            for (case, peer) in &mut peers {
                record(suite, recorder, case, || peer.run())?;
            }
            Ok(())
        }))
    });
    field.enter(Contestant::Relay, || {
        let relays = cases_of(Contestant::Relay).into_iter().map(|(case, call)| {
            let exchange = Exchange::new(Dialect::Json, DEMO, &call);
            let relay = RelayPeer::start(&exchange)?;
            let connection = Connection::open(&relay.socket())?;
            Ok((case, exchange, connection, relay))
        });
        let mut relays = relays.collect::<Result<Vec<_>, Error>>()?;
        Ok(Box::new(move |recorder| {
            for (case, exchange, connection, _) in &mut relays {
                record(suite, recorder, case, || connection.run(exchange))?;
            }
            Ok(())
        }))
    });
    for contestant in SERVERS {
        field.enter(contestant, || {
            let server = Server::start(suite, contestant, &Setup::of(1))?;
            let mut connection = server.connect()?;
            let calls = cases_of(contestant).into_iter();
            let calls: Vec<_> = calls
                .map(|(case, call)| (case, server.exchange(&call)))
                .collect();
            Ok(Box::new(move |recorder| {
                let _alive = &server;
                for (case, exchange) in &calls {
                    record(suite, recorder, case, || connection.run(exchange))?;
                }
                Ok(())
            }))
        });
    }
    field.run(suite.rounds());
    Ok(())
}

/// What a contestant is asked: JSON is for text.
fn cases_of(contestant: Contestant) -> Vec<Case> {
    match contestant {
        Contestant::Rust | Contestant::Relay => TEXTS.to_vec(),
        _ => [TEXTS, BYTES].concat(),
    }
}

/// There are too few of them for a 99th percentile.
fn record(
    suite: &Suite,
    recorder: &mut Recorder<'_>,
    case: &'static str,
    mut call: impl FnMut() -> Result<Timing, Error>,
) -> Result<(), Error> {
    let taken = repeated(suite.turn() / 2, || call().map(|timing| timing.whole))?;
    if let Some(time) = percentile(&taken, 50) {
        recorder.record(case, Measure::P50, time);
    }
    Ok(())
}
