//! The reference client: asynchronous, many calls at once over one connection.
//!
//! The commands, the tests and Rust programs use it. It keeps no timers: deadlines are the host's,
//! which answers each call exactly once. It does not reconnect; connect anew when a call reports
//! [`ClientError::Closed`].
//!
//! ```no_run
//! use std::time::Duration;
//! use dirty_host::client::{Client, Reply};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect("/run/dirty.sock").await?;
//!
//! // A call with one result:
//! let fib: u64 = client.call("demo", "fib").arg(30).execute().await?;
//!
//! // A stream:
//! let call = client.call("demo", "count").arg(3).kwarg("delay_ms", 10);
//! let mut replies = call.timeout(Duration::from_secs(5)).send().await?;
//! while let Some(reply) = replies.next().await {
//!     if let Reply::Chunk(json) = reply? {
//!         eprintln!("{json}");
//!     }
//! }
//! # let _ = fib;
//! # Ok(())
//! # }
//! ```

mod binary;
mod call;
mod connection;
mod error;
mod outbox;
mod replies;
mod stash;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use serde_json::value::RawValue;
use tokio::net::UnixStream;

use crate::protocol::{ControlParts, FRAME_BYTES_MAX_DEFAULT};
use connection::Connection;

pub use binary::Bytes;
pub use call::CallBuilder;
pub use error::{ClientError, Ending};
pub use replies::{Replies, Reply};
pub use stash::Stash;

/// A connection to a host. Clones share it; it closes when the last clone and the last
/// [`Replies`] are dropped.
///
/// The client reads replies in the order in which the host sends them and never drops one, so a
/// stream that is not read for long stops all others on its connection: read streams concurrently,
/// or give slow ones a client of their own.
#[derive(Debug, Clone)]
pub struct Client {
    connection: Arc<Connection>,
}

impl Client {
    /// Connects to the host that listens on the socket at `path`. Must be called within a tokio
    /// runtime with I/O enabled; of either kind.
    ///
    /// # Errors
    /// [`ClientError::Connect`], with the path.
    pub async fn connect(path: impl AsRef<Path>) -> Result<Self, ClientError> {
        let path = path.as_ref();
        match UnixStream::connect(path).await {
            Ok(stream) => Ok(Self::over(stream, FRAME_BYTES_MAX_DEFAULT)),
            Err(source) => Err(ClientError::Connect {
                path: path.to_owned(),
                source,
            }),
        }
    }

    fn over(stream: UnixStream, frame_bytes_max: usize) -> Self {
        let connection = Arc::new(Connection::start(stream, frame_bytes_max));
        Self { connection }
    }

    /// Prepares a call of `action` of the app named `app`. Nothing is sent before
    /// [`CallBuilder::send`] or [`CallBuilder::execute`].
    pub fn call(&self, app: &str, action: &str) -> CallBuilder {
        CallBuilder::new(Arc::clone(&self.connection), app, action)
    }

    /// The tables that the host keeps for its clients.
    pub fn stash(&self) -> Stash {
        Stash::new(Arc::clone(&self.connection))
    }

    /// Asks for the host's status, a JSON object.
    ///
    /// # Errors
    /// The connection is closed, or the host answers with an error.
    pub async fn status(&self) -> Result<Box<RawValue>, ClientError> {
        Connection::send_status(&self.connection)
            .await?
            .into_result()
            .await
    }

    /// Has the host read its configuration again and replace what has changed: one app, or all.
    /// Waits until it is known what came of it. The result is the JSON of
    /// [`Outcomes`](crate::protocol::Outcomes).
    ///
    /// # Errors
    /// The connection is closed, or the host answers with an error: the configuration has mistakes,
    /// or there is no such app. An app that cannot start is no error but an outcome.
    pub async fn reload(&self, app: Option<&str>) -> Result<Box<RawValue>, ClientError> {
        self.control(&ControlParts::Reload { app }).await
    }

    /// Has the host start an app anew, also one that it has given up. Waits and answers as
    /// [`reload`](Self::reload) does.
    ///
    /// # Errors
    /// The connection is closed, or the host answers with an error: there is no such app.
    pub async fn restart(&self, app: &str) -> Result<Box<RawValue>, ClientError> {
        self.control(&ControlParts::Restart { app }).await
    }

    /// Has the host change how many workers an app has. Answers as [`reload`](Self::reload) does.
    ///
    /// # Errors
    /// The connection is closed, or the host answers with an error: there is no such app, or it
    /// cannot have so many workers.
    pub async fn scale(&self, app: &str, workers: u32) -> Result<Box<RawValue>, ClientError> {
        self.control(&ControlParts::Scale { app, workers }).await
    }

    async fn control(&self, control: &ControlParts<'_>) -> Result<Box<RawValue>, ClientError> {
        Connection::send_control(&self.connection, control)
            .await?
            .into_result()
            .await
    }
}
