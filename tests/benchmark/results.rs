//! Ratios and advantages.

use crate::report::names::{Contestant, Measure, Scenario};
use crate::report::results::{Key, Results};

const RAW: Key = Key {
    scenario: Scenario::Echo,
    case: "1 client",
    contestant: Contestant::Raw,
    measure: Measure::P50,
};

fn results(pairs: &[(Key, &[f64])]) -> Results {
    let mut results = Results::default();
    for (key, numbers) in pairs {
        for number in *numbers {
            results.record(*key, *number);
        }
    }
    results
}

#[test]
fn ratios_are_of_the_same_round() {
    let ours = RAW.of(Contestant::Rust);
    // A machine that is twice as slow in one round does not change the ratio.
    let results = results(&[(RAW, &[1.0, 2.0, 1.0]), (ours, &[3.0, 6.0, 3.0])]);
    let ratio = results.ratio(ours, RAW).unwrap();
    assert_eq!((ratio.median, ratio.min, ratio.max), (3.0, 3.0, 3.0));
}

#[test]
fn who_left_early_is_compared_by_medians() {
    let ours = RAW.of(Contestant::Rust);
    let results = results(&[(RAW, &[1.0]), (ours, &[3.0, 6.0, 4.0])]);
    assert_eq!(results.ratio(ours, RAW).unwrap().median, 4.0);
    assert_eq!(results.ratio(ours, RAW.of(Contestant::Relay)), None);
}

#[test]
fn an_advantage_is_above_one_for_times_and_for_rates() {
    let gunicorn = RAW.of(Contestant::Gunicorn);
    let ours = RAW.of(Contestant::Rust);
    let rate = |key| Key {
        measure: Measure::Calls,
        ..key
    };
    let results = results(&[
        (gunicorn, &[8.0]),
        (ours, &[2.0]),
        (rate(gunicorn), &[2.0]),
        (rate(ours), &[8.0]),
    ]);
    for key in [ours, rate(ours)] {
        let advantage = results.advantage(key, Contestant::Gunicorn).unwrap();
        assert_eq!(advantage.median, 4.0);
    }
}

#[test]
fn nothing_is_infinitely_good() {
    let gunicorn = Key {
        measure: Measure::Failed,
        ..RAW.of(Contestant::Gunicorn)
    };
    let ours = gunicorn.of(Contestant::Rust);
    let results = results(&[(gunicorn, &[1.0]), (ours, &[0.0])]);
    assert_eq!(results.advantage(ours, Contestant::Gunicorn), None);
}
