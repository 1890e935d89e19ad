//! Medians, least and greatest, percentiles.

use crate::report::statistics::{Spread, percentile};

#[test]
fn a_spread_is_the_middle_and_both_ends() {
    let spread = Spread::of([3.0, 1.0, 2.0]);
    let expected = Spread {
        median: 2.0,
        min: 1.0,
        max: 3.0,
    };
    assert_eq!(spread, Some(expected));
    assert_eq!(Spread::of([]), None);
    let of_two = Spread::of([1.0, 2.0]).unwrap();
    assert_eq!(of_two.median, 1.5);
}

#[test]
fn percentiles_are_rounded_against_whoever_is_measured() {
    let hundred: Vec<f64> = (0..100).map(f64::from).collect();
    assert_eq!(percentile(&hundred, 0), Some(0.0));
    assert_eq!(percentile(&hundred, 50), Some(50.0));
    assert_eq!(percentile(&hundred, 99), Some(99.0));
    assert_eq!(percentile(&[1.0, 9.0], 99), Some(9.0));
    assert_eq!(percentile(&[], 99), None);
}
