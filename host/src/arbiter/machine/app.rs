//! An app: its slots, its queue, and the generation that serves it.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::backoff::Backoff;
use super::generation::Generation;
use crate::config::AppSettings;
use crate::process::hop::{CallId, WorkerId};

/// Everything about one app.
#[derive(Debug)]
pub(super) struct App {
    pub(super) name: String,
    pub(super) timeout: Option<Duration>,
    pub(super) queue_max: usize,
    pub(super) generation: Generation,
    /// Generations that could not start or died, in a row.
    pub(super) boots: Backoff,
    pub(super) slots: Vec<Slot>,
    /// Workers that wait for a call; the one that has waited longest is next, so that load
    /// spreads evenly.
    pub(super) idle: VecDeque<WorkerId>,
    /// Calls that wait for a worker, in order of arrival.
    pub(super) queue: BTreeSet<CallId>,
    pub(super) calls_total: u64,
    pub(super) restarts_total: u64,
    pub(super) last_error: Option<String>,
    /// It has been able to serve at some time.
    pub(super) was_ready: bool,
}

/// The place of one worker.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) content: SlotContent,
    /// Workers that died here without having served a call, in a row.
    pub(super) deaths: Backoff,
}

/// What is in a slot.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum SlotContent {
    /// Nothing: the generation is not there yet, or the host stops.
    #[default]
    Vacant,
    /// A worker, from the order to fork it until it is on its way out.
    Occupied(WorkerId),
    /// Nothing until its timer is due.
    Backoff,
    /// Nothing any more.
    Failed,
}

impl App {
    pub(super) fn new(settings: &AppSettings) -> App {
        App {
            name: settings.name.clone(),
            timeout: settings.timeout,
            queue_max: settings.queue_max,
            generation: Generation::Gone,
            boots: Backoff::default(),
            slots: (0..settings.workers).map(|_| Slot::default()).collect(),
            idle: VecDeque::new(),
            queue: BTreeSet::new(),
            calls_total: 0,
            restarts_total: 0,
            last_error: None,
            was_ready: false,
        }
    }

    /// Whether a worker exists or is being made.
    pub(super) fn has_worker(&self) -> bool {
        self.slots
            .iter()
            .any(|slot| matches!(slot.content, SlotContent::Occupied(_)))
    }

    /// Whether no slot has a worker, nor gets one before some time has passed, if ever.
    pub(super) fn slots_wait(&self) -> bool {
        let waits =
            |slot: &Slot| matches!(slot.content, SlotContent::Backoff | SlotContent::Failed);
        !self.slots.is_empty() && self.slots.iter().all(waits)
    }

    /// Whether it cannot serve and nothing is tried any more.
    pub(super) fn has_failed(&self) -> bool {
        match self.generation {
            Generation::Failed => true,
            Generation::Serving(..) => {
                let failed = |slot: &Slot| slot.content == SlotContent::Failed;
                !self.slots.is_empty() && self.slots.iter().all(failed)
            }
            _ => false,
        }
    }
}
