//! The loads, sizes and states that scenarios tell apart. Goals refer to them, so each is written once.

pub(crate) const ONE_CLIENT: &str = "1 client";
pub(crate) const CLIENTS_32: &str = "32 clients";
pub(crate) const CLIENTS_200: &str = "200 clients";

pub(crate) const TEXT_64_KIB: &str = "64 KiB of text";
pub(crate) const TEXT_1_MIB: &str = "1 MiB of text";
pub(crate) const TEXT_16_MIB: &str = "16 MiB of text";
pub(crate) const BYTES_64_KIB: &str = "64 KiB of bytes";
pub(crate) const BYTES_1_MIB: &str = "1 MiB of bytes";
pub(crate) const BYTES_16_MIB: &str = "16 MiB of bytes";

pub(crate) const ONE_STREAM: &str = "1 stream";
pub(crate) const STREAMS_32: &str = "32 streams";
pub(crate) const FIRST_OF_STREAM: &str = "a stream's first";
pub(crate) const ECHO_BESIDE_STREAM: &str = "an echo";

pub(crate) const UNLOADED: &str = "alone, one core";
pub(crate) const BESIDE_WAITING: &str = "beside long calls that wait, one core";
pub(crate) const UNLOADED_ALL_CORES: &str = "alone, all cores";
pub(crate) const BESIDE_COMPUTING: &str = "beside a long call that computes, all cores";

pub(crate) const FIBONACCI: &str = "fib(24)";

pub(crate) const TASKS_ALONE: &str = "10 ms task, 1 client";
pub(crate) const TASKS: &str = "10 ms tasks, 200 clients";

pub(crate) const NO_STATE: &str = "no state";
pub(crate) const WITH_SPARE: &str = "no state, with a spare";
pub(crate) const STATE_256_MIB: &str = "256 MiB of state";

pub(crate) const COMPILED: &str = "compiled before";
pub(crate) const NOT_COMPILED: &str = "not compiled yet";

/// Numbers of workers, and what they hold together at the start and after 10,000 calls.
pub(crate) const WORKERS: [(u32, &str, &str); 5] = [
    (1, "1 worker", "1 worker, 10,000 calls later"),
    (2, "2 workers", "2 workers, 10,000 calls later"),
    (4, "4 workers", "4 workers, 10,000 calls later"),
    (8, EIGHT_WORKERS, EIGHT_WORKERS_LATER),
    (16, "16 workers", "16 workers, 10,000 calls later"),
];
pub(crate) const ONE_WORKER: &str = WORKERS[0].1;
pub(crate) const ONE_WORKER_LATER: &str = WORKERS[0].2;
pub(crate) const EIGHT_WORKERS: &str = "8 workers";
pub(crate) const EIGHT_WORKERS_LATER: &str = "8 workers, 10,000 calls later";

pub(crate) const AT_REST: &str = "at rest, 4 workers";
pub(crate) const NO_CONNECTION: &str = "arbiter, no connection";
pub(crate) const NEW_CONNECTIONS: &str = "arbiter, 10,000 new connections";
pub(crate) const IDLE_CONNECTIONS: &str = "arbiter, 10,000 after a call each";
pub(crate) const ECHO_BESIDE_IDLE: &str = "an echo beside them";

pub(crate) const QUEUED_1: &str = "one after the other";
pub(crate) const QUEUED_1_000: &str = "1,000 queued";
pub(crate) const QUEUED_10_000: &str = "10,000 queued";
pub(crate) const QUEUED_100_000: &str = "100,000 queued";
