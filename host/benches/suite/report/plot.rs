//! The plot: one dot for each thing that gunicorn can do as well, how many times as good as it the
//! host is there, with a line from the worst round to the best. As SVG, on a logarithmic scale.

use std::fmt::Write;

use super::names::{Contestant, Measure, Scenario};
use super::results::{Key, Results};
use super::statistics::Spread;

pub(crate) const LABELS: f64 = 350.0;
pub(crate) const SCALE: f64 = 520.0;
const WIDTH: f64 = LABELS + SCALE + 40.0;
const TOP: f64 = 78.0;
const ROW: f64 = 20.0;
const BOTTOM: f64 = 34.0;
const STYLE: &str = "text{font:12px sans-serif;fill:#24292f}.t{font-size:15px;font-weight:600}\
    .n{fill:#57606a}.g{stroke:#d0d7de}.one{stroke:#57606a;stroke-dasharray:4 3}";

/// Who is drawn, and in which colour.
pub(crate) const DRAWN: [(Contestant, &str); 2] = [
    (Contestant::RustBinary, "#c2410c"),
    (Contestant::Python, "#1d4ed8"),
];

/// A thing that was measured of gunicorn and of somebody who is drawn.
struct Row {
    label: String,
    dots: Vec<(&'static str, Spread)>,
}

/// Where numbers lie, on a logarithmic scale from one power of ten to another.
pub(crate) struct Axis {
    pub(crate) first: i32,
    pub(crate) last: i32,
}

/// The plot; none where nothing was measured of both sides.
pub(crate) fn svg(results: &Results, subtitle: &str) -> Option<String> {
    let rows = rows(results);
    let axis = Axis::around(rows.iter().flat_map(|row| &row.dots).map(|(_, dot)| *dot))?;
    let bottom = TOP + rows.len() as f64 * ROW;
    let height = bottom + BOTTOM;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\">\n<style>{STYLE}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    text(
        &mut out,
        (16.0, 24.0),
        "t",
        "Times as good as gunicorn 27.0.1's dirty arbiter",
    );
    text(&mut out, (16.0, 43.0), "n", subtitle);
    legend(&mut out);
    grid(&mut out, &axis, bottom);
    for (at, row) in rows.iter().enumerate() {
        draw(&mut out, &axis, TOP + (at as f64 + 0.5) * ROW, row);
    }
    out.push_str("</svg>\n");
    Some(out)
}

fn rows(results: &Results) -> Vec<Row> {
    let of_gunicorn = results
        .series()
        .iter()
        .filter(|series| series.key.contestant == Contestant::Gunicorn && is_drawn(series.key));
    of_gunicorn
        .map(|series| Row {
            label: label(series.key),
            dots: DRAWN
                .iter()
                .filter_map(|(who, colour)| Some((*colour, dot(results, series.key, *who)?)))
                .collect(),
        })
        .filter(|row| !row.dots.is_empty())
        .collect()
}

/// One number for each thing: of a crowd its calls, of mixed calls the tail.
fn is_drawn(key: Key) -> bool {
    match key.scenario {
        Scenario::Crowd => key.measure == Measure::Calls,
        Scenario::Mixed => key.measure == Measure::P99,
        _ => key.measure != Measure::P99,
    }
}

/// What speaks one dialect only is drawn with those that speak gunicorn's.
fn dot(results: &Results, key: Key, who: Contestant) -> Option<Spread> {
    let advantage = |who| results.advantage(key.of(who), Contestant::Gunicorn);
    let spread = advantage(who).or_else(|| match who {
        Contestant::RustBinary => advantage(Contestant::Rust),
        _ => None,
    })?;
    (spread.min > 0.0 && spread.max.is_finite()).then_some(spread)
}

fn label(key: Key) -> String {
    format!(
        "{}, {}: {}",
        key.scenario.name(),
        key.case,
        key.measure.label()
    )
}

fn legend(out: &mut String) {
    for (at, (who, colour)) in DRAWN.iter().enumerate() {
        let x = LABELS + at as f64 * 130.0;
        circle(out, (x, 62.0), colour);
        let name = match who {
            Contestant::Python => "app in Python",
            _ => "app in Rust",
        };
        text(out, (x + 9.0, 66.0), "", name);
    }
}

fn grid(out: &mut String, axis: &Axis, bottom: f64) {
    for power in axis.first..=axis.last {
        let x = axis.place(10_f64.powi(power));
        let class = if power == 0 { "one" } else { "g" };
        let _ = writeln!(
            out,
            "<line class=\"{class}\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom}\"/>"
        );
        let number = if power < 0 {
            format!("{:.*}×", power.unsigned_abs() as usize, 10_f64.powi(power))
        } else {
            format!("{:.0}×", 10_f64.powi(power))
        };
        text(out, (x - 8.0, bottom + 18.0), "n", &number);
    }
}

fn draw(out: &mut String, axis: &Axis, y: f64, row: &Row) {
    text(out, (16.0, y + 4.0), "", &row.label);
    for (colour, spread) in &row.dots {
        let (from, to) = (axis.place(spread.min), axis.place(spread.max));
        let _ = writeln!(
            out,
            "<line x1=\"{from:.1}\" y1=\"{y}\" x2=\"{to:.1}\" y2=\"{y}\" stroke=\"{colour}\" \
             stroke-width=\"2\" stroke-opacity=\"0.45\"/>"
        );
        circle(out, (axis.place(spread.median), y), colour);
    }
}

fn circle(out: &mut String, (x, y): (f64, f64), colour: &str) {
    let _ = writeln!(
        out,
        "<circle cx=\"{x:.1}\" cy=\"{y}\" r=\"4.5\" fill=\"{colour}\"/>"
    );
}

fn text(out: &mut String, (x, y): (f64, f64), class: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        out,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y}\">{text}</text>"
    );
}

impl Axis {
    /// Wide enough for all of them and for 1; none of nothing.
    fn around(spreads: impl Iterator<Item = Spread>) -> Option<Axis> {
        let (least, greatest) = spreads
            .map(|spread| (spread.min, spread.max))
            .reduce(|(a, b), (c, d)| (a.min(c), b.max(d)))?;
        Some(Axis {
            first: (least.min(1.0).log10().floor() as i32).max(-6),
            last: (greatest.max(10.0).log10().ceil() as i32).min(9),
        })
    }

    /// So far from the left edge.
    pub(crate) fn place(&self, number: f64) -> f64 {
        let decades = f64::from(self.last - self.first);
        let along = (number.log10() - f64::from(self.first)) / decades;
        LABELS + along.clamp(0.0, 1.0) * SCALE
    }
}
