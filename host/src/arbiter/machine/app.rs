//! An app: its slots and who holds them, its queue, and the generation that serves it.

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use super::CommandId;
use super::generation::Generation;
use super::guard::{Guard, guarded};
use super::queue::Queue;
use super::reload::{Next, Size};
use super::restart::Restarts;
use crate::config::AppSettings;
use crate::process::hop::{CallId, WorkerId};

/// Everything about one app.
#[derive(Debug)]
pub(super) struct App {
    /// Those of the present generation, or of the next one where there is none.
    pub(super) settings: Rc<AppSettings>,
    /// How many slots it has. Each is held by one worker.
    pub(super) slots: usize,
    /// Somebody has ordered that it has so many since its configuration was read.
    pub(super) scaled: bool,
    /// What serves it.
    pub(super) present: Generation,
    /// What is to serve it, once it can.
    pub(super) next: Option<Next>,
    /// How many generations it has had.
    pub(super) generations: u64,
    /// Failures in a row.
    pub(super) restarts: Restarts,
    /// Whether slots that are free get a worker.
    pub(super) refill: Refill,
    /// The workers that hold slots, from the order to fork them on.
    pub(super) members: BTreeSet<WorkerId>,
    /// Workers that are to take the slot of the next member that leaves, from the order to fork
    /// them on.
    pub(super) standby: VecDeque<WorkerId>,
    /// Members that wait for a call; the one that has waited longest is next, so that load spreads
    /// evenly.
    pub(super) idle: VecDeque<WorkerId>,
    /// Calls that wait for a worker.
    pub(super) queue: Queue,
    /// Members or standbys have changed: it is to be seen to that they are as many as they should.
    pub(super) unsettled: bool,
    /// It takes no more calls and is forgotten when it has ended those that it has.
    pub(super) retiring: bool,
    /// It has been able to serve at some time.
    pub(super) was_ready: bool,
    /// Who waits for what becomes of its latest start or reload.
    pub(super) command: Option<CommandId>,
    /// Requests have been refused because its queue was full, and it has not emptied since.
    pub(super) overloaded: bool,
    pub(super) counts: Counts,
    pub(super) last_error: Option<String>,
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Calls that were answered by a worker.
    pub(crate) calls: u64,
    /// Requests that were refused because the queue was full.
    pub(crate) refused: u64,
    /// Workers that died and were replaced.
    pub(crate) restarts: u64,
    /// Healthy workers that were replaced.
    pub(crate) recycled: u64,
}

/// Whether free slots get a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refill {
    /// At once.
    Now,
    /// When its timer is due.
    Backoff,
    /// Workers have failed too often: not before somebody says so.
    Never,
}

impl App {
    pub(super) fn new(settings: Rc<AppSettings>) -> App {
        App {
            slots: settings.workers as usize,
            scaled: false,
            settings,
            present: Generation::Gone,
            next: None,
            generations: 0,
            restarts: Restarts::default(),
            refill: Refill::Now,
            members: BTreeSet::new(),
            standby: VecDeque::new(),
            idle: VecDeque::new(),
            queue: Queue::default(),
            unsettled: false,
            retiring: false,
            was_ready: false,
            command: None,
            overloaded: false,
            counts: Counts::default(),
            last_error: None,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.settings.name
    }

    /// Gives it so many slots; none: as many as it has.
    pub(super) fn resize(&mut self, size: Option<Size>) {
        if let Some(Size { slots, scaled }) = size {
            self.slots = slots;
            self.scaled = scaled;
            self.unsettled = true;
        }
    }

    /// Takes the next call and the worker that is to serve it.
    pub(super) fn next_match(&mut self) -> Option<(WorkerId, CallId)> {
        let worker = *self.idle.front()?;
        let call = self.queue.pop()?;
        if guarded(Guard::OneLease) {
            self.idle.pop_front();
        }
        Some((worker, call))
    }

    /// Whether a generation of its is under way that somebody has asked for.
    pub(super) fn is_reloading(&self) -> bool {
        self.next.is_some() || self.command.is_some()
    }

    /// Whether it cannot serve and nothing is tried any more.
    pub(super) fn has_failed(&self) -> bool {
        let given_up = match self.present {
            Generation::Failed => true,
            Generation::Serving(..) => {
                self.slots > 0 && self.members.is_empty() && self.refill == Refill::Never
            }
            _ => false,
        };
        given_up && self.next.is_none()
    }

    /// Whether it waits before it tries again to have a worker.
    pub(super) fn backs_off(&self) -> bool {
        match self.present {
            Generation::Backoff => true,
            Generation::Serving(..) => {
                self.slots > 0 && self.members.is_empty() && self.refill == Refill::Backoff
            }
            _ => false,
        }
    }
}
