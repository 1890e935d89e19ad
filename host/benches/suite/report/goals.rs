//! What a goal is, and whether a run has reached it.

use serde::Serialize;

use super::names::{Contestant, Measure, Scenario, Unit};
use super::results::{Key, Results};
use super::statistics::Spread;

/// One thing to reach.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal {
    pub(crate) text: &'static str,
    figure: Figure,
    bound: Bound,
}

/// Which number it is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Figure {
    Value(Key),
    Ratio(Key, Key),
}

/// Where that has to lie.
#[derive(Clone, Copy, Debug)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// What has become of a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Met,
    Missed,
    /// Whatever it takes was not run, or failed.
    NotMeasured,
}

/// A goal with the run's figure.
#[derive(Debug, Serialize)]
pub(crate) struct Evaluation {
    pub(crate) goal: &'static str,
    /// As text: `≤ 3.00×`.
    pub(crate) bound: String,
    pub(crate) figure: Option<Spread>,
    /// The figure as text; empty where it was not measured.
    pub(crate) shown: String,
    pub(crate) verdict: Verdict,
}

/// What is measured of somebody there.
pub(crate) const fn key(
    scenario: Scenario,
    case: &'static str,
    contestant: Contestant,
    measure: Measure,
) -> Key {
    Key {
        scenario,
        case,
        contestant,
        measure,
    }
}

impl Goal {
    /// The figure may reach the bound, and not exceed it.
    pub(crate) const fn at_most(text: &'static str, figure: Figure, bound: f64) -> Goal {
        Goal {
            text,
            figure,
            bound: Bound::AtMost(bound),
        }
    }

    /// The figure has to reach the bound.
    pub(crate) const fn at_least(text: &'static str, figure: Figure, bound: f64) -> Goal {
        Goal {
            text,
            figure,
            bound: Bound::AtLeast(bound),
        }
    }

    /// Which of the scenarios it is about.
    pub(crate) fn scenario(&self) -> Scenario {
        match self.figure {
            Figure::Value(key) | Figure::Ratio(key, _) => key.scenario,
        }
    }

    /// Whether these results reach it. The median decides, but of failures the worst round does.
    pub(crate) fn evaluate(&self, results: &Results) -> Evaluation {
        let (figure, unit) = match self.figure {
            Figure::Value(key) => (results.spread(key), key.measure.unit()),
            Figure::Ratio(key, by) => (results.ratio(key, by), Unit::Ratio),
        };
        let decisive = figure.map(|spread| match unit {
            Unit::Count => spread.max,
            _ => spread.median,
        });
        Evaluation {
            goal: self.text,
            bound: match self.bound {
                Bound::AtMost(bound) => format!("≤ {}", unit.show(bound)),
                Bound::AtLeast(bound) => format!("≥ {}", unit.show(bound)),
            },
            figure,
            shown: decisive.map_or_else(String::new, |figure| unit.show(figure)),
            verdict: decisive.map_or(Verdict::NotMeasured, |figure| self.verdict(figure)),
        }
    }

    fn verdict(&self, figure: f64) -> Verdict {
        let met = match self.bound {
            Bound::AtMost(bound) => figure <= bound,
            Bound::AtLeast(bound) => figure >= bound,
        };
        if met { Verdict::Met } else { Verdict::Missed }
    }
}

impl Verdict {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Verdict::Met => "met",
            Verdict::Missed => "MISSED",
            Verdict::NotMeasured => "not measured",
        }
    }
}
