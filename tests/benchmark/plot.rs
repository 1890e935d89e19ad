//! The plot.

use crate::report::cases;
use crate::report::names::{Contestant, Measure, Scenario};
use crate::report::plot::{Axis, DRAWN, LABELS, SCALE, svg};
use crate::report::results::{Key, Results};

const GUNICORN: Key = Key {
    scenario: Scenario::Echo,
    case: cases::ONE_CLIENT,
    contestant: Contestant::Gunicorn,
    measure: Measure::P50,
};

fn circles(svg: &str) -> usize {
    svg.matches("<circle").count() - DRAWN.len()
}

#[test]
fn each_thing_that_both_do_has_a_dot() {
    let mut results = Results::default();
    assert_eq!(svg(&results, ""), None);
    results.record(GUNICORN, 250e-6);
    assert_eq!(svg(&results, ""), None);
    results.record(GUNICORN.of(Contestant::RustBinary), 25e-6);
    assert_eq!(circles(&svg(&results, "").unwrap()), 1);
    results.record(GUNICORN.of(Contestant::Python), 500e-6);
    let drawn = svg(&results, "2 < 3 & so on").unwrap();
    assert_eq!(circles(&drawn), 2);
    assert!(drawn.contains("echo, 1 client: p50"));
    assert!(drawn.contains("2 &lt; 3 &amp; so on"));
    // Half as good lies left of the line at 1, which has to be there.
    assert!(drawn.contains("class=\"one\""));
    assert!(drawn.contains("0.1×"));
}

#[test]
fn the_scale_is_logarithmic() {
    let axis = Axis { first: -1, last: 3 };
    assert_eq!(axis.place(0.1), LABELS);
    assert_eq!(axis.place(10.0), LABELS + SCALE / 2.0);
    assert_eq!(axis.place(1e9), LABELS + SCALE);
}
