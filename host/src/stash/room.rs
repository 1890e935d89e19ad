//! Whether there is room for what is to be kept, and if not, which limit is in the way.

use super::error::{Limit, StashError};
use super::{Stash, StashValue, table};

impl Stash {
    /// How many bytes a value may have, its text and its binaries together. What is longer need not be
    /// tried.
    pub fn value_bytes_max(&self) -> usize {
        self.limits.table_bytes_max.min(self.limits.bytes_max)
    }

    /// Why a value above [`value_bytes_max`](Self::value_bytes_max) is refused.
    pub fn value_too_large(&self) -> StashError {
        let limits = &self.limits;
        let limit = match limits.table_bytes_max < limits.bytes_max {
            true => Limit::Table,
            false => Limit::All,
        };
        let max = self.value_bytes_max();
        StashError::ValueTooLarge { max, limit }
    }

    /// Whether there is room for a value.
    pub(super) fn check_room(
        &self,
        name: &str,
        key: &str,
        value: &StashValue,
    ) -> Result<(), StashError> {
        let Some(table) = self.tables.get(name) else {
            let bytes = table::bytes_of_table(name) + table::bytes_of_entry(key, value);
            return self.check_new_table(name, bytes);
        };
        let grown = table.grown_by(key, value);
        if grown.entries > self.limits.keys_max && grown.entries > table.len() {
            return Err(StashError::TooManyKeys {
                table: name.to_owned(),
                max: self.limits.keys_max,
            });
        }
        // With limits that have been lowered it may be too large as it is, and still may shrink.
        if grown.bytes > table.bytes() {
            self.check_bytes(name, grown.bytes, self.bytes - table.bytes())?;
        }
        Ok(())
    }

    pub(super) fn check_new_table(&self, name: &str, bytes: usize) -> Result<(), StashError> {
        if self.tables.len() >= self.limits.tables_max {
            return Err(StashError::TooManyTables {
                max: self.limits.tables_max,
            });
        }
        self.check_bytes(name, bytes, self.bytes)
    }

    /// Whether a table of this size has room among `others`.
    fn check_bytes(&self, name: &str, bytes: usize, others: usize) -> Result<(), StashError> {
        let limits = &self.limits;
        // A table that may take everything is not what is too small.
        if bytes > limits.table_bytes_max && limits.table_bytes_max < limits.bytes_max {
            return Err(StashError::TableFull {
                table: name.to_owned(),
                bytes,
                max: limits.table_bytes_max,
            });
        }
        let all = bytes + others;
        if all > limits.bytes_max {
            return Err(StashError::Full {
                bytes: all,
                max: limits.bytes_max,
            });
        }
        Ok(())
    }
}
