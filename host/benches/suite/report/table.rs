//! Results and goals as tables: Markdown whose columns are aligned, so that it reads well in a
//! terminal and in a document.

use super::goals::{Evaluation, Verdict};
use super::names::{Better, Contestant, Measure, Unit};
use super::results::{Results, Series};
use super::statistics::Spread;

/// Everything that was measured, but failures only where there are any. `to bare socket` is a time by that of the bare socket in the same
/// round; `better than gunicorn` how many times as fast, or as small, as gunicorn at the same thing.
pub(crate) fn of_results(results: &Results) -> String {
    let head = [
        "scenario",
        "case",
        "contestant",
        "measure",
        "median",
        "least – greatest",
        "to bare socket",
        "better than gunicorn",
    ];
    let rows = results.series().iter().filter_map(|series| {
        let spread = results.spread(series.key)?;
        if series.key.measure == Measure::Failed && spread.max == 0.0 {
            return None;
        }
        let unit = series.key.measure.unit();
        Some([
            series.key.scenario.name(),
            series.key.case.to_owned(),
            series.key.contestant.label().to_owned(),
            series.key.measure.label().to_owned(),
            unit.show(spread.median),
            range(unit, spread),
            to_raw(results, series),
            over_gunicorn(results, series),
        ])
    });
    aligned(&head, rows)
}

/// Each goal, its bound, what the run has reached, and so whether it is met.
pub(crate) fn of_goals(evaluations: &[Evaluation]) -> String {
    let head = ["goal", "bound", "reached", "verdict"];
    let rows = evaluations.iter().map(|evaluation| {
        [
            evaluation.goal.to_owned(),
            evaluation.bound.clone(),
            evaluation.shown.clone(),
            evaluation.verdict.label().to_owned(),
        ]
    });
    aligned(&head, rows)
}

/// `31 goals met, 4 missed, 2 not measured`.
pub(crate) fn summary(evaluations: &[Evaluation]) -> String {
    let count = |verdict| {
        let of_it = evaluations.iter().filter(|goal| goal.verdict == verdict);
        of_it.count()
    };
    format!(
        "{} goals met, {} missed, {} not measured",
        count(Verdict::Met),
        count(Verdict::Missed),
        count(Verdict::NotMeasured)
    )
}

/// What could not be measured, a line each; empty if that is nothing.
pub(crate) fn of_failures(results: &Results) -> String {
    let line = |failure: &super::results::Failure| {
        let who = failure.contestant.map(Contestant::label);
        let who = who.map_or_else(String::new, |who| format!(", {who}"));
        // One line: a reason may quote a log.
        let reason = failure.reason.replace('\n', " / ");
        format!("- {}{who}: {reason}\n", failure.scenario.name())
    };
    results.failures().iter().map(line).collect()
}

fn range(unit: Unit, spread: Spread) -> String {
    if spread.min == spread.max {
        return String::new();
    }
    format!("{} – {}", unit.show(spread.min), unit.show(spread.max))
}

fn to_raw(results: &Results, series: &Series) -> String {
    let key = series.key;
    let is_time = key.measure.unit() == Unit::Time && key.measure.better() == Better::Less;
    if !is_time || key.contestant == Contestant::Raw {
        return String::new();
    }
    ratio(results.ratio(key, key.of(Contestant::Raw)))
}

fn over_gunicorn(results: &Results, series: &Series) -> String {
    if !series.key.contestant.is_ours() {
        return String::new();
    }
    ratio(results.advantage(series.key, Contestant::Gunicorn))
}

fn ratio(spread: Option<Spread>) -> String {
    spread.map_or_else(String::new, |spread| Unit::Ratio.show(spread.median))
}

fn aligned<const N: usize>(head: &[&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = rows.collect();
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells
            .chain([head[column].chars().count()])
            .max()
            .unwrap_or(0)
    });
    let line = |cells: &[String; N]| {
        let cells = cells.iter().zip(widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule = widths.map(|width| "-".repeat(width));
    let mut text = line(&head.map(str::to_owned)) + &line(&rule);
    text.extend(rows.iter().map(line));
    text
}
