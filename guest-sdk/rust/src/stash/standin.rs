//! The stash of a native test: plain lists of its thread's stand-in for the host. It knows no limits.

use std::time::{Duration, Instant};

use glob::Pattern;

use super::{Result, StashError, Value};
use crate::host::standin;

/// Tables and their entries, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Tables(Vec<Table>);

#[derive(Debug)]
struct Table {
    name: String,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    key: String,
    value: Value,
    expires: Option<Instant>,
}

impl Tables {
    fn find(&mut self, name: &str) -> Option<&mut Table> {
        let now = Instant::now();
        let table = self.0.iter_mut().find(|table| table.name == name)?;
        let is_live = |entry: &Entry| entry.expires.is_none_or(|expires| now < expires);
        table.entries.retain(is_live);
        Some(table)
    }

    fn make(&mut self, name: &str) -> &mut Table {
        let at = self.0.iter().position(|table| table.name == name);
        let at = at.unwrap_or_else(|| {
            self.0.push(Table {
                name: name.to_owned(),
                entries: Vec::new(),
            });
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    fn entry(&mut self, table: &str, key: &str) -> Option<&mut Entry> {
        let mut entries = self.find(table)?.entries.iter_mut();
        entries.find(|entry| entry.key == key)
    }

    fn put(&mut self, table: &str, key: &str, value: Value, expires: Option<Instant>) {
        if let Some(entry) = self.entry(table, key) {
            entry.value = value;
            entry.expires = expires;
            return;
        }
        let key = key.to_owned();
        self.make(table).entries.push(Entry {
            key,
            value,
            expires,
        });
    }
}

fn with<T>(f: impl FnOnce(&mut Tables) -> T) -> T {
    standin::with(|host| f(&mut host.stash))
}

fn expiry(ttl: Option<u64>) -> Option<Instant> {
    Instant::now().checked_add(Duration::from_millis(ttl?))
}

pub(super) fn get(table: &str, key: &str) -> Result<Option<Value>> {
    Ok(with(|tables| {
        tables.entry(table, key).map(|entry| entry.value.clone())
    }))
}

pub(super) fn put(table: &str, key: &str, value: Value, ttl: Option<u64>) -> Result<()> {
    with(|tables| tables.put(table, key, value, expiry(ttl)));
    Ok(())
}

pub(super) fn compare_and_swap(
    table: &str,
    key: &str,
    expected: Option<Value>,
    value: Value,
    ttl: Option<u64>,
) -> Result<bool> {
    Ok(with(|tables| {
        let present = tables.entry(table, key).map(|entry| &entry.value);
        let is_expected = present == expected.as_ref();
        if is_expected {
            tables.put(table, key, value, expiry(ttl));
        }
        is_expected
    }))
}

pub(super) fn increment(table: &str, key: &str, delta: i64) -> Result<i64> {
    with(|tables| {
        let (number, expires) = match tables.entry(table, key) {
            Some(entry) => (entry.value.json.trim().parse().ok(), entry.expires),
            None => (Some(0), None),
        };
        let sum = number.and_then(|number: i64| number.checked_add(delta));
        let sum = sum.ok_or_else(|| {
            StashError::NotAnInteger(format!("{key} of {table} and {delta} make no integer"))
        })?;
        let (json, blobs) = (sum.to_string(), Vec::new());
        tables.put(table, key, Value { json, blobs }, expires);
        Ok(sum)
    })
}

pub(super) fn delete(table: &str, key: &str) -> Result<bool> {
    Ok(with(|tables| {
        let found = tables.entry(table, key).is_some();
        if let Some(table) = tables.find(table) {
            table.entries.retain(|entry| entry.key != key);
        }
        found
    }))
}

pub(super) fn exists(table: &str, key: &str) -> Result<bool> {
    Ok(with(|tables| tables.entry(table, key).is_some()))
}

pub(super) fn keys(table: &str, pattern: Option<&str>) -> Result<Vec<String>> {
    let pattern = pattern.map(Pattern::new).transpose();
    let pattern = pattern.map_err(|error| StashError::Malformed(error.to_string()))?;
    Ok(with(|tables| {
        let entries = tables.find(table).map(|table| &table.entries);
        let keys = entries.into_iter().flatten().map(|entry| &entry.key);
        keys.filter(|key| pattern.as_ref().is_none_or(|pattern| pattern.matches(key)))
            .cloned()
            .collect()
    }))
}

pub(super) fn size(table: &str) -> Result<Option<u64>> {
    Ok(with(|tables| {
        let table = tables.find(table);
        table.map(|table| table.entries.len() as u64)
    }))
}

pub(super) fn tables() -> Result<Vec<String>> {
    let name = |table: &Table| table.name.clone();
    Ok(with(|tables| tables.0.iter().map(name).collect()))
}

pub(super) fn ensure(table: &str) -> Result<()> {
    with(|tables| {
        tables.make(table);
    });
    Ok(())
}

pub(super) fn clear(table: &str) -> Result<()> {
    with(|tables| {
        if let Some(table) = tables.find(table) {
            table.entries.clear();
        }
    });
    Ok(())
}

pub(super) fn delete_table(name: &str) -> Result<bool> {
    Ok(with(|tables| {
        let before = tables.0.len();
        tables.0.retain(|table| table.name != name);
        tables.0.len() < before
    }))
}
