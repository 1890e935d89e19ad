//! Calls that wait for one worker: what each of them costs when it is one, and when there are
//! 100,000 of them. On one core, so that the time is all that anybody does for it.

use std::time::{Duration, Instant};

use super::super::client::exchange::{Call, Exchange};
use super::super::error::Error;
use super::super::field::{Field, On, Recorder};
use super::super::harness::{Host, PATIENCE, wait_until};
use super::super::peers::server::{DEMO, Server, Setup, processor_time};
use super::super::report::cases;
use super::super::report::names::{Contestant, Measure, Scenario};
use super::super::report::results::Results;
use super::super::report::statistics::Spread;
use super::super::suite::Suite;

/// How many calls are queued.
struct Depth {
    case: &'static str,
    calls: u32,
    /// How long the worker is kept busy meanwhile.
    hold_seconds: f64,
    /// Of which a round's number is the median.
    times: usize,
}

const DEPTHS: [Depth; 4] = [
    Depth {
        case: cases::QUEUED_1,
        calls: 1,
        hold_seconds: 0.05,
        times: 9,
    },
    Depth {
        case: cases::QUEUED_1_000,
        calls: 1_000,
        hold_seconds: 0.1,
        times: 3,
    },
    Depth {
        case: cases::QUEUED_10_000,
        calls: 10_000,
        hold_seconds: 0.5,
        times: 1,
    },
    Depth {
        case: cases::QUEUED_100_000,
        calls: 100_000,
        hold_seconds: 4.0,
        times: 1,
    },
];

pub(super) fn run(suite: &Suite, results: &mut Results) -> Result<(), Error> {
    let mut field = Field::on(On::OneCore, suite, Scenario::Queue, results)?;
    field.enter(Contestant::Rust, || {
        let mut setup = Setup::of(1);
        setup.settings.push("max_bytes_in_flight = \"4GiB\"");
        setup.app_settings.push("max_queue = 200000");
        let server = Server::start(suite, Contestant::Rust, &setup)?;
        Ok(Box::new(move |recorder| {
            for depth in &DEPTHS {
                measure(recorder, &server, depth)?;
            }
            Ok(())
        }))
    });
    field.run_cold(suite.either(2, 5));
    Ok(())
}

fn measure(recorder: &mut Recorder<'_>, server: &Server, depth: &Depth) -> Result<(), Error> {
    let host = server.host().expect("it is ours");
    let exchange = Exchange::many(DEMO, &Call::EchoText(5), depth.calls as usize);
    let (mut times, mut processor_times) = (Vec::new(), Vec::new());
    for _ in 0..depth.times {
        let before = processor_time(server.arbiter())?;
        let time = queue_and_drain(server, host, depth, &exchange)?;
        let used = processor_time(server.arbiter())?.saturating_sub(before);
        times.push(time.as_secs_f64() / f64::from(depth.calls));
        processor_times.push(used.as_secs_f64() / f64::from(depth.calls));
    }
    let rows = [
        (Measure::Time, times),
        (Measure::CpuPerCall, processor_times),
    ];
    for (measure, numbers) in rows {
        if let Some(spread) = Spread::of(numbers) {
            recorder.record(depth.case, measure, spread.median);
        }
    }
    Ok(())
}

/// Queues the calls while another keeps the worker busy, and returns how long they took from its
/// answer to the last of theirs.
fn queue_and_drain(
    server: &Server,
    host: &Host,
    depth: &Depth,
    exchange: &Exchange,
) -> Result<Duration, Error> {
    let holding = server.exchange(&Call::Sleep(depth.hold_seconds));
    let (mut holder, mut queued) = (server.connect()?, server.connect()?);
    let begun = Instant::now();
    holder.send(&holding.request)?;
    host.wait_leased(DEMO, 1);
    queued.send(&exchange.request)?;
    wait_until("a full queue", PATIENCE, || {
        host.status().app(DEMO).queue == u64::from(depth.calls)
            || begun.elapsed().as_secs_f64() > depth.hold_seconds
    });
    if begun.elapsed().as_secs_f64() > depth.hold_seconds {
        return Err(Error::NotQueued);
    }
    holder.receive(&holding, begun)?;
    let released = Instant::now();
    Ok(queued.receive(exchange, released)?.whole)
}
