#![allow(clippy::unwrap_used)]
use std::thread;

use bytes::Bytes;
use tokio::runtime::{Builder, Runtime};

use super::*;
use crate::process::hop::{CallId, Down, Fate, Header};
use crate::process::lane::{self, AREA_BYTES_MIN};
use crate::process::link::{self, LinkWriter};

const FRAME_BYTES_MAX: usize = 1 << 20;

struct Ends {
    runtime: Runtime,
    incoming: Incoming,
    worker: LinkWriter,
    /// The worker's end of the lane, for lies.
    lane: Lane,
    budget: Budget,
}

fn ends() -> Ends {
    let runtime = Builder::new_current_thread().enable_io().build().unwrap();
    let [arbiter, worker] = lane::pair(FRAME_BYTES_MAX);
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let budget = Budget::new(1 << 30, FRAME_BYTES_MAX);
    let incoming = runtime.block_on(async {
        let socket = Rc::new(Socket::new(ours.into()).unwrap());
        Incoming::new(socket, &arbiter, FRAME_BYTES_MAX, &budget).unwrap()
    });
    let (_, writer) = link::split_with_lane(theirs.into(), FRAME_BYTES_MAX, &worker).unwrap();
    Ends {
        runtime,
        incoming,
        worker: writer,
        lane: worker,
        budget,
    }
}

impl Ends {
    fn send(&mut self, number: u64, bytes: usize) {
        let frame = vec![number as u8; bytes];
        let header = Header::chunk(CallId(number), bytes);
        self.worker.send_frames(header, &frame).unwrap();
    }

    fn listen(&mut self) -> Heard {
        self.runtime.block_on(self.incoming.listen())
    }

    /// All that is here.
    fn take(&mut self) -> Vec<(u64, usize)> {
        let mut taken = Vec::new();
        while let Some(message) = self.incoming.take().unwrap() {
            let Up::Chunk(CallId(number), frame) = message else {
                panic!("{message:?}");
            };
            assert!(frame.iter().all(|byte| *byte == number as u8));
            taken.push((number, frame.len()));
        }
        taken
    }
}

/// How it ends, with nothing left to be taken. Of a ring it may be told when what it was rung for is taken
/// already.
fn end(runtime: &Runtime, incoming: &mut Incoming) -> Heard {
    loop {
        let heard = runtime.block_on(incoming.listen());
        assert!(incoming.take().unwrap().is_none());
        if heard != Heard::Something {
            return heard;
        }
    }
}

#[test]
fn the_first_message_calls_the_arbiter_and_what_follows_waits() {
    let mut ends = ends();
    for number in 1..=3 {
        ends.send(number, 10);
    }
    assert_eq!(ends.listen(), Heard::Something);
    assert_eq!(ends.take(), [(1, 10), (2, 10), (3, 10)]);
    // It has not rested since, so it finds what comes meanwhile without being called.
    ends.send(4, 10);
    assert_eq!(ends.take(), [(4, 10)]);
    ends.send(5, 10);
    assert_eq!(ends.listen(), Heard::Something);
    assert_eq!(ends.take(), [(5, 10)]);
    drop(ends.worker);
    let end = end(&ends.runtime, &mut ends.incoming);
    assert_eq!(end, Heard::End { unread: false });
}

#[test]
fn messages_keep_their_order_however_they_go() {
    let mut ends = ends();
    let mut sent = Vec::new();
    // What finds no room in the ring, or in the area, goes over the socket, which has room for all of
    // what is sent until the next time that it is read.
    for number in 1..=120 {
        let bytes = match number % 10 {
            0 => AREA_BYTES_MIN,
            5 => AREA_BYTES_MIN - 1,
            _ => 100,
        };
        ends.send(number, bytes);
        sent.push((number, bytes));
        if number % 10 == 0 {
            ends.listen();
        }
        if number % 7 == 0 {
            let taken = ends.take();
            assert_eq!(taken, sent[..taken.len()]);
            sent.drain(..taken.len());
        }
    }
    while !sent.is_empty() {
        let taken = ends.take();
        assert_eq!(taken, sent[..taken.len()]);
        sent.drain(..taken.len());
        if !sent.is_empty() {
            assert_eq!(ends.listen(), Heard::Something);
        }
    }
    assert!(ends.incoming.take().unwrap().is_none());
}

#[test]
fn nothing_is_lost_or_reordered_between_a_worker_and_an_arbiter_that_run_at_the_same_time() {
    let ends = ends();
    let Ends {
        runtime,
        mut incoming,
        mut worker,
        ..
    } = ends;
    let count = 30_000_u64;
    let sender = thread::spawn(move || {
        for number in 0..count {
            let bytes = if number % 1000 == 0 {
                AREA_BYTES_MIN
            } else {
                20
            };
            let header = Header::chunk(CallId(number), bytes);
            worker
                .send_frames(header, &vec![number as u8; bytes])
                .unwrap();
        }
    });
    let mut expected = 0;
    while expected < count {
        match incoming.take().unwrap() {
            Some(Up::Chunk(CallId(number), frame)) => {
                assert_eq!(number, expected);
                assert!(frame.iter().all(|byte| *byte == number as u8));
                expected += 1;
            }
            Some(other) => panic!("{other:?}"),
            None => assert_eq!(runtime.block_on(incoming.listen()), Heard::Something),
        }
    }
    sender.join().unwrap();
    let end = end(&runtime, &mut incoming);
    assert_eq!(end, Heard::End { unread: false });
}

#[test]
fn a_large_reply_counts_and_its_area_is_in_use_until_it_is_dropped() {
    let mut ends = ends();
    let frames = vec![7; AREA_BYTES_MIN * 3];
    let header = Header::last(CallId(1), Fate::Healthy, frames.len());
    ends.worker.send_frames(header, &frames).unwrap();
    assert_eq!(ends.listen(), Heard::Something);
    let Some(Up::Final(CallId(1), Fate::Healthy, reply)) = ends.incoming.take().unwrap() else {
        panic!("not the end of a reply");
    };
    assert_eq!(reply, frames);
    assert!(ends.budget.held_bytes() >= frames.len());
    assert!(ends.lane.replies().take().is_none());
    drop(reply);
    assert!(ends.budget.held_bytes() < 100);
    assert!(ends.lane.replies().take().is_some());
}

#[test]
fn a_worker_that_lies_in_the_ring_is_not_believed_and_its_end_is_still_noticed() {
    let part = Header::chunk(CallId(1), 100).bytes();
    // No such kind comes from a worker.
    let unknown = Down::Stop.encode();
    for lie in [&part[..], unknown.head()] {
        let mut ends = ends();
        assert!(ends.lane.inlet().put(lie, b"short"));
        assert!(ends.incoming.take().is_err());
        assert!(ends.incoming.take().unwrap().is_none());
        drop(ends.worker);
        let end = end(&ends.runtime, &mut ends.incoming);
        assert_eq!(end, Heard::End { unread: false });
    }
}

#[test]
fn a_frame_that_has_no_room_in_the_area_is_nonsense() {
    let mut ends = ends();
    let (header, _) = Header::chunk(CallId(1), 8).in_area();
    let beyond = Bytes::copy_from_slice(&u64::MAX.to_le_bytes());
    ends.worker.send_parts(&header.bytes(), &beyond).unwrap();
    assert_eq!(ends.listen(), Heard::Something);
    assert!(ends.incoming.take().is_err());
}
