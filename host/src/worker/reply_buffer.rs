//! Where a worker writes the frames of a reply: large ones at once where the arbiter is going to read
//! them, so that they are copied no more than that.

use std::ops::{Deref, DerefMut};

use crate::process::lane::Taken;
use crate::protocol::Buffer;

/// Memory of its own beyond this is given back after the reply.
const OWN_BYTES_KEPT: usize = 4 << 20;

/// Frames that are being written.
#[derive(Debug, Default)]
pub(super) struct ReplyBuffer {
    own: Vec<u8>,
    area: Option<InArea>,
}

#[derive(Debug)]
struct InArea {
    taken: Taken,
    len: usize,
}

impl ReplyBuffer {
    /// Begins anew, in this area if there is one, else in memory of its own.
    pub(super) fn begin(&mut self, area: Option<Taken>) {
        self.own.clear();
        self.area = area.map(|taken| InArea { taken, len: 0 });
    }

    /// The area that was written to, unless it had too little room.
    pub(super) fn take_area(&mut self) -> Option<Taken> {
        self.area.take().map(|area| area.taken)
    }

    /// The frames were sent.
    pub(super) fn end(&mut self) {
        self.area = None;
        if self.own.capacity() > OWN_BYTES_KEPT {
            self.own = Vec::new();
        }
    }

    /// The area, if all of it will have room there with so much more; if not, everything moves to
    /// memory that grows.
    fn area_with_room(&mut self, more: usize) -> Option<&mut InArea> {
        let has_room = |area: &InArea| area.taken.has_room(area.len.saturating_add(more));
        if let Some(full) = self.area.take_if(|area| !has_room(area)) {
            self.own.extend_from_slice(full.taken.bytes(full.len));
        }
        self.area.as_mut()
    }
}

impl Buffer for ReplyBuffer {
    fn reserve(&mut self, bytes: usize) {
        if self.area.is_none() {
            self.own.reserve(bytes);
        }
    }

    fn push(&mut self, byte: u8) {
        self.extend_from_slice(&[byte]);
    }

    fn extend_from_slice(&mut self, bytes: &[u8]) {
        match self.area_with_room(bytes.len()) {
            Some(area) => {
                area.taken.write(area.len, bytes);
                area.len += bytes.len();
            }
            None => self.own.extend_from_slice(bytes),
        }
    }

    fn resize(&mut self, len: usize, byte: u8) {
        match self.area_with_room(len.saturating_sub(self.len())) {
            Some(area) => {
                if let Some(new) = area.taken.bytes_mut(len).get_mut(area.len..) {
                    new.fill(byte);
                }
                area.len = len;
            }
            None => self.own.resize(len, byte),
        }
    }

    fn truncate(&mut self, len: usize) {
        match &mut self.area {
            Some(area) => area.len = area.len.min(len),
            None => self.own.truncate(len),
        }
    }
}

impl Deref for ReplyBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.area {
            Some(area) => area.taken.bytes(area.len),
            None => &self.own,
        }
    }
}

impl DerefMut for ReplyBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.area {
            Some(area) => area.taken.bytes_mut(area.len),
            None => &mut self.own,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::process::lane::{self, Lane};

    const FRAME_BYTES_MAX: usize = 64 << 10;

    fn lane() -> Lane {
        let [_, worker] = lane::pair(FRAME_BYTES_MAX);
        worker
    }

    /// What a `Vec` has after the same.
    fn write(out: &mut impl Buffer) {
        out.extend_from_slice(b"0123456789");
        out.push(b'a');
        out.truncate(8);
        out.truncate(100);
        out.resize(12, b'-');
        out.resize(11, b'+');
        out[..2].copy_from_slice(b"xy");
        out.copy_within(2..4, 9);
        out.reserve(1000);
        out.extend_from_slice(&[7; 5000]);
    }

    #[test]
    fn it_is_used_as_a_vec_in_an_area_and_without_one() {
        let mut expected = Vec::new();
        write(&mut expected);
        let replies = lane().replies();
        let mut buffer = ReplyBuffer::default();
        for area in [replies.take(), None, replies.take()] {
            let in_area = area.is_some();
            buffer.begin(area);
            write(&mut buffer);
            assert_eq!(*buffer, *expected);
            // Given back when it is dropped.
            assert_eq!(buffer.take_area().is_some(), in_area);
            buffer.end();
        }
    }

    #[test]
    fn what_has_no_room_in_the_area_is_not_lost_and_the_area_is_free_again() {
        let replies = lane().replies();
        let mut buffer = ReplyBuffer::default();
        let mut expected = Vec::new();
        buffer.begin(replies.take());
        while buffer.area.is_some() {
            buffer.extend_from_slice(&[expected.len() as u8; 1000]);
            expected.extend_from_slice(&[expected.len() as u8; 1000]);
        }
        assert!(expected.len() > FRAME_BYTES_MAX);
        assert_eq!(*buffer, *expected);
        assert!(buffer.take_area().is_none() && replies.take().is_some());

        buffer.begin(replies.take());
        buffer.push(1);
        buffer.resize(expected.len() + (1 << 20), 2);
        assert_eq!((buffer[0], buffer.last()), (1, Some(&2)));
        assert!(replies.take().is_some());
    }

    #[test]
    fn what_is_begun_anew_or_ended_takes_nothing() {
        let replies = lane().replies();
        let mut buffer = ReplyBuffer::default();
        buffer.begin(replies.take());
        buffer.push(1);
        assert!(replies.take().is_none());
        buffer.begin(None);
        assert!(buffer.is_empty() && replies.take().is_some());
        buffer.resize(OWN_BYTES_KEPT + 1, 0);
        buffer.end();
        assert_eq!(buffer.own.capacity(), 0);
    }
}
