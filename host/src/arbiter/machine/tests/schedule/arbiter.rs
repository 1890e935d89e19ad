//! What the arbiter's loop does with effects, and what is checked on the way.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::super::super::timers::Timer;
use super::super::super::worker::WorkerState;
use super::super::super::{AppId, ClientId, CommandId, Effect, Event};
use super::super::invariants;
use super::super::world::forwarded;
use super::Schedule;
use crate::process::hop::{CallId, WorkerId};
use crate::protocol::RawId;

/// While a client waits for an app, no other is served more often than this.
const PASSED_OVER_MAX: u32 = 2;

impl Schedule {
    pub(super) fn carry_out(&mut self) {
        let mut effects = Vec::new();
        loop {
            self.machine.take_effects(&mut effects);
            if effects.is_empty() {
                break;
            }
            for effect in std::mem::take(&mut effects) {
                self.apply(effect);
            }
        }
        invariants::check(&self.machine);
        self.check_deadlines();
    }

    fn apply(&mut self, effect: Effect) {
        match &effect {
            Effect::Report(_) => {}
            Effect::Dispatch { worker, call, .. } => {
                self.note(format!("    Dispatch({worker:?}, {call:?})"));
            }
            Effect::Fail { id, error, .. } => self.note(format!("    Fail({id}, {error})")),
            Effect::SpawnMold(generation, settings) => {
                self.note(format!("    SpawnMold({generation:?}, {})", settings.name));
            }
            other => self.note(format!("    {other:?}")),
        }
        self.children.apply(&effect);
        match effect {
            Effect::Fail { client, id, .. } => {
                let number = number_of(&id);
                self.answered(client, number, true);
            }
            Effect::Forward {
                client,
                worker,
                frames,
            } => self.forward(client, worker, &frames),
            Effect::Dispatch { call, .. } => self.check_turns(call),
            Effect::Answer(command, _) => self.command_answered(command),
            Effect::Finished => self.finished += 1,
            _ => {}
        }
    }

    fn forward(&mut self, client: ClientId, worker: Option<WorkerId>, frames: &Bytes) {
        let (call, last) = forwarded(frames);
        self.answered(client, call.0, last);
        assert_eq!(
            worker.is_none(),
            last,
            "{call:?} names the wrong worker to pause"
        );
        if let Some(worker) = worker
            && self.slow.contains(&client)
        {
            self.stalled.push((client, worker));
            self.children.pause(worker);
            self.machine.handle(self.now, Event::Stalled(worker));
        }
    }

    fn answered(&mut self, client: ClientId, number: u64, last: bool) {
        let asked = self.asked.get_mut(&number).unwrap();
        assert_eq!(asked.client, client, "r{number} is another's");
        assert!(!asked.left, "r{number} is answered, but nobody waits");
        assert!(!asked.ended, "r{number} is answered after its end");
        asked.ended = last;
    }

    /// A call that has a deadline has a timer, unless its client does not read or its end is near.
    fn check_deadlines(&self) {
        let exempt = |call: &CallId| {
            let mut workers = self.machine.workers.iter();
            let holder = workers.find(|(_, worker)| worker.lease == Some(*call));
            holder.is_some_and(|(id, worker)| {
                self.children.is_paused(*id) || worker.state == WorkerState::Dying
            })
        };
        for call in self.machine.calls.keys().filter(|call| !exempt(call)) {
            let timer = self.machine.timers.due_at(Timer::Call(*call));
            let without = self.asked[&call.0].app == "endless";
            assert!(without || timer.is_some(), "{call:?} has no timer");
        }
    }

    fn command_answered(&mut self, id: CommandId) {
        let answered = &mut self.commands[id.0 as usize];
        assert!(!*answered, "{id:?} is answered twice");
        *answered = true;
    }

    /// Clients take turns: while a call is the next of its client's, no other client is served again
    /// and again.
    fn check_turns(&mut self, call: CallId) {
        let Some(entry) = self.machine.calls.get(&call) else {
            return;
        };
        let (served, again) = (entry.client, entry.queued_again);
        let mut next: BTreeMap<ClientId, CallId> = BTreeMap::new();
        for (client, call) in self.machine.apps[entry.app].queue.iter() {
            let first = next.entry(client).or_insert(call);
            *first = call.min(*first);
        }
        next.remove(&served);
        let calls = &self.machine.calls;
        self.passed_over
            .retain(|waiting, _| calls.contains_key(waiting));
        for (client, waiting) in next.into_iter().filter(|_| !again) {
            let others = self.passed_over.entry(waiting).or_default();
            let count = others.entry(served).or_default();
            *count += 1;
            assert!(
                *count <= PASSED_OVER_MAX,
                "{served:?} is served again and again while {client:?} waits"
            );
        }
    }

    /// How often each app has failed in a row.
    pub(super) fn failures(&self) -> Vec<(AppId, u32)> {
        let apps = self.machine.apps.iter();
        apps.map(|(id, app)| (id, app.restarts.failures()))
            .collect()
    }

    /// From the second failure in a row on, nothing is forked at once.
    pub(super) fn check_backoff(&self, before: &[(AppId, u32)], last_worker: u64) {
        for (id, failures) in self.failures() {
            let before = before.iter().find(|(app, _)| *app == id);
            let failed_again = before.is_some_and(|(_, before)| failures > *before && failures > 1);
            let is_new = |(worker, it): (&WorkerId, &super::super::super::Worker)| {
                worker.0 > last_worker && it.app == id
            };
            let forked = self.machine.workers.iter().any(is_new);
            assert!(
                !failed_again || !forked,
                "{id:?} forks at once after failure {failures}"
            );
        }
    }
}

fn number_of(id: &RawId) -> u64 {
    let digits = id.as_str().trim_matches(['"', 'r']);
    digits.parse().unwrap()
}
