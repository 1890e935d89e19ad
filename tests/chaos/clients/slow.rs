//! A client that asks for long streams and reads them slowly, to the end.

use std::path::Path;
use std::time::Duration;

use fastrand::Rng;

use crate::calls::{Call, Kind, Tally};
use crate::harness::Wire;
use crate::run::Run;

const PACE_MS_MAX: u64 = 60;

pub(crate) fn run(run: &Run, socket: &Path, mut choices: Rng) -> Tally {
    let mut tally = Tally::default();
    while run.goes_on() {
        let kind = Kind::Stream {
            chunks: choices.u64(20..60),
            bytes: choices.usize(20_000..100_000),
        };
        let mut call = Call::of(kind, &mut choices);
        let mut wire = Wire::connect(socket);
        wire.send(call.message("slow", choices.bool()));
        let ending = loop {
            run.pause(Duration::from_millis(choices.u64(..PACE_MS_MAX)));
            if let Some(ending) = call.take(&wire.read()) {
                break ending;
            }
        };
        tally.count(ending);
        assert!(!wire.has_input(), "something follows the end of {call:?}");
    }
    tally
}
