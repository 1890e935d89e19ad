//! The table `[stash]`: how much the shared tables may hold.

use super::convert;
use super::error::Problem;
use super::keys::Place;
use super::limits::{
    STASH_BYTES, STASH_BYTES_DEFAULT, STASH_KEYS, STASH_KEYS_DEFAULT, STASH_TABLES,
    STASH_TABLES_DEFAULT,
};
use super::section::{Report, Section};
use super::settings::StashSettings;

/// What the file says of the stash.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ParsedStash {
    bytes_max: Option<usize>,
    table_bytes_max: Option<usize>,
    keys_max: Option<usize>,
    tables_max: Option<usize>,
}

impl ParsedStash {
    /// Reads the table, if `top` has it.
    pub(super) fn read(top: &Section<'_>, report: &mut Report<'_>) -> Self {
        let Some(stash) = top.child(report, "stash") else {
            return ParsedStash::default();
        };
        stash.reject_unknown(report, Place::Stash);
        let bytes_max = stash.read(report, "max_bytes", |value| {
            convert::size_in_memory(value, &STASH_BYTES)
        });
        // Where `max_bytes` itself is wrong, that is said already.
        let known_max = bytes_max.or((!stash.has("max_bytes")).then_some(STASH_BYTES_DEFAULT));
        let table_bytes_max = stash.read(report, "max_table_bytes", |value| {
            let table = convert::size_in_memory(value, &STASH_BYTES)?;
            match known_max {
                Some(all) if table > all => Err(Problem::LargerThanStash { table, all }),
                _ => Ok(table),
            }
        });
        ParsedStash {
            bytes_max,
            table_bytes_max,
            keys_max: stash.read(report, "max_keys", |value| {
                convert::count(value, &STASH_KEYS)
            }),
            tables_max: stash.read(report, "max_tables", |value| {
                convert::count(value, &STASH_TABLES)
            }),
        }
    }

    /// What it means.
    pub(super) fn resolve(self) -> StashSettings {
        let bytes_max = self.bytes_max.unwrap_or(STASH_BYTES_DEFAULT);
        StashSettings {
            bytes_max,
            table_bytes_max: self.table_bytes_max.unwrap_or(bytes_max),
            keys_max: self.keys_max.unwrap_or(STASH_KEYS_DEFAULT),
            tables_max: self.tables_max.unwrap_or(STASH_TABLES_DEFAULT),
        }
    }
}
