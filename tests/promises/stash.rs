//! What is promised of the stash.

use crate::harness::Host;
use crate::harness::python::{BINARY_DIALECT, run_peer};

#[test]
fn row_10_a_missing_key_gives_the_default() {
    run_peer(&Host::demo(1), BINARY_DIALECT, "stash_default", 3);
}
