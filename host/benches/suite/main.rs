//! The benchmark: the host beside gunicorn, a bare socket and a bare relay, in everything that its
//! goals speak of.
//!
//! `cargo bench --bench suite` makes what it needs (a Python environment with gunicorn, the app in
//! Python as a component), measures for about ten minutes, and prints tables: every number, and every
//! goal with the figure that was reached. JSON and a plot are written beside them. `-- --help` says
//! what else it can do; docs/performance.md says what the numbers mean.
//!
//! One client, `client/`, drives all servers. A scenario, `scenarios/`, lets its contestants take turns
//! in rounds, `field.rs`; who they are is in `peers/`. What is made of the numbers, `report/`, is pure
//! and has unit tests, which `tests/benchmark.rs` runs. Servers, processes and Python environments are
//! those of the tests' harness.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints what it has found"
)]

mod affinity;
mod client;
mod error;
mod field;
#[path = "../../../tests/harness/mod.rs"]
mod harness;
mod interrupt;
mod machine;
mod output;
mod peers;
mod report;
mod scenarios;
mod suite;

use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};

use error::Error;
use output::Outcome;
use peers::role::Role;
use report::goal_list::goals;
use report::goals::Verdict;
use report::names::Scenario;
use report::results::Results;
use suite::Suite;

/// Measures the host beside gunicorn and a bare socket, and says which goals it reaches.
#[derive(Debug, Parser)]
#[command(name = "suite", after_help = EXAMPLES)]
struct Options {
    /// Measure this scenario only; may be given several times
    #[arg(long, value_name = "NAME", hide_possible_values = true)]
    only: Vec<Scenario>,
    /// Measure for less than three minutes, and less exactly
    #[arg(long)]
    quick: bool,
    /// Print the scenarios and end
    #[arg(long)]
    list: bool,
    /// Print one JSON object instead of tables
    #[arg(long)]
    json: bool,
    /// Fail if a goal is missed
    #[arg(long)]
    gate: bool,
    /// Put the results into docs/performance.md and docs/performance.svg
    #[arg(long, conflicts_with_all = ["only", "quick"])]
    update_docs: bool,
    /// What cargo passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo bench --bench suite                                    everything, about ten minutes
  cargo bench --bench suite -- --quick --only echo --only queue
  cargo bench --bench suite -- --json > results.json
  cargo bench --bench suite -- --update-docs";

fn main() -> ExitCode {
    let outcome = match Role::of_this_process() {
        Some(role) => role.play().map(|()| ExitCode::SUCCESS),
        None => run(&Options::parse()),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("suite: {error}");
        ExitCode::FAILURE
    })
}

fn run(options: &Options) -> Result<ExitCode, Error> {
    if options.list {
        for scenario in Scenario::value_variants() {
            println!("{:<12} {}", scenario.name(), scenario.summary());
        }
        return Ok(ExitCode::SUCCESS);
    }
    interrupt::leave_nothing_behind()?;
    let scenarios = match options.only.as_slice() {
        [] => Scenario::value_variants(),
        only => only,
    };
    let has_peers = scenarios.iter().any(|scenario| scenario.has_peers());
    let suite = Suite::new(options.quick, has_peers)?;
    let start = Instant::now();
    let results = measure(&suite, scenarios);
    let outcome = Outcome {
        machine: machine::describe(suite.cores.count()),
        is_quick: options.quick,
        took: start.elapsed(),
        goals: goals()
            .iter()
            .filter(|goal| scenarios.contains(&goal.scenario()))
            .map(|goal| goal.evaluate(&results))
            .collect(),
        results,
    };
    let written = output::write(&outcome)?;
    if options.json {
        println!("{}", output::json(&outcome));
    } else {
        print!("{}", output::text(&outcome));
        println!("\nJSON and plot: {}", written.display());
    }
    if options.update_docs {
        output::update_documents(&outcome)?;
    }
    let is_missed = outcome
        .goals
        .iter()
        .any(|goal| goal.verdict == Verdict::Missed);
    let has_failed = !outcome.results.failures().is_empty();
    Ok(ExitCode::from(u8::from(
        has_failed || (options.gate && is_missed),
    )))
}

/// All of these, one after the other; what fails is in the results.
fn measure(suite: &Suite, scenarios: &[Scenario]) -> Results {
    let mut results = Results::default();
    for scenario in scenarios {
        if suite.is_over() {
            results.fail(*scenario, None, "not measured: out of time".to_owned());
            continue;
        }
        let start = Instant::now();
        eprint!("{:<12} ", scenario.name());
        if let Err(error) = scenarios::run(*scenario, suite, &mut results) {
            results.fail(*scenario, None, error.to_string());
        }
        eprintln!("{:.0} s", start.elapsed().as_secs_f64());
    }
    results
}
