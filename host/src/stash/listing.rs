//! Lists the keys of a table a piece at a time, so that whoever lists very many keeps nobody waiting
//! for long. How much is done at once is for the caller to say, in bytes of work.

use std::rc::Rc;
use std::time::Instant;

use super::glob::Glob;
use super::{Stash, StashError};

/// The work that a key makes beside its length, in bytes.
const KEY_WORK: usize = 64;

/// A list of keys in the making. Keys that are added or removed meanwhile may be in it or not; all
/// others that fit are in it, once.
#[derive(Debug)]
pub struct Listing {
    table: String,
    glob: Option<Glob>,
    /// The keys behind this one are still to be looked at.
    behind: Option<Rc<str>>,
    /// With each key its place among all entries, by age.
    found: Vec<(u64, Rc<str>)>,
}

/// How far a list has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Whether nothing is left to be looked at.
    pub is_done: bool,
    /// The work that it was this time, in bytes; it may be above the limit by that of one key.
    pub work: usize,
}

impl Listing {
    /// The keys that were found, oldest first.
    pub fn into_names(mut self) -> Vec<String> {
        self.found.sort_unstable_by_key(|(order, _)| *order);
        let names = self.found.into_iter();
        names.map(|(_, key)| String::from(&*key)).collect()
    }
}

impl Stash {
    /// Begins to list the keys of a table, as [`Stash::keys`] does.
    ///
    /// # Errors
    /// The pattern is too long.
    pub fn list(&self, table: &str, pattern: Option<&str>) -> Result<Listing, StashError> {
        let pattern = pattern.filter(|pattern| !pattern.is_empty());
        Ok(Listing {
            table: table.to_owned(),
            glob: pattern.map(Glob::new).transpose()?,
            behind: None,
            found: Vec::new(),
        })
    }

    /// Goes on with a list until it is done or `work_max` is used up.
    pub fn go_on(&self, now: Instant, listing: &mut Listing, work_max: usize) -> Progress {
        let is_done = true;
        let Some(table) = self.tables.get(&*listing.table) else {
            return Progress { is_done, work: 0 };
        };
        let glob = listing.glob.as_ref();
        let prefix = glob.map_or("", Glob::prefix);
        let behind = listing.behind.clone();
        let mut work = 0;
        for (key, entry) in table.entries_behind(behind.as_deref(), prefix) {
            if work >= work_max {
                let is_done = false;
                return Progress { is_done, work };
            }
            work += KEY_WORK + key.len();
            if entry.is_live(now) && glob.is_none_or(|glob| glob.matches(key)) {
                listing.found.push((entry.order, Rc::clone(key)));
            }
            listing.behind = Some(Rc::clone(key));
        }
        Progress { is_done, work }
    }
}
