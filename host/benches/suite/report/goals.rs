//! What the project has set itself, and whether a run has reached it.

use serde::Serialize;

use super::cases;
use super::names::{Contestant, Measure, Scenario, Unit};
use super::results::{Key, Results};
use super::statistics::Spread;

/// One thing to reach.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal {
    pub(crate) text: &'static str,
    figure: Figure,
    bound: Bound,
}

/// Which number it is about.
#[derive(Clone, Copy, Debug)]
enum Figure {
    Value(Key),
    Ratio(Key, Key),
}

/// Where that has to lie.
#[derive(Clone, Copy, Debug)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// What has become of a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Met,
    Missed,
    /// Whatever it takes was not run, or failed.
    NotMeasured,
}

/// A goal with the run's figure.
#[derive(Debug, Serialize)]
pub(crate) struct Evaluation {
    pub(crate) goal: &'static str,
    /// As text: `≤ 3.00×`.
    pub(crate) bound: String,
    pub(crate) figure: Option<Spread>,
    /// The figure as text; empty where it was not measured.
    pub(crate) shown: String,
    pub(crate) verdict: Verdict,
}

const MIB: f64 = 1024.0 * 1024.0;
/// What "flat" allows: this much more for a call, for whatever reason.
const FLAT: f64 = 1.2;

/// All goals.
pub(crate) fn goals() -> Vec<Goal> {
    [
        latency(),
        throughput(),
        payloads(),
        replacement_and_memory(),
        scheduling(),
        rest_and_queue(),
    ]
    .concat()
}

fn latency() -> Vec<Goal> {
    let echo = |contestant, measure| key(Scenario::Echo, cases::ONE_CLIENT, contestant, measure);
    let to_raw = |measure| {
        Figure::Ratio(
            echo(Contestant::Rust, measure),
            echo(Contestant::Raw, measure),
        )
    };
    vec![
        at_most(
            "echo, 1 client: p50 to a bare socket's",
            to_raw(Measure::P50),
            3.0,
        ),
        at_most(
            "echo, 1 client: p99 to a bare socket's",
            to_raw(Measure::P99),
            6.0,
        ),
    ]
}

fn throughput() -> Vec<Goal> {
    let crowd = |case, contestant, measure| key(Scenario::Crowd, case, contestant, measure);
    let stream = |case, contestant, measure| key(Scenario::Streams, case, contestant, measure);
    let failed = |case| Figure::Value(crowd(case, Contestant::Rust, Measure::Failed));
    let failed_binary = |case| Figure::Value(crowd(case, Contestant::RustBinary, Measure::Failed));
    let to_gunicorn = |key: Key| Figure::Ratio(key, key.of(Contestant::Gunicorn));
    let chunks = |case| to_gunicorn(stream(case, Contestant::RustBinary, Measure::Chunks));
    vec![
        at_least(
            "echo, 32 clients: calls to gunicorn's",
            to_gunicorn(crowd(
                cases::CLIENTS_32,
                Contestant::RustBinary,
                Measure::Calls,
            )),
            15.0,
        ),
        at_most(
            "echo, 32 clients: failed calls",
            failed(cases::CLIENTS_32),
            0.0,
        ),
        at_most(
            "echo, 32 clients, binary: failed calls",
            failed_binary(cases::CLIENTS_32),
            0.0,
        ),
        at_most(
            "echo, 200 clients: failed calls",
            failed(cases::CLIENTS_200),
            0.0,
        ),
        at_most(
            "echo, 200 clients, binary: failed calls",
            failed_binary(cases::CLIENTS_200),
            0.0,
        ),
        at_least(
            "1 stream: chunks to gunicorn's",
            chunks(cases::ONE_STREAM),
            50.0,
        ),
        at_least(
            "32 streams: chunks to gunicorn's",
            chunks(cases::STREAMS_32),
            50.0,
        ),
        // As fast as can be told apart.
        at_most(
            "first chunk: time to that of an echo",
            Figure::Ratio(
                stream(
                    cases::FIRST_OF_STREAM,
                    Contestant::Rust,
                    Measure::FirstChunk,
                ),
                stream(cases::ECHO_BESIDE_STREAM, Contestant::Rust, Measure::P50),
            ),
            1.1,
        ),
    ]
}

fn payloads() -> Vec<Goal> {
    let payload = |case, contestant| key(Scenario::Payload, case, contestant, Measure::P50);
    let to_raw =
        |case, contestant| Figure::Ratio(payload(case, contestant), payload(case, Contestant::Raw));
    let gunicorn = |case| {
        Figure::Ratio(
            payload(case, Contestant::Gunicorn),
            payload(case, Contestant::RustBinary),
        )
    };
    let (text, bytes) = (cases::TEXT_1_MIB, cases::BYTES_1_MIB);
    vec![
        at_most(
            "echo, 1 MiB of text: time to a direct connection's",
            to_raw(text, Contestant::Rust),
            2.2,
        ),
        at_most(
            "echo, 1 MiB of bytes: time to a direct connection's",
            to_raw(bytes, Contestant::RustBinary),
            2.2,
        ),
        at_least(
            "echo, 16 MiB of text: gunicorn's time to ours",
            gunicorn(cases::TEXT_16_MIB),
            20.0,
        ),
        at_least(
            "echo, 16 MiB of bytes: gunicorn's time to ours",
            gunicorn(cases::BYTES_16_MIB),
            20.0,
        ),
    ]
}

fn replacement_and_memory() -> Vec<Goal> {
    let time =
        |scenario, case, contestant| Figure::Value(key(scenario, case, contestant, Measure::Time));
    let replaced = |case, contestant| time(Scenario::Replacement, case, contestant);
    let started = |contestant| time(Scenario::ColdStart, cases::COMPILED, contestant);
    let memory = |case| key(Scenario::Memory, case, Contestant::Rust, Measure::Memory);
    let (eight, one) = (cases::EIGHT_WORKERS, cases::ONE_WORKER);
    let (eight_later, one_later) = (cases::EIGHT_WORKERS_LATER, cases::ONE_WORKER_LATER);
    vec![
        at_most(
            "killed worker replaced, Rust",
            replaced(cases::NO_STATE, Contestant::Rust),
            0.002,
        ),
        at_most(
            "killed worker replaced, Python",
            replaced(cases::NO_STATE, Contestant::Python),
            0.003,
        ),
        at_most(
            "killed worker replaced, 256 MiB of state",
            replaced(cases::STATE_256_MIB, Contestant::Rust),
            0.020,
        ),
        at_most(
            "8 workers with 256 MiB: memory to that of 1",
            Figure::Ratio(memory(eight), memory(one)),
            1.1,
        ),
        at_most(
            "the same after 10,000 calls",
            Figure::Ratio(memory(eight_later), memory(one_later)),
            1.1,
        ),
        at_most(
            "cold start, compiled before, Rust",
            started(Contestant::Rust),
            0.050,
        ),
        at_most(
            "cold start, compiled before, Python",
            started(Contestant::Python),
            0.080,
        ),
    ]
}

fn scheduling() -> Vec<Goal> {
    let task = |measure| {
        Figure::Value(key(
            Scenario::Tasks,
            cases::TASKS,
            Contestant::Rust,
            measure,
        ))
    };
    let short = |case| key(Scenario::Mixed, case, Contestant::Rust, Measure::P99);
    vec![
        // Four workers could do 400 of them.
        at_least(
            "10 ms tasks, 4 workers, 200 clients",
            task(Measure::Calls),
            396.0,
        ),
        at_most("10 ms tasks: failed calls", task(Measure::Failed), 0.0),
        at_most(
            "10 ms tasks: calls of the busiest worker to the average",
            task(Measure::Imbalance),
            1.05,
        ),
        at_most(
            "short calls beside long ones that wait: p99 to that alone",
            Figure::Ratio(short(cases::BESIDE_WAITING), short(cases::UNLOADED)),
            2.0,
        ),
        at_most(
            "short calls beside one that computes: p99 to that alone",
            Figure::Ratio(
                short(cases::BESIDE_COMPUTING),
                short(cases::UNLOADED_ALL_CORES),
            ),
            2.0,
        ),
    ]
}

fn rest_and_queue() -> Vec<Goal> {
    let ours = |scenario, case, measure| key(scenario, case, Contestant::Rust, measure);
    let idle = |case, measure| Figure::Value(ours(Scenario::Idle, case, measure));
    let flat = |case| {
        Figure::Ratio(
            ours(Scenario::Queue, cases::QUEUED_100_000, Measure::CpuPerCall),
            ours(Scenario::Queue, case, Measure::CpuPerCall),
        )
    };
    vec![
        at_most(
            "arbiter's memory",
            idle(cases::NO_CONNECTION, Measure::Memory),
            12e6,
        ),
        at_most(
            "arbiter's memory for an idle connection",
            idle(cases::IDLE_CONNECTIONS, Measure::PerConnection),
            8.0 * MIB / 1024.0,
        ),
        at_most(
            "processor at rest",
            idle(cases::AT_REST, Measure::Cpu),
            0.002,
        ),
        at_most(
            "a call of 100,000 queued ones: processor time to one alone",
            flat(cases::QUEUED_1),
            FLAT,
        ),
        at_most(
            "a call of 100,000 queued ones: processor time to one of 1,000",
            flat(cases::QUEUED_1_000),
            FLAT,
        ),
    ]
}

/// What is measured of somebody there.
pub(crate) const fn key(
    scenario: Scenario,
    case: &'static str,
    contestant: Contestant,
    measure: Measure,
) -> Key {
    Key {
        scenario,
        case,
        contestant,
        measure,
    }
}

const fn at_most(text: &'static str, figure: Figure, bound: f64) -> Goal {
    Goal {
        text,
        figure,
        bound: Bound::AtMost(bound),
    }
}

const fn at_least(text: &'static str, figure: Figure, bound: f64) -> Goal {
    Goal {
        text,
        figure,
        bound: Bound::AtLeast(bound),
    }
}

impl Goal {
    /// Which of the scenarios it is about.
    pub(crate) fn scenario(&self) -> Scenario {
        match self.figure {
            Figure::Value(key) | Figure::Ratio(key, _) => key.scenario,
        }
    }

    /// Whether these results reach it. The median decides, but of failures the worst round does.
    pub(crate) fn evaluate(&self, results: &Results) -> Evaluation {
        let (figure, unit) = match self.figure {
            Figure::Value(key) => (results.spread(key), key.measure.unit()),
            Figure::Ratio(key, by) => (results.ratio(key, by), Unit::Ratio),
        };
        let decisive = figure.map(|spread| match unit {
            Unit::Count => spread.max,
            _ => spread.median,
        });
        Evaluation {
            goal: self.text,
            bound: match self.bound {
                Bound::AtMost(bound) => format!("≤ {}", unit.show(bound)),
                Bound::AtLeast(bound) => format!("≥ {}", unit.show(bound)),
            },
            figure,
            shown: decisive.map_or_else(String::new, |figure| unit.show(figure)),
            verdict: decisive.map_or(Verdict::NotMeasured, |figure| self.verdict(figure)),
        }
    }

    fn verdict(&self, figure: f64) -> Verdict {
        let met = match self.bound {
            Bound::AtMost(bound) => figure <= bound,
            Bound::AtLeast(bound) => figure >= bound,
        };
        if met { Verdict::Met } else { Verdict::Missed }
    }
}

impl Verdict {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Verdict::Met => "met",
            Verdict::Missed => "MISSED",
            Verdict::NotMeasured => "not measured",
        }
    }
}
