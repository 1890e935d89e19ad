//! Numbers with their units; names on the command line.

use clap::ValueEnum;

use crate::report::names::{Scenario, Unit};

#[test]
fn numbers_have_a_unit_that_suits_their_size() {
    let shown = [
        (Unit::Time, 0.000_021_74, "21.7 µs"),
        (Unit::Time, 0.0017, "1.70 ms"),
        (Unit::Time, 6.6, "6.60 s"),
        (Unit::PerSecond, 133_402.4, "133,402/s"),
        (Unit::PerSecond, 5_800_000.0, "5,800,000/s"),
        (Unit::Bytes, 4096.0, "4.00 KiB"),
        (Unit::Bytes, 277_872_640.0, "265 MiB"),
        (Unit::Count, 0.0, "0"),
        (Unit::Ratio, 999.7, "1,000×"),
        (Unit::Share, 0.0004, "0.040 %"),
    ];
    for (unit, number, expected) in shown {
        assert_eq!(unit.show(number), expected);
    }
}

#[test]
fn every_scenario_says_what_it_is() {
    for scenario in Scenario::value_variants() {
        assert!(!scenario.name().is_empty());
        assert!(!scenario.summary().is_empty(), "{scenario:?}");
    }
}
