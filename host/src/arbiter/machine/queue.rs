//! The calls that wait for a worker of one app.
//!
//! Clients take turns: each has a queue of its own, in order of arrival, and the next call is that
//! of the client whose turn it is. So clients with one call each are served in order of arrival,
//! and one with a thousand takes its turn like the others.

use std::collections::{BTreeMap, BTreeSet};

use super::super::id_map::IdMap;
use super::ClientId;
use super::guard::{Guard, guarded};
use crate::process::hop::CallId;

/// Calls in the order in which they are to be served.
#[derive(Debug, Default)]
pub(super) struct Queue {
    clients: IdMap<ClientId, Waiting>,
    /// Clients in the order of their turns.
    turns: BTreeMap<i64, ClientId>,
    /// Clients by how many calls they have here.
    by_length: BTreeSet<(usize, ClientId)>,
    len: usize,
}

/// The calls of one client, of which there is at least one.
#[derive(Debug)]
struct Waiting {
    turn: i64,
    calls: BTreeSet<CallId>,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many calls of this client wait.
    pub(super) fn len_of(&self, client: ClientId) -> usize {
        self.clients.get(&client).map_or(0, |it| it.calls.len())
    }

    /// Adds a call, at its place among those of its client.
    pub(super) fn insert(&mut self, client: ClientId, call: CallId) {
        if !self.clients.contains_key(&client) {
            self.give_turn(client, self.last_turn());
        }
        self.change(client, |calls| calls.insert(call));
    }

    /// Puts a call back that was taken out, and gives its client the next turn.
    pub(super) fn put_back(&mut self, client: ClientId, call: CallId) {
        self.give_turn(client, self.first_turn());
        self.change(client, |calls| calls.insert(call));
    }

    /// Takes the next call.
    pub(super) fn pop(&mut self) -> Option<CallId> {
        let client = *self.turns.first_key_value()?.1;
        let call = *self.clients.get(&client)?.calls.first()?;
        if guarded(Guard::Turns) {
            self.give_turn(client, self.last_turn());
        }
        self.change(client, |calls| calls.remove(&call));
        Some(call)
    }

    /// Takes this call out.
    pub(super) fn remove(&mut self, client: ClientId, call: CallId) {
        self.change(client, |calls| calls.remove(&call));
    }

    /// The client with the most calls here, how many they are, and the latest of them.
    pub(super) fn longest(&self) -> Option<(ClientId, usize, CallId)> {
        let (count, client) = *self.by_length.last()?;
        let latest = *self.clients.get(&client)?.calls.last()?;
        Some((client, count, latest))
    }

    /// Every call, in no order.
    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (ClientId, CallId)> + '_ {
        self.clients
            .iter()
            .flat_map(|(client, waiting)| waiting.calls.iter().map(|call| (*client, *call)))
    }

    /// The turn before all others.
    fn first_turn(&self) -> i64 {
        self.turns.first_key_value().map_or(0, |(turn, _)| turn - 1)
    }

    /// The turn after all others.
    fn last_turn(&self) -> i64 {
        self.turns.last_key_value().map_or(0, |(turn, _)| turn + 1)
    }

    /// Gives a client this turn instead of the one that it has. Its calls have to be there, or to
    /// come at once.
    fn give_turn(&mut self, client: ClientId, turn: i64) {
        let calls = BTreeSet::new();
        let entry = self.clients.entry(client);
        let waiting = entry.or_insert(Waiting { turn, calls });
        let before = std::mem::replace(&mut waiting.turn, turn);
        self.turns.remove(&before);
        self.turns.insert(turn, client);
    }

    /// Adds or removes a call of a client's; `change` says whether it has.
    fn change(&mut self, client: ClientId, change: impl FnOnce(&mut BTreeSet<CallId>) -> bool) {
        let Some(Waiting { turn, calls }) = self.clients.get_mut(&client) else {
            return;
        };
        let before = calls.len();
        if !change(calls) {
            return;
        }
        let (after, turn) = (calls.len(), *turn);
        self.len = self.len + after - before;
        self.by_length.remove(&(before, client));
        if after > 0 {
            self.by_length.insert((after, client));
        } else {
            self.clients.remove(&client);
            self.turns.remove(&turn);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(calls: &[(u64, u64)]) -> Queue {
        let mut queue = Queue::default();
        for (client, call) in calls {
            queue.insert(ClientId(*client), CallId(*call));
        }
        queue
    }

    fn drain(queue: &mut Queue) -> Vec<u64> {
        std::iter::from_fn(|| queue.pop())
            .map(|call| call.0)
            .collect()
    }

    #[test]
    fn clients_with_one_call_each_are_served_in_order_of_arrival() {
        let mut queue = queue(&[(3, 1), (1, 2), (2, 3)]);
        assert_eq!(drain(&mut queue), [1, 2, 3]);
    }

    #[test]
    fn one_with_many_calls_takes_turns() {
        let mut queue = queue(&[(1, 1), (1, 2), (1, 3), (2, 4), (3, 5), (2, 6)]);
        assert_eq!(drain(&mut queue), [1, 4, 5, 2, 6, 3]);
        assert_eq!((queue.len(), queue.by_length.len()), (0, 0));
        assert_eq!((queue.turns.len(), queue.clients.len()), (0, 0));
    }

    #[test]
    fn a_call_that_is_put_back_is_next() {
        let mut queue = queue(&[(1, 1), (1, 2), (2, 3)]);
        assert_eq!(queue.pop(), Some(CallId(1)));
        assert_eq!(queue.pop(), Some(CallId(3)));
        queue.put_back(ClientId(2), CallId(3));
        queue.insert(ClientId(2), CallId(4));
        assert_eq!(drain(&mut queue), [3, 2, 4]);
    }

    #[test]
    fn what_is_removed_is_not_served_and_its_client_comes_again() {
        let mut queue = queue(&[(1, 1), (2, 2)]);
        queue.remove(ClientId(1), CallId(1));
        queue.remove(ClientId(1), CallId(7));
        assert_eq!(queue.len(), 1);
        assert_eq!((queue.turns.len(), queue.clients.len()), (1, 1));
        queue.insert(ClientId(1), CallId(3));
        assert_eq!(drain(&mut queue), [2, 3]);
    }

    #[test]
    fn the_longest_is_known() {
        let mut queue = queue(&[(1, 1), (2, 2), (2, 3), (3, 4)]);
        assert_eq!(queue.longest(), Some((ClientId(2), 2, CallId(3))));
        queue.remove(ClientId(2), CallId(3));
        queue.remove(ClientId(2), CallId(2));
        queue.insert(ClientId(1), CallId(5));
        assert_eq!(queue.longest(), Some((ClientId(1), 2, CallId(5))));
        drain(&mut queue);
        assert_eq!(queue.longest(), None);
    }
}
