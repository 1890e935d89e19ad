//! What an app costs in each language that has an SDK: the table in README.md.
//!
//! `cargo bench --bench languages` builds the app of the conformance suite, which is the same app in
//! every language, serves all of them by one host, and prints a table in Markdown:
//!
//! - *component*: the size of the file;
//! - *start*: to instantiate the component and to run its `init()`, once it is compiled, as the mold
//!   says in the log. Median of some restarts;
//! - *call*: from a client through the host to the app and back, one after the other, the argument a
//!   short text that is echoed. Median of the rounds' medians, in which the languages take turns;
//! - *a worker*: the private memory of a worker's process after those calls, which is what one worker
//!   more costs;
//! - *with its mold*: the proportional memory of the two processes together.
//!
//! Client and host run on one core, because the time of a wakeup across cores differs too much from
//! machine to machine. Beside each figure is its ratio to that of the first language, which is what may
//! be compared. Nothing is asserted but that replies are right.
//!
//! Needs `taskset` (of util-linux), what the tests need to build the apps, and nothing else to run on
//! the same core meanwhile.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints what it has found, and stops where something fails"
)]

#[path = "../../../tests/harness/mod.rs"]
mod harness;

mod language;
mod measure;
mod table;

use clap::Parser;

use language::LANGUAGES;
use measure::Contest;

/// Measures what an app costs in each language, and prints a table in Markdown.
#[derive(Debug, Parser)]
#[command(name = "languages")]
struct Options {
    /// How many calls of each app to make in a round
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..))]
    calls: u32,
    /// What cargo passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let options = Options::parse();
    let components = LANGUAGES.map(|language| (language.component)());
    // From here on, so that building has all cores.
    measure::pin_to_core_0();
    let costs = Contest::start(&components).run(options.calls);
    print!("{}", table::markdown(&LANGUAGES, &costs));
}
