//! Answers clients that use the stash. What each operation does is the stash's; here its results
//! get the shapes that the existing clients know.

use std::time::Instant;

use bytes::Bytes;
use serde_json::json;

use super::Embedder;
use super::machine::ClientId;
use super::replies::Kind;
use super::run::{Arbiter, Peer};
use crate::protocol::{
    Dialect, RawId, ReplyValue, StashOperation, StashRequest, StashValue, WireError,
};
use crate::stash::{Stash, StashError};

/// A client's use of the stash.
#[derive(Debug)]
pub(super) struct StashMessage {
    /// How the client reads.
    pub(super) dialect: Dialect,
    /// To answer under.
    pub(super) id: RawId,
    /// What it wants.
    pub(super) request: StashRequest,
    /// What it came in, which counts into the budget for as long as it waits.
    pub(super) _frame: Bytes,
}

/// What an operation says.
#[derive(Debug, PartialEq)]
enum Answer<'a> {
    /// A value of the stash's.
    Value(&'a StashValue),
    /// Something else.
    Fact(serde_json::Value),
}

impl<E: Embedder> Arbiter<E> {
    /// A client uses the stash.
    pub(super) fn use_stash(&mut self, now: Instant, client: ClientId, message: Box<StashMessage>) {
        if let Some(entry) = self.clients.get_mut(&client) {
            entry.push_stash_message(message);
        }
        self.answer_stash(now, client);
    }

    /// Does what a client wants of the stash, one thing after another, for as long as it reads the
    /// answers.
    pub(super) fn answer_stash(&mut self, now: Instant, client: ClientId) {
        while let Some(entry) = self.clients.get_mut(&client)
            && let Some(message) = entry.next_stash_message()
        {
            let frame_bytes_max = self.settings.server.frame_bytes_max;
            let (dialect, id) = (message.dialect, message.id);
            let reply = match perform(&mut self.stash, now, message.request) {
                Ok(answer) => encode(&answer, dialect, &id, frame_bytes_max),
                Err(error) => Err(WireError::from(&error)),
            };
            match reply {
                Ok(reply) => {
                    entry.push_shared(Kind::Other, reply);
                    self.dirty.push(Peer::Client(client));
                }
                Err(error) => self.write_error(client, Kind::Other, dialect, id.as_str(), &error),
            }
        }
    }
}

fn perform(
    stash: &mut Stash,
    now: Instant,
    request: StashRequest,
) -> Result<Answer<'_>, StashError> {
    let StashRequest {
        operation,
        table,
        key,
        value,
        pattern,
    } = request;
    // Where a key is needed, the message has been refused without.
    let needed_key = key.as_deref().unwrap_or_default();
    let fact = match operation {
        StashOperation::Put => {
            // Clients leave it away for their `None`.
            let value = value.unwrap_or_else(|| StashValue::from_json("null"));
            stash.put(now, &table, needed_key, value, None)?;
            json!(true)
        }
        StashOperation::Get => return stash.get(now, &table, needed_key).map(Answer::Value),
        StashOperation::Delete => json!(stash.delete(now, &table, needed_key)),
        StashOperation::Keys => json!(stash.keys(now, &table, pattern.as_deref())?),
        StashOperation::Clear => {
            stash.clear(&table);
            json!(true)
        }
        StashOperation::Info => json!({"size": stash.size(now, &table)?, "table": table}),
        StashOperation::Ensure => {
            stash.ensure(&table)?;
            json!(true)
        }
        StashOperation::DeleteTable => json!(stash.delete_table(&table)),
        StashOperation::Tables => json!(stash.tables()),
        StashOperation::Exists => json!(match &key {
            Some(key) => stash.has_key(now, &table, key),
            None => stash.has_table(&table),
        }),
    };
    Ok(Answer::Fact(fact))
}

fn encode(
    answer: &Answer<'_>,
    dialect: Dialect,
    id: &RawId,
    frame_bytes_max: usize,
) -> Result<Bytes, WireError> {
    let mut reply = Vec::new();
    let written = match answer {
        Answer::Value(StashValue { json, blobs }) => {
            let value = ReplyValue::App { json, blobs };
            dialect.write_response(&mut reply, id.as_str(), value, frame_bytes_max)
        }
        Answer::Fact(fact) => {
            dialect.write_response(&mut reply, id.as_str(), &fact.to_string(), frame_bytes_max)
        }
    };
    match written {
        Ok(()) => Ok(reply.into()),
        Err(error) => {
            let message = format!("the stash's answer cannot be sent: {error}");
            Err(WireError::dirty(message))
        }
    }
}

#[cfg(test)]
#[path = "tests/stash.rs"]
mod tests;
