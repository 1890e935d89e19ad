//! How many bytes the host holds for its clients: requests, from the moment in which they arrive,
//! and replies, until they are written.
//!
//! It counts memory that is there, never what was announced, and says when that is too much. What
//! follows is decided elsewhere: `reader` refuses requests, `overload` closes clients.
//!
//! Requests may take three quarters, whatever is held of replies, so that clients who leave replies
//! unread cannot lock the others out. Replies may take all that is not requests, so a quarter at
//! least: otherwise calls would be made whose results find no room.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::outbox::COPIED_BYTES_MAX;
use crate::protocol::WireError;

/// Even the smallest budget takes one frame of the largest size, and what is read along with it.
const MARGIN_BYTES: usize = 1 << 20;
/// What a client is told to wait before it tries again, in seconds.
const RETRY_AFTER: u32 = 1;

/// A count that is shared by all who hold something.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    // The memory of a frame may be freed wherever a `Bytes` can be sent to: hence no `Rc<Cell>`.
    counts: Arc<[AtomicUsize; 2]>,
    bytes_max: usize,
    frame_bytes_max: usize,
}

/// What bytes belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    Requests,
    Replies,
}

/// A part of a count, which ends with this value.
#[derive(Debug)]
pub(super) struct Held {
    counts: Arc<[AtomicUsize; 2]>,
    share: Share,
    bytes: usize,
}

/// Memory and its part of the count: they end together.
struct Charged {
    memory: Bytes,
    _held: Held,
}

impl Budget {
    /// Nothing is held. Room for one frame of the largest size there is in any case.
    pub(super) fn new(bytes_max: usize, frame_bytes_max: usize) -> Budget {
        Budget {
            counts: Arc::default(),
            bytes_max,
            frame_bytes_max,
        }
    }

    /// How many bytes are held.
    pub(super) fn held_bytes(&self) -> usize {
        self.share_bytes(Share::Requests) + self.share_bytes(Share::Replies)
    }

    fn share_bytes(&self, share: Share) -> usize {
        self.counts[share as usize].load(Ordering::Relaxed)
    }

    /// How many bytes may be held, as configured.
    pub(super) fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// Whether no further request can be taken.
    pub(super) fn is_full(&self) -> bool {
        let requests_max = self.bytes_max - self.bytes_max / 4;
        self.share_bytes(Share::Requests) > requests_max.max(self.bytes_min())
    }

    /// Whether more is held than may be. It is replies that are too many.
    pub(super) fn is_exceeded(&self) -> bool {
        self.held_bytes() > self.bytes_max.max(self.bytes_min())
    }

    /// Whether a reply that can wait should be made now. Not while more is held than may be, but in any
    /// case while no other is held: what it answers is freed with it.
    pub(super) fn takes_reply(&self) -> bool {
        !self.is_exceeded() || self.share_bytes(Share::Replies) == 0
    }

    fn bytes_min(&self) -> usize {
        self.frame_bytes_max.saturating_add(MARGIN_BYTES)
    }

    /// Nothing yet, for somebody who holds a changing amount.
    pub(super) fn hold(&self, share: Share) -> Held {
        Held {
            counts: self.counts.clone(),
            share,
            bytes: 0,
        }
    }

    /// Counts this memory for as long as anybody has a share in it.
    pub(super) fn charge(&self, share: Share, memory: Bytes) -> Bytes {
        let mut held = self.hold(share);
        held.set(memory.len());
        Bytes::from_owner(Charged {
            memory,
            _held: held,
        })
    }

    /// Counts a reply until it is written to its client, if it is large. A small one is copied before
    /// it waits, and counted there.
    pub(super) fn charge_reply(&self, frames: Bytes) -> Bytes {
        match frames.len() > COPIED_BYTES_MAX {
            true => self.charge(Share::Replies, frames),
            false => frames,
        }
    }

    /// The answer to a request that cannot be taken.
    pub(super) fn refusal(&self) -> WireError {
        let held = self.held_bytes();
        let message = format!(
            "the host holds {} bytes of requests, which is all that they may take of {} bytes \
             (max_bytes_in_flight): try again later",
            self.share_bytes(Share::Requests),
            self.bytes_max
        );
        WireError::dirty(message)
            .with("retryable", true)
            .with("retry_after", RETRY_AFTER)
            .with("bytes_in_flight", held)
            .with("bytes_in_flight_max", self.bytes_max)
    }
}

impl Held {
    /// Holds this many bytes from now on.
    pub(super) fn set(&mut self, bytes: usize) {
        let count = &self.counts[self.share as usize];
        if bytes > self.bytes {
            count.fetch_add(bytes - self.bytes, Ordering::Relaxed);
        } else if bytes < self.bytes {
            count.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
        }
        self.bytes = bytes;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.set(0);
    }
}

impl AsRef<[u8]> for Charged {
    fn as_ref(&self) -> &[u8] {
        &self.memory
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::Value;

    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn memory_counts_until_its_last_share_is_gone() {
        let budget = Budget::new(100 * MIB, MIB);
        let frame = budget.charge(Share::Requests, Bytes::from(vec![7; 1000]));
        let (share, clone) = (frame.slice(10..20), frame.clone());
        assert_eq!(budget.held_bytes(), 1000);
        drop((frame, clone));
        assert_eq!(budget.held_bytes(), 1000, "a share keeps all of it alive");
        assert_eq!(&share[..], [7; 10]);
        drop(share);
        assert_eq!(budget.held_bytes(), 0);
    }

    #[test]
    fn what_is_held_changes_and_ends() {
        let budget = Budget::new(100 * MIB, MIB);
        let (mut one, mut other) = (budget.hold(Share::Requests), budget.hold(Share::Replies));
        one.set(500);
        other.set(70);
        one.set(300);
        assert_eq!(budget.held_bytes(), 370);
        drop(one);
        assert_eq!(budget.held_bytes(), 70);
    }

    #[test]
    fn requests_have_three_quarters_and_replies_what_is_left() {
        let budget = Budget::new(100 * MIB, MIB);
        let mut requests = budget.hold(Share::Requests);
        let mut replies = budget.hold(Share::Replies);
        for (requests_mib, replies_mib, full, exceeded) in [
            (75, 25, false, false),
            (75, 26, false, true),
            (76, 0, true, false),
            (76, 25, true, true),
            (0, 100, false, false),
            (1, 100, false, true),
        ] {
            requests.set(requests_mib * MIB);
            replies.set(replies_mib * MIB);
            let found = (budget.is_full(), budget.is_exceeded());
            assert_eq!(found, (full, exceeded), "{requests_mib} {replies_mib}");
        }
    }

    #[test]
    fn a_reply_that_can_wait_waits_for_other_replies_only() {
        let budget = Budget::new(100 * MIB, MIB);
        let mut requests = budget.hold(Share::Requests);
        let mut replies = budget.hold(Share::Replies);
        for (requests_mib, replies_mib, takes_reply) in [
            (75, 25, true),
            (75, 26, false),
            (0, 101, false),
            (101, 0, true),
            (100, 1, false),
        ] {
            requests.set(requests_mib * MIB);
            replies.set(replies_mib * MIB);
            let found = budget.takes_reply();
            assert_eq!(found, takes_reply, "{requests_mib} {replies_mib}");
        }
    }

    #[test]
    fn one_frame_of_the_largest_size_always_fits() {
        let budget = Budget::new(64 * MIB, 64 * MIB);
        let mut held = budget.hold(Share::Requests);
        held.set(64 * MIB + 4);
        assert!(!budget.is_full() && !budget.is_exceeded());
        held.set(66 * MIB);
        assert!(budget.is_full() && budget.is_exceeded());
    }

    #[test]
    fn a_refusal_says_what_is_full_and_when_to_try_again() {
        let budget = Budget::new(100 * MIB, MIB);
        let mut held = budget.hold(Share::Requests);
        held.set(80 * MIB);
        let error = budget.refusal();
        assert!(error.message.contains("max_bytes_in_flight"), "{error}");
        let expected = [
            ("retryable", Value::from(true)),
            ("retry_after", Value::from(1)),
            ("bytes_in_flight", Value::from(80 * MIB)),
            ("bytes_in_flight_max", Value::from(100 * MIB)),
        ];
        for (name, value) in expected {
            assert_eq!(error.details[name], value, "{name}");
        }
    }
}
