//! Memory for reading clients. An idle connection holds none, and each message comes to an idle one: one
//! buffer goes from hand to hand.

use std::cell::Cell;

use bytes::BytesMut;

/// With less room it is of no use to the next reader.
const ROOM_BYTES_MIN: usize = 16 << 10;
/// What has more for itself alone is not kept.
const BYTES_MAX: usize = 64 << 10;

/// A buffer that nobody uses, if there is one.
#[derive(Default)]
pub(super) struct SpareBuffer(Cell<Option<BytesMut>>);

impl SpareBuffer {
    /// Takes it, or one without memory.
    pub(super) fn take(&self) -> BytesMut {
        self.0.take().unwrap_or_default()
    }

    /// Leaves an empty one for whoever is next, if it has room.
    pub(super) fn put(&self, mut buf: BytesMut) {
        let is_large = buf.try_reclaim(BYTES_MAX + 1);
        if !is_large && buf.try_reclaim(ROOM_BYTES_MIN) {
            self.0.set(Some(buf));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capacity_after(buf: BytesMut) -> usize {
        let spare = SpareBuffer::default();
        spare.put(buf);
        spare.take().capacity()
    }

    #[test]
    fn memory_goes_from_hand_to_hand_with_all_of_its_room() {
        let mut buf = BytesMut::zeroed(ROOM_BYTES_MIN);
        let frame = buf.split_to(1000);
        buf.clear();
        drop(frame);
        assert_eq!(capacity_after(buf), ROOM_BYTES_MIN);
    }

    #[test]
    fn what_is_too_large_or_has_no_room_is_not_kept() {
        assert_eq!(capacity_after(BytesMut::new()), 0);
        assert_eq!(capacity_after(BytesMut::with_capacity(BYTES_MAX + 1)), 0);
        let mut buf = BytesMut::zeroed(BYTES_MAX);
        let _frame = buf.split_to(BYTES_MAX - 1000);
        buf.clear();
        assert_eq!(capacity_after(buf), 0);
    }
}
