//! Memory that the arbiter and one worker share, beside their socket: what is large is handed over in
//! it, and what the worker says waits in it until the arbiter looks, who is called by a doorbell if it
//! has stopped to do so. So large frames cross without passing through the kernel, and many small
//! messages cost one system call.
//!
//! ```text
//! ┌ flags ─┬─ ring: small messages, worker to arbiter ─┬─ requests: one frame ─┬─ replies: one frame ─┐
//! ```
//!
//! What finds no room goes over the socket. The memory is there from the
//! worker's start, but takes none until it is written to. Its size is sealed, so neither side can be
//! hurt by the other's shrinking it; the arbiter checks every length that it finds in it, and never
//! looks into a frame that lies there.

mod area;
mod doorbell;
mod mapping;
mod ring;

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::stat::fstat;
use nix::unistd::ftruncate;

use super::hop;
pub(crate) use area::{Area, Taken};
pub(crate) use doorbell::Doorbell;
use mapping::Mapping;
pub(crate) use ring::{Corrupt, Inlet, Outlet};

/// Frames from this length on are handed over in an area.
pub(crate) const AREA_BYTES_MIN: usize = 16 << 10;

const PAGE_BYTES: usize = 4096;
/// A power of two.
const RING_BYTES: usize = 64 << 10;

/// The words on the first page, each in a cache line of its own.
mod word {
    /// How many bytes were ever put into the ring. The worker writes it.
    pub(super) const RING_WRITTEN: usize = 0;
    /// How many of them were taken out. The arbiter writes it.
    pub(super) const RING_READ: usize = 64;
    /// Whether the arbiter is going to look into the ring without being told to.
    pub(super) const ATTENTION: usize = 128;
    /// Whether somebody uses the area for requests.
    pub(super) const REQUESTS_TAKEN: usize = 192;
    /// The same for replies.
    pub(super) const REPLIES_TAKEN: usize = 256;
}

/// A lane as it is passed from process to process.
#[derive(Debug)]
pub(crate) struct LaneFiles {
    /// The memory.
    pub(crate) memory: OwnedFd,
    /// What the arbiter is called with.
    pub(crate) doorbell: OwnedFd,
}

/// What one end has of it.
#[derive(Debug)]
pub(crate) struct Lane {
    mapping: Arc<Mapping>,
    area_bytes: usize,
    doorbell: Doorbell,
}

/// Why there is no lane.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LaneError {
    /// The process may not make files of that size.
    #[error(
        "{needed} bytes to share with the worker are more than the limit of a file's size lets this \
         process have ({limit}): raise it (ulimit -f), or lower `max_frame`"
    )]
    FileSize {
        /// In bytes.
        needed: usize,
        /// In bytes.
        limit: u64,
    },
    /// What was received is no such memory.
    #[error("the memory that the mold has sent to share with the worker is not what it has to be")]
    Other,
    /// The system refuses.
    #[error("cannot make what is shared with the worker: {0}")]
    Io(#[from] io::Error),
}

/// Makes the lane of one worker, in the process that is about to fork it. The largest client frame has
/// room in it.
pub(crate) fn create(frame_bytes_max: usize) -> Result<LaneFiles, LaneError> {
    let needed = lane_bytes(frame_bytes_max);
    // To exceed this limit would raise a signal.
    let (limit, _) = getrlimit(Resource::RLIMIT_FSIZE).map_err(io::Error::from)?;
    if limit < needed as u64 {
        return Err(LaneError::FileSize { needed, limit });
    }
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let memory = memfd_create("dirty-lane", flags).map_err(io::Error::from)?;
    ftruncate(&memory, needed as i64).map_err(io::Error::from)?;
    fcntl(&memory, FcntlArg::F_ADD_SEALS(seals())).map_err(io::Error::from)?;
    Ok(LaneFiles {
        memory,
        doorbell: doorbell::create()?,
    })
}

fn seals() -> SealFlag {
    SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL
}

fn area_bytes(frame_bytes_max: usize) -> usize {
    hop::payload_bytes_max(frame_bytes_max).next_multiple_of(PAGE_BYTES)
}

fn lane_bytes(frame_bytes_max: usize) -> usize {
    PAGE_BYTES + RING_BYTES + 2 * area_bytes(frame_bytes_max)
}

impl Lane {
    /// Takes one end of what [`create`] has made for the same largest frame.
    pub(crate) fn open(files: LaneFiles, frame_bytes_max: usize) -> Result<Lane, LaneError> {
        let LaneFiles { memory, doorbell } = files;
        let bytes = lane_bytes(frame_bytes_max);
        let found = fstat(&memory).map_err(io::Error::from)?.st_size;
        let sealed = fcntl(&memory, FcntlArg::F_GET_SEALS).map_err(|_| LaneError::Other)?;
        // A system may have added others, against its being executed.
        let is_sealed = SealFlag::from_bits_retain(sealed).contains(seals());
        if found != bytes as i64 || !is_sealed {
            return Err(LaneError::Other);
        }
        Ok(Lane {
            mapping: Arc::new(Mapping::new(&memory, bytes)?),
            area_bytes: area_bytes(frame_bytes_max),
            doorbell: Doorbell::new(doorbell),
        })
    }

    /// Where the arbiter leaves a frame for the worker.
    pub(crate) fn requests(&self) -> Area {
        let start = PAGE_BYTES + RING_BYTES;
        let range = start..start + self.area_bytes;
        Area::new(self.mapping.clone(), word::REQUESTS_TAKEN, range)
    }

    /// Where the worker leaves a frame for the arbiter.
    pub(crate) fn replies(&self) -> Area {
        let start = PAGE_BYTES + RING_BYTES + self.area_bytes;
        let range = start..start + self.area_bytes;
        Area::new(self.mapping.clone(), word::REPLIES_TAKEN, range)
    }

    /// The worker's end of the ring.
    pub(crate) fn inlet(&self) -> Inlet {
        Inlet::new(self.mapping.clone(), self.doorbell.clone())
    }

    /// What the worker calls the arbiter with.
    pub(crate) fn doorbell(&self) -> Doorbell {
        self.doorbell.clone()
    }

    /// The arbiter's end of the ring.
    pub(crate) fn outlet(&self) -> Outlet {
        Outlet::new(self.mapping.clone())
    }
}

/// The arbiter's end of a lane and the worker's.
#[cfg(test)]
pub(crate) fn pair(frame_bytes_max: usize) -> [Lane; 2] {
    let ours = create(frame_bytes_max).expect("a lane");
    let theirs = LaneFiles {
        memory: ours.memory.try_clone().expect("a descriptor"),
        doorbell: ours.doorbell.try_clone().expect("a descriptor"),
    };
    [ours, theirs].map(|files| Lane::open(files, frame_bytes_max).expect("an end"))
}

#[cfg(test)]
mod tests;
