//! Room for one frame, which one side leaves there for the other. Whoever finds it free takes it; it is
//! free again when the last reference to the frame is gone.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::mapping::Mapping;

const FREE: u32 = 0;
const TAKEN: u32 = 1;

/// One end's handle on an area.
#[derive(Clone, Debug)]
pub(crate) struct Area {
    mapping: Arc<Mapping>,
    /// Where in the mapping it says whether it is taken.
    flag: usize,
    range: Range<usize>,
}

impl Area {
    pub(super) fn new(mapping: Arc<Mapping>, flag: usize, range: Range<usize>) -> Area {
        Area {
            mapping,
            flag,
            range,
        }
    }

    /// Takes it, if it is free.
    pub(crate) fn take(&self) -> Option<Taken> {
        let flag = self.mapping.word(self.flag);
        flag.compare_exchange(FREE, TAKEN, Ordering::Acquire, Ordering::Relaxed)
            .ok()?;
        Some(Taken::new(self))
    }

    /// The frame of this length that the other side has left here. It stays until what is returned is
    /// dropped, with all that was made of it. None if no such frame has room.
    pub(crate) fn frame(&self, bytes: usize) -> Option<Bytes> {
        let fits = bytes <= self.range.len();
        fits.then(|| {
            Bytes::from_owner(Frame {
                taken: Taken::new(self),
                bytes,
            })
        })
    }

    /// Gives back the memory, unless it is in use. False if it is.
    pub(crate) fn give_back(&self) -> bool {
        let Some(_taken) = self.take() else {
            return false;
        };
        // What cannot be given back is used again.
        let _ = self.mapping.free(self.range.clone());
        true
    }
}

/// The right to an area. It ends with this value, unless it is handed over.
#[derive(Debug)]
pub(crate) struct Taken {
    area: Area,
    handed_over: bool,
}

impl Taken {
    fn new(area: &Area) -> Taken {
        Taken {
            area: area.clone(),
            handed_over: false,
        }
    }

    /// Copies bytes to this position. They have to have room.
    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        assert!(self.has_room(at + bytes.len()), "the area is full");
        self.area.mapping.write(self.area.range.start + at, bytes);
    }

    /// So many bytes from the beginning on. They have to have room.
    pub(crate) fn bytes(&self, len: usize) -> &[u8] {
        assert!(self.has_room(len), "beyond the area");
        let Area { mapping, range, .. } = &self.area;
        mapping.slice(range.start..range.start + len)
    }

    /// The same, to be changed.
    pub(crate) fn bytes_mut(&mut self, len: usize) -> &mut [u8] {
        assert!(self.has_room(len), "beyond the area");
        let Area { mapping, range, .. } = &self.area;
        let mut bytes = mapping.range(range.start..range.start + len);
        // SAFETY: initialised (with zeros at first), and nobody else's as long as this value lives.
        unsafe { bytes.as_mut() }
    }

    /// Whether so many bytes have room.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        bytes <= self.area.range.len()
    }

    /// Leaves what was written to the other side, who is told of it in another way.
    pub(crate) fn hand_over(mut self) {
        self.handed_over = true;
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if !self.handed_over {
            let flag = self.area.mapping.word(self.area.flag);
            flag.store(FREE, Ordering::Release);
        }
    }
}

/// A frame where it lies.
struct Frame {
    taken: Taken,
    bytes: usize,
}

impl AsRef<[u8]> for Frame {
    fn as_ref(&self) -> &[u8] {
        let Area { mapping, range, .. } = &self.taken.area;
        mapping.slice(range.start..range.start + self.bytes)
    }
}
