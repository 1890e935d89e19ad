//! Small messages from a worker to the arbiter, in order. The arbiter reads them when it looks at the
//! worker for any reason; before it stops to do so it says that, and from then on has to be called.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};

use bytes::BytesMut;

use super::doorbell::Doorbell;
use super::mapping::Mapping;
use super::{AREA_BYTES_MIN, PAGE_BYTES, RING_BYTES, word};

/// The longest message that goes through the ring, with its header.
pub(super) const MESSAGE_BYTES_MAX: usize = AREA_BYTES_MIN + 64;

const _: () = assert!(RING_BYTES.is_power_of_two() && MESSAGE_BYTES_MAX < RING_BYTES);

const ABSENT: u32 = 0;
const PRESENT: u32 = 1;

/// The worker's end.
#[derive(Debug)]
pub(crate) struct Inlet {
    mapping: Arc<Mapping>,
    doorbell: Doorbell,
    written: u32,
}

impl Inlet {
    pub(super) fn new(mapping: Arc<Mapping>, doorbell: Doorbell) -> Inlet {
        let written = mapping.word(word::RING_WRITTEN).load(Ordering::Relaxed);
        Inlet {
            mapping,
            doorbell,
            written,
        }
    }

    /// Calls the arbiter, unless it is going to look into the ring anyhow.
    pub(crate) fn call(&self) -> io::Result<()> {
        let attention = self.mapping.word(word::ATTENTION);
        match attention.swap(PRESENT, Ordering::SeqCst) {
            PRESENT => Ok(()),
            _ => self.doorbell.ring(),
        }
    }

    /// Takes note that the arbiter is about to hear from the socket, and will look into the ring then.
    pub(crate) fn will_be_called(&self) {
        let attention = self.mapping.word(word::ATTENTION);
        attention.store(PRESENT, Ordering::SeqCst);
    }

    /// Adds a message in two parts, if it has room. Then the arbiter has to be called.
    pub(crate) fn put(&mut self, head: &[u8], body: &[u8]) -> bool {
        let bytes = head.len() + body.len();
        let read = self.mapping.word(word::RING_READ).load(Ordering::Acquire);
        let used = self.written.wrapping_sub(read) as usize;
        if bytes > MESSAGE_BYTES_MAX || used + bytes > RING_BYTES {
            return false;
        }
        self.append(head);
        self.append(body);
        let written = self.mapping.word(word::RING_WRITTEN);
        written.store(self.written, Ordering::Release);
        // The message has to be there for all to see before this side looks whether the other one is
        // still attentive: that one looks for messages after it has said that it is not.
        fence(Ordering::SeqCst);
        true
    }

    fn append(&mut self, bytes: &[u8]) {
        let at = self.written as usize % RING_BYTES;
        let (first, rest) = bytes.split_at(bytes.len().min(RING_BYTES - at));
        self.mapping.write(PAGE_BYTES + at, first);
        self.mapping.write(PAGE_BYTES, rest);
        self.written = self.written.wrapping_add(bytes.len() as u32);
    }
}

/// The arbiter's end.
#[derive(Debug)]
pub(crate) struct Outlet {
    mapping: Arc<Mapping>,
    read: u32,
}

/// The worker's count of what is in the ring cannot be true.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("more bytes in the ring than have room")]
pub(crate) struct Corrupt;

impl Outlet {
    pub(super) fn new(mapping: Arc<Mapping>) -> Outlet {
        let read = mapping.word(word::RING_READ).load(Ordering::Relaxed);
        Outlet { mapping, read }
    }

    /// Appends all messages that are there to `target`.
    pub(crate) fn drain(&mut self, target: &mut BytesMut) -> Result<(), Corrupt> {
        let written = self.written();
        let bytes = written.wrapping_sub(self.read) as usize;
        if bytes > RING_BYTES {
            return Err(Corrupt);
        }
        if bytes == 0 {
            return Ok(());
        }
        let at = self.read as usize % RING_BYTES;
        let first = bytes.min(RING_BYTES - at);
        self.mapping.read(PAGE_BYTES + at, first, target);
        self.mapping.read(PAGE_BYTES, bytes - first, target);
        self.read = written;
        let read = self.mapping.word(word::RING_READ);
        read.store(written, Ordering::Release);
        Ok(())
    }

    /// Says that the ring is not looked at any more until somebody calls. False if there is something in
    /// it now: then it has to be looked at again.
    pub(crate) fn rest(&self) -> bool {
        let attention = self.mapping.word(word::ATTENTION);
        attention.store(ABSENT, Ordering::SeqCst);
        // See `Inlet::put`.
        fence(Ordering::SeqCst);
        let is_empty = self.written() == self.read;
        if !is_empty {
            self.attend();
        }
        is_empty
    }

    /// Says that the ring is going to be looked at.
    pub(crate) fn attend(&self) {
        let attention = self.mapping.word(word::ATTENTION);
        attention.store(PRESENT, Ordering::SeqCst);
    }

    fn written(&self) -> u32 {
        let written = self.mapping.word(word::RING_WRITTEN);
        written.load(Ordering::Acquire)
    }
}
