//! A client that leaves: at once, amid its own frame, with calls in flight, or amid a stream.

use std::path::Path;
use std::time::Duration;

use fastrand::Rng;

use crate::calls::{Call, Ending, Kind, Tally};
use crate::harness::Wire;
use crate::harness::wire::framed;
use crate::run::Run;

const PAUSE_MS_MAX: u64 = 40;

pub(crate) fn run(run: &Run, socket: &Path, mut choices: Rng) -> Tally {
    let mut tally = Tally::default();
    while run.goes_on() {
        let mut wire = Wire::connect(socket);
        match choices.u8(..4) {
            0 => {}
            1 => leave_amid_a_frame(&mut wire, &mut choices),
            2 => leave_calls_behind(&mut wire, &mut choices, &mut tally),
            _ => leave_amid_a_stream(&mut wire, &mut choices, &mut tally),
        }
        // The connection stays open for a moment in some cases, in others it does not.
        if choices.bool() {
            run.pause(Duration::from_millis(choices.u64(..PAUSE_MS_MAX)));
        }
    }
    tally
}

fn leave_amid_a_frame(wire: &mut Wire, choices: &mut Rng) {
    let call = Call::any(choices).message("half", true);
    let frame = framed(call.as_bytes());
    wire.send_bytes(&frame[..choices.usize(..frame.len())]);
}

fn leave_calls_behind(wire: &mut Wire, choices: &mut Rng, tally: &mut Tally) {
    for id in 0..choices.u8(1..8) {
        let call = Call::any(choices);
        wire.send(call.message(&id.to_string(), true));
        tally.count(Ending::GivenUp);
    }
}

fn leave_amid_a_stream(wire: &mut Wire, choices: &mut Rng, tally: &mut Tally) {
    let kind = Kind::Stream {
        chunks: 1_000_000,
        bytes: choices.usize(..50_000),
    };
    let mut call = Call::of(kind, choices);
    wire.send(call.message("stream", true));
    for _ in 0..choices.u8(..8) {
        if let Some(ending) = call.take(&wire.read()) {
            return tally.count(ending);
        }
    }
    tally.count(Ending::GivenUp);
}
