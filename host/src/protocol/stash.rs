//! Messages that use the stash, the host's shared tables: what a client asks of them. What comes of
//! it is for the arbiter to decide.

use std::borrow::Cow;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::client_values::for_app;
use super::fields::EnvelopeFault;
use super::intake::Intake;
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
    /// Adds to the integer under a key.
    Increment = 11,
    /// Stores a value if the present one is the one that is expected.
    CompareAndSwap = 12,
}

impl StashOperation {
    /// All of them, in the order of their numbers, which begin at 1.
    pub const ALL: [Self; 12] = [
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
        Self::Increment,
        Self::CompareAndSwap,
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
}

/// A use of the stash, by a client or by an app.
///
/// Where a table that a client names is none, its name is empty; a key of a client's that was a whole
/// number has become its digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StashRequest {
    /// See [`StashOperation::Put`].
    Put {
        /// The table's name.
        table: String,
        /// The key.
        key: String,
        /// What is to be kept.
        value: StashValue,
        /// After which time it is to be forgotten.
        ttl: Option<Duration>,
    },
    /// See [`StashOperation::Get`].
    Get {
        /// The table's name.
        table: String,
        /// The key.
        key: String,
    },
    /// See [`StashOperation::Delete`].
    Delete {
        /// The table's name.
        table: String,
        /// The key.
        key: String,
    },
    /// See [`StashOperation::Keys`].
    Keys {
        /// The table's name.
        table: String,
        /// Which keys are meant; None: all.
        pattern: Option<String>,
    },
    /// See [`StashOperation::Clear`].
    Clear {
        /// The table's name.
        table: String,
    },
    /// See [`StashOperation::Info`].
    Info {
        /// The table's name.
        table: String,
    },
    /// See [`StashOperation::Ensure`].
    Ensure {
        /// The table's name.
        table: String,
    },
    /// See [`StashOperation::DeleteTable`].
    DeleteTable {
        /// The table's name.
        table: String,
    },
    /// See [`StashOperation::Tables`].
    Tables,
    /// See [`StashOperation::Exists`].
    Exists {
        /// The table's name.
        table: String,
        /// The key; None: the table is meant.
        key: Option<String>,
    },
    /// See [`StashOperation::Increment`].
    Increment {
        /// The table's name.
        table: String,
        /// The key.
        key: String,
        /// What is to be added.
        delta: i64,
    },
    /// See [`StashOperation::CompareAndSwap`].
    CompareAndSwap {
        /// The table's name.
        table: String,
        /// The key.
        key: String,
        /// The value that should be there; None: there should be none.
        expected: Option<StashValue>,
        /// What is to be kept in its place.
        value: StashValue,
        /// After which time it is to be forgotten.
        ttl: Option<Duration>,
    },
}

/// A value as apps see one: JSON text, and the binaries that it names.
///
/// Whatever dialect it came in, it is kept in this one form, because clients of either dialect and
/// apps read each other's values and compare them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StashValue {
    /// JSON text.
    pub json: Box<str>,
    /// The binaries that it names as `{"$blob": INDEX}`.
    #[serde(with = "blobs")]
    pub blobs: Vec<Bytes>,
}

impl StashValue {
    /// The text of one that is a binary and nothing else.
    const BINARY: &str = r#"{"$blob":0}"#;

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

    /// The bytes of a value that is one binary and nothing else.
    pub fn as_binary(&self) -> Option<&Bytes> {
        let is_space = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
        let letters = self.json.chars().filter(|c| !is_space(*c));
        match &self.blobs[..] {
            [blob] if letters.eq(Self::BINARY.chars()) => Some(blob),
            _ => None,
        }
    }

    /// A value that is one binary and nothing else.
    pub fn from_binary(bytes: impl Into<Bytes>) -> Self {
        Self {
            json: Self::BINARY.into(),
            blobs: vec![bytes.into()],
        }
    }

    /// How many bytes it takes to keep it.
    pub fn len_bytes(&self) -> usize {
        self.json.len() + self.blobs.iter().map(Bytes::len).sum::<usize>()
    }
}

/// Reads a `stash` message of the JSON dialect.
pub(super) fn read_json_stash(
    frame: &[u8],
    value_bytes_max: usize,
) -> Result<StashRequest, EnvelopeFault> {
    read_stash(&Members::read_json(frame)?, |span| {
        let raw = &frame[span.clone()];
        let json = std::str::from_utf8(raw).map_err(|error| EnvelopeFault::NotUtf8 {
            at: span.start + error.valid_up_to(),
        })?;
        let mut intake = Intake::with_bytes_max(value_bytes_max);
        let json = for_app(json, span.start, &mut intake)?;
        Ok(StashValue::new(json, intake.into_blobs()))
    })
}

/// Reads a `stash` message; `value_at` reads a value that lies there in the frame.
pub(super) fn read_stash(
    members: &Members<'_>,
    value_at: impl Fn(Range<usize>) -> Result<StashValue, EnvelopeFault>,
) -> Result<StashRequest, EnvelopeFault> {
    let operation = match members.member(Name::Op) {
        Some(Member::Integer(number)) => StashOperation::from_number(*number),
        Some(_) => None,
        None => return Err(Name::Op.missing()),
    };
    let operation = operation.ok_or_else(|| Name::Op.wrong_type("a number from 1 to 12"))?;
    let table = members.text(Name::Table)?.unwrap_or_default();
    let key = || read_key(members)?.ok_or_else(|| Name::Key.missing());
    let value = |name| members.span(name).map(&value_at).transpose();
    // The existing clients leave it away for their `None`.
    let put = || {
        let value = value(Name::Value);
        value.map(|value| value.unwrap_or_else(|| StashValue::from_json("null")))
    };
    Ok(match operation {
        StashOperation::Put => StashRequest::Put {
            table,
            key: key()?,
            value: put()?,
            ttl: members.seconds(Name::Ttl)?,
        },
        StashOperation::Get => StashRequest::Get { table, key: key()? },
        StashOperation::Delete => StashRequest::Delete { table, key: key()? },
        StashOperation::Keys => StashRequest::Keys {
            table,
            pattern: members.text(Name::Pattern)?,
        },
        StashOperation::Clear => StashRequest::Clear { table },
        StashOperation::Info => StashRequest::Info { table },
        StashOperation::Ensure => StashRequest::Ensure { table },
        StashOperation::DeleteTable => StashRequest::DeleteTable { table },
        StashOperation::Tables => StashRequest::Tables,
        StashOperation::Exists => StashRequest::Exists {
            table,
            key: read_key(members)?,
        },
        StashOperation::Increment => StashRequest::Increment {
            table,
            key: key()?,
            delta: members.integer(Name::Delta)?.unwrap_or(1),
        },
        StashOperation::CompareAndSwap => StashRequest::CompareAndSwap {
            table,
            key: key()?,
            expected: value(Name::Expected)?,
            value: put()?,
            ttl: members.seconds(Name::Ttl)?,
        },
    })
}

fn read_key(members: &Members<'_>) -> Result<Option<String>, EnvelopeFault> {
    match members.member(Name::Key) {
        // Clients use whole numbers as keys, too, and dicts that travel turn theirs into text.
        Some(Member::Integer(number)) => Ok(Some(number.to_string())),
        _ => members.text(Name::Key),
    }
}

/// Binaries as bytes and not as lists of numbers, and not more than there may be.
mod blobs {
    use std::fmt;

    use bytes::Bytes;
    use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
    use serde::ser::{Serialize, Serializer};

    use super::super::intake::{BLOBS_MAX, IntakeFault};

    struct Blob<B>(B);

    pub(super) fn serialize<S: Serializer>(
        blobs: &[Bytes],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(blobs.iter().map(Blob))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Bytes>, D::Error> {
        struct OfBlobs;
        impl<'de> Visitor<'de> for OfBlobs {
            type Value = Vec<Bytes>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {BLOBS_MAX} binaries")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Bytes>, A::Error> {
                let mut blobs = Vec::new();
                while let Some(Blob(bytes)) = seq.next_element()? {
                    if blobs.len() == BLOBS_MAX {
                        return Err(A::Error::custom(IntakeFault::TooManyBlobs));
                    }
                    blobs.push(bytes);
                }
                Ok(blobs)
            }
        }
        deserializer.deserialize_seq(OfBlobs)
    }

    impl Serialize for Blob<&Bytes> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(self.0)
        }
    }

    impl<'de> Deserialize<'de> for Blob<Bytes> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct OfBytes;
            impl Visitor<'_> for OfBytes {
                type Value = Bytes;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("bytes")
                }
                fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
                    Ok(Bytes::copy_from_slice(bytes))
                }
            }
            deserializer.deserialize_bytes(OfBytes).map(Blob)
        }
    }
}

#[cfg(test)]
#[path = "tests/stash.rs"]
mod tests;
