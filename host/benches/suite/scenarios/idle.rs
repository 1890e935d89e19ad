//! What a server costs that has nothing to do: processor time, and the arbiter's memory with and
//! without 10,000 connections.

use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::super::client::connection::Connection;
use super::super::client::exchange::Call;
use super::super::error::Error;
use super::super::field::{Field, On, Recorder};
use super::super::harness::processes::proportional_memory;
use super::super::peers::server::{Server, Setup};
use super::super::report::cases;
use super::super::report::names::{Contestant, Measure, Scenario};
use super::super::report::results::Results;
use super::super::suite::Suite;
use super::record_latency;

const CONNECTIONS: u32 = 10_000;
const WORKERS: u32 = 4;
/// What either process has open beside them, generously.
const OTHER_FILES: u64 = 100;
/// After which nothing of the start goes on any more.
const SETTLING: Duration = Duration::from_millis(500);

pub(super) fn run(suite: &Suite, results: &mut Results) -> Result<(), Error> {
    let mut field = Field::on(On::AllCores, suite, Scenario::Idle, results)?;
    for contestant in [Contestant::Rust, Contestant::Gunicorn] {
        field.enter(contestant, || {
            // Servers inherit it.
            allow_files(u64::from(CONNECTIONS) + OTHER_FILES)?;
            Ok(Box::new(move |recorder| {
                let mut setup = Setup::of(WORKERS);
                setup.settings.push("max_connections = 10100");
                let server = Server::start(suite, contestant, &setup)?;
                at_rest(suite, recorder, &server)?;
                with_connections(suite, recorder, &server)
            }))
        });
    }
    field.run_cold(suite.either(1, 3));
    Ok(())
}

fn allow_files(needed: u64) -> Result<(), Error> {
    let limit = getrlimit(Resource::RLIMIT_NOFILE);
    let (_, allowed) = limit.map_err(Error::system("ask for the limit of open files"))?;
    if allowed < needed {
        return Err(Error::TooFewFiles { needed, allowed });
    }
    setrlimit(Resource::RLIMIT_NOFILE, allowed, allowed)
        .map_err(Error::system("raise the limit of open files"))
}

fn at_rest(suite: &Suite, recorder: &mut Recorder<'_>, server: &Server) -> Result<(), Error> {
    let duration = Duration::from_secs(suite.either(3, 10));
    thread::sleep(SETTLING);
    let (start, before) = (Instant::now(), server.processor_time()?);
    thread::sleep(duration);
    let used = server.processor_time()?.saturating_sub(before);
    let share = used.as_secs_f64() / start.elapsed().as_secs_f64();
    recorder.record(cases::AT_REST, Measure::Cpu, share);
    Ok(())
}

fn with_connections(
    suite: &Suite,
    recorder: &mut Recorder<'_>,
    server: &Server,
) -> Result<(), Error> {
    let memory = || proportional_memory(server.arbiter()) as f64;
    let without = memory();
    recorder.record(cases::NO_CONNECTION, Measure::Memory, without);
    let connections = (0..CONNECTIONS).map(|_| server.connect());
    let mut connections = connections.collect::<Result<Vec<Connection>, Error>>()?;
    let exchange = server.exchange(&Call::EchoText(5));
    // When the last is answered all were accepted.
    let last = connections.last_mut().ok_or(Error::Closed)?;
    last.run(&exchange)?;
    let mut record = |case| {
        let with = memory();
        let each = (with - without) / f64::from(CONNECTIONS);
        recorder.record(case, Measure::Memory, with);
        recorder.record(case, Measure::PerConnection, each);
    };
    record(cases::NEW_CONNECTIONS);
    for connection in &mut connections {
        connection.run(&exchange)?;
    }
    record(cases::IDLE_CONNECTIONS);
    let mut connection = server.connect()?;
    record_latency(recorder, cases::ECHO_BESIDE_IDLE, suite.turn(), || {
        connection.run(&exchange)
    })
}
