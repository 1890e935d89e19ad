//! Why the stash does not do what it is asked, and how a client hears of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::protocol::WireError;

/// A text whose length is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Text {
    /// The name of a table.
    TableName,
    /// A key.
    Key,
    /// A pattern for keys.
    Pattern,
}

impl Text {
    pub(super) fn check(self, text: &str, max: usize) -> Result<(), StashError> {
        let len = text.len();
        if len <= max {
            return Ok(());
        }
        let what = self;
        Err(StashError::TooLong { what, len, max })
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TableName => "table's name",
            Self::Key => "key",
            Self::Pattern => "pattern",
        })
    }
}

/// A limit to the bytes that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Limit {
    /// Of each table.
    Table,
    /// Of all tables together.
    All,
}

impl fmt::Display for Limit {
    /// Its key in the configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Table => "max_table_bytes",
            Self::All => "max_bytes",
        })
    }
}

/// Why an operation failed. The stash is then as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum StashError {
    /// There is no such key, or no such table.
    #[error("Key not found in {table}: {key}")]
    KeyNotFound {
        /// The name of the table.
        table: String,
        /// The key.
        key: String,
    },
    /// There is no such table.
    #[error("Stash table not found: {table}")]
    TableNotFound {
        /// The name of the table.
        table: String,
    },
    /// A name or a pattern over its limit.
    #[error("the {what} has {len} bytes, and at most {max} are possible: choose a shorter one")]
    TooLong {
        /// Which.
        what: Text,
        /// Its length in bytes.
        len: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// There are as many tables as may be.
    #[error(
        "the stash has {max} tables, which is its limit: delete one, or raise `max_tables` in the \
         configuration's [stash]"
    )]
    TooManyTables {
        /// The limit.
        max: usize,
    },
    /// The table has as many keys as may be.
    #[error(
        "the stash's table {table} has {max} keys, which is its limit: delete some, or raise \
         `max_keys` in the configuration's [stash]"
    )]
    TooManyKeys {
        /// The name of the table.
        table: String,
        /// The limit.
        max: usize,
    },
    /// The table would be larger than it may be.
    #[error(
        "the stash's table {table} would have {bytes} bytes, and {max} is its limit: delete \
         something from it, or raise `max_table_bytes` in the configuration's [stash]"
    )]
    TableFull {
        /// The name of the table.
        table: String,
        /// How large it would be, in bytes.
        bytes: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// All tables together would be larger than they may be.
    #[error(
        "the stash would have {bytes} bytes, and {max} is its limit: delete something from it, or \
         raise `max_bytes` in the configuration's [stash]"
    )]
    Full {
        /// How large they would be, in bytes.
        bytes: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// A value that is larger than what it should be kept in may be.
    #[error(
        "the value has more than {max} bytes, which is the stash's limit: keep it in parts, or raise \
         `{limit}` in the configuration's [stash]"
    )]
    ValueTooLarge {
        /// The limit in bytes.
        max: usize,
        /// Which it is.
        limit: Limit,
    },
    /// Something is to be added to a value that is none of 64 bits' integers.
    #[error("the value of {key} in {table} is no integer from -2^63 to 2^63-1: put one first")]
    NotAnInteger {
        /// The name of the table.
        table: String,
        /// The key.
        key: String,
    },
    /// A sum that is none of 64 bits' integers.
    #[error(
        "the value of {key} in {table} is {value}, and with {delta} added it would not fit into 64 \
         bits: put a smaller one first"
    )]
    Overflow {
        /// The name of the table.
        table: String,
        /// The key.
        key: String,
        /// The value.
        value: i64,
        /// What was to be added.
        delta: i64,
    },
    /// An app asks for what is too long to be sent to it, or sends what is too long.
    #[error(
        "{bytes} bytes do not fit into one message, which has at most {max}: keep or ask for less \
         at once, or raise `max_frame` in the configuration"
    )]
    TooLarge {
        /// The length of the message.
        bytes: usize,
        /// The limit in bytes.
        max: usize,
    },
}

impl From<&StashError> for WireError {
    fn from(error: &StashError) -> Self {
        let dirty = || WireError::dirty(error.to_string());
        match error {
            StashError::KeyNotFound { table, key } => WireError::stash_key_not_found(table, key),
            StashError::TableNotFound { table } => WireError::stash_table_not_found(table),
            StashError::TooLong { max, .. }
            | StashError::TooManyTables { max }
            | StashError::TooManyKeys { max, .. }
            | StashError::TableFull { max, .. }
            | StashError::Full { max, .. }
            | StashError::ValueTooLarge { max, .. }
            | StashError::TooLarge { max, .. } => dirty().with("limit", *max),
            StashError::NotAnInteger { table, key } | StashError::Overflow { table, key, .. } => {
                dirty()
                    .with("table", table.as_str())
                    .with("key", key.as_str())
            }
        }
    }
}
