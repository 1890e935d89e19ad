//! Results, goals and failures as text.

use crate::report::cases;
use crate::report::goal_list::goals;
use crate::report::names::{Contestant, Measure, Scenario};
use crate::report::results::{Key, Results};
use crate::report::table::{of_failures, of_goals, of_results, summary};

const RAW: Key = Key {
    scenario: Scenario::Echo,
    case: cases::ONE_CLIENT,
    contestant: Contestant::Raw,
    measure: Measure::P50,
};

fn three() -> Results {
    let mut results = Results::default();
    for slower in [1.0, 2.0] {
        results.record(RAW, 10e-6 * slower);
        results.record(RAW.of(Contestant::RustBinary), 25e-6 * slower);
        results.record(RAW.of(Contestant::Gunicorn), 250e-6 * slower);
    }
    results
}

#[test]
fn a_row_has_the_spread_and_both_ratios() {
    let table = of_results(&three());
    let ours = table.lines().nth(3).unwrap();
    let cells: Vec<_> = ours.split('|').map(str::trim).collect();
    let expected = [
        "",
        "echo",
        "1 client",
        "dirty, Rust, binary",
        "p50",
        "37.5 µs",
        "25.0 µs – 50.0 µs",
        "2.50×",
        "10.0×",
        "",
    ];
    assert_eq!(cells, expected);
    let widths: Vec<_> = table.lines().map(|line| line.chars().count()).collect();
    assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{table}");
}

#[test]
fn every_goal_has_a_row_also_when_it_is_missed_or_was_not_measured() {
    let evaluations: Vec<_> = goals().iter().map(|goal| goal.evaluate(&three())).collect();
    let table = of_goals(&evaluations);
    assert_eq!(table.lines().count(), goals().len() + 2);
    let not_measured = goals().len();
    assert_eq!(
        summary(&evaluations),
        format!("0 goals met, 0 missed, {not_measured} not measured")
    );
}

#[test]
fn failures_are_told_in_a_line_each() {
    let mut results = Results::default();
    assert_eq!(of_failures(&results), "");
    results.fail(
        Scenario::Crowd,
        Some(Contestant::Gunicorn),
        "closed\nthe connection".to_owned(),
    );
    results.fail(Scenario::Queue, None, "out of time".to_owned());
    assert_eq!(
        of_failures(&results),
        "- crowd, gunicorn: closed / the connection\n- queue: out of time\n"
    );
}
