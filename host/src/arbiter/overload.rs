//! What the loop does when the host holds as many bytes as it may: it answers the requests that
//! were refused, and closes clients that leave replies unread.

use std::cmp::Reverse;
use std::time::Instant;

use super::client::Refused;
use super::machine::{ClientId, Event};
use super::replies::Kind;
use super::run::Arbiter;
use super::{Embedder, log};

/// A client with less than this to be written is not closed: it would not help much.
const SPARED_BYTES: usize = 64 << 10;
impl<E: Embedder> Arbiter<E> {
    /// Answers a request for which there was no room.
    pub(super) fn refuse(&mut self, now: Instant, client: ClientId, refused: &Refused) {
        let Some(entry) = self.clients.get_mut(&client) else {
            return;
        };
        if let Some(multiplex) = refused.multiplex {
            entry.set_multiplex(multiplex);
        }
        if !entry.is_multiplex() {
            // It has given up what it asked for before, as with any request.
            self.machine.handle(now, Event::Superseded(client));
            // What it drops must not be the answer that comes now.
            self.carry_out();
        }
        if let Some(refusals) = self.refusals.add(now) {
            let app = refused.app.as_deref();
            log::requests_refused(app, refusals, self.budget.held_bytes());
        }
        let (dialect, id) = (refused.dialect, refused.id.as_str());
        let depth = refused
            .app
            .as_deref()
            .map(|app| self.machine.queue_depth(app));
        let error = refused.error.clone();
        let error = match depth {
            Some(depth) => error.with("queue_depth", depth),
            None => error,
        };
        self.write_error(client, Kind::Call, dialect, id, &error);
    }

    /// Closes those who leave most unread, until what is held fits again.
    pub(super) fn shed(&mut self) {
        if !self.budget.is_exceeded() {
            return;
        }
        let unwritten = self.clients.iter();
        let unwritten = unwritten.map(|(id, client)| (*id, client.unwritten()));
        for (client, unwritten) in by_unwritten(unwritten) {
            if !self.budget.is_exceeded() {
                break;
            }
            log::client_shed(client, unwritten, self.budget.held_bytes());
            self.close_client(client);
        }
        self.carry_out();
        self.flush();
    }
}

/// Those whose end would help, the greatest help first.
fn by_unwritten(clients: impl Iterator<Item = (ClientId, usize)>) -> Vec<(ClientId, usize)> {
    let mut clients: Vec<_> = clients
        .filter(|(_, unwritten)| *unwritten > SPARED_BYTES)
        .collect();
    clients.sort_unstable_by_key(|(client, unwritten)| (Reverse(*unwritten), *client));
    clients
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leaves_most_unread_goes_first_and_who_leaves_little_stays() {
        let clients = [
            (1, 0),
            (2, 100_000),
            (3, 5_000_000),
            (4, 60_000),
            (5, 100_000),
        ];
        let clients = clients.map(|(id, unwritten)| (ClientId(id), unwritten));
        let order: Vec<_> = by_unwritten(clients.into_iter())
            .into_iter()
            .map(|(ClientId(id), _)| id)
            .collect();
        assert_eq!(order, [3, 2, 5]);
    }
}
