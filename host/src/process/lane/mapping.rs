//! Shared memory as a range of addresses: what its two processes do with it, and the reasons why that is
//! sound.

use std::io;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::os::fd::AsFd;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU32;

use bytes::{BufMut, BytesMut};
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap, munmap};

/// A mapping of the whole file, until it is dropped.
#[derive(Debug)]
pub(super) struct Mapping {
    base: NonNull<u8>,
    bytes: usize,
}

// SAFETY: it is memory, at the same addresses for all threads; who may use which part of it is agreed
// upon by atomics in it.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    pub(super) fn new(file: &impl AsFd, bytes: usize) -> io::Result<Mapping> {
        let length = NonZeroUsize::new(bytes).ok_or(io::ErrorKind::InvalidInput)?;
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new range of addresses, which nobody else uses; the file's size is sealed, so all
        // of it is there.
        let base = unsafe { mmap(None, length, protection, MapFlags::MAP_SHARED, file, 0) }?;
        Ok(Mapping {
            base: base.cast(),
            bytes,
        })
    }

    /// The word at this offset, a multiple of its size.
    pub(super) fn word(&self, offset: usize) -> &AtomicU32 {
        assert!(offset + size_of::<AtomicU32>() <= self.bytes);
        // SAFETY: within the mapping and aligned, because that begins on a page; both processes use
        // it as an atomic only.
        unsafe { AtomicU32::from_ptr(self.base.add(offset).cast().as_ptr()) }
    }

    /// Copies bytes to this offset, which has to be this side's to write to.
    pub(super) fn write(&self, offset: usize, bytes: &[u8]) {
        self.check(offset, bytes.len());
        // SAFETY: within the mapping; `bytes` is memory of this process's own, or a part of another
        // area, and the other side does not touch what is ours to write to.
        unsafe {
            let target = self.base.add(offset).as_ptr();
            target.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
    }

    /// Appends a copy of bytes from this offset on to `target`.
    pub(super) fn read(&self, offset: usize, bytes: usize, target: &mut BytesMut) {
        self.check(offset, bytes);
        target.reserve(bytes);
        // SAFETY: within the mapping, and room was made in `target`. The other side does not write to
        // what is ours to read; if it did, the copy would be nonsense, as all that it can send.
        unsafe {
            let room = target.spare_capacity_mut().as_mut_ptr().cast::<u8>();
            room.copy_from_nonoverlapping(self.base.add(offset).as_ptr(), bytes);
            target.advance_mut(bytes);
        }
    }

    /// The bytes in this range, where they lie.
    ///
    /// The other side has to leave them alone as long as they are used; it is this same program, so it
    /// does. Code that something had taken over could change them meanwhile, so nothing may be
    /// concluded from what was read of them before.
    pub(super) fn slice(&self, range: Range<usize>) -> &[u8] {
        // SAFETY: initialised (with zeros at first), and not written to, as above.
        unsafe { self.range(range).as_ref() }
    }

    /// Where the bytes in this range lie.
    pub(super) fn range(&self, range: Range<usize>) -> NonNull<[u8]> {
        self.check(range.start, range.len());
        // SAFETY: within the mapping.
        let start = unsafe { self.base.add(range.start) };
        NonNull::slice_from_raw_parts(start, range.len())
    }

    /// Gives back the memory of whole pages, which are zeros then.
    pub(super) fn free(&self, range: Range<usize>) -> io::Result<()> {
        self.check(range.start, range.len());
        // SAFETY: within the mapping, and nobody refers to what it holds.
        unsafe {
            let start = self.base.add(range.start).cast();
            madvise(start, range.len(), MmapAdvise::MADV_REMOVE)?;
        }
        Ok(())
    }

    fn check(&self, offset: usize, bytes: usize) {
        assert!(offset <= self.bytes && bytes <= self.bytes - offset);
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: ours, and nothing refers to it any more. It can only fail for arguments that are none.
        let _ = unsafe { munmap(self.base.cast(), self.bytes) };
    }
}
