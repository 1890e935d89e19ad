//! One table: its entries, and how much they count. Knows no limits.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::rc::Rc;
use std::time::Instant;

use super::error::StashError;
use crate::protocol::StashValue;

/// What a table takes beside its name and its entries, about.
const TABLE_BYTES: usize = 256;
/// What an entry takes beside its key and its value, about: its nodes in the maps, and what the
/// allocator adds to each piece of memory.
const ENTRY_BYTES: usize = 192;
/// What each of a value's binaries takes beside its bytes, about.
const BLOB_BYTES: usize = 64;

/// How much a table without entries counts.
pub(super) fn bytes_of_table(name: &str) -> usize {
    TABLE_BYTES + name.len()
}

/// How much an entry counts.
pub(super) fn bytes_of_entry(key: &str, value: &StashValue) -> usize {
    ENTRY_BYTES + key.len() + value.len_bytes() + BLOB_BYTES * value.blobs.len()
}

/// A value and what belongs to it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) value: StashValue,
    /// Its place among the entries of all tables, by age. A new value in place of an old one has
    /// that one's.
    pub(super) order: u64,
    pub(super) expires: Option<Instant>,
}

impl Entry {
    pub(super) fn is_live(&self, now: Instant) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    /// The value as an integer; the names are for the error.
    pub(super) fn integer(&self, table: &str, key: &str) -> Result<i64, StashError> {
        // Users of `wasi:keyvalue` set an integer as the bytes of its digits.
        let digits = match self.value.as_binary() {
            Some(bytes) => str::from_utf8(bytes).unwrap_or_default(),
            // What JSON allows around a number, and `i64` does not read.
            None => self.value.json.trim_matches([' ', '\t', '\n', '\r']),
        };
        digits.parse().map_err(|_| StashError::NotAnInteger {
            table: table.to_owned(),
            key: key.to_owned(),
        })
    }
}

/// A table as it would be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Grown {
    pub(super) entries: usize,
    pub(super) bytes: usize,
}

/// Entries by key.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: Rc<str>,
    /// Its place among the tables, by age.
    pub(super) order: u64,
    entries: BTreeMap<Rc<str>, Entry>,
    bytes: usize,
}

impl Table {
    pub(super) fn new(name: Rc<str>, order: u64) -> Self {
        Self {
            bytes: bytes_of_table(&name),
            name,
            order,
            entries: BTreeMap::new(),
        }
    }

    /// How much it counts, with its entries.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// All entries, by key.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(key, entry)| (&**key, entry))
    }

    /// What it would be with `value` under `key`.
    pub(super) fn grown_by(&self, key: &str, value: &StashValue) -> Grown {
        let replaced = self.get(key).map(|entry| bytes_of_entry(key, &entry.value));
        Grown {
            entries: self.len() + usize::from(replaced.is_none()),
            bytes: self.bytes - replaced.unwrap_or(0) + bytes_of_entry(key, value),
        }
    }

    /// Adds an entry under a key that is free, and returns how much it counts.
    pub(super) fn insert(&mut self, key: Rc<str>, entry: Entry) -> usize {
        let bytes = bytes_of_entry(&key, &entry.value);
        self.bytes += bytes;
        self.entries.insert(key, entry);
        bytes
    }

    /// Removes an entry, and returns it and how much it counted.
    pub(super) fn remove(&mut self, key: &str) -> Option<(Entry, usize)> {
        let entry = self.entries.remove(key)?;
        let bytes = bytes_of_entry(key, &entry.value);
        self.bytes -= bytes;
        Some((entry, bytes))
    }

    /// Removes all entries, and returns how much they counted.
    pub(super) fn clear(&mut self) -> usize {
        self.entries.clear();
        let alone = bytes_of_table(&self.name);
        std::mem::replace(&mut self.bytes, alone) - alone
    }

    /// The entries whose keys begin with `prefix` and come behind `behind`, by key.
    pub(super) fn entries_behind(
        &self,
        behind: Option<&str>,
        prefix: &str,
    ) -> impl Iterator<Item = (&Rc<str>, &Entry)> {
        let start = match behind {
            Some(behind) => Bound::Excluded(behind),
            None => Bound::Included(prefix),
        };
        self.entries
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix))
    }
}
