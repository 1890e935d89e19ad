//! Preparing a call: its arguments and its timeout.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};

use super::connection::Connection;
use super::error::ClientError;
use super::replies::Replies;
use crate::protocol::RequestParts;

/// A call that has not been sent.
#[derive(Debug)]
#[must_use = "a call is made by `send` or `execute`"]
pub struct CallBuilder {
    connection: Arc<Connection>,
    app: String,
    action: String,
    args: Vec<Box<RawValue>>,
    kwargs: Vec<(String, Box<RawValue>)>,
    timeout: Option<Duration>,
    /// The first argument that could not be written, reported when the call is sent.
    failed: Option<serde_json::Error>,
}

impl CallBuilder {
    pub(super) fn new(connection: Arc<Connection>, app: &str, action: &str) -> Self {
        Self {
            connection,
            app: app.to_owned(),
            action: action.to_owned(),
            args: Vec::new(),
            kwargs: Vec::new(),
            timeout: None,
            failed: None,
        }
    }

    /// Adds positional arguments that are JSON already.
    pub fn args(mut self, args: Vec<Box<RawValue>>) -> Self {
        self.args.extend(args);
        self
    }

    /// Adds named arguments that are JSON already; each name once.
    pub fn kwargs(mut self, kwargs: Vec<(String, Box<RawValue>)>) -> Self {
        self.kwargs.extend(kwargs);
        self
    }

    /// Adds a positional argument. One that cannot be written as JSON fails the call when it is
    /// sent.
    pub fn arg(mut self, value: impl Serialize) -> Self {
        match to_raw_value(&value) {
            Ok(json) => self.args.push(json),
            Err(error) => self.failed = self.failed.or(Some(error)),
        }
        self
    }

    /// Adds a named argument, likewise.
    pub fn kwarg(mut self, name: &str, value: impl Serialize) -> Self {
        match to_raw_value(&value) {
            Ok(json) => self.kwargs.push((name.to_owned(), json)),
            Err(error) => self.failed = self.failed.or(Some(error)),
        }
        self
    }

    /// Asks for a shorter timeout than the app's; in a stream it applies to each chunk. The host
    /// refuses zero.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends the call. Waits only for room in the connection's buffer, not for a reply.
    ///
    /// # Errors
    /// The call could not be sent: [`ClientError::Encode`], [`ClientError::TooLarge`] or
    /// [`ClientError::Closed`].
    pub async fn send(self) -> Result<Replies, ClientError> {
        if let Some(error) = self.failed {
            return Err(ClientError::Encode(error));
        }
        let request = RequestParts {
            app_path: &self.app,
            action: &self.action,
            args: &self.args,
            kwargs: &self.kwargs,
            timeout: self.timeout,
        };
        Connection::send_request(&self.connection, &request).await
    }

    /// Sends the call and waits for its result.
    ///
    /// # Errors
    /// As [`send`](Self::send), the host's error, [`ClientError::Stream`] if the app answers with
    /// a stream, [`ClientError::Decode`] if the result is no `T`.
    pub async fn execute<T: DeserializeOwned>(self) -> Result<T, ClientError> {
        let result = self.send().await?.into_result().await?;
        serde_json::from_str(result.get()).map_err(ClientError::Decode)
    }
}
