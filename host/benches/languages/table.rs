//! The table, in Markdown.

use crate::language::Language;
use crate::measure::Cost;

const KIB: f64 = 1024.0;
const MIB: f64 = KIB * KIB;

/// A column: its heading, its figure, by what to divide that, and the unit that this makes.
type Column = (&'static str, fn(&Cost) -> f64, f64, &'static str);

const COLUMNS: [Column; 5] = [
    ("component", |cost| cost.component_bytes, MIB, "MiB"),
    ("start", |cost| cost.start_seconds, 1e-3, "ms"),
    ("call", |cost| cost.call_seconds, 1e-6, "µs"),
    ("a worker", |cost| cost.worker_bytes, MIB, "MiB"),
    ("with its mold", |cost| cost.with_mold_bytes, MIB, "MiB"),
];

/// A row for each language, each figure with its ratio to that of the first one.
pub(crate) fn markdown(languages: &[Language], costs: &[Cost]) -> String {
    let headings: Vec<_> = COLUMNS.iter().map(|(heading, ..)| *heading).collect();
    let mut table = format!(
        "| language | command | {} |\n|---|---|{}\n",
        headings.join(" | "),
        "---|".repeat(COLUMNS.len())
    );
    for (language, cost) in languages.iter().zip(costs) {
        let figures = COLUMNS.map(|(_, figure, divisor, unit)| {
            let (own, first) = (figure(cost), figure(&costs[0]));
            let ratio = own / first;
            format!("{} {unit} ({}×)", rounded(own / divisor), rounded(ratio))
        });
        let Language { name, command, .. } = language;
        table += &format!("| {name} | `{command}` | {} |\n", figures.join(" | "));
    }
    table
}

/// With as many decimals as matter.
fn rounded(number: f64) -> String {
    let decimals = match number {
        number if number < 1.0 => 2,
        number if number < 10.0 => 1,
        _ => 0,
    };
    format!("{number:.decimals$}")
}
