//! What is promised of the stash.

use crate::harness::Host;
use crate::harness::python::{BINARY_DIALECT, run_peer_of};

#[test]
fn row_10_a_missing_key_gives_the_default() {
    run_peer_of(BINARY_DIALECT, &Host::demo(1), "stash_default", 3);
}
