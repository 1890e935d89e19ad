//! A client of the old kind: one call at a time, without `multiplex`, and now and then a new one
//! before the last has ended. What is left of that may come before the first frame of the new one,
//! where it was on its way already, and never after it.

use std::collections::BTreeMap;
use std::path::Path;

use fastrand::Rng;

use crate::calls::{Call, Ending, Tally};
use crate::harness::Wire;
use crate::harness::wire::framed;
use crate::run::Run;

pub(crate) fn run(run: &Run, socket: &Path, mut choices: Rng) -> Tally {
    let mut tally = Tally::default();
    let mut connection = Connection::open(socket);
    while run.goes_on() {
        let call = Call::any(&mut choices);
        // One in eight is given up.
        let frames_max = (choices.u8(..8) == 0).then(|| choices.u8(..4));
        match connection.make(call, frames_max) {
            Some(ending) => tally.count(ending),
            None => connection = Connection::open(socket),
        }
    }
    tally
}

struct Connection {
    wire: Wire,
    calls_made: u64,
    /// The calls that were given up and of which something may be on its way.
    given_up: BTreeMap<String, Call>,
}

impl Connection {
    fn open(socket: &Path) -> Connection {
        Connection {
            wire: Wire::connect(socket),
            calls_made: 0,
            given_up: BTreeMap::new(),
        }
    }

    /// Makes a call, and gives it up after so many frames of it. Returns how it ended; nothing if the host closed the connection, as it may where a frame of a
    /// call that was given up is written in part.
    fn make(&mut self, mut call: Call, frames_max: Option<u8>) -> Option<Ending> {
        self.calls_made += 1;
        let id = self.calls_made.to_string();
        let raw_id = format!("\"{id}\"");
        let message = call.message(&id, false);
        if self
            .wire
            .try_send_bytes(&framed(message.as_bytes()))
            .is_err()
        {
            return self.closed();
        }
        let mut frames_left = frames_max;
        while frames_left != Some(0) {
            let Some(frame) = self.wire.try_read() else {
                return self.closed();
            };
            if frame.raw("id") != raw_id {
                let late = self.given_up.get_mut(frame.raw("id"));
                late.unwrap_or_else(|| panic!("a late frame before {call:?}: {frame:?}"))
                    .take(&frame);
                continue;
            }
            self.given_up.clear();
            if let Some(ending) = call.take(&frame) {
                return Some(ending);
            }
            frames_left = frames_left.map(|left| left - 1);
        }
        self.given_up.insert(raw_id, call);
        Some(Ending::GivenUp)
    }

    #[track_caller]
    fn closed(&self) -> Option<Ending> {
        assert!(
            !self.given_up.is_empty(),
            "the host closed a connection for no reason"
        );
        None
    }
}
