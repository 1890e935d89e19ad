//! From starting a server to its first answer, on all cores; with a component that was compiled
//! before, and with one that was not.

use std::time::Instant;

use super::super::client::exchange::Call;
use super::super::error::Error;
use super::super::field::{Field, On};
use super::super::peers::server::{Server, Setup};
use super::super::report::cases;
use super::super::report::names::{Contestant, Measure, Scenario};
use super::super::report::results::Results;
use super::super::suite::Suite;

const COMPILED: [Contestant; 3] = [Contestant::Rust, Contestant::Python, Contestant::Gunicorn];
const NOT_COMPILED: [Contestant; 2] = [Contestant::Rust, Contestant::Python];

pub(super) fn run(suite: &Suite, results: &mut Results) -> Result<(), Error> {
    let mut field = Field::on(On::AllCores, suite, Scenario::ColdStart, results)?;
    for contestant in COMPILED {
        field.enter(contestant, || {
            Ok(Box::new(move |recorder| {
                let time = first_answer(suite, contestant, &Setup::of(1))?;
                recorder.record(cases::COMPILED, Measure::Time, time);
                Ok(())
            }))
        });
    }
    field.run(suite.rounds());

    let mut field = Field::on(On::AllCores, suite, Scenario::ColdStart, results)?;
    for contestant in NOT_COMPILED {
        field.enter(contestant, || {
            // That it is there is not part of the start.
            if contestant == Contestant::Python {
                suite.python_app()?;
            }
            Ok(Box::new(move |recorder| {
                let cache = tempfile::tempdir().map_err(Error::system("make a directory"))?;
                let setup = Setup {
                    cache: Some(cache.path().join("compiled")),
                    ..Setup::of(1)
                };
                let time = first_answer(suite, contestant, &setup)?;
                recorder.record(cases::NOT_COMPILED, Measure::Time, time);
                Ok(())
            }))
        });
    }
    field.run_cold(suite.either(1, 3));
    Ok(())
}

/// In seconds.
fn first_answer(suite: &Suite, contestant: Contestant, setup: &Setup) -> Result<f64, Error> {
    let start = Instant::now();
    let mut server = Server::launch(suite, contestant, setup)?;
    let exchange = server.exchange(&Call::EchoText(5));
    drop(server.connect_soon()?);
    server.call_until_answered(&exchange)?;
    Ok(start.elapsed().as_secs_f64())
}
