//! Messages that use the stash, the host's shared tables: what a client asks of them. What comes of
//! it is for the arbiter to decide.

use std::borrow::Cow;

use bytes::Bytes;

use super::client_values::for_app;
use super::fields::EnvelopeFault;
use super::members::{Member, Members, Name};

/// What a stash message asks for. On the wire each is a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum StashOperation {
    /// Stores a value under a key, in a table that is made where there is none.
    Put = 1,
    /// The value under a key.
    Get = 2,
    /// Removes a key.
    Delete = 3,
    /// The keys of a table, or those that a pattern fits.
    Keys = 4,
    /// Removes every key of a table.
    Clear = 5,
    /// Facts about a table.
    Info = 6,
    /// Makes a table where there is none.
    Ensure = 7,
    /// Removes a table.
    DeleteTable = 8,
    /// The names of the tables.
    Tables = 9,
    /// Whether there is a table or, with a key, whether the key is in it.
    Exists = 10,
}

impl StashOperation {
    /// All of them, in the order of their numbers, which begin at 1.
    pub const ALL: [Self; 10] = [
        Self::Put,
        Self::Get,
        Self::Delete,
        Self::Keys,
        Self::Clear,
        Self::Info,
        Self::Ensure,
        Self::DeleteTable,
        Self::Tables,
        Self::Exists,
    ];

    /// The number on the wire.
    pub fn number(self) -> u8 {
        self as u8
    }

    fn from_number(number: i64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| i64::from(operation.number()) == number)
    }

    /// Whether it means nothing without a key.
    fn needs_key(self) -> bool {
        matches!(self, Self::Put | Self::Get | Self::Delete)
    }
}

/// A stash message, beside its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StashRequest {
    /// What is to be done.
    pub operation: StashOperation,
    /// The table's name; empty where none was sent.
    pub table: String,
    /// The key. Always there for [`Put`](StashOperation::Put), [`Get`](StashOperation::Get) and
    /// [`Delete`](StashOperation::Delete). A whole number has become its digits.
    pub key: Option<String>,
    /// The value; None where none was sent, which is how the existing clients put a `None`.
    pub value: Option<StashValue>,
    /// A glob pattern.
    pub pattern: Option<String>,
}

/// A value as apps see one: JSON text, and the binaries that it names.
///
/// Whatever dialect it came in, it is kept in this one form, because clients of either dialect and
/// apps read each other's values and compare them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StashValue {
    /// JSON text.
    pub json: Box<str>,
    /// The binaries that it names as `{"$blob": INDEX}`.
    pub blobs: Vec<Bytes>,
}

impl StashValue {
    /// A value as it was read from a frame, which it does not keep alive.
    pub(super) fn new(json: impl Into<Box<str>>, blobs: Vec<Cow<'_, [u8]>>) -> Self {
        let own = |blob: Cow<'_, [u8]>| match blob {
            Cow::Borrowed(slice) => Bytes::copy_from_slice(slice),
            Cow::Owned(bytes) => bytes.into(),
        };
        Self {
            json: json.into(),
            blobs: blobs.into_iter().map(own).collect(),
        }
    }

    /// A value without binaries; `json` has been checked.
    pub fn from_json(json: impl Into<Box<str>>) -> Self {
        let blobs = Vec::new();
        Self {
            json: json.into(),
            blobs,
        }
    }

    /// How many bytes it takes to keep it.
    pub fn len_bytes(&self) -> usize {
        self.json.len() + self.blobs.iter().map(Bytes::len).sum::<usize>()
    }
}

/// Reads a `stash` message of the JSON dialect.
pub(super) fn read_json_stash(frame: &[u8]) -> Result<StashRequest, EnvelopeFault> {
    let members = Members::read_json(frame)?;
    let value = match members.span(Name::Value) {
        Some(span) => {
            let raw = &frame[span.clone()];
            let json = std::str::from_utf8(raw).map_err(|error| EnvelopeFault::NotUtf8 {
                at: span.start + error.valid_up_to(),
            })?;
            let mut blobs = Vec::new();
            let json = for_app(json, span.start, &mut blobs)?;
            Some(StashValue::new(json, blobs))
        }
        None => None,
    };
    read_stash(&members, value)
}

/// Reads a `stash` message whose value has been read.
pub(super) fn read_stash(
    members: &Members<'_>,
    value: Option<StashValue>,
) -> Result<StashRequest, EnvelopeFault> {
    let operation = match members.member(Name::Op) {
        Some(Member::Integer(number)) => StashOperation::from_number(*number),
        Some(_) => None,
        None => return Err(Name::Op.missing()),
    };
    let operation = operation.ok_or_else(|| Name::Op.wrong_type("a number from 1 to 10"))?;
    let key = match members.member(Name::Key) {
        // Clients use whole numbers as keys, too, and dicts that travel turn theirs into text.
        Some(Member::Integer(number)) => Some(number.to_string()),
        _ => members.text(Name::Key)?,
    };
    if key.is_none() && operation.needs_key() {
        return Err(Name::Key.missing());
    }
    Ok(StashRequest {
        operation,
        table: members.text(Name::Table)?.unwrap_or_default(),
        key,
        value,
        pattern: members.text(Name::Pattern)?,
    })
}

#[cfg(test)]
#[path = "tests/stash.rs"]
mod tests;
