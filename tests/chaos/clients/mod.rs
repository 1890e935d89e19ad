//! The clients: each is a thread that makes calls until the run is over, then waits for the last
//! of its replies.

mod hasty;
mod multiplexed;
mod plain;
mod reference;
mod slow;

use std::path::Path;
use std::thread::{Scope, ScopedJoinHandle};

use fastrand::Rng;

use crate::calls::Tally;
use crate::run::Run;

type Client = fn(&Run, &Path, Rng) -> Tally;

/// Each kind of client, and how many there are of it.
const CLIENTS: [(Client, usize); 5] = [
    (plain::run, 6),
    (multiplexed::run, 3),
    (slow::run, 3),
    (hasty::run, 3),
    (reference::run, 2),
];

/// Starts them all.
pub(crate) fn start<'scope>(
    scope: &'scope Scope<'scope, '_>,
    run: &'scope Run,
    socket: &'scope Path,
) -> Vec<ScopedJoinHandle<'scope, Tally>> {
    let each = CLIENTS
        .iter()
        .flat_map(|(client, count)| std::iter::repeat_n(*client, *count));
    each.map(|client| {
        let choices = run.choices();
        scope.spawn(move || {
            let _guard = run.guard();
            client(run, socket, choices)
        })
    })
    .collect()
}
