//! How much memory workers share of what `init` has made, at the start and after many calls.
//!
//! `cargo bench --bench memory` serves an app that makes some 64 MiB of small objects in `init` (texts,
//! lists, numbers, and in Python dicts), by 1 and by 8 workers, and calls it 10,000 times:
//!
//! - *few*: every call reads the same 100 records;
//! - *all*: each call reads a part of them, such that every worker has read all of them several times;
//! - *few, collecting*: in Python, as *few*, and now and then a call collects garbage; and the same
//!   where each worker first undoes that the SDK has frozen what `init` has made.
//!
//! The figures are the sum of the proportional memory (PSS) of the mold and the workers, to which a
//! page that is shared counts once, and the greatest private memory (USS) of a worker. Both depend
//! little on the machine, and not on what else it does. `-- --calls N` makes fewer calls.
//! Needs what the tests need: Python, and the guests of `scripts/build-guests`, which it runs.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints what it has found, and stops where something fails"
)]

#[path = "../../../tests/harness/mod.rs"]
mod harness;

use clap::Parser;
use serde_json::json;

use harness::processes::{private_memory, proportional_memory};
use harness::python_apps::python_app;
use harness::{App, Host, Wire};

const APP: &str = "shared_state";
const WORKERS: [u32; 2] = [1, 8];
/// Records that take about 64 MiB.
const RUST_RECORDS: u64 = 310_000;
const PYTHON_RECORDS: u64 = 115_000;
/// So many records are few.
const FEW: u64 = 100;
/// A prime, so that workers that take turns all get to each part.
const PARTS: u64 = 101;
/// After so many calls each worker collects garbage, where that is done.
const COLLECT_EVERY: u64 = 1000;
/// Calls in a row, of which each worker gets one.
const ROUND: u64 = 8;
const MIB: f64 = (1 << 20) as f64;

/// Measures how much memory workers share, at the start and after many calls.
#[derive(Debug, Parser)]
#[command(name = "memory")]
struct Options {
    /// How many calls to make
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    calls: u64,
    /// What cargo passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// What is measured.
struct Contestant {
    name: &'static str,
    state: State,
    reads: Reads,
}

/// An app and how many records it has.
struct State {
    app: fn() -> App,
    records: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    Few,
    All,
    FewCollecting,
}

const RUST: State = State {
    app: rust,
    records: RUST_RECORDS,
};
const PYTHON: State = State {
    app: python,
    records: PYTHON_RECORDS,
};
const PYTHON_THAWED: State = State {
    app: thawed,
    ..PYTHON
};

const CONTESTANTS: [Contestant; 6] = [
    contestant("Rust, few", RUST, Reads::Few),
    contestant("Rust, all", RUST, Reads::All),
    contestant("Python, few", PYTHON, Reads::Few),
    contestant("Python, all", PYTHON, Reads::All),
    contestant("Python, few, collecting", PYTHON, Reads::FewCollecting),
    contestant("the same, not frozen", PYTHON_THAWED, Reads::FewCollecting),
];

const fn contestant(name: &'static str, state: State, reads: Reads) -> Contestant {
    Contestant { name, state, reads }
}

fn rust() -> App {
    App::fixture(APP).config(&format!("records = {RUST_RECORDS}"))
}

fn python() -> App {
    let component = python_app("shared_state:SharedState", None);
    App::new(APP, component).config(&format!("records = {PYTHON_RECORDS}"))
}

fn thawed() -> App {
    python().config("thaws = true")
}

fn main() {
    let options = Options::parse();
    println!("MiB, before and after {} calls\n", options.calls);
    println!(
        "{:<26}{:>8}{:>9}{:>9}{:>16}{:>9}",
        "app, and what calls read", "workers", "PSS", "after", "worker's USS", "after"
    );
    for contestant in CONTESTANTS {
        for workers in WORKERS {
            contestant.measure(workers, options.calls);
        }
    }
}

impl Contestant {
    /// Prints a row.
    fn measure(&self, workers: u32, calls: u64) {
        let host = Host::serving((self.state.app)().workers(workers));
        let pids = host.wait_workers(APP, workers as usize);
        let everybody = [pids.clone(), vec![host.mold(APP)]].concat();
        let total = || mib(everybody.iter().map(|pid| proportional_memory(*pid)).sum());
        let private = || mib(pids.iter().map(|pid| private_memory(*pid)).max().unwrap());

        let (total_before, private_before) = (total(), private());
        let mut wire = host.connect();
        (0..calls).for_each(|call| self.call(&mut wire, call));
        println!(
            "{:<26}{workers:>8}{total_before:>9.1}{:>9.1}{private_before:>16.1}{:>9.1}",
            self.name,
            total(),
            private()
        );
    }

    fn call(&self, wire: &mut Wire, call: u64) {
        let part = self.state.records.div_ceil(PARTS);
        let (action, args) = match self.reads {
            Reads::FewCollecting if call % COLLECT_EVERY < ROUND => ("collect", json!([])),
            Reads::Few | Reads::FewCollecting => ("touch", json!([0, FEW])),
            Reads::All => ("touch", json!([call % PARTS * part, part])),
        };
        wire.call(APP, action, &args).result();
    }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB
}
