//! What clients do.

use super::super::super::queue::Queue;
use super::super::super::{ClientId, Event};
use super::super::world::{QUEUE_MAX, id_of, parse_request};
use super::{Asked, CLIENTS, Schedule};
use crate::process::hop::{CallId, WorkerId};

impl Schedule {
    fn any_client(&mut self) -> ClientId {
        self.clients[self.dice.below(CLIENTS) as usize]
    }

    pub(super) fn request(&mut self) {
        let client = self.any_client();
        let multiplex = client.0 % 2 == 1;
        if !multiplex {
            self.leave_all(client);
        }
        let app = match self.dice.below(40) {
            0..16 => "app",
            16..22 => "endless",
            22..30 => "fresh",
            30..37 => "aged",
            37..39 => "extra",
            _ => "empty",
        };
        let multiplex = format!(r#","multiplex":{multiplex}"#);
        let timeout = match self.dice.below(4) {
            0 => r#","timeout":0.5"#,
            _ => "",
        };
        // One that was refused had the number too.
        let number = self.machine.last_call + 1;
        let id = format!("\"r{number}\"");
        let asked = Asked {
            client,
            app,
            left: false,
            ended: false,
        };
        self.asked.insert(number, asked);
        let request = parse_request(app, &id, &(multiplex + timeout));
        self.happen(Event::Request(client, request));
        let admitted = self.machine.last_call == number;
        let answered = self.asked[&number].ended;
        assert!(admitted || answered, "r{number} is refused silently");
        // Only calls that were admitted before may come on top, when they are put back.
        let mut queues = self.machine.apps.iter().map(|(_, app)| &app.queue);
        let is_there = |queue: &&Queue| queue.iter().any(|(_, call)| call == CallId(number));
        if let Some(queue) = queues.find(is_there) {
            assert!(queue.len() <= QUEUE_MAX, "{queue:?} with r{number}");
        }
    }

    pub(super) fn cancel(&mut self) {
        if self.machine.last_call > 0 {
            let recent = self.dice.below(self.machine.last_call.min(8));
            let number = self.machine.last_call - recent;
            let client = self.asked[&number].client;
            if self.clients.contains(&client) {
                self.happen(Event::Cancel(client, id_of(number)));
            }
        }
    }

    pub(super) fn disconnect(&mut self) {
        let client = self.any_client();
        self.leave_all(client);
        self.slow.remove(&client);
        self.catch_up(client);
        self.happen(Event::Disconnected(client));
        // Another of the same kind comes.
        self.last_client += 2 - (self.last_client + client.0) % 2;
        let newcomer = ClientId(self.last_client);
        self.clients.retain(|connected| *connected != client);
        self.clients.push(newcomer);
    }

    fn leave_all(&mut self, client: ClientId) {
        let own = self
            .asked
            .values_mut()
            .filter(|asked| asked.client == client);
        for asked in own.filter(|asked| !asked.ended) {
            asked.left = true;
        }
    }

    pub(super) fn turn_slow_or_fast(&mut self) {
        let client = self.any_client();
        if !self.slow.insert(client) {
            self.slow.remove(&client);
            self.catch_up(client);
        }
    }

    pub(super) fn catch_up(&mut self, client: ClientId) {
        let (caught_up, rest) = std::mem::take(&mut self.stalled)
            .into_iter()
            .partition(|(stalled_by, _)| *stalled_by == client);
        self.stalled = rest;
        let caught_up: Vec<(ClientId, WorkerId)> = caught_up;
        for (_, worker) in caught_up {
            if self.children.resume(worker) {
                self.happen(Event::Resumed(worker));
            }
        }
    }
}
