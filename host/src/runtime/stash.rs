//! The contract's interface `stash`, as an instance calls it.

use std::time::Duration;

use super::bindings::dirty::app::stash::{Error, Host, Value};
use super::state::State;
use super::uplink::StashFault;
use crate::stash::{StashAnswer, StashError, StashRequest, StashValue};

/// What a function of the interface returns; a trap is not possible.
type Reply<T> = wasmtime::Result<Result<T, Error>>;

impl State {
    /// Does something with the stash. Waits for the host.
    pub(super) fn ask_stash(
        &mut self,
        request: StashRequest,
    ) -> Result<StashAnswer<'static>, StashFault> {
        self.uplink().lock().stash(request)
    }

    /// The value under a key, if there is one.
    pub(super) fn stash_value(
        &mut self,
        table: String,
        key: String,
    ) -> Result<Option<StashValue>, StashFault> {
        match self.ask_stash(StashRequest::Get { table, key }) {
            Ok(StashAnswer::Value(value)) => Ok(Some(value.into_owned())),
            Ok(_) => Err(StashFault::Unexpected),
            Err(StashFault::Refused(StashError::KeyNotFound { .. })) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Does something that there is nothing to say about.
    pub(super) fn change_stash(&mut self, request: StashRequest) -> Result<(), StashFault> {
        match self.ask_stash(request)? {
            StashAnswer::Done => Ok(()),
            _ => Err(StashFault::Unexpected),
        }
    }

    /// Does or asks something that is so, or not.
    pub(super) fn stash_truth(&mut self, request: StashRequest) -> Result<bool, StashFault> {
        match self.ask_stash(request)? {
            StashAnswer::Truth(truth) => Ok(truth),
            _ => Err(StashFault::Unexpected),
        }
    }

    /// Asks for names.
    pub(super) fn stash_names(&mut self, request: StashRequest) -> Result<Vec<String>, StashFault> {
        match self.ask_stash(request)? {
            StashAnswer::Names(names) => Ok(names),
            _ => Err(StashFault::Unexpected),
        }
    }

    /// Adds to an integer, and returns the sum.
    pub(super) fn stash_sum(
        &mut self,
        table: String,
        key: String,
        delta: i64,
    ) -> Result<i64, StashFault> {
        match self.ask_stash(StashRequest::Increment { table, key, delta })? {
            StashAnswer::Sum(sum) => Ok(sum),
            _ => Err(StashFault::Unexpected),
        }
    }

    fn stash_size(&mut self, table: String) -> Result<Option<u64>, StashFault> {
        match self.ask_stash(StashRequest::Info { table }) {
            Ok(StashAnswer::Info { size, .. }) => Ok(Some(size as u64)),
            Ok(_) => Err(StashFault::Unexpected),
            Err(StashFault::Refused(StashError::TableNotFound { .. })) => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}

impl Host for State {
    fn get(&mut self, table: String, key: String) -> Reply<Option<Value>> {
        let value = self.stash_value(table, key);
        Ok(value
            .map(|value| value.map(Value::from))
            .map_err(Error::from))
    }

    fn put(&mut self, table: String, key: String, value: Value, ttl: Option<u64>) -> Reply<()> {
        reply(self.change_stash(StashRequest::Put {
            table,
            key,
            value: value.into(),
            ttl: ttl.map(Duration::from_millis),
        }))
    }

    fn delete(&mut self, table: String, key: String) -> Reply<bool> {
        reply(self.stash_truth(StashRequest::Delete { table, key }))
    }

    fn exists(&mut self, table: String, key: String) -> Reply<bool> {
        let key = Some(key);
        reply(self.stash_truth(StashRequest::Exists { table, key }))
    }

    fn keys(&mut self, table: String, pattern: Option<String>) -> Reply<Vec<String>> {
        reply(self.stash_names(StashRequest::Keys { table, pattern }))
    }

    fn increment(&mut self, table: String, key: String, delta: i64) -> Reply<i64> {
        reply(self.stash_sum(table, key, delta))
    }

    fn compare_and_swap(
        &mut self,
        table: String,
        key: String,
        expected: Option<Value>,
        value: Value,
        ttl: Option<u64>,
    ) -> Reply<bool> {
        reply(self.stash_truth(StashRequest::CompareAndSwap {
            table,
            key,
            expected: expected.map(StashValue::from),
            value: value.into(),
            ttl: ttl.map(Duration::from_millis),
        }))
    }

    fn tables(&mut self) -> Reply<Vec<String>> {
        reply(self.stash_names(StashRequest::Tables))
    }

    fn ensure(&mut self, table: String) -> Reply<()> {
        reply(self.change_stash(StashRequest::Ensure { table }))
    }

    fn has_table(&mut self, table: String) -> Reply<bool> {
        reply(self.stash_truth(StashRequest::Exists { table, key: None }))
    }

    fn size(&mut self, table: String) -> Reply<Option<u64>> {
        reply(self.stash_size(table))
    }

    fn clear(&mut self, table: String) -> Reply<()> {
        reply(self.change_stash(StashRequest::Clear { table }))
    }

    fn delete_table(&mut self, table: String) -> Reply<bool> {
        reply(self.stash_truth(StashRequest::DeleteTable { table }))
    }
}

fn reply<T>(outcome: Result<T, StashFault>) -> Reply<T> {
    Ok(outcome.map_err(Error::from))
}

impl From<StashValue> for Value {
    fn from(value: StashValue) -> Self {
        Self {
            json: value.json.into(),
            blobs: value.blobs.into_iter().map(Vec::from).collect(),
        }
    }
}

impl From<Value> for StashValue {
    fn from(value: Value) -> Self {
        Self {
            json: value.json.into(),
            blobs: value.blobs.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<StashFault> for Error {
    fn from(fault: StashFault) -> Self {
        let message = fault.to_string();
        match fault {
            StashFault::Malformed(_) => Self::Malformed(message),
            StashFault::TooManyBlobs { .. } => Self::TooLarge(message),
            StashFault::Gone | StashFault::Unexpected => Self::Unavailable(message),
            StashFault::Refused(error) => match error {
                StashError::TooLong { .. } => Self::TooLong(message),
                StashError::TooLarge { .. } => Self::TooLarge(message),
                StashError::TooManyTables { .. }
                | StashError::TooManyKeys { .. }
                | StashError::TableFull { .. }
                | StashError::ValueTooLarge { .. }
                | StashError::Full { .. } => Self::Full(message),
                StashError::NotAnInteger { .. } | StashError::Overflow { .. } => {
                    Self::NotAnInteger(message)
                }
                // Only where it has no answer of its own, which is nowhere.
                StashError::KeyNotFound { .. } | StashError::TableNotFound { .. } => {
                    Self::Unavailable(message)
                }
            },
        }
    }
}
