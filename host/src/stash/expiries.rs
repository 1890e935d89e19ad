//! Which entries are to be forgotten when, soonest first.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;

use super::table::{Entry, Table};

/// The names of an entry's table and key.
type Names = (Rc<str>, Rc<str>);

/// The names of entries by the time when they are to be forgotten, and by the entry's order, which
/// no other entry has.
#[derive(Debug, Default)]
pub(super) struct Expiries(BTreeMap<(Instant, u64), Names>);

impl Expiries {
    pub(super) fn remember(
        &mut self,
        expires: Instant,
        order: u64,
        table: &Rc<str>,
        key: &Rc<str>,
    ) {
        let names = (Rc::clone(table), Rc::clone(key));
        self.0.insert((expires, order), names);
    }

    /// The entry is gone.
    pub(super) fn forget(&mut self, entry: &Entry) {
        if let Some(expires) = entry.expires {
            self.0.remove(&(expires, entry.order));
        }
    }

    /// All entries of a table are gone.
    pub(super) fn forget_all(&mut self, table: &Table) {
        for (_, entry) in table.entries() {
            self.forget(entry);
        }
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.0.keys().next().map(|(expires, _)| *expires)
    }

    /// The names of the entry that is due first; None if none is due yet.
    pub(super) fn first_due(&self, now: Instant) -> Option<Names> {
        let ((expires, _), names) = self.0.first_key_value()?;
        (*expires <= now).then(|| names.clone())
    }

    /// How many entries of a table are due.
    pub(super) fn count_due(&self, now: Instant, table: &str) -> usize {
        let due = self.0.range(..=(now, u64::MAX));
        due.filter(|(_, (name, _))| **name == *table).count()
    }
}
