//! The members of a request's dict: where each value lies, and what the small ones mean.

use std::time::Duration;

use super::super::fields::{EnvelopeFault, Key, timeout_of};
use super::cursor::{Cursor, Head, Scalar, TlvError};
use super::to_json::text;

/// A member as it was found.
#[derive(Clone, Copy)]
struct Found<'a> {
    head: Head<'a>,
    /// Offset of the value in the frame.
    at: usize,
}

/// What is known of a request, as far as it has been read.
pub(super) struct Fields<'a> {
    found: [Option<Found<'a>>; Key::COUNT],
}

impl<'a> Fields<'a> {
    pub(super) fn new() -> Self {
        Fields {
            found: [None; Key::COUNT],
        }
    }

    /// Reads the name of the next member and the head of its value, and notes it if it is one of
    /// the envelope's; a second one of the same name is refused.
    pub(super) fn read_member(
        &mut self,
        cursor: &mut Cursor<'a>,
    ) -> Result<Head<'a>, EnvelopeFault> {
        let name_at = cursor.position();
        let name = text(cursor.key()?, name_at)?;
        let at = cursor.position();
        let head = cursor.head()?;
        // The type and the id stand in the header; members of these names mean nothing.
        let key = Key::of(name.as_bytes()).filter(|key| !matches!(key, Key::Type | Key::Id));
        if let Some(key) = key
            && self.found[key as usize]
                .replace(Found { head, at })
                .is_some()
        {
            return Err(EnvelopeFault::Duplicate { key: key.name() });
        }
        Ok(head)
    }

    pub(super) fn has(&self, key: Key) -> bool {
        self.found[key as usize].is_some()
    }

    /// The string at `key`, which must be there.
    pub(super) fn string(&self, key: Key) -> Result<&'a str, EnvelopeFault> {
        match self.found[key as usize] {
            Some(Found {
                head: Head::Scalar(Scalar::Text(bytes)),
                at,
            }) => Ok(text(bytes, at)?),
            Some(_) => Err(key.wrong_type("a string")),
            None => Err(EnvelopeFault::Missing { key: key.name() }),
        }
    }

    /// The timeout that the client asks for.
    pub(super) fn timeout(&self) -> Result<Option<Duration>, EnvelopeFault> {
        let Some(found) = self.found[Key::Timeout as usize] else {
            return Ok(None);
        };
        let seconds = match found.head {
            Head::Scalar(Scalar::Int(seconds)) => Some(seconds as f64),
            Head::Scalar(Scalar::Float(seconds)) => Some(seconds),
            _ => None,
        };
        timeout_of(seconds).map(Some)
    }

    /// Whether the client matches replies to requests by their ids.
    pub(super) fn multiplex(&self) -> Result<bool, EnvelopeFault> {
        match self.found[Key::Multiplex as usize].map(|found| found.head) {
            None => Ok(false),
            Some(Head::Scalar(Scalar::Bool(multiplex))) => Ok(multiplex),
            Some(_) => Err(Key::Multiplex.wrong_type("true or false")),
        }
    }

    /// Where the list at `key` begins; None if the message has none.
    pub(super) fn list(&self, key: Key) -> Result<Option<usize>, EnvelopeFault> {
        match self.found[key as usize] {
            None => Ok(None),
            Some(Found {
                head: Head::List(_),
                at,
            }) => Ok(Some(at)),
            Some(_) => Err(key.wrong_type("a list")),
        }
    }

    /// Where the dict at `key` begins; None if the message has none.
    pub(super) fn dict(&self, key: Key) -> Result<Option<usize>, EnvelopeFault> {
        match self.found[key as usize] {
            None => Ok(None),
            Some(Found {
                head: Head::Dict(_),
                at,
            }) => Ok(Some(at)),
            Some(_) => Err(key.wrong_type("a dict")),
        }
    }
}

/// Enters the dict that is a frame's payload, and returns how many pairs it has. A frame without
/// a payload is an empty dict.
pub(super) fn enter<'a>(cursor: &mut Cursor<'a>) -> Result<u32, TlvError> {
    if cursor.rest().is_empty() {
        return Ok(0);
    }
    match cursor.head()? {
        Head::Dict(count) => Ok(count),
        _ => Err(TlvError::NotDict),
    }
}
