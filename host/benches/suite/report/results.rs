//! The numbers of a run: each contestant's in each round, and how they relate.

use serde::Serialize;

use super::names::{Better, Contestant, Measure, Scenario};
use super::statistics::Spread;

/// What one number is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Key {
    pub(crate) scenario: Scenario,
    /// Which of a scenario's loads, sizes or states.
    pub(crate) case: &'static str,
    pub(crate) contestant: Contestant,
    pub(crate) measure: Measure,
}

/// The numbers of all rounds: seconds, bytes, per second or without a unit.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Series {
    #[serde(flatten)]
    pub(crate) key: Key,
    pub(crate) rounds: Vec<f64>,
}

/// A contestant that could not be measured, or not to the end.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Failure {
    pub(crate) scenario: Scenario,
    /// None if it is the whole scenario.
    pub(crate) contestant: Option<Contestant>,
    pub(crate) reason: String,
}

/// A run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Results {
    series: Vec<Series>,
    failures: Vec<Failure>,
}

impl Key {
    /// The same of somebody else.
    pub(crate) fn of(self, contestant: Contestant) -> Key {
        Key { contestant, ..self }
    }
}

impl Results {
    /// Adds the next round's number.
    pub(crate) fn record(&mut self, key: Key, number: f64) {
        match self.series.iter_mut().find(|series| series.key == key) {
            Some(series) => series.rounds.push(number),
            None => self.series.push(Series {
                key,
                rounds: vec![number],
            }),
        }
    }

    /// Notes that something could not be measured.
    pub(crate) fn fail(
        &mut self,
        scenario: Scenario,
        contestant: Option<Contestant>,
        reason: String,
    ) {
        self.failures.push(Failure {
            scenario,
            contestant,
            reason,
        });
    }

    /// In the order in which they were first measured.
    pub(crate) fn series(&self) -> &[Series] {
        &self.series
    }

    pub(crate) fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// What was found of one thing.
    pub(crate) fn spread(&self, key: Key) -> Option<Spread> {
        Spread::of(self.rounds(key)?.iter().copied())
    }

    /// One thing by another, in the same round where both were measured in every one.
    pub(crate) fn ratio(&self, key: Key, by: Key) -> Option<Spread> {
        let (above, below) = (self.rounds(key)?, self.rounds(by)?);
        if above.len() == below.len() {
            return Spread::of(above.iter().zip(below).map(|(above, below)| above / below));
        }
        let (above, below) = (self.spread(key)?, self.spread(by)?);
        Spread::of([above.median / below.median])
    }

    /// How many times as good as somebody else it is, at the same thing.
    pub(crate) fn advantage(&self, key: Key, over: Contestant) -> Option<Spread> {
        match key.measure.better() {
            Better::Less => self.ratio(key.of(over), key),
            Better::More => self.ratio(key, key.of(over)),
        }
        .filter(|spread| spread.median.is_finite())
    }

    fn rounds(&self, key: Key) -> Option<&[f64]> {
        let series = self.series.iter().find(|series| series.key == key)?;
        Some(&series.rounds)
    }
}
