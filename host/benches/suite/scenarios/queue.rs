//! Calls that wait for one worker: what each of them costs when there is one at a time, and when
//! there are up to 100,000. On one core, where time is all that anybody does for it; and as processor
//! time, which does not depend on what else the machine does.

use std::time::{Duration, Instant};

use super::super::client::exchange::{Call, Exchange};
use super::super::error::Error;
use super::super::field::{Field, On, Recorder};
use super::super::harness::{Host, PATIENCE, processes, wait_until};
use super::super::peers::server::{DEMO, Server, Setup};
use super::super::report::cases;
use super::super::report::names::{Contestant, Measure, Scenario};
use super::super::report::results::Results;
use super::super::suite::Suite;

/// How many calls are queued, and how long the worker is kept busy meanwhile.
struct Depth {
    case: &'static str,
    calls: u32,
    hold_seconds: f64,
}

const DEPTHS: [Depth; 3] = [
    Depth {
        case: cases::QUEUED_1_000,
        calls: 1_000,
        hold_seconds: 0.3,
    },
    Depth {
        case: cases::QUEUED_10_000,
        calls: 10_000,
        hold_seconds: 1.0,
    },
    Depth {
        case: cases::QUEUED_100_000,
        calls: 100_000,
        hold_seconds: 5.0,
    },
];
const ONE_AFTER_THE_OTHER: u32 = 2_000;

/// What calls have cost together.
struct Cost {
    time: Duration,
    processor: Duration,
}

pub(super) fn run(suite: &Suite, results: &mut Results) -> Result<(), Error> {
    let mut field = Field::on(On::OneCore, suite, Scenario::Queue, results)?;
    field.enter(Contestant::Rust, || {
        let mut setup = Setup::of(1);
        setup.settings.push("max_bytes_in_flight = \"4GiB\"");
        setup.app_settings.push("max_queue = 200000");
        let server = Server::start(suite, Contestant::Rust, &setup)?;
        Ok(Box::new(move |recorder| {
            let cost = one_after_the_other(&server)?;
            record(recorder, cases::QUEUED_1, ONE_AFTER_THE_OTHER, &cost);
            for depth in &DEPTHS {
                let cost = queued(&server, depth)?;
                record(recorder, depth.case, depth.calls, &cost);
            }
            Ok(())
        }))
    });
    field.run_cold(suite.either(1, 5));
    Ok(())
}

fn record(recorder: &mut Recorder<'_>, case: &'static str, calls: u32, cost: &Cost) {
    let each = |whole: Duration| whole.as_secs_f64() / f64::from(calls);
    recorder.record(case, Measure::Time, each(cost.time));
    recorder.record(case, Measure::CpuPerCall, each(cost.processor));
}

fn one_after_the_other(server: &Server) -> Result<Cost, Error> {
    let exchange = server.exchange(&Call::EchoText(5));
    let mut connection = server.connect()?;
    let (start, before) = (Instant::now(), server.processor_time()?);
    for _ in 0..ONE_AFTER_THE_OTHER {
        connection.run(&exchange)?;
    }
    Ok(Cost {
        time: start.elapsed(),
        processor: server.processor_time()?.saturating_sub(before),
    })
}

/// Queues the calls while another keeps the worker busy. Their time is that from its answer to the
/// last of theirs; their processor time is that of taking them in and of serving them.
fn queued(server: &Server, depth: &Depth) -> Result<Cost, Error> {
    let host = server.host().expect("it is ours");
    let calls = Exchange::many(DEMO, &Call::EchoText(5), depth.calls as usize);
    let holding = server.exchange(&Call::Sleep(depth.hold_seconds));
    let (mut holder, mut caller) = (server.connect()?, server.connect()?);
    let begun = Instant::now();
    holder.send(&holding.request)?;
    host.wait_leased(DEMO, 1);

    let before = server.processor_time()?;
    caller.send(&calls.request)?;
    wait_until("the host's rest", PATIENCE, || {
        processes::is_asleep(server.arbiter())
    });
    let taken_in = server.processor_time()?.saturating_sub(before);
    check_queue(host, depth, begun)?;

    let before = server.processor_time()?;
    holder.receive(&holding, begun)?;
    let time = caller.receive(&calls, Instant::now())?.whole;
    let served = server.processor_time()?.saturating_sub(before);
    Ok(Cost {
        time,
        processor: taken_in + served,
    })
}

/// All of them have to wait, and the worker to be busy still.
fn check_queue(host: &Host, depth: &Depth, begun: Instant) -> Result<(), Error> {
    let is_full = host.status().app(DEMO).queue == u64::from(depth.calls);
    let is_held = begun.elapsed().as_secs_f64() < depth.hold_seconds;
    if is_full && is_held {
        Ok(())
    } else {
        Err(Error::NotQueued)
    }
}
