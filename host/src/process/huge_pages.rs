//! Huge pages for the memories of apps. A fork copies one entry for each page that the mold has, and the end
//! of a copy takes them away again: with pages of 2 MiB instead of 4 KiB a large state costs hardly more
//! than a small one. The app finds its way through it faster, too.
//!
//! What a copy writes to is still copied in pieces of 4 KiB, but where it does that first a huge page
//! has to be taken apart, which costs more than to have copied its small ones' entries. So the beginning
//! of a memory, which is all that most apps have and where calls write most, keeps small pages.

use std::ffi::c_void;
use std::fs;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::ptr::NonNull;

use nix::sys::mman::{MmapAdvise, madvise};

/// The beginning of a memory. An interpreter and its modules have room in it.
const SMALL_PAGES_BYTES: usize = 32 << 20;

/// Asks for huge pages in every reservation of this length or more, but for its beginning: addresses of which only a first
/// part can be accessed, and more as the memory grows. What is there already keeps its small pages.
/// Nothing happens where the system has no huge pages.
pub(crate) fn use_in_reservations(bytes_min: usize) {
    let Ok(maps) = fs::read_to_string("/proc/self/maps") else {
        return;
    };
    for range in reservations(&maps, bytes_min) {
        let bytes = range.len().saturating_sub(SMALL_PAGES_BYTES);
        let Some(start) = NonZeroUsize::new(range.end - bytes) else {
            continue;
        };
        let start = NonNull::<c_void>::without_provenance(start);
        // SAFETY: the advice changes neither what memory holds nor who may access it.
        let advised = unsafe { madvise(start, bytes, MmapAdvise::MADV_HUGEPAGE) };
        // A kernel without huge pages.
        let _ = advised;
    }
}

/// In the form of /proc/PID/maps: what can be written to and the anonymous rest behind it that cannot
/// be accessed, where both together have this length.
fn reservations(maps: &str, bytes_min: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut writable: Option<Range<usize>> = None;
    for mapping in maps.lines().filter_map(Mapping::of) {
        let Range { start, end } = mapping.addresses;
        let begin = match &writable {
            Some(before) if before.end == start => before.start,
            _ => start,
        };
        writable = match mapping.access {
            Access::Writable => Some(begin..end),
            Access::None if end - begin >= bytes_min => {
                found.push(begin..end);
                None
            }
            Access::None | Access::Other => None,
        };
    }
    found
}

struct Mapping {
    addresses: Range<usize>,
    access: Access,
}

enum Access {
    Writable,
    /// And of no file.
    None,
    Other,
}

impl Mapping {
    fn of(line: &str) -> Option<Mapping> {
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let address = |hex| usize::from_str_radix(hex, 16).ok();
        let access = match words.next()? {
            "rw-p" => Access::Writable,
            // Behind offset and device.
            "---p" if words.nth(2) == Some("0") => Access::None,
            _ => Access::Other,
        };
        Some(Mapping {
            addresses: address(start)?..address(end)?,
            access,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const GIB: usize = 1 << 30;

    #[test]
    fn a_reservation_is_found_with_its_accessible_part_and_nothing_else_is() {
        let maps = "\
            7f0000000000-7f0000200000 rw-p 00000000 00:00 0 \n\
            7f0000200000-7f0002200000 ---p 00000000 00:00 0 \n\
            7f0002200000-7f0002300000 rw-p 00000000 00:00 0 \n\
            7f0002300000-7f000230a000 rw-p 00075000 fe:00 10248223                   /cache/a.cwasm\n\
            7f000230a000-7f0002310000 rw-p 00000000 00:00 0 \n\
            7f0002310000-7f0104200000 ---p 00000000 00:00 0 \n\
            7f0104200000-7f0104300000 r--p 00000000 fe:00 10248223                   /cache/a.cwasm\n\
            7f0200000000-7f0300000000 ---p 00000000 00:00 0 \n\
            7f0400000000-7f0500000000 ---p 00000000 fe:00 12 /file\n\
            7f0600000000-7f0700000000 rw-s 00000000 00:01 12 /memfd:shared (deleted)\n\
            7f0800000000-7f0900000000 rw-p 00000000 00:00 0 \n\
            7ffd3b8c1000-7ffd3b8e2000 rw-p 00000000 00:00 0                          [stack]\n\
            nonsense\n";
        let found = reservations(maps, 4 * GIB);
        let whole = 0x7f00_0220_0000..0x7f01_0420_0000;
        let without_access = 0x7f02_0000_0000..0x7f03_0000_0000;
        assert_eq!(found, [whole, without_access]);
    }
}
