//! Bounds what a client's value may become on its way to an app: how many binaries, and how many bytes
//! in all.
//!
//! A frame's length does not bound that. A binary without bytes takes five of them in a frame, and many
//! times as much as something with an index of its own.

use std::borrow::Cow;

/// How many binaries one message may have, and one value of the stash.
pub const BLOBS_MAX: usize = 1 << 16;

/// Why a value is refused before it is converted to the end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntakeFault {
    /// There are more binaries than [`BLOBS_MAX`].
    #[error(
        "a message may have {BLOBS_MAX} binaries: send these in several messages, or join them into \
         fewer"
    )]
    TooManyBlobs,
    /// The value is longer than it may be where it is to go.
    #[error("the value has more than {max} bytes: send less at once")]
    TooLarge {
        /// How many bytes it may have as apps see it, binaries included.
        max: usize,
    },
}

/// The binaries of a message as they are found, and room for these and the text that names them.
#[derive(Debug)]
pub(super) struct Intake<'a> {
    blobs: Vec<Cow<'a, [u8]>>,
    blob_bytes: usize,
    bytes_max: usize,
}

impl<'a> Intake<'a> {
    /// For what is in a frame and goes to an app: the frame's own limit has to do.
    pub(super) fn new() -> Self {
        Self::with_bytes_max(usize::MAX)
    }

    /// For a value that may have so many bytes, its text and its binaries together.
    pub(super) fn with_bytes_max(bytes_max: usize) -> Self {
        Self {
            blobs: Vec::new(),
            blob_bytes: 0,
            bytes_max,
        }
    }

    /// Takes a binary, and returns its index.
    pub(super) fn push(&mut self, blob: Cow<'a, [u8]>) -> Result<usize, IntakeFault> {
        let index = self.blobs.len();
        if index == BLOBS_MAX {
            return Err(IntakeFault::TooManyBlobs);
        }
        self.blob_bytes += blob.len();
        self.blobs.push(blob);
        Ok(index)
    }

    /// Whether there is room for a text of this length beside the binaries.
    #[inline]
    pub(super) fn check_text(&self, len: usize) -> Result<(), IntakeFault> {
        let max = self.bytes_max;
        match len.saturating_add(self.blob_bytes) <= max {
            true => Ok(()),
            false => Err(IntakeFault::TooLarge { max }),
        }
    }

    /// The binaries, by their index.
    pub(super) fn into_blobs(self) -> Vec<Cow<'a, [u8]>> {
        self.blobs
    }
}
