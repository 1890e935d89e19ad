//! The stash, operation by operation, against a model, and at its limits.
#![allow(clippy::unwrap_used)]

mod expiry;
mod glob;
mod limits;
mod listing;
mod model;
mod operations;
mod perform;

use super::*;

/// Limits that no test meets by accident.
fn roomy() -> StashSettings {
    StashSettings {
        bytes_max: 1 << 30,
        table_bytes_max: 1 << 30,
        keys_max: 1 << 20,
        tables_max: 1 << 20,
    }
}

fn json(text: &str) -> StashValue {
    StashValue::from_json(text)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The sum of all tables' bytes, each counted anew.
fn counted(stash: &Stash) -> usize {
    let tables = stash.tables.iter();
    tables
        .map(|(name, table)| {
            let entries = table.entries();
            let entries: usize = entries
                .map(|(key, entry)| table::bytes_of_entry(key, &entry.value))
                .sum();
            let bytes = table::bytes_of_table(name) + entries;
            assert_eq!(table.bytes(), bytes, "{name}");
            bytes
        })
        .sum()
}
