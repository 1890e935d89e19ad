//! How much memory workers share of what `init` has made, at the start and after many calls.
//!
//! `cargo bench --bench memory` serves an app that makes some 64 MiB of small objects in `init` (texts,
//! lists, numbers, and in Python dicts), by 1 and by 8 workers, and calls it 10,000 times:
//!
//! - *few*: every call reads the same 100 records;
//! - *all*: each call reads a part of them, such that every worker has read all of them several times;
//! - *few, collecting*: in Python, as *few*, and every 100th call collects garbage; and the same where
//!   each worker first undoes that the SDK has frozen what `init` has made.
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
const RUST_RECORDS: u64 = 340_000;
const PYTHON_RECORDS: u64 = 150_000;
/// So many records are few.
const FEW: u64 = 100;
/// A prime, so that workers that take turns all get to each part.
const PARTS: u64 = 101;
/// Every so many calls garbage is collected, where it is.
const COLLECT_EVERY: u64 = 100;
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
    app: fn() -> App,
    records: u64,
    reads: Reads,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    Few,
    All,
    FewCollecting,
}

const CONTESTANTS: [Contestant; 6] = [
    contestant("Rust, few", rust, Reads::Few),
    contestant("Rust, all", rust, Reads::All),
    contestant("Python, few", python, Reads::Few),
    contestant("Python, all", python, Reads::All),
    contestant("Python, few, collecting", python, Reads::FewCollecting),
    contestant("the same, not frozen", thawing, Reads::FewCollecting),
];

const fn contestant(name: &'static str, app: fn() -> App, reads: Reads) -> Contestant {
    let records = match name.as_bytes()[0] {
        b'R' => RUST_RECORDS,
        _ => PYTHON_RECORDS,
    };
    Contestant {
        name,
        app,
        records,
        reads,
    }
}

fn rust() -> App {
    App::fixture(APP).config(&format!("records = {RUST_RECORDS}"))
}

fn python() -> App {
    let component = python_app("shared_state:SharedState", None);
    App::new(APP, component).config(&format!("records = {PYTHON_RECORDS}"))
}

fn thawing() -> App {
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
        let host = Host::serving((self.app)().workers(workers));
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
        let part = self.records.div_ceil(PARTS);
        let (action, args) = match self.reads {
            Reads::FewCollecting if call % COLLECT_EVERY < 8 => ("collect", json!([])),
            Reads::Few | Reads::FewCollecting => ("touch", json!([0, FEW])),
            Reads::All => ("touch", json!([call % PARTS * part, part])),
        };
        wire.call(APP, action, &args).result();
    }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB
}
