//! The host's stash, seen from a client: tables of values that all clients and apps share.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::connection::Connection;
use super::error::ClientError;
use crate::protocol::{ErrorType, StashOperation, StashParts};

/// A way to the stash of a host; see [`Client::stash`](super::Client::stash).
///
/// Tables and keys are names of up to 255 and 1024 bytes, values are whatever JSON can say. Everything
/// is gone when the host ends. Each operation is done at once or not at all, one after another.
///
/// All operations fail where the connection is closed, and with the host's error where a name is too
/// long or the stash is full.
#[derive(Debug, Clone)]
pub struct Stash {
    connection: Arc<Connection>,
}

/// What the host says of a table.
#[derive(Deserialize)]
struct Info {
    size: u64,
}

impl Stash {
    pub(super) fn new(connection: Arc<Connection>) -> Self {
        Self { connection }
    }

    /// Keeps a value under a key, in place of what is there. The table is made if need be.
    ///
    /// # Errors
    /// Those of every operation; [`ClientError::Encode`] if the value cannot be written as JSON.
    pub async fn put(
        &self,
        table: &str,
        key: &str,
        value: impl Serialize,
    ) -> Result<(), ClientError> {
        self.put_for(table, key, value, None).await
    }

    /// The same; the value is forgotten after `ttl`, if there is one.
    ///
    /// # Errors
    /// Those of [`put`](Self::put).
    pub async fn put_for(
        &self,
        table: &str,
        key: &str,
        value: impl Serialize,
        ttl: Option<Duration>,
    ) -> Result<(), ClientError> {
        let value = to_raw_value(&value).map_err(ClientError::Encode)?;
        let parts = StashParts {
            value: Some(&value),
            ttl,
            ..of_key(StashOperation::Put, table, key)
        };
        self.send(&parts).await?;
        Ok(())
    }

    /// Adds to the integer under a key, and returns the sum. Where there is none it counts as 0.
    ///
    /// # Errors
    /// Those of every operation; the host's where the value is no integer of 64 bits, or the sum would
    /// be none.
    pub async fn increment(&self, table: &str, key: &str, delta: i64) -> Result<i64, ClientError> {
        let parts = StashParts {
            delta: Some(delta),
            ..of_key(StashOperation::Increment, table, key)
        };
        self.ask(&parts).await
    }

    /// Does what [`put_for`](Self::put_for) does if the value under the key is `expected`, letter by
    /// letter as JSON text; None is that there is no value. False if it is another.
    ///
    /// # Errors
    /// Those of [`put`](Self::put).
    pub async fn compare_and_swap(
        &self,
        table: &str,
        key: &str,
        expected: Option<impl Serialize>,
        value: impl Serialize,
        ttl: Option<Duration>,
    ) -> Result<bool, ClientError> {
        let expected = expected.map(|expected| to_raw_value(&expected));
        let expected = expected.transpose().map_err(ClientError::Encode)?;
        let value = to_raw_value(&value).map_err(ClientError::Encode)?;
        let parts = StashParts {
            expected: expected.as_deref(),
            value: Some(&value),
            ttl,
            ..of_key(StashOperation::CompareAndSwap, table, key)
        };
        self.ask(&parts).await
    }

    /// The value under a key; None if there is none, or no such table.
    ///
    /// # Errors
    /// Those of every operation; [`ClientError::Decode`] if the value is no `T`.
    pub async fn get<T: DeserializeOwned>(
        &self,
        table: &str,
        key: &str,
    ) -> Result<Option<T>, ClientError> {
        match self.ask(&of_key(StashOperation::Get, table, key)).await {
            Ok(value) => Ok(Some(value)),
            Err(error) => none_if(error, ErrorType::StashKeyNotFoundError),
        }
    }

    /// Removes a value. False if there is none.
    ///
    /// # Errors
    /// Those of every operation.
    pub async fn delete(&self, table: &str, key: &str) -> Result<bool, ClientError> {
        self.ask(&of_key(StashOperation::Delete, table, key)).await
    }

    /// Whether there is a value under a key.
    ///
    /// # Errors
    /// Those of every operation.
    pub async fn has_key(&self, table: &str, key: &str) -> Result<bool, ClientError> {
        self.ask(&of_key(StashOperation::Exists, table, key)).await
    }

    /// The keys of a table, oldest first; none where there is no such table. A pattern chooses among
    /// them as a shell does among files: `*`, `?`, `[a-z]`, `[!a-z]`.
    ///
    /// # Errors
    /// Those of every operation.
    pub async fn keys(
        &self,
        table: &str,
        pattern: Option<&str>,
    ) -> Result<Vec<String>, ClientError> {
        let parts = StashParts {
            pattern,
            ..of_table(StashOperation::Keys, table)
        };
        self.ask(&parts).await
    }

    /// How many values a table has; None if there is no such table.
    ///
    /// # Errors
    /// Those of every operation.
    pub async fn size(&self, table: &str) -> Result<Option<u64>, ClientError> {
        let parts = of_table(StashOperation::Info, table);
        match self.ask::<Info>(&parts).await {
            Ok(info) => Ok(Some(info.size)),
            Err(error) => none_if(error, ErrorType::StashTableNotFoundError),
        }
    }

    /// Removes all values of a table, which stays.
    ///
    /// # Errors
    /// Those of every operation.
    pub async fn clear(&self, table: &str) -> Result<(), ClientError> {
        self.send(&of_table(StashOperation::Clear, table)).await?;
        Ok(())
    }

    /// Makes a table, if there is none of that name.
    ///
    /// # Errors
    /// Those of every operation.
    pub async fn ensure(&self, table: &str) -> Result<(), ClientError> {
        self.send(&of_table(StashOperation::Ensure, table)).await?;
        Ok(())
    }

    /// Removes a table and its values. False if there is none.
    ///
    /// # Errors
    /// Those of every operation.
    pub async fn delete_table(&self, table: &str) -> Result<bool, ClientError> {
        self.ask(&of_table(StashOperation::DeleteTable, table))
            .await
    }

    /// Whether there is such a table.
    ///
    /// # Errors
    /// Those of every operation.
    pub async fn has_table(&self, table: &str) -> Result<bool, ClientError> {
        self.ask(&of_table(StashOperation::Exists, table)).await
    }

    /// The names of all tables, oldest first.
    ///
    /// # Errors
    /// Those of every operation.
    pub async fn tables(&self) -> Result<Vec<String>, ClientError> {
        self.ask(&of_table(StashOperation::Tables, "")).await
    }

    async fn ask<T: DeserializeOwned>(&self, parts: &StashParts<'_>) -> Result<T, ClientError> {
        let answer = self.send(parts).await?;
        serde_json::from_str(answer.get()).map_err(ClientError::Decode)
    }

    async fn send(&self, parts: &StashParts<'_>) -> Result<Box<RawValue>, ClientError> {
        Connection::send_stash(&self.connection, parts)
            .await?
            .into_result()
            .await
    }
}

fn of_table(operation: StashOperation, table: &str) -> StashParts<'_> {
    StashParts {
        operation,
        table,
        key: None,
        value: None,
        pattern: None,
        ttl: None,
        delta: None,
        expected: None,
    }
}

fn of_key<'a>(operation: StashOperation, table: &'a str, key: &'a str) -> StashParts<'a> {
    StashParts {
        key: Some(key),
        ..of_table(operation, table)
    }
}

/// None for an error of this type.
fn none_if<T>(error: ClientError, expected: ErrorType) -> Result<Option<T>, ClientError> {
    match error {
        ClientError::Remote(error) if error.error_type == expected => Ok(None),
        error => Err(error),
    }
}
