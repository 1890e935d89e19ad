//! Requests as values, for whoever brings them from elsewhere: what each does is the method's of its
//! name.

use std::borrow::Cow;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::{Stash, StashError};
use crate::protocol::{StashRequest, StashValue};

/// What comes of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StashAnswer<'a> {
    /// It is done, and there is nothing to say: of put, clear and ensure.
    Done,
    /// Whether it is so, or was done: of delete, delete-table, exists and compare-and-swap.
    Truth(bool),
    /// The value: of get.
    Value(Cow<'a, StashValue>),
    /// The sum: of increment.
    Sum(i64),
    /// Names: of keys and tables.
    Names(Vec<String>),
    /// What is known of a table: of info.
    Info {
        /// Its name.
        table: String,
        /// How many values it has.
        size: usize,
    },
}

impl Stash {
    /// Does what is requested.
    ///
    /// # Errors
    /// Those of the method. The stash is then as it was.
    pub fn perform(
        &mut self,
        now: Instant,
        request: StashRequest,
    ) -> Result<StashAnswer<'_>, StashError> {
        Ok(match request {
            StashRequest::Put {
                table,
                key,
                value,
                ttl,
            } => {
                self.put(now, &table, &key, value, ttl)?;
                StashAnswer::Done
            }
            StashRequest::Get { table, key } => {
                StashAnswer::Value(Cow::Borrowed(self.get(now, &table, &key)?))
            }
            StashRequest::Delete { table, key } => {
                StashAnswer::Truth(self.delete(now, &table, &key))
            }
            StashRequest::Keys { table, pattern } => {
                StashAnswer::Names(self.keys(now, &table, pattern.as_deref())?)
            }
            StashRequest::Clear { table } => {
                self.clear(&table);
                StashAnswer::Done
            }
            StashRequest::Info { table } => {
                let size = self.size(now, &table)?;
                StashAnswer::Info { table, size }
            }
            StashRequest::Ensure { table } => {
                self.ensure(&table)?;
                StashAnswer::Done
            }
            StashRequest::DeleteTable { table } => StashAnswer::Truth(self.delete_table(&table)),
            StashRequest::Tables => {
                let tables = self.tables().into_iter().map(str::to_owned);
                StashAnswer::Names(tables.collect())
            }
            StashRequest::Exists { table, key } => StashAnswer::Truth(match key {
                Some(key) => self.has_key(now, &table, &key),
                None => self.has_table(&table),
            }),
            StashRequest::Increment { table, key, delta } => {
                StashAnswer::Sum(self.increment(now, &table, &key, delta)?)
            }
            StashRequest::CompareAndSwap {
                table,
                key,
                expected,
                value,
                ttl,
            } => {
                let expected = expected.as_ref();
                StashAnswer::Truth(self.compare_and_swap(now, &table, &key, expected, value, ttl)?)
            }
        })
    }
}
