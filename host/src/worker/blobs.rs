//! The binaries of a call between frames, where they are found, and the instance, which asks for them
//! by index.

use std::borrow::Cow;
use std::cell::RefCell;

use bytes::Bytes;

use crate::process::lane::AREA_BYTES_MIN;
use crate::protocol::Blobs;
use crate::runtime::CallBlobs;

/// What was found in a frame; what lies in it is shared with it.
pub(super) fn of_frame(frame: &Bytes, found: Vec<Cow<'_, [u8]>>) -> Vec<Bytes> {
    let share = |blob: Cow<'_, [u8]>| match blob {
        Cow::Borrowed(slice) => frame.slice_ref(slice),
        Cow::Owned(bytes) => bytes.into(),
    };
    found.into_iter().map(share).collect()
}

impl Blobs for CallBlobs {
    fn blob(&self, index: usize) -> Option<&[u8]> {
        self.get(index).map(|blob| &**blob)
    }
}

/// About how long the frames of this value are.
pub(super) fn bytes_expected(json: &str, blobs: &CallBlobs) -> usize {
    let is_long = json.len() >= AREA_BYTES_MIN;
    if is_long || !json.contains("$blob") {
        // Long enough to know what to do, or all of it.
        return json.len();
    }
    json.len() + blobs.bytes()
}

/// The same binaries, and a note of which of them were asked for.
pub(super) struct Noting<'a> {
    blobs: &'a CallBlobs,
    asked_for: RefCell<Vec<usize>>,
}

impl<'a> Noting<'a> {
    pub(super) fn new(blobs: &'a CallBlobs) -> Self {
        Self {
            blobs,
            asked_for: RefCell::default(),
        }
    }

    /// Which there are of those that were asked for.
    pub(super) fn into_found(self) -> Vec<usize> {
        self.asked_for.into_inner()
    }
}

impl Blobs for Noting<'_> {
    fn blob(&self, index: usize) -> Option<&[u8]> {
        let blob = self.blobs.blob(index)?;
        self.asked_for.borrow_mut().push(index);
        Some(blob)
    }
}
