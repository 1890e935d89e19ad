//! A client that has many calls in flight on one connection, and cancels some of them.

use std::collections::BTreeMap;
use std::path::Path;

use fastrand::Rng;

use crate::calls::{Call, Tally};
use crate::harness::Wire;
use crate::run::Run;

const IN_FLIGHT_MAX: usize = 12;

pub(crate) fn run(run: &Run, socket: &Path, mut choices: Rng) -> Tally {
    let mut tally = Tally::default();
    while run.goes_on() {
        let calls = choices.usize(20..400);
        serve_out(
            run,
            &mut Wire::connect(socket),
            &mut choices,
            calls,
            &mut tally,
        );
    }
    tally
}

/// Makes so many calls on a connection, and waits for the end of each.
fn serve_out(run: &Run, wire: &mut Wire, choices: &mut Rng, calls: usize, tally: &mut Tally) {
    let mut in_flight: BTreeMap<String, Call> = BTreeMap::new();
    let mut made = 0;
    loop {
        let in_flight_max = choices.usize(1..=IN_FLIGHT_MAX);
        while in_flight.len() < in_flight_max && made < calls && run.goes_on() {
            made += 1;
            let call = Call::any(choices);
            wire.send(call.message(&made.to_string(), true));
            in_flight.insert(format!("\"{made}\""), call);
        }
        if in_flight.is_empty() {
            return;
        }
        if choices.u8(..16) == 0 {
            cancel_one(wire, choices, &mut in_flight);
        }
        let frame = wire.read();
        let id = frame.raw("id");
        let call = in_flight
            .get_mut(id)
            .unwrap_or_else(|| panic!("a frame of no call in flight: {frame:?}"));
        if let Some(ending) = call.take(&frame) {
            tally.count(ending);
            in_flight.remove(id);
        }
    }
}

fn cancel_one(wire: &mut Wire, choices: &mut Rng, in_flight: &mut BTreeMap<String, Call>) {
    let which = choices.usize(..in_flight.len());
    if let Some((id, call)) = in_flight.iter_mut().nth(which) {
        call.cancelled = true;
        wire.send(format!(r#"{{"type":"cancel","id":{id}}}"#));
    }
}
