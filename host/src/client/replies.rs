//! What a caller reads of one call: a result, or a stream of chunks.

use std::fmt;
use std::sync::Arc;

use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::connection::Connection;
use super::error::ClientError;
use crate::protocol::WireError;

/// A part of the reply to a call.
#[derive(Debug)]
pub enum Reply {
    /// The result, JSON as the app wrote it. Nothing follows.
    Result(Box<RawValue>),
    /// A chunk of a stream, likewise. More may follow.
    Chunk(Box<RawValue>),
}

/// What the connection hands to a call.
#[derive(Debug)]
pub(super) enum Event {
    Result(Box<RawValue>),
    Chunk(Box<RawValue>),
    End,
    Error(WireError),
}

/// The replies to one call, in order. Dropped before their end, the call is cancelled.
///
/// Replies that are not read hold up the whole connection: see [`Client`](super::Client).
pub struct Replies {
    connection: Arc<Connection>,
    id: u64,
    events: mpsc::Receiver<Event>,
    ended: bool,
}

impl Replies {
    pub(super) fn new(connection: Arc<Connection>, id: u64, events: mpsc::Receiver<Event>) -> Self {
        Self {
            connection,
            id,
            events,
            ended: false,
        }
    }

    /// Waits for the next part: one result, or chunks. None after the end. An error is the end,
    /// too. Nothing is lost if the future is dropped.
    ///
    /// # Errors
    /// The host answered with an error, or the connection closed before the end.
    pub async fn next(&mut self) -> Option<Result<Reply, ClientError>> {
        if self.ended {
            return None;
        }
        let event = self.events.recv().await;
        self.ended = !matches!(event, Some(Event::Chunk(_)));
        match event {
            Some(Event::Result(result)) => Some(Ok(Reply::Result(result))),
            Some(Event::Chunk(data)) => Some(Ok(Reply::Chunk(data))),
            Some(Event::End) => None,
            Some(Event::Error(error)) => Some(Err(error.into())),
            None => Some(Err(self.connection.closed())),
        }
    }

    /// The reply to a call that is not a stream.
    pub(super) async fn into_result(mut self) -> Result<Box<RawValue>, ClientError> {
        match self.next().await {
            Some(Ok(Reply::Result(result))) => Ok(result),
            Some(Ok(Reply::Chunk(_))) | None => Err(ClientError::Stream),
            Some(Err(error)) => Err(error),
        }
    }
}

impl Drop for Replies {
    fn drop(&mut self) {
        if !self.ended {
            self.connection.cancel(self.id);
        }
    }
}

impl fmt::Debug for Replies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replies")
            .field("id", &self.id)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
