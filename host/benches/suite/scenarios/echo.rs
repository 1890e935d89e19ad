//! One client, one small call after the other, all on one core.

use super::super::client::connection::Connection;
use super::super::client::exchange::{Call, Dialect, Exchange};
use super::super::error::Error;
use super::super::field::{Field, On};
use super::super::peers::raw::RawPeer;
use super::super::peers::relay::RelayPeer;
use super::super::peers::server::{DEMO, Server, Setup};
use super::super::report::cases;
use super::super::report::names::{Contestant, Scenario};
use super::super::report::results::Results;
use super::super::suite::Suite;
use super::{SERVERS, record_latency};

pub(super) fn run(suite: &Suite, results: &mut Results) -> Result<(), Error> {
    let turn = suite.turn();
    let call = Call::EchoText(5);
    let bare = Exchange::new(Dialect::Json, DEMO, &call);
    let mut field = Field::on(On::OneCore, suite, Scenario::Echo, results)?;
    field.enter(Contestant::Raw, || {
        let mut peer = RawPeer::start(bare.clone())?;
        Ok(Box::new(move |recorder| {
            record_latency(recorder, cases::ONE_CLIENT, turn, || peer.run())
        }))
    });
    field.enter(Contestant::Relay, || {
        let relay = RelayPeer::start(&bare)?;
        let mut connection = Connection::open(&relay.socket())?;
        Ok(Box::new(move |recorder| {
            let _alive = &relay;
            record_latency(recorder, cases::ONE_CLIENT, turn, || connection.run(&bare))
        }))
    });
    for contestant in SERVERS {
        field.enter(contestant, || {
            let server = Server::start(suite, contestant, &Setup::of(1))?;
            let exchange = server.exchange(&call);
            let mut connection = server.connect()?;
            Ok(Box::new(move |recorder| {
                let _alive = &server;
                record_latency(recorder, cases::ONE_CLIENT, turn, || {
                    connection.run(&exchange)
                })
            }))
        });
    }
    field.run(suite.rounds());
    Ok(())
}
