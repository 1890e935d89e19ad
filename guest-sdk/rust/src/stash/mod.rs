//! The stash: tables of values that all apps of a host and all its clients share.
//!
//! ```
//! # use std::time::Duration;
//! use dirty_guest::stash::Table;
//!
//! # fn hit(user: &str) -> dirty_guest::Result<i64> {
//! let sessions = Table::open("sessions");
//! sessions.put_for("user:1", &("Ada", 36), Duration::from_secs(3600))?;
//! let session: Option<(String, u32)> = sessions.get("user:1")?;
//! let hits = Table::open("hits").increment(user, 1)?;
//! # assert_eq!(session, Some(("Ada".to_owned(), 36)));
//! # Ok(hits)
//! # }
//! # assert_eq!(hit("Ada")?, 1);
//! # Ok::<(), dirty_guest::Error>(())
//! ```
//!
//! It may be used in `init` (whatever it puts there is put once, for all workers), in calls, in
//! `on_fork` and in `close`. Each use is a round trip to the host of some ten microseconds, done at
//! once or not at all. Values are JSON, as arguments and results are, and lost when the host ends.
//!
//! In a native test the stash is a plain map of the test's thread, without limits, which
//! [`TestApp::start`](crate::testing::TestApp::start) empties.

#[cfg(target_family = "wasm")]
mod component;
#[cfg(target_family = "wasm")]
use component as host;

mod error;
#[cfg(not(target_family = "wasm"))]
pub(crate) mod standin;
#[cfg(not(target_family = "wasm"))]
use standin as host;

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::blobs;
pub use error::StashError;

/// What the functions of this module return; `?` makes an [`Error`](crate::Error) of kind
/// `StashError` of the error.
pub type Result<T> = std::result::Result<T, StashError>;

/// A value as the stash has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// A JSON text, as whoever put it wrote it. In it, `{"$blob": N}` stands for a binary.
    pub json: String,
    /// The binaries that it names, by N.
    pub blobs: Vec<Vec<u8>>,
}

/// The names of all tables, oldest first.
///
/// # Errors
/// [`StashError::Unavailable`].
pub fn tables() -> Result<Vec<String>> {
    host::tables()
}

/// A table of the stash, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    name: String,
}

impl Table {
    /// The table of this name, of at most 255 bytes. It need not exist: the first value makes it.
    pub fn open(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value under a key; none if there is none, or no such table. Binaries in it are
    /// [`Bytes`](crate::Bytes).
    ///
    /// # Errors
    /// [`StashError::Decode`] if it is no `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        let Some(Value { json, blobs }) = self.get_value(key)? else {
            return Ok(None);
        };
        let (decoded, _) = blobs::of_value(blobs, || serde_json::from_str(&json));
        decoded
            .map(Some)
            .map_err(|error| StashError::decode(&error))
    }

    /// The value under a key as the stash has it.
    ///
    /// # Errors
    /// Those of every operation.
    pub fn get_value(&self, key: &str) -> Result<Option<Value>> {
        host::get(&self.name, key)
    }

    /// Keeps a value under a key of at most 1024 bytes, in place of what is there.
    ///
    /// # Errors
    /// [`StashError::Full`], [`StashError::TooLong`], [`StashError::TooLarge`], and
    /// [`StashError::Malformed`] for what JSON cannot say.
    pub fn put(&self, key: &str, value: &(impl Serialize + ?Sized)) -> Result<()> {
        self.put_value(key, encode(value)?, None)
    }

    /// The same; the value is forgotten after `ttl`, which is rounded up to milliseconds.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_for(
        &self,
        key: &str,
        value: &(impl Serialize + ?Sized),
        ttl: Duration,
    ) -> Result<()> {
        self.put_value(key, encode(value)?, Some(ttl))
    }

    /// Keeps a value as the stash has it.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_value(&self, key: &str, value: Value, ttl: Option<Duration>) -> Result<()> {
        host::put(&self.name, key, value, ttl.map(milliseconds))
    }

    /// Adds to the integer under a key, and returns the sum. Where there is none it counts as 0.
    ///
    /// # Errors
    /// [`StashError::NotAnInteger`], and those of [`put`](Self::put).
    pub fn increment(&self, key: &str, delta: i64) -> Result<i64> {
        host::increment(&self.name, key, delta)
    }

    /// Keeps a value if the one under the key is `expected`, letter by letter as JSON text; none is that
    /// there is no value. False if it is another. A value that somebody else has written may be
    /// spelled differently: for such, [`compare_and_swap_value`](Self::compare_and_swap_value) takes
    /// what [`get_value`](Self::get_value) has returned.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn compare_and_swap<T: Serialize + ?Sized>(
        &self,
        key: &str,
        expected: Option<&T>,
        value: &T,
    ) -> Result<bool> {
        let expected = expected.map(encode).transpose()?;
        self.compare_and_swap_value(key, expected, encode(value)?, None)
    }

    /// The same with values as the stash has them; the new one is forgotten after `ttl`, if there is
    /// one.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn compare_and_swap_value(
        &self,
        key: &str,
        expected: Option<Value>,
        value: Value,
        ttl: Option<Duration>,
    ) -> Result<bool> {
        host::compare_and_swap(&self.name, key, expected, value, ttl.map(milliseconds))
    }

    /// Removes a value. False if there is none.
    ///
    /// # Errors
    /// Those of every operation.
    pub fn delete(&self, key: &str) -> Result<bool> {
        host::delete(&self.name, key)
    }

    /// Whether there is a value under a key.
    ///
    /// # Errors
    /// Those of every operation.
    pub fn exists(&self, key: &str) -> Result<bool> {
        host::exists(&self.name, key)
    }

    /// All keys, oldest first; none where there is no such table.
    ///
    /// # Errors
    /// Those of every operation.
    pub fn keys(&self) -> Result<Vec<String>> {
        host::keys(&self.name, None)
    }

    /// The keys that a pattern fits as a whole: `*` is any text, `?` any character, `[a-z]` one of a
    /// set, `[!a-z]` one that is not in it.
    ///
    /// # Errors
    /// Those of every operation.
    pub fn keys_like(&self, pattern: &str) -> Result<Vec<String>> {
        host::keys(&self.name, Some(pattern))
    }

    /// How many values there are; none if there is no such table.
    ///
    /// # Errors
    /// Those of every operation.
    pub fn size(&self) -> Result<Option<u64>> {
        host::size(&self.name)
    }

    /// Makes the table, if there is none of its name.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn ensure(&self) -> Result<()> {
        host::ensure(&self.name)
    }

    /// Removes all values; the table stays.
    ///
    /// # Errors
    /// Those of every operation.
    pub fn clear(&self) -> Result<()> {
        host::clear(&self.name)
    }

    /// Removes the table and its values. False if there is none.
    ///
    /// # Errors
    /// Those of every operation.
    pub fn remove(self) -> Result<bool> {
        host::delete_table(&self.name)
    }
}

fn encode(value: &(impl Serialize + ?Sized)) -> Result<Value> {
    let (json, blobs) = blobs::of_value(Vec::new(), || serde_json::to_string(value));
    let json = json.map_err(|error| StashError::Malformed(error.to_string()))?;
    Ok(Value { json, blobs })
}

/// Rounded up, so that a short time is not none.
fn milliseconds(time: Duration) -> u64 {
    let rounded = time.as_nanos().div_ceil(1_000_000);
    u64::try_from(rounded).unwrap_or(u64::MAX)
}
