//! Answers clients and apps that use the stash. What each operation does is the stash's; here its
//! results get the shapes that the existing clients know, or become messages to a child.

use std::time::Instant;

use bytes::Bytes;
use serde_json::json;

use super::machine::{ClientId, GenerationId};
use super::replies::Kind;
use super::run::{Arbiter, Peer};
use super::{Embedder, log};
use crate::config::AppSettings;
use crate::process::hop::{self, WorkerId};
use crate::protocol::{Dialect, RawId, ReplyValue, StashRequest, StashValue, WireError};
use crate::stash::{StashAnswer, StashError};

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
            let reply = match self.stash.perform(now, message.request) {
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

    /// An app uses the stash during a call, or where a worker starts or stops.
    pub(super) fn use_stash_of_worker(
        &mut self,
        now: Instant,
        worker: WorkerId,
        request: StashRequest,
    ) {
        if let Some(link) = self.workers.get_mut(&worker) {
            let answer = self.stash.perform(now, request);
            let frame_bytes_max = self.settings.server.frame_bytes_max;
            link.answer(encode_for_child(answer, frame_bytes_max));
            self.dirty.push(Peer::Worker(worker));
        }
    }

    /// An app uses the stash during its `init()`, or its mold does for it.
    pub(super) fn use_stash_of_mold(
        &mut self,
        now: Instant,
        generation: GenerationId,
        request: StashRequest,
    ) {
        if let Some((link, _)) = self.molds.get_mut(&generation) {
            let answer = self.stash.perform(now, request);
            let frame_bytes_max = self.settings.server.frame_bytes_max;
            link.down
                .push_encoded(encode_for_child(answer, frame_bytes_max));
            self.dirty.push(Peer::Mold(generation));
        }
    }

    /// Makes the tables that the configuration gives an app, before it can use them.
    pub(super) fn make_tables(&mut self, app: &AppSettings) {
        for table in app.stashes.iter().flatten() {
            if let Err(error) = self.stash.ensure(table) {
                log::no_table(&app.name, table, &error);
            }
        }
    }
}

/// The answer to a child. One that does not fit into a message is an error instead.
fn encode_for_child(
    answer: Result<StashAnswer<'_>, StashError>,
    frame_bytes_max: usize,
) -> hop::Encoded {
    let encoded = hop::stash_answer(&answer);
    let bytes = encoded.body.len();
    if bytes <= frame_bytes_max {
        return encoded;
    }
    let max = frame_bytes_max;
    hop::stash_answer(&Err(StashError::TooLarge { bytes, max }))
}

fn encode(
    answer: &StashAnswer<'_>,
    dialect: Dialect,
    id: &RawId,
    frame_bytes_max: usize,
) -> Result<Bytes, WireError> {
    let fact = match answer {
        StashAnswer::Value(value) => {
            let StashValue { json, blobs } = &**value;
            let value = ReplyValue::App { json, blobs };
            return write(value, dialect, id, frame_bytes_max);
        }
        StashAnswer::Done => json!(true),
        StashAnswer::Truth(truth) => json!(truth),
        StashAnswer::Sum(sum) => json!(sum),
        StashAnswer::Names(names) => json!(names),
        StashAnswer::Info { table, size } => json!({"size": size, "table": table}),
    };
    write((&fact.to_string()).into(), dialect, id, frame_bytes_max)
}

fn write(
    value: ReplyValue<'_>,
    dialect: Dialect,
    id: &RawId,
    frame_bytes_max: usize,
) -> Result<Bytes, WireError> {
    let mut reply = Vec::new();
    match dialect.write_response(&mut reply, id.as_str(), value, frame_bytes_max) {
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
