//! The arbiter's decisions: a state machine from events to effects.
//!
//! Pure: it reads no clock (the time comes with each event), awaits nothing and touches no
//! process. Whoever runs it carries the effects out, in order.
//!
//! An app has *slots*, one per configured worker. A slot is held by at most one worker; a worker
//! that is on its way out has lost its slot already, so that its successor need not wait for it. A
//! worker holds at most one *lease*, the call that it serves.

mod app;
mod apps;
mod call;
mod cancel;
mod command;
mod generation;
mod guard;
mod queue;
mod recycle;
mod reload;
mod report;
mod restart;
mod slots;
mod status;
mod stop;
#[cfg(test)]
mod tests;
mod timers;
mod unserved;
mod worker;

use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::id_map::IdMap;
use crate::config::{AppSettings, LifecycleSettings};
use crate::process::hop::{CallId, Exit, Failure, Fate, Initialised, Stage, WorkerId};
use crate::protocol::{AppPath, Dialect, RawId, WireError};

use app::App;
use apps::Apps;
use call::Call;
use command::Pending;
use generation::Mold;
use stop::Phase;
use timers::{Timer, Timers};
use worker::Worker;

pub(super) use command::{Command, CommandId, Outcome};
pub(super) use report::{DeathCause, Report};
pub(super) use status::{AppState, AppStatus, Status, WorkerStatus};

/// An app, unique for the arbiter's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct AppId(u64);

/// A mold and its copies, unique for the arbiter's life; counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct GenerationId(pub u64);

/// A client's connection, unique for the arbiter's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ClientId(pub u64);

/// A call as a client asks for it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// To answer under.
    pub id: RawId,
    /// The app that is to serve it.
    pub app_path: AppPath,
    /// The client's own limit.
    pub timeout: Option<Duration>,
    /// Whether the client may have several calls in flight.
    pub multiplex: bool,
    /// How the client writes.
    pub dialect: Dialect,
    /// The client's frame, for the worker.
    pub frame: Bytes,
}

/// Something that has happened.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// A client asks for a call.
    Request(ClientId, Request),
    /// A client does not wait for this call any more.
    Cancel(ClientId, RawId),
    /// A client of the old kind asks for something else, which is refused elsewhere.
    Superseded(ClientId),
    /// A client's connection is closed.
    Disconnected(ClientId),
    /// The client of this worker's call does not read: the worker's socket is not read either.
    Stalled(WorkerId),
    /// The client reads again.
    Resumed(WorkerId),
    /// A mold does this now.
    MoldStage(GenerationId, Stage),
    /// A mold's app wants so many workers, and the configuration leaves that to it.
    WantsWorkers(GenerationId, u32),
    /// A mold can fork.
    MoldReady(GenerationId, Initialised),
    /// A mold could not start; it ends.
    MoldFailed(GenerationId, Failure),
    /// A mold's process has ended.
    MoldGone(GenerationId, Option<Exit>),
    /// A worker's process exists.
    Forked(WorkerId, i32),
    /// A worker's process could not be made.
    ForkFailed(WorkerId, Failure),
    /// A worker can serve calls.
    WorkerReady(WorkerId),
    /// A worker could not start; it ends.
    WorkerFailed(WorkerId, Failure),
    /// A worker has sent a part of a reply.
    Chunk(WorkerId, CallId, Bytes),
    /// A worker has sent the end of a reply.
    Final(WorkerId, CallId, Fate, Bytes),
    /// A worker has sent what none of ours would.
    WorkerMisbehaved(WorkerId),
    /// Everything that a worker has written is read, and its socket is closed.
    WorkerDrained {
        /// The worker.
        worker: WorkerId,
        /// It ended before it had read everything that was sent to it.
        unread: bool,
    },
    /// A worker's process has ended and was reaped.
    WorkerExited(WorkerId, Exit),
    /// A worker has more private memory than it may.
    OverMemory(WorkerId),
    /// Somebody asks for this.
    Command(CommandId, Command),
    /// Stop, and give calls this long to end.
    Stop(Duration),
}

impl Event {
    /// Whether it changes, by itself, nothing but calls and which workers are idle.
    fn is_of_a_call(&self) -> bool {
        matches!(
            self,
            Event::Request(..)
                | Event::Cancel(..)
                | Event::Superseded(_)
                | Event::Disconnected(_)
                | Event::Stalled(_)
                | Event::Resumed(_)
                | Event::Chunk(..)
                | Event::Final(..)
        )
    }
}

/// Something to be done.
#[derive(Clone, Debug)]
pub(super) enum Effect {
    /// Start the mold of this generation.
    SpawnMold(GenerationId, Rc<AppSettings>),
    /// Tell a mold to end.
    StopMold(GenerationId),
    /// Kill a mold.
    KillMold(GenerationId),
    /// Have a mold make this worker.
    Fork(GenerationId, WorkerId),
    /// Tell a worker to close its app and end.
    StopWorker(WorkerId),
    /// Kill a worker.
    KillWorker(WorkerId),
    /// A worker is no more: forget its socket.
    ForgetWorker(WorkerId),
    /// Send a call to a worker.
    Dispatch {
        /// To whom.
        worker: WorkerId,
        /// The call.
        call: CallId,
        /// When it has to be done.
        deadline: Option<Instant>,
        /// From one chunk to the next.
        timeout: Option<Duration>,
        /// The client's frame.
        frame: Bytes,
    },
    /// Tell a worker that nobody waits for this call, and read what it writes on.
    CancelCall(WorkerId, CallId),
    /// Write frames of a reply to a client.
    Forward {
        /// To whom.
        client: ClientId,
        /// From whom, if more follows: to be paused if the client does not read.
        worker: Option<WorkerId>,
        /// The frames, for the client as they are.
        frames: Bytes,
    },
    /// Write an error to a client.
    Fail {
        /// To whom.
        client: ClientId,
        /// Under which id.
        id: RawId,
        /// How the client reads.
        dialect: Dialect,
        /// The error.
        error: WireError,
    },
    /// A client waits for nothing that was asked for before: do not write what is not written yet.
    Discard(ClientId),
    /// This is what has become of a command, by the names of the apps that it concerns.
    Answer(CommandId, Vec<(String, Outcome)>),
    /// Every app can serve, or is known to be unable to for now; some can.
    AllReady,
    /// No app can ever serve; the host is of no use.
    AllFailed,
    /// Something for the log.
    Report(Report),
    /// Every process has ended after a stop.
    Finished,
}

/// The state of everything.
#[derive(Debug)]
pub(super) struct Machine {
    now: Instant,
    lifecycle: LifecycleSettings,
    apps: Apps,
    generations: IdMap<GenerationId, Mold>,
    workers: IdMap<WorkerId, Worker>,
    calls: IdMap<CallId, Call>,
    /// The ids are chosen by clients: their hash has a secret.
    clients: IdMap<ClientId, HashMap<RawId, CallId>>,
    commands: IdMap<CommandId, Pending>,
    timers: Timers,
    phase: Phase,
    /// Something has changed beside calls: see [`Machine::settle`].
    unsettled: bool,
    ready_reported: bool,
    failure_reported: bool,
    /// An app has been able to serve at some time.
    has_served: bool,
    last_generation: u64,
    last_worker: u64,
    last_call: u64,
    dice: u64,
    effects: Vec<Effect>,
}

impl Machine {
    /// A machine that has not started anything yet. `seed` decides the jitter of delays.
    pub(super) fn new(
        apps: &[AppSettings],
        lifecycle: LifecycleSettings,
        seed: u64,
        now: Instant,
    ) -> Machine {
        let mut machine = Machine {
            now,
            lifecycle,
            apps: Apps::default(),
            generations: IdMap::default(),
            workers: IdMap::default(),
            calls: IdMap::default(),
            clients: IdMap::default(),
            commands: IdMap::default(),
            timers: Timers::default(),
            phase: Phase::Running,
            unsettled: true,
            ready_reported: false,
            failure_reported: false,
            has_served: false,
            last_generation: 0,
            last_worker: 0,
            last_call: 0,
            dice: seed | 1,
            effects: Vec::new(),
        };
        for settings in apps {
            machine.apps.add(Rc::new(settings.clone()));
        }
        machine
    }

    /// Starts every app.
    pub(super) fn start(&mut self, now: Instant) {
        self.now = now;
        for app in self.apps.ids() {
            self.boot(app);
        }
        self.settle();
    }

    /// Takes an event in.
    pub(super) fn handle(&mut self, now: Instant, event: Event) {
        self.now = now;
        self.unsettled |= !event.is_of_a_call();
        match event {
            Event::Request(client, request) => self.request(client, request),
            Event::Cancel(client, id) => self.cancel_by_id(client, &id),
            Event::Superseded(client) => self.give_up_earlier(client),
            Event::Disconnected(client) => self.disconnected(client),
            Event::Stalled(worker) => self.stalled(worker),
            Event::Resumed(worker) => self.resumed(worker),
            Event::MoldStage(generation, stage) => self.mold_stage(generation, stage),
            Event::WantsWorkers(generation, workers) => self.wants_workers(generation, workers),
            Event::MoldReady(generation, how) => self.mold_ready(generation, how),
            Event::MoldFailed(generation, failure) => self.mold_failed(generation, failure),
            Event::MoldGone(generation, exit) => self.mold_gone(generation, exit),
            Event::Forked(worker, pid) => self.forked(worker, pid),
            Event::ForkFailed(worker, failure) => self.fork_failed(worker, failure),
            Event::WorkerReady(worker) => self.worker_ready(worker),
            Event::WorkerFailed(worker, failure) => {
                // It ends by itself; killing it makes sure that it does.
                self.kill(worker, DeathCause::StartFailed(failure));
            }
            Event::Chunk(worker, call, frames) => self.chunk(worker, call, frames),
            Event::Final(worker, call, fate, frames) => self.last(worker, call, fate, frames),
            Event::WorkerMisbehaved(worker) => self.kill(worker, DeathCause::Misbehaved),
            Event::WorkerDrained { worker, unread } => self.drained(worker, unread),
            Event::WorkerExited(worker, exit) => self.exited(worker, exit),
            Event::OverMemory(worker) => self.over_memory(worker),
            Event::Command(id, command) => self.command(id, command),
            Event::Stop(grace) => self.stop(grace),
        }
        self.settle();
    }

    /// Lets time pass: everything that is due by now happens.
    pub(super) fn advance(&mut self, now: Instant) {
        self.now = now;
        self.unsettled = true;
        while let Some(timer) = self.timers.take_due(now) {
            match timer {
                Timer::Call(call) => self.call_due(call),
                Timer::Worker(worker) => self.worker_due(worker),
                Timer::Exit(worker) => self.exit_due(worker),
                Timer::Age(worker) => self.age_due(worker),
                Timer::Refill(app) => self.refill_now(app),
                Timer::Spare(app) => self.apps[app].unsettled = true,
                Timer::Mold(generation) => self.mold_due(generation),
                Timer::Retry(app) => self.boot(app),
                Timer::Stop => self.stop_due(),
            }
        }
        self.settle();
    }

    /// When [`Machine::advance`] has something to do next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Whether the time of a graceful stop is over, and only killed processes are awaited.
    pub(super) fn is_past_stop(&self, now: Instant) -> bool {
        matches!(self.phase, Phase::Stopping(until) if until <= now)
    }

    /// Moves what is to be done to `out`, in order.
    pub(super) fn take_effects(&mut self, out: &mut Vec<Effect>) {
        out.append(&mut self.effects);
    }

    /// The client's id of a call in flight.
    pub(super) fn request_id(&self, call: CallId) -> Option<&RawId> {
        self.calls.get(&call).map(|call| &call.id)
    }

    /// Whether a client has no call in flight.
    pub(super) fn awaits_nothing(&self, client: ClientId) -> bool {
        self.clients.get(&client).is_none_or(HashMap::is_empty)
    }

    /// How many calls wait for the app of this name.
    pub(super) fn queue_depth(&self, app: &str) -> usize {
        let app = self.apps.named(app);
        app.map_or(0, |app| self.apps[app].queue.len())
    }

    /// After every step that may have changed more than calls: slots that should be held get a
    /// worker, and what nothing will come of any more is ended.
    fn settle(&mut self) {
        let ending = self.is_stopping() || self.apps.iter().any(|(_, app)| app.retiring);
        if !self.unsettled && !ending {
            return;
        }
        loop {
            self.unsettled = false;
            for app in self.apps.ids() {
                self.settle_slots(app);
                self.answer_if_hopeless(app);
            }
            self.check_all_ready();
            self.check_all_failed();
            self.settle_endings();
            if !self.unsettled {
                return;
            }
        }
    }

    fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    fn report(&mut self, report: Report) {
        self.effect(Effect::Report(report));
    }

    /// A number from 0 to 1 (xorshift).
    fn roll(&mut self) -> f64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice >> 11) as f64 / (1u64 << 53) as f64
    }
}
