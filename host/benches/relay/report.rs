//! What was found, for people and for programs.

use std::fmt::{self, Display};

use serde::Serialize;
use serde_json::json;

use super::measure::Spread;
use super::rounds::Round;

/// The outcome of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Where everything ran.
    core: u32,
    rounds: usize,
    measures: Vec<Row>,
}

/// What one measure has come to.
#[derive(Debug, Serialize)]
struct Row {
    contestant: &'static str,
    measure: &'static str,
    unit: Unit,
    value: Spread,
    /// By what the bare socket has reached in the same round.
    ratio_to_raw: Option<Spread>,
}

#[derive(Clone, Copy, Debug, Serialize)]
enum Unit {
    #[serde(rename = "µs")]
    Microseconds,
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "1/s")]
    PerSecond,
}

/// How a row comes out of a round.
struct Measure {
    contestant: &'static str,
    measure: &'static str,
    unit: Unit,
    value: fn(&Round) -> f64,
    ratio: Option<fn(&Round) -> f64>,
}

const MEASURES: [Measure; 20] = {
    use Unit::{Microseconds, Milliseconds, PerSecond};
    [
        measure("raw", "p50", Microseconds, |round| round.raw.p50),
        measure("raw", "p99", Microseconds, |round| round.raw.p99),
        measure("raw", "calls", PerSecond, |round| 1.0 / round.raw.mean),
        measure("echo, 1 client", "p50", Microseconds, |round| {
            round.echo.p50
        })
        .ratio(|round| round.echo.p50 / round.raw.p50),
        measure("echo, 1 client", "p99", Microseconds, |round| {
            round.echo.p99
        })
        .ratio(|round| round.echo.p99 / round.raw.p99),
        measure("echo, 32 clients, 1 worker", "calls", PerSecond, |round| {
            round.crowd_of_one_worker
        })
        .ratio(|round| round.crowd_of_one_worker * round.raw.mean),
        measure("echo, 32 clients, 4 workers", "calls", PerSecond, |round| {
            round.crowd_of_four_workers
        })
        .ratio(|round| round.crowd_of_four_workers * round.raw.mean),
        measure("stream", "chunks", PerSecond, |round| {
            round.chunks_per_second
        }),
        measure("raw, 1 MiB", "p50", Microseconds, |round| {
            round.large.raw.p50
        }),
        measure("echo, 1 MiB, JSON", "p50", Microseconds, |round| {
            round.large.text.p50
        })
        .ratio(|round| round.large.text.p50 / round.large.raw.p50),
        measure("echo, 1 MiB, binary", "p50", Microseconds, |round| {
            round.large.tlv_text.p50
        })
        .ratio(|round| round.large.tlv_text.p50 / round.large.raw.p50),
        measure("echo, 1 MiB of bytes", "p50", Microseconds, |round| {
            round.large.bytes.p50
        })
        .ratio(|round| round.large.bytes.p50 / round.large.raw.p50),
        measure("reverse, 1 MiB of bytes", "p50", Microseconds, |round| {
            round.large.reversed.p50
        })
        .ratio(|round| round.large.reversed.p50 / round.large.raw.p50),
        measure("raw, 16 MiB", "p50", Microseconds, |round| {
            round.huge.raw.p50
        }),
        measure("echo, 16 MiB, JSON", "p50", Microseconds, |round| {
            round.huge.text.p50
        })
        .ratio(|round| round.huge.text.p50 / round.huge.raw.p50),
        measure("echo, 16 MiB, binary", "p50", Microseconds, |round| {
            round.huge.tlv_text.p50
        })
        .ratio(|round| round.huge.tlv_text.p50 / round.huge.raw.p50),
        measure("echo, 16 MiB of bytes", "p50", Microseconds, |round| {
            round.huge.bytes.p50
        })
        .ratio(|round| round.huge.bytes.p50 / round.huge.raw.p50),
        measure("reverse, 16 MiB of bytes", "p50", Microseconds, |round| {
            round.huge.reversed.p50
        })
        .ratio(|round| round.huge.reversed.p50 / round.huge.raw.p50),
        measure("revival", "time", Milliseconds, |round| round.revival),
        measure("revival, 256 MiB", "time", Milliseconds, |round| {
            round.revival_256_mib
        }),
    ]
};

const fn measure(
    contestant: &'static str,
    measure: &'static str,
    unit: Unit,
    value: fn(&Round) -> f64,
) -> Measure {
    Measure {
        contestant,
        measure,
        unit,
        value,
        ratio: None,
    }
}

impl Measure {
    const fn ratio(self, ratio: fn(&Round) -> f64) -> Measure {
        Measure {
            ratio: Some(ratio),
            ..self
        }
    }

    fn row(&self, rounds: &[Round]) -> Row {
        let scale = self.unit.per_si_unit();
        let value = |round| (self.value)(round) * scale;
        Row {
            contestant: self.contestant,
            measure: self.measure,
            unit: self.unit,
            value: Spread::of(rounds.iter().map(value)),
            ratio_to_raw: self.ratio.map(|ratio| Spread::of(rounds.iter().map(ratio))),
        }
    }
}

impl Unit {
    /// How many of it make a second, or one per second.
    fn per_si_unit(self) -> f64 {
        match self {
            Unit::Microseconds => 1e6,
            Unit::Milliseconds => 1e3,
            Unit::PerSecond => 1.0,
        }
    }

    fn decimals(self) -> usize {
        match self {
            Unit::Microseconds => 1,
            Unit::Milliseconds => 2,
            Unit::PerSecond => 0,
        }
    }
}

impl Report {
    /// From at least one round.
    pub(crate) fn new(core: u32, rounds: &[Round]) -> Report {
        Report {
            core,
            rounds: rounds.len(),
            measures: MEASURES.iter().map(|measure| measure.row(rounds)).collect(),
        }
    }

    /// As one JSON object.
    pub(crate) fn json(&self) -> String {
        json!(self).to_string()
    }
}

/// As a table.
impl Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { core, rounds, .. } = self;
        writeln!(
            out,
            "core {core} only; medians of {rounds} rounds, least–greatest\n"
        )?;
        for row in &self.measures {
            let decimals = row.unit.decimals();
            let value = row.value.show(decimals);
            let unit = match row.unit {
                Unit::Microseconds => "µs",
                Unit::Milliseconds => "ms",
                Unit::PerSecond => "/s",
            };
            write!(
                out,
                "{:<28} {:<6} {value} {unit}",
                row.contestant, row.measure
            )?;
            match row.ratio_to_raw {
                Some(ratio) => writeln!(out, "   {} × raw", ratio.show(2))?,
                None => writeln!(out)?,
            }
        }
        Ok(())
    }
}

impl Spread {
    fn show(self, decimals: usize) -> String {
        let Spread { median, min, max } = self;
        let range = format!("({min:.decimals$}–{max:.decimals$})");
        format!("{median:>9.decimals$} {range:<21}")
    }
}
