//! The two small texts of an envelope that outlive its frame's decoding: ids and app names.
//!
//! Both share the frame's memory where that is cheap, and both are known to be UTF-8.

use std::fmt;
use std::ops::Deref;

use bytes::Bytes;

/// How long the JSON text of an id may be, in bytes.
pub const ID_BYTES_MAX: usize = 1024;

/// An id that lives longer than its frame pins at most this much of it, in bytes.
const PINNED_BYTES_MAX: usize = 4 << 10;

/// UTF-8 text in shared memory.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Text(Bytes);

impl Text {
    /// Shares the frame's memory; `text` is a part of `frame`.
    fn part_of(frame: &Bytes, text: &str) -> Self {
        Self(frame.slice_ref(text.as_bytes()))
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a text is made of a str")
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Bytes::from(text))
    }
}

/// A message's id: the JSON text of a string, number, `true`, `false` or `null`, exactly as the
/// client wrote it. Two ids are equal when their texts are.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RawId(Text);

impl RawId {
    /// The id of a message that has none.
    pub fn null() -> Self {
        Self(Text(Bytes::from_static(b"null")))
    }

    /// `id` is a part of `frame`, which the caller has found to be a scalar and not too long.
    pub(super) fn from_frame(frame: &Bytes, id: &str) -> Self {
        if frame.len() > PINNED_BYTES_MAX {
            Self::copied_from(id)
        } else {
            Self(Text::part_of(frame, id))
        }
    }

    pub(super) fn copied_from(id: &str) -> Self {
        Self(Text::from(id.to_owned()))
    }

    /// The id's JSON text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl From<u64> for RawId {
    fn from(id: u64) -> Self {
        Self(Text::from(id.to_string()))
    }
}

impl fmt::Display for RawId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RawId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawId({self})")
    }
}

/// The name of the app that a request is for, decoded. Keeps its frame alive.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AppPath(Text);

impl AppPath {
    /// `name` is a part of `frame`.
    pub(super) fn from_frame(frame: &Bytes, name: &str) -> Self {
        Self(Text::part_of(frame, name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl From<String> for AppPath {
    fn from(name: String) -> Self {
        Self(Text::from(name))
    }
}

impl Deref for AppPath {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for AppPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AppPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppPath({:?})", self.as_str())
    }
}
