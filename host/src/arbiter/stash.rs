//! Answers clients and apps that use the stash. What each operation does is the stash's, and whose turn
//! it is `turns` knows; here results get the shapes that the existing clients know, or become messages
//! to a child.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;

use super::client::Client;
use super::machine::{ClientId, GenerationId};
use super::replies::Kind;
use super::run::{Arbiter, Peer};
use super::turns::{Asker, LISTING_WORK, LongListing};
use super::{Embedder, log};
use crate::config::AppSettings;
use crate::process::hop::{self, WorkerId};
use crate::protocol::{
    Dialect, EnvelopeError, EnvelopeFault, IntakeFault, RawId, ReplyValue, StashRequest,
    StashValue, WireError,
};
use crate::stash::{Listing, StashAnswer, StashError};

/// How soon it is looked whether replies find room again, where nothing else happens.
const RETRY: Duration = Duration::from_millis(20);

/// How a client is to be answered.
#[derive(Debug)]
pub(super) struct Question {
    /// How it reads.
    pub(super) dialect: Dialect,
    /// Under which id.
    pub(super) id: RawId,
}

/// A client's use of the stash. It is read when its turn has come, because what it becomes then may
/// take more memory than its frame, which alone is counted.
#[derive(Debug)]
pub(super) struct StashMessage {
    pub(super) question: Question,
    pub(super) frame: Bytes,
}

impl<E: Embedder> Arbiter<E> {
    /// A client uses the stash.
    pub(super) fn use_stash(&mut self, now: Instant, client: ClientId, message: StashMessage) {
        if let Some(entry) = self.clients.get_mut(&client) {
            entry.push_stash_message(message);
        }
        self.queue_turn(client);
        self.serve_stash(now);
    }

    /// Has a client wait for its turn, if it wants something and reads the answers.
    pub(super) fn queue_turn(&mut self, client: ClientId) {
        let entry = self.clients.get_mut(&client);
        if entry.is_some_and(Client::take_place) {
            self.turns.push(client);
        }
    }

    /// Goes on with what has had to wait.
    pub(super) fn go_on_with_stash(&mut self) {
        if !self.turns.is_empty() {
            let now = Instant::now();
            self.serve_stash(now);
            self.go_on_listing(now);
        }
    }

    /// Does what clients want of the stash, in turn: as much as this wakeup allows, and for as long
    /// as there is room for the answers.
    fn serve_stash(&mut self, now: Instant) {
        while self.budget.takes_reply()
            && let Some(client) = self.turns.next()
        {
            let entry = self.clients.get_mut(&client);
            if let Some(message) = entry.and_then(Client::take_turn) {
                self.answer_client(now, client, message);
            }
            self.queue_turn(client);
        }
    }

    /// Goes on with a list of keys.
    fn go_on_listing(&mut self, now: Instant) {
        if !self.budget.takes_reply() {
            return;
        }
        let Some(LongListing { listing, .. }) = self.turns.listing() else {
            return;
        };
        if self.stash.go_on(now, listing, LISTING_WORK).is_done
            && let Some(LongListing { asker, listing }) = self.turns.take_listing()
        {
            self.end_listing(asker, listing);
        }
    }

    /// Whether there is something to be done without waiting for anything.
    pub(super) fn can_serve_stash(&self) -> bool {
        !self.turns.is_empty() && self.budget.takes_reply()
    }

    /// When to look whether there is room for answers again.
    pub(super) fn stash_retry(&self) -> Option<Instant> {
        let waits_for_room = !self.turns.is_empty() && !self.budget.takes_reply();
        waits_for_room.then(|| Instant::now() + RETRY)
    }

    fn answer_client(&mut self, now: Instant, client: ClientId, message: StashMessage) {
        let StashMessage { question, frame } = message;
        self.turns.worked(frame.len());
        let max = self.stash.value_bytes_max();
        let reply = match question.dialect.read_stash(&frame, max) {
            Ok(StashRequest::Keys { table, pattern }) => {
                let asker = Asker::Client(client, question);
                return self.begin_listing(now, asker, &table, pattern.as_deref());
            }
            Ok(request) => {
                let answer = self.stash.perform(now, request);
                encode(answer, &question, self.settings.server.frame_bytes_max)
            }
            Err(EnvelopeFault::Intake(IntakeFault::TooLarge { .. })) => {
                Err(WireError::from(&self.stash.value_too_large()))
            }
            Err(fault) => {
                let id = question.id.clone();
                Err(EnvelopeError { id, fault }.to_wire(&frame))
            }
        };
        self.reply(client, &question, reply);
    }

    fn reply(&mut self, client: ClientId, question: &Question, reply: Result<Bytes, WireError>) {
        let Question { dialect, id } = question;
        match reply {
            Ok(reply) => {
                self.turns.worked(reply.len());
                if let Some(entry) = self.clients.get_mut(&client) {
                    entry.push_shared(Kind::Other, self.budget.charge_reply(reply));
                    self.dirty.push(Peer::Client(client));
                }
            }
            Err(error) => self.write_error(client, Kind::Other, *dialect, id.as_str(), &error),
        }
    }

    /// Lists keys at once, or as much of them as is not too much at once.
    fn begin_listing(&mut self, now: Instant, asker: Asker, table: &str, pattern: Option<&str>) {
        let mut listing = match self.stash.list(table, pattern) {
            Ok(listing) => listing,
            Err(error) => return self.answer(asker, Err(error)),
        };
        let progress = self.stash.go_on(now, &mut listing, LISTING_WORK);
        self.turns.worked(progress.work);
        if progress.is_done {
            return self.end_listing(asker, listing);
        }
        if let Asker::Client(client, _) = asker
            && let Some(entry) = self.clients.get_mut(&client)
        {
            entry.await_listing();
        }
        self.turns.push_listing(LongListing { asker, listing });
    }

    fn end_listing(&mut self, asker: Asker, listing: Listing) {
        self.answer(asker, Ok(StashAnswer::Names(listing.into_names())));
    }

    fn answer(&mut self, asker: Asker, answer: Result<StashAnswer<'static>, StashError>) {
        let frame_bytes_max = self.settings.server.frame_bytes_max;
        match asker {
            Asker::Client(client, question) => {
                if let Some(entry) = self.clients.get_mut(&client) {
                    entry.end_listing();
                }
                self.reply(
                    client,
                    &question,
                    encode(answer, &question, frame_bytes_max),
                );
                self.queue_turn(client);
            }
            Asker::Worker(worker) => {
                self.answer_worker(worker, encode_for_child(answer, frame_bytes_max));
            }
            Asker::Mold(generation) => {
                self.answer_mold(generation, encode_for_child(answer, frame_bytes_max));
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
        if let StashRequest::Keys { table, pattern } = request {
            return self.begin_listing(now, Asker::Worker(worker), &table, pattern.as_deref());
        }
        let answer = self.stash.perform(now, request);
        let answer = encode_for_child(answer, self.settings.server.frame_bytes_max);
        self.answer_worker(worker, answer);
    }

    fn answer_worker(&mut self, worker: WorkerId, answer: hop::Encoded) {
        if let Some(link) = self.workers.get_mut(&worker) {
            link.answer(answer);
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
        if let StashRequest::Keys { table, pattern } = request {
            return self.begin_listing(now, Asker::Mold(generation), &table, pattern.as_deref());
        }
        let answer = self.stash.perform(now, request);
        let answer = encode_for_child(answer, self.settings.server.frame_bytes_max);
        self.answer_mold(generation, answer);
    }

    fn answer_mold(&mut self, generation: GenerationId, answer: hop::Encoded) {
        if let Some((link, _)) = self.molds.get_mut(&generation) {
            link.down.push_encoded(answer);
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

/// The answer to a client.
fn encode(
    answer: Result<StashAnswer<'_>, StashError>,
    question: &Question,
    frame_bytes_max: usize,
) -> Result<Bytes, WireError> {
    let fact = match answer.map_err(|error| WireError::from(&error))? {
        StashAnswer::Value(value) => {
            let StashValue { json, blobs } = &*value;
            let value = ReplyValue::App { json, blobs };
            return write(value, question, frame_bytes_max);
        }
        StashAnswer::Done => json!(true).to_string(),
        StashAnswer::Truth(truth) => json!(truth).to_string(),
        StashAnswer::Sum(sum) => json!(sum).to_string(),
        // There may be very many, so they are not copied into a value first.
        StashAnswer::Names(names) => serde_json::to_string(&names).expect("strings are JSON"),
        StashAnswer::Info { table, size } => json!({"size": size, "table": table}).to_string(),
    };
    write((&fact).into(), question, frame_bytes_max)
}

fn write(
    value: ReplyValue<'_>,
    question: &Question,
    frame_bytes_max: usize,
) -> Result<Bytes, WireError> {
    let Question { dialect, id } = question;
    let mut reply = Vec::new();
    match dialect.write_response(&mut reply, id.as_str(), value, frame_bytes_max) {
        // What it takes while it waits is what is counted.
        Ok(()) => Ok(reply.into_boxed_slice().into()),
        Err(error) => {
            let message = format!("the stash's answer cannot be sent: {error}");
            Err(WireError::dirty(message))
        }
    }
}

#[cfg(test)]
#[path = "tests/stash.rs"]
mod tests;
