//! Reads TLV one value's head at a time, and moves over values that nobody asks for.
//!
//! It allocates nothing, and believes no announced length or count further than the frame reaches.

use super::super::json::DEPTH_MAX;
use super::header::HEADER_BYTES;
use super::{ITEMS_MAX, code};

/// Why a frame's payload is not TLV that the host accepts. Offsets count from the beginning of the
/// frame, header included.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlvError {
    /// The frame ends within a value.
    #[error("Truncated TLV data: the value at byte {at} goes beyond the message")]
    Truncated {
        /// Offset of the value.
        at: usize,
    },
    /// There is no such type of value.
    #[error("Unknown TLV type code: {code:#04x} at byte {at}")]
    UnknownCode {
        /// Offset of the value.
        at: usize,
        /// The type's byte.
        code: u8,
    },
    /// A list or dict announces too much.
    #[error("the list or dict at byte {at} is too large: {count} items (max: {ITEMS_MAX})")]
    TooManyItems {
        /// Offset of the value.
        at: usize,
        /// How many elements or pairs it announces.
        count: u32,
    },
    /// A value is deeper than [`DEPTH_MAX`].
    #[error(
        "the value at byte {at} is more than {DEPTH_MAX} lists and dicts deep: send it flatter"
    )]
    TooDeep {
        /// Offset of the list or dict that goes too deep.
        at: usize,
    },
    /// A string is not UTF-8.
    #[error("Invalid UTF-8 in the string at byte {at}")]
    NotUtf8 {
        /// Offset of the value.
        at: usize,
    },
    /// A dict has a key that is no string.
    #[error("Dict key must be string: the one at byte {at} is not")]
    KeyNotString {
        /// Offset of the key.
        at: usize,
    },
    /// The message is not a dict.
    #[error("the message must be a dict")]
    NotDict,
    /// Something follows the message.
    #[error("Trailing data after TLV: {len} bytes")]
    Trailing {
        /// How much.
        len: usize,
    },
}

/// A value without what lies in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Head<'a> {
    Scalar(Scalar<'a>),
    /// So many elements follow.
    List(u32),
    /// So many pairs follow, each a key and a value.
    Dict(u32),
}

/// A value in which no other lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scalar<'a> {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Bytes(&'a [u8]),
    /// UTF-8 is not checked.
    Text(&'a [u8]),
}

impl Head<'_> {
    /// How many values follow that belong to it.
    pub(super) fn inner_values(&self) -> u64 {
        match self {
            Head::Scalar(_) => 0,
            Head::List(count) => u64::from(*count),
            Head::Dict(count) => 2 * u64::from(*count),
        }
    }
}

/// A position in a frame.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    frame: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// At the payload of `frame`.
    pub(super) fn at_payload(frame: &'a [u8]) -> Self {
        Self::at(frame, HEADER_BYTES.min(frame.len()))
    }

    /// At an offset within `frame`.
    pub(super) fn at(frame: &'a [u8], at: usize) -> Self {
        Cursor { frame, at }
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// What has not been read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.frame[self.at..]
    }

    /// Reads the head of the next value. On an error the position is undefined.
    #[inline]
    pub(super) fn head(&mut self) -> Result<Head<'a>, TlvError> {
        let at = self.at;
        let [code] = self.take(at)?;
        let scalar = match code {
            code::NONE => Scalar::None,
            // As in the existing decoders, what is not zero is true.
            code::BOOL => Scalar::Bool(self.take(at)? != [0]),
            code::INT64 => Scalar::Int(i64::from_be_bytes(self.take(at)?)),
            code::FLOAT64 => Scalar::Float(f64::from_be_bytes(self.take(at)?)),
            code::BYTES => Scalar::Bytes(self.take_run(at)?),
            code::STRING => Scalar::Text(self.take_run(at)?),
            code::LIST => return Ok(Head::List(self.take_count(at)?)),
            code::DICT => return Ok(Head::Dict(self.take_count(at)?)),
            code => return Err(TlvError::UnknownCode { at, code }),
        };
        Ok(Head::Scalar(scalar))
    }

    /// Reads a dict's key. UTF-8 is not checked.
    #[inline]
    pub(super) fn key(&mut self) -> Result<&'a [u8], TlvError> {
        let at = self.at;
        match self.head()? {
            Head::Scalar(Scalar::Text(key)) => Ok(key),
            _ => Err(TlvError::KeyNotString { at }),
        }
    }

    /// Moves over `values` values with all that lies in them, and over at most `heads_max` heads.
    /// Returns how many values are left. Only lengths and counts are checked.
    pub(super) fn skip(&mut self, values: u64, heads_max: usize) -> Result<u64, TlvError> {
        let mut left = values;
        let mut heads_left = heads_max;
        while left > 0 && heads_left > 0 {
            // Cannot overflow: each head adds at most 2^21 values and takes a byte of the frame.
            left += self.head()?.inner_values();
            left -= 1;
            heads_left -= 1;
        }
        Ok(left)
    }

    /// Checks that nothing is left.
    pub(super) fn end(&self) -> Result<(), TlvError> {
        match self.rest().len() {
            0 => Ok(()),
            len => Err(TlvError::Trailing { len }),
        }
    }

    #[inline]
    fn take<const N: usize>(&mut self, value_at: usize) -> Result<[u8; N], TlvError> {
        let bytes = self.frame[self.at..].first_chunk::<N>();
        let bytes = bytes.ok_or(TlvError::Truncated { at: value_at })?;
        self.at += N;
        Ok(*bytes)
    }

    #[inline]
    fn take_run(&mut self, value_at: usize) -> Result<&'a [u8], TlvError> {
        let len = u32::from_be_bytes(self.take(value_at)?);
        let end = usize::try_from(len)
            .ok()
            .and_then(|len| self.at.checked_add(len));
        let run = end.and_then(|end| self.frame.get(self.at..end));
        let run = run.ok_or(TlvError::Truncated { at: value_at })?;
        self.at += run.len();
        Ok(run)
    }

    #[inline]
    fn take_count(&mut self, value_at: usize) -> Result<u32, TlvError> {
        let count = u32::from_be_bytes(self.take(value_at)?);
        if count > ITEMS_MAX {
            return Err(TlvError::TooManyItems {
                at: value_at,
                count,
            });
        }
        Ok(count)
    }
}
