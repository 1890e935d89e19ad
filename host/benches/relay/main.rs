//! What the host adds to a call: its speed beside that of a bare Unix socket, as ratios.
//!
//! `cargo bench --bench relay` puts itself and everything that it starts on one core, because the
//! time of a wakeup across cores differs too much from machine to machine, and from run to run.
//! There it measures, in rounds in which every contestant has its turn:
//!
//! - *raw*: two processes that send each other, over a socket pair, the very bytes of a routed
//!   call's request and reply. All ratios are to this, in the same round;
//! - *echo*: the same bytes through `dirty serve` and the demo app, by one client and by 32;
//! - *stream*: small chunks, one call's worth at a time;
//! - *payload*: the same two with 1 MiB and with 16 MiB each way, and beside that string of JSON's the
//!   same string in the binary dialect, bytes that the app passes on, and bytes that it reads,
//!   reverses and writes;
//! - *revival*: from the SIGKILL of an app's only worker, which is idle, to the answer of the next
//!   call; once with an app that keeps 256 MiB of state.
//!
//! Each number is the median of the rounds' numbers, with the least and the greatest of them. Times
//! are those of one machine on one day; ratios are what may be compared. Nothing is asserted about
//! either, but every reply is compared with what it has to be: one wrong byte ends the run with
//! exit code 1.
//!
//! `cargo bench --bench relay -- --seconds 60` measures longer, `-- --json` prints one JSON object.
//! Needs `taskset` (of util-linux), and nothing else to run on the same core meanwhile.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints what it has found"
)]

mod affinity;
mod crowd;
mod error;
mod exchange;
mod host;
mod measure;
mod payload;
mod raw;
mod report;
mod revival;
mod rounds;
mod tlv;

use std::process::ExitCode;

use clap::Parser;

use error::Error;
use host::Host;
use report::Report;
use rounds::Contest;

/// Measures what the host adds to a call, as ratios to a bare Unix socket.
#[derive(Debug, Parser)]
#[command(name = "relay")]
struct Options {
    /// How long to measure, in seconds; starting and killing workers comes on top
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: u32,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// What cargo passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let outcome = if raw::is_peer() {
        raw::serve()
    } else {
        measure(&Options::parse())
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("relay: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> Result<(), Error> {
    let core = affinity::pin_to_last()?;
    let mut host = Host::start()?;
    let rounds = Contest::new(&host).and_then(|mut contest| contest.run(options.seconds));
    let rounds = rounds.inspect_err(|_| eprintln!("the host's log ends with:\n{}", host.log()))?;
    host.stop()?;
    let report = Report::new(core, &rounds);
    if options.json {
        println!("{}", report.json());
    } else {
        print!("{report}");
    }
    Ok(())
}
