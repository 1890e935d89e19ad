//! Memory that all processes of a server answer for, with 256 MiB of state and 1 to 16 workers, at
//! the start and after 10,000 calls. What is shared counts once.

use super::super::client::crowd::Crowd;
use super::super::client::exchange::Call;
use super::super::error::Error;
use super::super::field::{Field, On, Recorder};
use super::super::peers::server::{Server, Setup};
use super::super::report::cases;
use super::super::report::names::{Contestant, Measure, Scenario};
use super::super::report::results::Results;
use super::super::suite::Suite;

const STATE_MIB: u32 = 256;
const CALLS: u32 = 10_000;
/// Of each worker, so that all of them have some of the calls.
const CLIENTS: u32 = 4;

pub(super) fn run(suite: &Suite, results: &mut Results) -> Result<(), Error> {
    let mut field = Field::on(On::AllCores, suite, Scenario::Memory, results)?;
    for contestant in [Contestant::Rust, Contestant::Python, Contestant::Gunicorn] {
        field.enter(contestant, || {
            Ok(Box::new(move |recorder| {
                for count in cases::WORKERS {
                    if is_measured(suite, contestant, count.0) {
                        measure(suite, recorder, contestant, count)?;
                    }
                }
                Ok(())
            }))
        });
    }
    field.run_cold(suite.either(1, 2));
    Ok(())
}

/// Each of gunicorn's workers takes the whole state anew: what 16 of them take is known without
/// trying whether the machine has it.
fn is_measured(suite: &Suite, contestant: Contestant, workers: u32) -> bool {
    match contestant {
        Contestant::Gunicorn => workers <= suite.either(2, 8),
        _ => !suite.quick || [1, 8].contains(&workers),
    }
}

fn measure(
    suite: &Suite,
    recorder: &mut Recorder<'_>,
    contestant: Contestant,
    (workers, at_start, later): (u32, &'static str, &'static str),
) -> Result<(), Error> {
    let setup = Setup::of(workers).with_state(STATE_MIB);
    let server = Server::start(suite, contestant, &setup)?;
    recorder.record(at_start, Measure::Memory, server.memory() as f64);
    let exchange = server.exchange(&Call::EchoText(5));
    let clients = (CLIENTS * workers) as usize;
    Crowd::gather(&server.socket(), clients, exchange)?.run_calls(CALLS)?;
    recorder.record(later, Measure::Memory, server.memory() as f64);
    Ok(())
}
