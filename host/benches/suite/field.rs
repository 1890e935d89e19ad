//! The contestants of a scenario, and the rounds in which each has its turn: what disturbs the
//! machine for a while disturbs all of them.

use super::error::Error;
use super::report::names::{Contestant, Measure, Scenario};
use super::report::results::{Key, Results};
use super::suite::{Suite, guarded};

/// What a contestant does in each round. It owns its server.
pub(crate) type Turn<'a> = Box<dyn FnMut(&mut Recorder<'_>) -> Result<(), Error> + 'a>;

/// Where a scenario runs: all of it, servers and client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    OneCore,
    AllCores,
}

/// Those who compete.
pub(crate) struct Field<'a> {
    suite: &'a Suite,
    scenario: Scenario,
    results: &'a mut Results,
    entrants: Vec<(Contestant, Turn<'a>)>,
}

/// Takes down a contestant's numbers.
pub(crate) struct Recorder<'a> {
    scenario: Scenario,
    contestant: Contestant,
    /// None while all warm up.
    results: Option<&'a mut Results>,
}

impl Recorder<'_> {
    /// One number of this round: seconds, bytes, per second or without a unit.
    pub(crate) fn record(&mut self, case: &'static str, measure: Measure, number: f64) {
        let key = Key {
            scenario: self.scenario,
            case,
            contestant: self.contestant,
            measure,
        };
        if let Some(results) = &mut self.results {
            results.record(key, number);
        }
    }
}

impl<'a> Field<'a> {
    /// Nobody yet. What is started from now on runs on these cores.
    pub(crate) fn on(
        on: On,
        suite: &'a Suite,
        scenario: Scenario,
        results: &'a mut Results,
    ) -> Result<Field<'a>, Error> {
        match on {
            On::OneCore => suite.cores.pin_to_one()?,
            On::AllCores => suite.cores.let_run()?,
        }
        Ok(Field {
            suite,
            scenario,
            results,
            entrants: Vec::new(),
        })
    }

    /// One more, unless it cannot be set up: then the others go on, and the reason is told.
    pub(crate) fn enter(
        &mut self,
        contestant: Contestant,
        set_up: impl FnOnce() -> Result<Turn<'a>, Error>,
    ) {
        match guarded(set_up) {
            Ok(turn) => self.entrants.push((contestant, turn)),
            Err(error) => self.fail(Some(contestant), &error),
        }
    }

    /// Gives each its turn in each round; first in one that does not count.
    pub(crate) fn run(mut self, rounds: usize) {
        self.round(true);
        self.run_cold(rounds);
    }

    /// The same without the round that does not count, for what takes long or leaves nothing warm.
    pub(crate) fn run_cold(mut self, rounds: usize) {
        for round in 0..rounds {
            if self.suite.is_over() {
                let reason = format!("out of time after {round} of {rounds} rounds");
                self.results.fail(self.scenario, None, reason);
                break;
            }
            self.round(false);
        }
        // A server that does not stop well is worth telling, too.
        for (contestant, turn) in std::mem::take(&mut self.entrants) {
            if let Err(error) = dropped(turn) {
                self.fail(Some(contestant), &error);
            }
        }
    }

    fn round(&mut self, is_warming_up: bool) {
        for (contestant, mut turn) in std::mem::take(&mut self.entrants) {
            let results = &mut *self.results;
            let mut recorder = Recorder {
                scenario: self.scenario,
                contestant,
                results: (!is_warming_up).then_some(results),
            };
            match guarded(|| turn(&mut recorder)) {
                Ok(()) => self.entrants.push((contestant, turn)),
                Err(error) => {
                    self.fail(Some(contestant), &error);
                    // The failure is told; how its server ends says nothing more.
                    let _ = dropped(turn);
                }
            }
        }
    }

    fn fail(&mut self, contestant: Option<Contestant>, error: &Error) {
        self.results
            .fail(self.scenario, contestant, error.to_string());
    }
}

/// Ends a contestant's server, which may complain.
fn dropped(turn: Turn<'_>) -> Result<(), Error> {
    guarded(|| {
        drop(turn);
        Ok(())
    })
}
