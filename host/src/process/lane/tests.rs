#![allow(clippy::unwrap_used)]
use std::thread;

use bytes::{Buf, BytesMut};

use super::ring::MESSAGE_BYTES_MAX;
use super::*;

const FRAME_BYTES_MAX: usize = 1 << 20;

/// The arbiter's end and the worker's.
fn ends() -> (Lane, Lane) {
    pair(FRAME_BYTES_MAX).into()
}

#[test]
fn a_frame_that_is_left_in_an_area_keeps_it_taken_until_its_last_part_is_dropped() {
    let (arbiter, worker) = ends();
    let (ours, theirs) = (arbiter.requests(), worker.requests());
    let mut taken = ours.take().unwrap();
    taken.write(0, b"first ");
    taken.write(6, b"second");
    assert!(ours.take().is_none() && theirs.take().is_none());
    taken.hand_over();
    let frame = theirs.frame(12).unwrap();
    assert_eq!(&frame[..], b"first second");
    let part = frame.slice(6..);
    drop(frame);
    assert!(ours.take().is_none(), "a part is still in use");
    assert_eq!(&part[..], b"second");
    drop(part);
    assert!(ours.take().is_some());
}

#[test]
fn an_area_that_is_not_handed_over_is_free_again() {
    let (arbiter, worker) = ends();
    drop(arbiter.requests().take().unwrap());
    assert!(worker.requests().take().is_some());
    let taken = worker.replies().take().unwrap();
    assert!(arbiter.requests().take().is_some(), "each area for itself");
    drop(taken);
}

#[test]
fn the_largest_frame_has_room_and_none_beyond_it_is_believed() {
    let (arbiter, worker) = ends();
    let largest = hop::payload_bytes_max(FRAME_BYTES_MAX);
    let frame = vec![7; largest];
    let mut taken = worker.replies().take().unwrap();
    assert!(taken.has_room(largest));
    taken.write(0, &frame);
    taken.hand_over();
    assert_eq!(arbiter.replies().frame(largest).unwrap(), frame);
    let beyond = largest.next_multiple_of(PAGE_BYTES) + 1;
    assert!(arbiter.replies().frame(beyond).is_none());
}

#[test]
fn memory_that_is_given_back_is_zero_and_memory_in_use_is_not_given_back() {
    let (arbiter, worker) = ends();
    let mut taken = arbiter.requests().take().unwrap();
    taken.write(0, &[7; 10_000]);
    taken.hand_over();
    let frame = worker.requests().frame(10_000).unwrap();
    assert!(!worker.requests().give_back());
    assert_eq!(frame, vec![7; 10_000]);
    drop(frame);
    assert!(worker.requests().give_back());
    assert_eq!(worker.requests().frame(10_000).unwrap(), vec![0; 10_000]);
}

/// A message: its length in one byte, then that many bytes of a running number.
fn message(number: u32) -> Vec<u8> {
    let length = (number * 7 % 250) as u8;
    [vec![length], vec![number as u8; length.into()]].concat()
}

#[test]
fn messages_arrive_whole_and_in_order_also_around_the_ends_of_the_ring() {
    let (arbiter, worker) = ends();
    let (mut outlet, mut inlet) = (arbiter.outlet(), worker.inlet());
    let count = 20_000;
    let sender = thread::spawn(move || {
        for number in 0..count {
            let message = message(number);
            let (head, body) = message.split_at(1);
            while !inlet.put(head, body) {
                thread::yield_now();
            }
        }
    });
    let mut received = BytesMut::new();
    for number in 0..count {
        let expected = message(number);
        while received.len() < expected.len() {
            outlet.drain(&mut received).unwrap();
        }
        assert_eq!(received[..expected.len()], expected);
        received.advance(expected.len());
    }
    sender.join().unwrap();
    assert!(outlet.rest());
}

#[test]
fn what_has_no_room_is_not_put_in_part() {
    let (arbiter, worker) = ends();
    let (mut outlet, mut inlet) = (arbiter.outlet(), worker.inlet());
    assert!(
        !inlet.put(&[1; 64], &[2; MESSAGE_BYTES_MAX - 63]),
        "too long"
    );
    let mut accepted = 0;
    while inlet.put(&[1; 16], &[2; 1000]) {
        accepted += 1016;
    }
    assert!(accepted > RING_BYTES - 1016 && accepted <= RING_BYTES);
    let mut received = BytesMut::new();
    outlet.drain(&mut received).unwrap();
    assert_eq!(received.len(), accepted);
    assert!(inlet.put(&[1; 16], &[2; 1000]));
}

#[test]
fn no_message_is_forgotten_by_an_arbiter_that_rests() {
    let (arbiter, worker) = ends();
    let (mut outlet, inlet) = (arbiter.outlet(), worker.inlet());
    let rings = || {
        inlet.call().unwrap();
        take_rings(&arbiter.doorbell())
    };
    assert_eq!(rings(), 1, "nobody looks at first");
    assert_eq!(rings(), 0, "it was called already");
    assert!(outlet.rest());
    outlet.attend();
    assert_eq!(rings(), 0);
    assert!(worker.inlet().put(b"head", b"body"));
    assert!(!outlet.rest(), "there is something");
    assert_eq!(rings(), 0);
    outlet.drain(&mut BytesMut::new()).unwrap();
    assert!(outlet.rest());
    assert_eq!(rings(), 1);
    assert!(outlet.rest());
    inlet.will_be_called();
    assert_eq!(rings(), 0);
}

/// How often it was rung since this was last asked.
fn take_rings(doorbell: &Doorbell) -> u64 {
    let doorbell: Arc<OwnedFd> = doorbell.clone().into();
    let mut count = [0; 8];
    match rustix::io::read(doorbell, &mut count) {
        Ok(_) => u64::from_ne_bytes(count),
        Err(rustix::io::Errno::AGAIN) => 0,
        Err(errno) => panic!("{errno}"),
    }
}

/// Each message either finds the arbiter attentive or leads to a call, at whatever moment it rests.
#[test]
fn a_message_is_always_read_or_called_for() {
    let (arbiter, worker) = ends();
    let (mut outlet, mut inlet) = (arbiter.outlet(), worker.inlet());
    let doorbell = arbiter.doorbell();
    let count = 20_000_u32;
    let sender = thread::spawn(move || {
        for number in 0..count {
            while !inlet.put(&number.to_le_bytes(), &[]) {
                thread::yield_now();
            }
            inlet.call().unwrap();
        }
    });
    let mut received = BytesMut::new();
    while received.len() < count as usize * size_of::<u32>() {
        outlet.drain(&mut received).unwrap();
        if outlet.rest() && received.len() < count as usize * size_of::<u32>() {
            while take_rings(&doorbell) == 0 {
                thread::yield_now();
            }
            outlet.attend();
        }
    }
    sender.join().unwrap();
    for number in 0..count {
        assert_eq!(received.get_u32_le(), number);
    }
}

#[test]
fn a_count_that_cannot_be_true_is_noticed() {
    let (arbiter, worker) = ends();
    let mut outlet = arbiter.outlet();
    let written = worker.mapping.word(word::RING_WRITTEN);
    for lie in [RING_BYTES as u32 + 1, u32::MAX] {
        written.store(lie, std::sync::atomic::Ordering::Relaxed);
        let drained = outlet.drain(&mut BytesMut::new());
        assert_eq!(
            drained.unwrap_err().to_string(),
            "more bytes in the ring than have room"
        );
    }
}

#[test]
fn a_seal_more_does_no_harm() {
    // As with `vm.memfd_noexec` set: sealed against being executed.
    let not_executable = MFdFlags::from_bits_retain(nix::libc::MFD_NOEXEC_SEAL);
    let flags = MFdFlags::MFD_ALLOW_SEALING | not_executable;
    let memory = memfd_create("dirty-lane", flags).unwrap();
    ftruncate(&memory, lane_bytes(FRAME_BYTES_MAX) as i64).unwrap();
    fcntl(&memory, FcntlArg::F_ADD_SEALS(seals())).unwrap();
    assert!(Lane::open(with_doorbell(memory), FRAME_BYTES_MAX).is_ok());
}

fn with_doorbell(memory: OwnedFd) -> LaneFiles {
    LaneFiles {
        memory,
        doorbell: doorbell::create().unwrap(),
    }
}

#[test]
fn only_memory_that_cannot_shrink_is_taken() {
    let file = tempfile::tempfile().unwrap();
    let refused = Lane::open(with_doorbell(file.into()), FRAME_BYTES_MAX);
    assert!(matches!(refused, Err(LaneError::Other)), "{refused:?}");
    let unsealed = memfd_create("dirty-lane", MFdFlags::MFD_ALLOW_SEALING).unwrap();
    ftruncate(&unsealed, lane_bytes(FRAME_BYTES_MAX) as i64).unwrap();
    assert!(Lane::open(with_doorbell(unsealed), FRAME_BYTES_MAX).is_err());
    let files = create(FRAME_BYTES_MAX).unwrap();
    assert!(ftruncate(&files.memory, 0).is_err());
    assert!(Lane::open(files, FRAME_BYTES_MAX / 2).is_err());
}
