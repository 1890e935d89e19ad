//! The stash of the contract's import.

use super::{Result, StashError, Value};
use crate::host::bindings::dirty::app::stash::{self, Error};

impl From<Error> for StashError {
    fn from(error: Error) -> Self {
        match error {
            Error::TooLong(message) => Self::TooLong(message),
            Error::Full(message) => Self::Full(message),
            Error::NotAnInteger(message) => Self::NotAnInteger(message),
            Error::Malformed(message) => Self::Malformed(message),
            Error::TooLarge(message) => Self::TooLarge(message),
            Error::Unavailable(message) => Self::Unavailable(message),
        }
    }
}

impl From<Value> for stash::Value {
    fn from(Value { json, blobs }: Value) -> Self {
        Self { json, blobs }
    }
}

pub(super) fn get(table: &str, key: &str) -> Result<Option<Value>> {
    let value = stash::get(table, key)?;
    Ok(value.map(|stash::Value { json, blobs }| Value { json, blobs }))
}

pub(super) fn put(table: &str, key: &str, value: Value, ttl: Option<u64>) -> Result<()> {
    Ok(stash::put(table, key, &value.into(), ttl)?)
}

pub(super) fn compare_and_swap(
    table: &str,
    key: &str,
    expected: Option<Value>,
    value: Value,
    ttl: Option<u64>,
) -> Result<bool> {
    let expected = expected.map(stash::Value::from);
    let swap = stash::compare_and_swap(table, key, expected.as_ref(), &value.into(), ttl);
    Ok(swap?)
}

pub(super) fn increment(table: &str, key: &str, delta: i64) -> Result<i64> {
    Ok(stash::increment(table, key, delta)?)
}

pub(super) fn delete(table: &str, key: &str) -> Result<bool> {
    Ok(stash::delete(table, key)?)
}

pub(super) fn exists(table: &str, key: &str) -> Result<bool> {
    Ok(stash::exists(table, key)?)
}

pub(super) fn keys(table: &str, pattern: Option<&str>) -> Result<Vec<String>> {
    Ok(stash::keys(table, pattern)?)
}

pub(super) fn size(table: &str) -> Result<Option<u64>> {
    Ok(stash::size(table)?)
}

pub(super) fn tables() -> Result<Vec<String>> {
    Ok(stash::tables()?)
}

pub(super) fn ensure(table: &str) -> Result<()> {
    Ok(stash::ensure(table)?)
}

pub(super) fn clear(table: &str) -> Result<()> {
    Ok(stash::clear(table)?)
}

pub(super) fn delete_table(table: &str) -> Result<bool> {
    Ok(stash::delete_table(table)?)
}
