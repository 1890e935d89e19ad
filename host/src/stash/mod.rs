//! The stash: tables of values that clients and apps share, in memory and for as long as the host
//! runs.
//!
//! A value is a JSON text that somebody else has checked, and the binaries that it names; here it is
//! kept and compared as it is, and only [`Stash::increment`] reads it. Nothing here waits, reads a clock or writes to anybody: the
//! time is an argument, and whoever owns the stash asks [`Stash::next_due`] when to
//! [sweep](Stash::sweep).
//!
//! Everything is bounded by [`StashSettings`]. What counts is what is kept: a name or a value has
//! the length of its text, and each entry and each table a fixed sum beside that, so that very many
//! small ones are not free.

mod class;
mod error;
mod expiries;
mod glob;
mod listing;
mod perform;
mod room;
mod table;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::config::{STASH_TABLE_NAME_BYTES_MAX, StashSettings};
pub use crate::protocol::{StashRequest, StashValue};
pub use error::{Limit, StashError, Text};
use expiries::Expiries;
pub use listing::{Listing, Progress};
pub use perform::StashAnswer;
use table::{Entry, Table};

/// The longest name of a table, in bytes.
pub const TABLE_NAME_BYTES_MAX: usize = STASH_TABLE_NAME_BYTES_MAX;
/// The longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 1024;
/// The longest pattern of [`Stash::keys`], in bytes.
pub const PATTERN_BYTES_MAX: usize = glob::PATTERN_BYTES_MAX;

/// What one call of [`Stash::sweep`] removes at most, so that it takes less than a millisecond.
const SWEPT_MAX: usize = 1024;

/// Tables by name, each with values by key.
#[derive(Debug)]
pub struct Stash {
    limits: StashSettings,
    tables: HashMap<Rc<str>, Table>,
    /// The sum of the tables'.
    bytes: usize,
    expiries: Expiries,
    /// Tables and entries are numbered in the order in which they are made.
    last_order: u64,
}

impl Stash {
    /// A stash without tables.
    pub fn new(limits: StashSettings) -> Self {
        Self {
            limits,
            tables: HashMap::new(),
            bytes: 0,
            expiries: Expiries::default(),
            last_order: 0,
        }
    }

    /// Other limits from now on. What is above them stays, and can only get less.
    pub fn set_limits(&mut self, limits: StashSettings) {
        self.limits = limits;
    }

    /// How much is kept, in bytes, counted as for the limits.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Keeps `value` under `key`, in place of what is there. The table is made if need
    /// be. The value is forgotten after `ttl`, if there is one.
    ///
    /// # Errors
    /// A name is too long, or there is no room.
    pub fn put(
        &mut self,
        now: Instant,
        table: &str,
        key: &str,
        value: StashValue,
        ttl: Option<Duration>,
    ) -> Result<(), StashError> {
        // What lies beyond the end of the clock never comes.
        let expires = ttl.and_then(|ttl| now.checked_add(ttl));
        self.store(now, table, key, value, expires)
    }

    /// The value under `key`.
    ///
    /// # Errors
    /// [`StashError::KeyNotFound`], also where there is no such table.
    pub fn get(&self, now: Instant, table: &str, key: &str) -> Result<&StashValue, StashError> {
        match self.live(now, table, key) {
            Some(entry) => Ok(&entry.value),
            None => Err(StashError::KeyNotFound {
                table: table.to_owned(),
                key: key.to_owned(),
            }),
        }
    }

    /// Removes a value. False if there is none.
    pub fn delete(&mut self, now: Instant, table: &str, key: &str) -> bool {
        let was_there = self.live(now, table, key).is_some();
        self.remove(table, key);
        was_there
    }

    /// The keys of a table, in the order in which they were added; none where there is no such
    /// table. With a pattern, those that it matches as a whole: `*` stands for any text, `?` for any
    /// character, `[a-z]` and `[!a-z]` for one of a set or none of it. An empty pattern is none.
    ///
    /// # Errors
    /// The pattern is too long.
    pub fn keys(
        &self,
        now: Instant,
        table: &str,
        pattern: Option<&str>,
    ) -> Result<Vec<String>, StashError> {
        let mut listing = self.list(table, pattern)?;
        self.go_on(now, &mut listing, usize::MAX);
        Ok(listing.into_names())
    }

    /// Removes all values of a table, which stays if there is one.
    pub fn clear(&mut self, table: &str) {
        if let Some(table) = self.tables.get_mut(table) {
            self.expiries.forget_all(table);
            self.bytes -= table.clear();
        }
    }

    /// How many values a table has.
    ///
    /// # Errors
    /// [`StashError::TableNotFound`].
    pub fn size(&self, now: Instant, table: &str) -> Result<usize, StashError> {
        match self.tables.get(table) {
            Some(entries) => Ok(entries.len() - self.expiries.count_due(now, table)),
            None => Err(StashError::TableNotFound {
                table: table.to_owned(),
            }),
        }
    }

    /// Makes a table, if there is none of that name.
    ///
    /// # Errors
    /// The name is too long, or there is no room.
    pub fn ensure(&mut self, table: &str) -> Result<(), StashError> {
        Text::TableName.check(table, TABLE_NAME_BYTES_MAX)?;
        if self.tables.contains_key(table) {
            return Ok(());
        }
        self.check_new_table(table, table::bytes_of_table(table))?;
        self.add_table(table);
        Ok(())
    }

    /// Removes a table and its values. False if there is none.
    pub fn delete_table(&mut self, table: &str) -> bool {
        let Some(table) = self.tables.remove(table) else {
            return false;
        };
        self.expiries.forget_all(&table);
        self.bytes -= table.bytes();
        true
    }

    /// The names of all tables, in the order in which they were made.
    pub fn tables(&self) -> Vec<&str> {
        let mut tables: Vec<_> = self.tables.iter().collect();
        tables.sort_unstable_by_key(|(_, table)| table.order);
        tables.into_iter().map(|(name, _)| &**name).collect()
    }

    /// Whether there is such a table.
    pub fn has_table(&self, table: &str) -> bool {
        self.tables.contains_key(table)
    }

    /// Whether there is such a key.
    pub fn has_key(&self, now: Instant, table: &str, key: &str) -> bool {
        self.live(now, table, key).is_some()
    }

    /// Adds `delta` to the integer under `key`, which counts as 0 if there is none, and returns the
    /// sum. When the value is forgotten does not change.
    ///
    /// # Errors
    /// The value is no integer of 64 bits, the sum is none, a name is too long, or there is no room.
    /// The value is then as it was.
    pub fn increment(
        &mut self,
        now: Instant,
        table: &str,
        key: &str,
        delta: i64,
    ) -> Result<i64, StashError> {
        let (value, expires) = match self.live(now, table, key) {
            Some(entry) => (entry.integer(table, key)?, entry.expires),
            None => (0, None),
        };
        let sum = value.checked_add(delta).ok_or_else(|| {
            let (table, key) = (table.to_owned(), key.to_owned());
            StashError::Overflow {
                table,
                key,
                value,
                delta,
            }
        })?;
        let value = StashValue::from_json(sum.to_string());
        self.store(now, table, key, value, expires)?;
        Ok(sum)
    }

    /// Does what [`put`](Self::put) does if the value under `key` is `expected`, letter by letter;
    /// None is that there is no value. False if it is another.
    ///
    /// # Errors
    /// A name is too long, or there is no room.
    pub fn compare_and_swap(
        &mut self,
        now: Instant,
        table: &str,
        key: &str,
        expected: Option<&StashValue>,
        value: StashValue,
        ttl: Option<Duration>,
    ) -> Result<bool, StashError> {
        let present = self.live(now, table, key).map(|entry| &entry.value);
        if present != expected {
            return Ok(false);
        }
        self.put(now, table, key, value, ttl)?;
        Ok(true)
    }

    /// When the next value is to be forgotten. Until somebody sweeps it takes room, but nobody sees
    /// it any more.
    pub fn next_due(&self) -> Option<Instant> {
        self.expiries.next_due()
    }

    /// Removes values that are to be forgotten by now; not all of them at once where there are very
    /// many, so ask [`next_due`](Self::next_due) again.
    pub fn sweep(&mut self, now: Instant) {
        for _ in 0..SWEPT_MAX {
            if !self.remove_due(now) {
                break;
            }
        }
    }

    fn live(&self, now: Instant, table: &str, key: &str) -> Option<&Entry> {
        let entry = self.tables.get(table)?.get(key)?;
        entry.is_live(now).then_some(entry)
    }

    fn store(
        &mut self,
        now: Instant,
        table: &str,
        key: &str,
        value: StashValue,
        expires: Option<Instant>,
    ) -> Result<(), StashError> {
        Text::TableName.check(table, TABLE_NAME_BYTES_MAX)?;
        Text::Key.check(key, KEY_BYTES_MAX)?;
        let place = self.live(now, table, key).map(|entry| entry.order);
        while let Err(refused) = self.check_room(table, key, &value) {
            if !self.remove_due(now) {
                return Err(refused);
            }
        }
        self.remove(table, key);
        self.add_table(table);
        let order = place.unwrap_or_else(|| self.next_order());
        let table = self.tables.get_mut(table).expect("it was just added");
        let key = Rc::from(key);
        if let Some(expires) = expires {
            self.expiries.remember(expires, order, &table.name, &key);
        }
        let entry = Entry {
            value,
            order,
            expires,
        };
        self.bytes += table.insert(key, entry);
        Ok(())
    }

    fn add_table(&mut self, name: &str) {
        if self.tables.contains_key(name) {
            return;
        }
        let name = Rc::from(name);
        let table = Table::new(Rc::clone(&name), self.next_order());
        self.bytes += table.bytes();
        self.tables.insert(name, table);
    }

    fn next_order(&mut self) -> u64 {
        self.last_order += 1;
        self.last_order
    }

    fn remove(&mut self, table: &str, key: &str) {
        if let Some(table) = self.tables.get_mut(table)
            && let Some((entry, bytes)) = table.remove(key)
        {
            self.expiries.forget(&entry);
            self.bytes -= bytes;
        }
    }

    /// Removes one value that is to be forgotten. False if there is none.
    fn remove_due(&mut self, now: Instant) -> bool {
        let Some((table, key)) = self.expiries.first_due(now) else {
            return false;
        };
        self.remove(&table, &key);
        true
    }
}
