//! How many bytes the host holds for its clients: requests, from the moment in which they arrive,
//! and replies, until they are written.
//!
//! It counts memory that is there, never what was announced, and says when that is too much. What
//! follows is decided elsewhere: `reader` refuses requests, `overload` closes clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use crate::protocol::WireError;

/// Even the smallest budget takes one frame of the largest size, and what is read along with it.
const MARGIN_BYTES: usize = 1 << 20;
/// What a client is told to wait before it tries again, in seconds.
const RETRY_AFTER: u32 = 1;

/// A count that is shared by all who hold something.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    // The memory of a frame may be freed wherever a `Bytes` can be sent to: hence no `Rc<Cell>`.
    held: Arc<AtomicUsize>,
    bytes_max: usize,
    frame_bytes_max: usize,
}

/// A part of the count, which ends with this value.
#[derive(Debug)]
pub(super) struct Held {
    count: Arc<AtomicUsize>,
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
            held: Arc::default(),
            bytes_max,
            frame_bytes_max,
        }
    }

    /// How many bytes are held.
    pub(super) fn held_bytes(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// How many bytes may be held, as configured.
    pub(super) fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// Whether no further request can be taken. A quarter is kept free of requests: otherwise the
    /// replies to those that wait would find no room, and the calls would have been made in vain.
    pub(super) fn is_full(&self) -> bool {
        self.is_above(self.bytes_max - self.bytes_max / 4)
    }

    /// Whether more is held than may be.
    pub(super) fn is_exceeded(&self) -> bool {
        self.is_above(self.bytes_max)
    }

    fn is_above(&self, bytes: usize) -> bool {
        self.held_bytes() > bytes.max(self.frame_bytes_max.saturating_add(MARGIN_BYTES))
    }

    /// Nothing yet, for somebody who holds a changing amount.
    pub(super) fn hold(&self) -> Held {
        Held {
            count: self.held.clone(),
            bytes: 0,
        }
    }

    /// Counts this memory for as long as anybody has a share in it.
    pub(super) fn charge(&self, memory: Bytes) -> Bytes {
        let mut held = self.hold();
        held.set(memory.len());
        Bytes::from_owner(Charged {
            memory,
            _held: held,
        })
    }

    /// The answer to a request that cannot be taken.
    pub(super) fn refusal(&self) -> WireError {
        let held = self.held_bytes();
        let message = format!(
            "the host is full: it holds {held} bytes of requests and of unread replies, of at most \
             {} (max_bytes_in_flight), a quarter of them for replies; try again later",
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
        if bytes > self.bytes {
            self.count.fetch_add(bytes - self.bytes, Ordering::Relaxed);
        } else if bytes < self.bytes {
            self.count.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
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
        let frame = budget.charge(Bytes::from(vec![7; 1000]));
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
        let (mut one, mut other) = (budget.hold(), budget.hold());
        one.set(500);
        other.set(70);
        one.set(300);
        assert_eq!(budget.held_bytes(), 370);
        drop(one);
        assert_eq!(budget.held_bytes(), 70);
    }

    #[test]
    fn a_quarter_is_for_replies_alone() {
        let budget = Budget::new(100 * MIB, MIB);
        let mut held = budget.hold();
        for (mib, full, exceeded) in [(75, false, false), (76, true, false), (101, true, true)] {
            held.set(mib * MIB);
            assert_eq!(
                (budget.is_full(), budget.is_exceeded()),
                (full, exceeded),
                "{mib}"
            );
        }
    }

    #[test]
    fn one_frame_of_the_largest_size_always_fits() {
        let budget = Budget::new(64 * MIB, 64 * MIB);
        let mut held = budget.hold();
        held.set(64 * MIB + 4);
        assert!(!budget.is_full() && !budget.is_exceeded());
        held.set(66 * MIB);
        assert!(budget.is_full() && budget.is_exceeded());
    }

    #[test]
    fn a_refusal_says_what_is_full_and_when_to_try_again() {
        let budget = Budget::new(100 * MIB, MIB);
        let mut held = budget.hold();
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
