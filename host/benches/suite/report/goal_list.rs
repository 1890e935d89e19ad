//! The goals that the project has set itself.

use super::cases;
use super::goals::{Figure, Goal, key};
use super::names::{Contestant, Measure, Scenario};
use super::results::Key;

const KIB: f64 = 1024.0;
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
        Goal::at_most(
            "echo, 1 client: p50 to a bare socket's",
            to_raw(Measure::P50),
            3.0,
        ),
        Goal::at_most(
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
        Goal::at_least(
            "echo, 32 clients: calls to gunicorn's",
            to_gunicorn(crowd(
                cases::CLIENTS_32,
                Contestant::RustBinary,
                Measure::Calls,
            )),
            15.0,
        ),
        Goal::at_most(
            "echo, 32 clients: failed calls",
            failed(cases::CLIENTS_32),
            0.0,
        ),
        Goal::at_most(
            "echo, 32 clients, binary: failed calls",
            failed_binary(cases::CLIENTS_32),
            0.0,
        ),
        Goal::at_most(
            "echo, 200 clients: failed calls",
            failed(cases::CLIENTS_200),
            0.0,
        ),
        Goal::at_most(
            "echo, 200 clients, binary: failed calls",
            failed_binary(cases::CLIENTS_200),
            0.0,
        ),
        Goal::at_least(
            "1 stream: chunks to gunicorn's",
            chunks(cases::ONE_STREAM),
            50.0,
        ),
        Goal::at_least(
            "32 streams: chunks to gunicorn's",
            chunks(cases::STREAMS_32),
            50.0,
        ),
        // As fast as can be told apart.
        Goal::at_most(
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
        Goal::at_most(
            "echo, 1 MiB of text: time to a direct connection's",
            to_raw(text, Contestant::Rust),
            2.2,
        ),
        Goal::at_most(
            "echo, 1 MiB of bytes: time to a direct connection's",
            to_raw(bytes, Contestant::RustBinary),
            2.2,
        ),
        Goal::at_least(
            "echo, 16 MiB of text: gunicorn's time to ours",
            gunicorn(cases::TEXT_16_MIB),
            20.0,
        ),
        Goal::at_least(
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
        Goal::at_most(
            "killed worker replaced, Rust",
            replaced(cases::NO_STATE, Contestant::Rust),
            0.002,
        ),
        Goal::at_most(
            "killed worker replaced, Python, with a spare",
            replaced(cases::WITH_SPARE, Contestant::Python),
            0.003,
        ),
        Goal::at_most(
            "killed worker replaced, 256 MiB of state",
            replaced(cases::STATE_256_MIB, Contestant::Rust),
            0.020,
        ),
        Goal::at_most(
            "8 workers with 256 MiB: memory to that of 1",
            Figure::Ratio(memory(eight), memory(one)),
            1.1,
        ),
        Goal::at_most(
            "the same after 10,000 calls",
            Figure::Ratio(memory(eight_later), memory(one_later)),
            1.1,
        ),
        Goal::at_most(
            "cold start, compiled before, Rust",
            started(Contestant::Rust),
            0.050,
        ),
        Goal::at_most(
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
        Goal::at_least(
            "10 ms tasks, 4 workers, 200 clients",
            task(Measure::Calls),
            396.0,
        ),
        Goal::at_most("10 ms tasks: failed calls", task(Measure::Failed), 0.0),
        Goal::at_most(
            "10 ms tasks: calls of the busiest worker to the average",
            task(Measure::Imbalance),
            1.05,
        ),
        Goal::at_most(
            "short calls beside long ones that wait: p99 to that alone",
            Figure::Ratio(short(cases::BESIDE_WAITING), short(cases::UNLOADED)),
            2.0,
        ),
        Goal::at_most(
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
        Goal::at_most(
            "arbiter's memory",
            idle(cases::NO_CONNECTION, Measure::Memory),
            12e6,
        ),
        Goal::at_most(
            "arbiter's memory for an idle connection",
            idle(cases::IDLE_CONNECTIONS, Measure::PerConnection),
            8.0 * KIB,
        ),
        Goal::at_most(
            "processor at rest",
            idle(cases::AT_REST, Measure::Cpu),
            0.002,
        ),
        Goal::at_most(
            "a call of 100,000 queued ones: processor time to one alone",
            flat(cases::QUEUED_1),
            FLAT,
        ),
        Goal::at_most(
            "a call of 100,000 queued ones: processor time to one of 1,000",
            flat(cases::QUEUED_1_000),
            FLAT,
        ),
    ]
}
