//! Which goals a run reaches.

use crate::report::cases;
use crate::report::goal_list::goals;
use crate::report::goals::{Evaluation, Verdict, key};
use crate::report::names::{Contestant, Measure, Scenario};
use crate::report::results::{Key, Results};

const ECHO: Key = key(
    Scenario::Echo,
    cases::ONE_CLIENT,
    Contestant::Rust,
    Measure::P50,
);

fn evaluated(text: &str, results: &Results) -> Evaluation {
    let goal = goals().into_iter().find(|goal| goal.text == text).unwrap();
    goal.evaluate(results)
}

#[test]
fn a_ratio_at_its_bound_is_met_and_above_it_missed() {
    let text = "echo, 1 client: p50 to a bare socket's";
    let mut results = Results::default();
    assert_eq!(evaluated(text, &results).verdict, Verdict::NotMeasured);
    results.record(ECHO.of(Contestant::Raw), 10e-6);
    results.record(ECHO, 30e-6);
    let met = evaluated(text, &results);
    assert_eq!(met.verdict, Verdict::Met);
    assert_eq!(
        (met.bound.as_str(), met.shown.as_str()),
        ("≤ 3.00×", "3.00×")
    );
    results.record(ECHO.of(Contestant::Raw), 10e-6);
    results.record(ECHO, 31e-6);
    results.record(ECHO.of(Contestant::Raw), 10e-6);
    results.record(ECHO, 31e-6);
    assert_eq!(evaluated(text, &results).verdict, Verdict::Missed);
}

#[test]
fn a_rate_has_to_reach_its_bound() {
    let text = "10 ms tasks, 4 workers, 200 clients";
    let calls = key(
        Scenario::Tasks,
        cases::TASKS,
        Contestant::Rust,
        Measure::Calls,
    );
    let verdict = |rate| {
        let mut results = Results::default();
        results.record(calls, rate);
        evaluated(text, &results).verdict
    };
    assert_eq!(verdict(395.9), Verdict::Missed);
    assert_eq!(verdict(396.0), Verdict::Met);
}

#[test]
fn one_failed_call_is_too_many() {
    let text = "echo, 200 clients: failed calls";
    let failed = key(
        Scenario::Crowd,
        cases::CLIENTS_200,
        Contestant::Rust,
        Measure::Failed,
    );
    let mut results = Results::default();
    results.record(failed, 0.0);
    results.record(failed, 0.0);
    assert_eq!(evaluated(text, &results).verdict, Verdict::Met);
    results.record(failed, 1.0);
    assert_eq!(evaluated(text, &results).verdict, Verdict::Missed);
}
