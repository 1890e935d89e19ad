//! In which order the stash is used, and how much of it at once: so that a client that wants much
//! keeps nobody waiting, neither others who use the stash nor calls and their deadlines.
//!
//! Clients take turns, one message each. Lists of keys that take longer are gone on with one at a
//! time, a piece in each wakeup of the loop. Work is counted in bytes, about: those that are read,
//! copied and written. It does not know what the messages are; `stash` does.

use std::collections::VecDeque;

use super::machine::{ClientId, GenerationId};
use super::stash::{Question, StashMessage};
use crate::process::hop::WorkerId;
use crate::stash::Listing;

/// The work of a wakeup, in bytes: some milliseconds' worth. The last message may take it beyond
/// that, by what fits into a frame.
const WORK_MAX: usize = 1 << 20;
/// The work of a message beside its bytes.
const MESSAGE_WORK: usize = 1 << 10;
/// The work of a piece of a list.
pub(super) const LISTING_WORK: usize = 256 << 10;

/// With so many messages that wait for their turn, a client is not read on,
const MESSAGES_MAX: usize = 64;
/// nor with so many bytes of them.
const WAITING_BYTES_MAX: usize = 256 << 10;

/// Who has asked for a list of keys.
#[derive(Debug)]
pub(super) enum Asker {
    /// A client, under this id.
    Client(ClientId, Question),
    /// An app, during a call or where a worker starts or stops.
    Worker(WorkerId),
    /// An app in its `init()`.
    Mold(GenerationId),
}

/// A list of keys, and who waits for it.
#[derive(Debug)]
pub(super) struct LongListing {
    pub(super) asker: Asker,
    pub(super) listing: Listing,
}

/// Those who wait for the stash.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Each of them once.
    clients: VecDeque<ClientId>,
    /// Only the first one is gone on with, so that no more than one is half done.
    listings: VecDeque<LongListing>,
    /// The work that was done in this wakeup.
    work: usize,
}

impl Turns {
    /// Whether anybody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.clients.is_empty() && self.listings.is_empty()
    }

    /// The loop has been woken.
    pub(super) fn begin(&mut self) {
        self.work = 0;
    }

    /// Has a client wait for its turn.
    pub(super) fn push(&mut self, client: ClientId) {
        self.clients.push_back(client);
    }

    /// Whose turn it is; nobody's once this wakeup's work is done. It may be gone.
    pub(super) fn next(&mut self) -> Option<ClientId> {
        match self.work < WORK_MAX {
            true => self.clients.pop_front(),
            false => None,
        }
    }

    /// A message was answered, with so many bytes in and out.
    pub(super) fn worked(&mut self, bytes: usize) {
        self.work += MESSAGE_WORK + bytes;
    }

    /// Has a list wait until it is done.
    pub(super) fn push_listing(&mut self, listing: LongListing) {
        self.listings.push_back(listing);
    }

    /// The list that is to be gone on with.
    pub(super) fn listing(&mut self) -> Option<&mut LongListing> {
        self.listings.front_mut()
    }

    /// That list is done.
    pub(super) fn take_listing(&mut self) -> Option<LongListing> {
        self.listings.pop_front()
    }

    /// A client is gone that may wait for a list.
    pub(super) fn forget_listing(&mut self, client: ClientId) {
        let is_its = |asker: &Asker| matches!(asker, Asker::Client(asker, _) if *asker == client);
        self.listings.retain(|waiting| !is_its(&waiting.asker));
    }
}

/// What a client wants of the stash, and is not answered yet.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    messages: VecDeque<StashMessage>,
    bytes: usize,
    place: Place,
}

/// Whether a client waits for something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    None,
    /// For its turn.
    Turn,
    /// For a list of keys.
    Listing,
}

impl Wishes {
    pub(super) fn push(&mut self, message: StashMessage) {
        self.bytes += message.frame.len();
        self.messages.push_back(message);
    }

    /// Whether nothing is left to be answered.
    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.place != Place::Listing
    }

    /// Whether no more should be read.
    pub(super) fn is_full(&self) -> bool {
        self.messages.len() >= MESSAGES_MAX || self.bytes >= WAITING_BYTES_MAX
    }

    /// Whether it is to wait for a turn; it does from now on.
    pub(super) fn take_place(&mut self) -> bool {
        let wants_one = self.place == Place::None && !self.messages.is_empty();
        if wants_one {
            self.place = Place::Turn;
        }
        wants_one
    }

    /// Its turn has come, and goes.
    pub(super) fn give_up_place(&mut self) {
        self.place = Place::None;
    }

    /// What is to be answered first.
    pub(super) fn pop(&mut self) -> Option<StashMessage> {
        let message = self.messages.pop_front()?;
        self.bytes -= message.frame.len();
        Some(message)
    }

    /// It waits for a list.
    pub(super) fn await_listing(&mut self) {
        self.place = Place::Listing;
    }

    /// Whether it waits for a list.
    pub(super) fn awaits_listing(&self) -> bool {
        self.place == Place::Listing
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::StashSettings;
    use crate::protocol::{Dialect, RawId};
    use crate::stash::Stash;
    use bytes::Bytes;

    fn question() -> Question {
        Question {
            dialect: Dialect::Json,
            id: RawId::null(),
        }
    }

    fn message(bytes: usize) -> StashMessage {
        StashMessage {
            question: question(),
            frame: vec![0; bytes].into(),
        }
    }

    #[test]
    fn a_wakeup_ends_with_its_work_and_the_next_one_goes_on() {
        let mut turns = Turns::default();
        let clients = [1, 2, 3].map(ClientId);
        for client in clients {
            turns.push(client);
        }
        let mut order = Vec::new();
        for _ in 0..4 {
            turns.begin();
            while let Some(client) = turns.next() {
                order.push(client);
                turns.worked(WORK_MAX / 2);
                turns.push(client);
            }
        }
        let expected: Vec<_> = clients.into_iter().cycle().take(8).collect();
        assert_eq!(order, expected, "two in each wakeup, in turn");
    }

    #[test]
    fn messages_without_bytes_are_work_too() {
        let mut turns = Turns::default();
        turns.push(ClientId(1));
        let mut messages = 0;
        while let Some(client) = turns.next() {
            messages += 1;
            turns.worked(0);
            turns.push(client);
        }
        assert_eq!(messages, WORK_MAX / MESSAGE_WORK);
    }

    #[test]
    fn who_is_gone_waits_for_no_list() {
        let stash = Stash::new(StashSettings {
            bytes_max: 0,
            table_bytes_max: 0,
            keys_max: 1,
            tables_max: 1,
        });
        let mut turns = Turns::default();
        for asker in [
            Asker::Client(ClientId(1), question()),
            Asker::Worker(WorkerId(1)),
            Asker::Client(ClientId(2), question()),
        ] {
            let listing = stash.list("t", None).unwrap();
            turns.push_listing(LongListing { asker, listing });
        }
        turns.forget_listing(ClientId(1));
        let next = turns.listing().unwrap();
        assert!(matches!(next.asker, Asker::Worker(_)));
        turns.take_listing();
        assert!(matches!(
            turns.take_listing().unwrap().asker,
            Asker::Client(ClientId(2), _)
        ));
        assert!(turns.is_empty());
    }

    #[test]
    fn a_client_has_one_place_until_it_is_answered() {
        let mut wishes = Wishes::default();
        assert!(!wishes.take_place() && wishes.is_empty());
        wishes.push(message(1));
        wishes.push(message(2));
        assert!(wishes.take_place() && !wishes.take_place());
        wishes.give_up_place();
        assert_eq!(wishes.pop().unwrap().frame, Bytes::from_static(&[0]));
        wishes.await_listing();
        assert!(!wishes.take_place() && wishes.awaits_listing());
        wishes.give_up_place();
        assert!(wishes.take_place());
        wishes.give_up_place();
        assert_eq!(wishes.pop().unwrap().frame.len(), 2);
        assert!(wishes.is_empty());
    }

    #[test]
    fn what_waits_of_one_client_is_bounded() {
        let mut many = Wishes::default();
        for _ in 0..MESSAGES_MAX {
            assert!(!many.is_full());
            many.push(message(1));
        }
        assert!(many.is_full());
        many.pop();
        assert!(!many.is_full());
        let mut large = Wishes::default();
        large.push(message(WAITING_BYTES_MAX));
        assert!(large.is_full());
        large.pop();
        assert!(!large.is_full());
    }
}
