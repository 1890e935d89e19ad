//! Who and what is measured, under the names that the table, the plot, JSON and the command line use.

use clap::ValueEnum;
use serde::Serialize;

/// A group of measurements that are made together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scenario {
    /// One client, one call after the other, all on one core: the cost of the hop
    Echo,
    /// 32 and 200 clients at once, on all cores
    Crowd,
    /// 64 KiB, 1 MiB and 16 MiB, text and bytes, there and back
    Payload,
    /// Small chunks: one stream, 32 at once, and the time to the first chunk
    Streams,
    /// Short calls of one client while others keep workers busy with long ones
    Mixed,
    /// A call that computes
    Cpu,
    /// 10 ms tasks, 200 clients, 4 workers
    Tasks,
    /// From the death of an app's only worker to the next answer
    Replacement,
    /// From starting the server to its first answer
    ColdStart,
    /// Memory of 1 to 16 workers that share, or do not share, 256 MiB of state
    Memory,
    /// The server at rest, and with 10,000 idle connections
    Idle,
    /// Up to 100,000 calls that wait for one worker
    Queue,
}

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Contestant {
    /// Two processes that send each other the bytes of a call over a socket pair.
    Raw,
    /// The least that a hop can be: a process between them, which forwards whole frames.
    Relay,
    /// The work alone, as a function of the client.
    InProcess,
    /// `dirty`, a component in Rust, the JSON dialect.
    Rust,
    /// The same in the binary dialect.
    RustBinary,
    /// `dirty`, the app of gunicorn's in Python as a component, the binary dialect.
    Python,
    /// gunicorn's dirty arbiter with that app, in the one dialect that it has, the binary one.
    Gunicorn,
}

/// What is measured of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Measure {
    /// Time of a call, the median of a turn.
    P50,
    /// Time of a call, the 99th percentile of a turn.
    P99,
    /// Time to the first chunk of a stream, the median of a turn.
    FirstChunk,
    /// Time of something that happens once.
    Time,
    /// Answered calls per second.
    Calls,
    /// Chunks per second.
    Chunks,
    /// Calls that were answered with an error.
    Failed,
    /// The busiest worker's calls by those of the average one.
    Imbalance,
    /// Bytes that all processes answer for.
    Memory,
    /// Bytes more for each connection.
    PerConnection,
    /// Processor time by time.
    Cpu,
    /// Processor time of all of a server's processes for a call.
    CpuPerCall,
}

/// In which unit a number is shown; it is kept in seconds, bytes or without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Time,
    PerSecond,
    Bytes,
    Count,
    Ratio,
    Share,
}

/// Which numbers are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    Less,
    More,
}

impl Scenario {
    /// Whether it needs anything that has to be made or installed.
    pub(crate) fn has_peers(self) -> bool {
        !matches!(self, Scenario::Queue)
    }

    /// As one types it.
    pub(crate) fn name(self) -> String {
        self.value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// What it is, in a line.
    pub(crate) fn summary(self) -> String {
        let value = self.value();
        let help = value.as_ref().and_then(|value| value.get_help());
        help.map_or_else(String::new, ToString::to_string)
    }

    fn value(self) -> Option<clap::builder::PossibleValue> {
        self.to_possible_value()
    }
}

impl Contestant {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Contestant::Raw => "bare socket",
            Contestant::Relay => "bare relay",
            Contestant::InProcess => "function call",
            Contestant::Rust => "dirty, Rust",
            Contestant::RustBinary => "dirty, Rust, binary",
            Contestant::Python => "dirty, Python",
            Contestant::Gunicorn => "gunicorn",
        }
    }

    /// Whether it is this project that is measured.
    pub(crate) fn is_ours(self) -> bool {
        matches!(
            self,
            Contestant::Rust | Contestant::RustBinary | Contestant::Python
        )
    }
}

impl Measure {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Measure::P50 => "p50",
            Measure::P99 => "p99",
            Measure::FirstChunk => "first chunk",
            Measure::Time => "time",
            Measure::Calls => "calls",
            Measure::Chunks => "chunks",
            Measure::Failed => "failed",
            Measure::Imbalance => "busiest worker",
            Measure::Memory => "memory",
            Measure::PerConnection => "per connection",
            Measure::Cpu => "processor",
            Measure::CpuPerCall => "processor time",
        }
    }

    pub(crate) fn unit(self) -> Unit {
        match self {
            Measure::P50
            | Measure::P99
            | Measure::FirstChunk
            | Measure::Time
            | Measure::CpuPerCall => Unit::Time,
            Measure::Calls | Measure::Chunks => Unit::PerSecond,
            Measure::Failed => Unit::Count,
            Measure::Imbalance => Unit::Ratio,
            Measure::Memory | Measure::PerConnection => Unit::Bytes,
            Measure::Cpu => Unit::Share,
        }
    }

    pub(crate) fn better(self) -> Better {
        match self {
            Measure::Calls | Measure::Chunks => Better::More,
            _ => Better::Less,
        }
    }
}

impl Unit {
    /// A number with its unit, in three digits or so.
    pub(crate) fn show(self, number: f64) -> String {
        match self {
            Unit::Time if number < 1e-3 => format!("{} µs", digits(number * 1e6)),
            Unit::Time if number < 1.0 => format!("{} ms", digits(number * 1e3)),
            Unit::Time => format!("{} s", digits(number)),
            Unit::PerSecond => format!("{}/s", digits(number)),
            Unit::Bytes if number < 1024.0 => format!("{} B", digits(number)),
            Unit::Bytes if number < 1024.0 * 1024.0 => format!("{} KiB", digits(number / 1024.0)),
            Unit::Bytes => format!("{} MiB", digits(number / (1024.0 * 1024.0))),
            Unit::Count => format!("{number:.0}"),
            Unit::Ratio => format!("{}×", digits(number)),
            Unit::Share => format!("{} %", digits(number * 100.0)),
        }
    }
}

/// With three significant digits, and thousands apart.
fn digits(number: f64) -> String {
    match number.abs() {
        size if size >= 999.5 => thousands(number),
        size if size >= 99.95 => format!("{number:.0}"),
        size if size >= 9.995 => format!("{number:.1}"),
        size if size >= 0.0995 || size == 0.0 => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}

fn thousands(number: f64) -> String {
    let plain = format!("{number:.0}");
    let mut shown = String::new();
    for (at, digit) in plain.char_indices() {
        let left = plain.len() - at;
        if at > 0 && left.is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}
