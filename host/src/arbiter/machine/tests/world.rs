//! A machine, its clock, and what it has decided so far, in a form that tests can compare.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::super::status::AppState;
use super::super::{
    ClientId, Command, CommandId, Effect, Event, GenerationId, Machine, Outcome, Report, Request,
};
use crate::config::{
    AppSettings, InitMode, LifecycleSettings, OnDisconnect, RecycleSettings, RestartSettings,
};
use crate::process::hop::{
    CallId, Exit, ExitStatus, Failure, Fate, Initialised, Stage, Taint, WorkerId,
};
use crate::protocol::{Dialect, ErrorType, Message, RawId, WireError};

/// Of every app, unless a test says otherwise.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
pub(super) const BOOT_TIMEOUT: Duration = Duration::from_secs(60);
pub(super) const CANCEL_GRACE: Duration = Duration::from_secs(5);
pub(super) const QUEUE_MAX: usize = 4;
/// So many failures in a row are the end of it.
pub(super) const FAILURES_MAX: u64 = 10;

/// An effect, with plain numbers for what it is about. Reports are not among them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Seen {
    Spawn(u64),
    StopMold(u64),
    KillMold(u64),
    Fork(u64),
    StopWorker(u64),
    KillWorker(u64),
    Forget(u64),
    /// To this worker, this call.
    Dispatch(u64, u64),
    /// This worker is told that nobody waits for this call.
    Cancel(u64, u64),
    /// To this client, of this call.
    Forward(u64, u64),
    /// To this client.
    Fail(u64, ErrorType),
    /// What this client was not sent yet.
    Discard(u64),
    /// This command.
    Answer(u64),
    AllReady,
    AllFailed,
    Finished,
}

/// The machine under test and everything around it.
pub(super) struct World {
    pub(super) machine: Machine,
    pub(super) now: Instant,
    seen: Vec<Seen>,
    errors: Vec<WireError>,
    reports: Vec<Report>,
    answers: BTreeMap<CommandId, Vec<(String, Outcome)>>,
}

/// An app of this name with so many workers.
pub(super) fn app(name: &str, workers: u32) -> AppSettings {
    AppSettings {
        name: name.into(),
        component: "app.wasm".into(),
        build: None,
        workers,
        workers_as_described: false,
        timeout: Some(TIMEOUT),
        init: InitMode::Mold,
        config: "{}".into(),
        env: Default::default(),
        dirs: Vec::new(),
        memory_limit_bytes: 1 << 30,
        queue_max: QUEUE_MAX,
        recycle: RecycleSettings::default(),
        spare: false,
        stashes: None,
        on_disconnect: OnDisconnect::Finish,
    }
}

pub(super) fn lifecycle() -> LifecycleSettings {
    LifecycleSettings {
        graceful_timeout: Duration::from_secs(30),
        boot_timeout: Some(BOOT_TIMEOUT),
        cancel_grace: CANCEL_GRACE,
        restart: RestartSettings {
            intensity: 10,
            period: Duration::from_secs(60),
        },
    }
}

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// One that may go away, or one that does not.
pub(super) fn failure(permanent: bool) -> Failure {
    Failure {
        stage: Stage::Initialising,
        message: "no model".into(),
        traceback: None,
        permanent,
    }
}

pub(super) fn exit(status: ExitStatus) -> Exit {
    Exit {
        status,
        cpu_micros: 0,
        rss_kib_max: 0,
    }
}

/// A chunk of this call's reply. The machine does not look into frames, so they can say what they
/// are.
pub(super) fn chunk_of(call: CallId) -> Bytes {
    format!("chunk {}", call.0).into()
}

/// The last frame of this call's reply.
pub(super) fn last_of(call: CallId) -> Bytes {
    format!("last {}", call.0).into()
}

/// Whose reply these frames are a part of, and whether the last.
pub(super) fn forwarded(frames: &Bytes) -> (CallId, bool) {
    let text = std::str::from_utf8(frames).unwrap();
    let (kind, call) = text.split_once(' ').unwrap();
    (CallId(call.parse().unwrap()), kind == "last")
}

/// The id of a test's request of this number.
fn id_text(number: u64) -> String {
    format!("\"r{number}\"")
}

/// A request as it comes out of a client's frame.
pub(super) fn parse_request(app: &str, id: &str, more: &str) -> Request {
    let frame = format!(
        r#"{{"type":"request","id":{id},"app_path":"{app}","action":"act"{more},"args":[],"kwargs":{{}}}}"#
    );
    let frame = Bytes::from(frame);
    let Ok(Message::Request(envelope)) = Dialect::Json.read_envelope(&frame) else {
        panic!("the test's request is malformed");
    };
    Request {
        id: envelope.id,
        app_path: envelope.app_path,
        timeout: envelope.timeout,
        multiplex: envelope.multiplex,
        dialect: Dialect::Json,
        frame,
    }
}

impl World {
    /// These apps, started; their molds are spawned and have not said anything yet.
    pub(super) fn start(apps: &[AppSettings]) -> World {
        World::start_with(apps, lifecycle())
    }

    pub(super) fn start_with(apps: &[AppSettings], lifecycle: LifecycleSettings) -> World {
        let now = Instant::now();
        let mut world = World {
            machine: Machine::new(apps, lifecycle, 1, now),
            now,
            seen: Vec::new(),
            errors: Vec::new(),
            reports: Vec::new(),
            answers: BTreeMap::new(),
        };
        world.machine.start(now);
        world.collect();
        world
    }

    /// One app, `app`, that serves with so many workers, 1, 2 …; nothing of it is left to see.
    pub(super) fn serving(workers: u32) -> World {
        let mut world = World::start(&[app("app", workers)]);
        world.mold_ready(1);
        for worker in 1..=u64::from(workers) {
            world.comes_up(worker);
        }
        world.forget_past();
        world
    }

    pub(super) fn happen(&mut self, event: Event) {
        self.machine.handle(self.now, event);
        self.collect();
    }

    /// Lets time pass; every timer fires at its own time.
    pub(super) fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.machine.next_due().filter(|due| *due <= until) {
            self.now = due.max(self.now);
            self.machine.advance(self.now);
            self.collect();
        }
        self.now = until;
    }

    /// Lets time pass until the machine has something to do, and lets it do that.
    pub(super) fn wait_for_timer(&mut self) {
        let due = self.machine.next_due().expect("a timer is set");
        self.wait(due.saturating_duration_since(self.now));
    }

    fn collect(&mut self) {
        let mut effects = Vec::new();
        self.machine.take_effects(&mut effects);
        for effect in effects {
            match effect {
                Effect::Report(report) => self.reports.push(report),
                Effect::Fail { client, error, .. } => {
                    self.seen.push(Seen::Fail(client.0, error.error_type));
                    self.errors.push(error);
                }
                Effect::Answer(command, outcomes) => {
                    self.seen.push(Seen::Answer(command.0));
                    let earlier = self.answers.insert(command, outcomes);
                    assert!(earlier.is_none(), "{command:?} is answered twice");
                }
                other => self.seen.push(seen(&other)),
            }
        }
    }

    /// What was decided since the last look.
    pub(super) fn effects(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.seen)
    }

    /// The same in a fixed order, where the machine promises none.
    pub(super) fn effects_sorted(&mut self) -> Vec<Seen> {
        let mut effects = self.effects();
        effects.sort_by_key(|seen| format!("{seen:?}"));
        effects
    }

    /// The errors that clients were sent since the last look.
    pub(super) fn errors(&mut self) -> Vec<WireError> {
        std::mem::take(&mut self.errors)
    }

    /// The one error that was sent since the last look.
    pub(super) fn error(&mut self) -> WireError {
        let mut errors = self.errors();
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors.remove(0)
    }

    pub(super) fn reports(&mut self) -> Vec<Report> {
        std::mem::take(&mut self.reports)
    }

    pub(super) fn forget_past(&mut self) {
        self.seen.clear();
        self.errors.clear();
        self.reports.clear();
    }

    pub(super) fn state(&self) -> AppState {
        self.machine.status().apps[0].state
    }

    /// How many calls wait for a worker of the first app.
    pub(super) fn queue(&self) -> usize {
        self.machine.status().apps[0].queue
    }

    /// How many calls there are.
    pub(super) fn calls(&self) -> usize {
        self.machine.calls.len()
    }
}

/// What clients do. A request's number is its id and, if it is admitted, its call's.
impl World {
    /// A request for `app`, of a client that may have several in flight. Returns its number.
    pub(super) fn request(&mut self, client: u64) -> u64 {
        self.request_with(client, "app", r#","multiplex":true"#)
    }

    /// A request of a client of the old kind, that has one call at a time.
    pub(super) fn request_old(&mut self, client: u64) -> u64 {
        self.request_with(client, "app", "")
    }

    pub(super) fn request_with(&mut self, client: u64, app: &str, more: &str) -> u64 {
        let number = self.machine.last_call + 1;
        let request = parse_request(app, &id_text(number), more);
        self.happen(Event::Request(ClientId(client), request));
        number
    }

    pub(super) fn cancel(&mut self, client: u64, request: u64) {
        let id = id_of(request);
        self.happen(Event::Cancel(ClientId(client), id));
    }

    pub(super) fn disconnect(&mut self, client: u64) {
        self.happen(Event::Disconnected(ClientId(client)));
    }

    pub(super) fn stop(&mut self, grace: Duration) {
        self.happen(Event::Stop(grace));
    }
}

/// The id of the test's request of this number.
pub(super) fn id_of(request: u64) -> RawId {
    parse_request("app", &id_text(request), "").id
}

/// What operators do.
impl World {
    pub(super) fn command(&mut self, id: u64, command: Command) {
        self.happen(Event::Command(CommandId(id), command));
    }

    /// What has become of a command, by the names of the apps.
    pub(super) fn outcomes(&self, id: u64) -> Vec<(String, Outcome)> {
        let answer = self.answers.get(&CommandId(id));
        let mut outcomes = answer.expect("the command is answered").clone();
        outcomes.sort_by(|a, b| a.0.cmp(&b.0));
        outcomes
    }

    /// What has become of a command that concerns one app.
    pub(super) fn outcome(&self, id: u64) -> Outcome {
        let mut outcomes = self.outcomes(id);
        assert_eq!(outcomes.len(), 1, "{outcomes:?}");
        outcomes.remove(0).1
    }
}

/// What molds and workers do.
impl World {
    pub(super) fn mold_ready(&mut self, generation: u64) {
        self.happen(Event::MoldReady(
            GenerationId(generation),
            Initialised::InMold,
        ));
    }

    pub(super) fn wants_workers(&mut self, generation: u64, workers: u32) {
        self.happen(Event::WantsWorkers(GenerationId(generation), workers));
    }

    pub(super) fn mold_fails(&mut self, generation: u64, failure: Failure) {
        self.happen(Event::MoldFailed(GenerationId(generation), failure));
        self.mold_gone(generation);
    }

    pub(super) fn mold_gone(&mut self, generation: u64) {
        let exit = exit(ExitStatus::Signal(9));
        self.happen(Event::MoldGone(GenerationId(generation), Some(exit)));
    }

    pub(super) fn forked(&mut self, worker: u64) {
        self.happen(Event::Forked(WorkerId(worker), 1000 + worker as i32));
    }

    /// A worker that was ordered exists and is ready.
    pub(super) fn comes_up(&mut self, worker: u64) {
        self.forked(worker);
        self.happen(Event::WorkerReady(WorkerId(worker)));
    }

    pub(super) fn chunk(&mut self, worker: u64, call: u64) {
        let call = CallId(call);
        self.happen(Event::Chunk(WorkerId(worker), call, chunk_of(call)));
    }

    pub(super) fn finish(&mut self, worker: u64, call: u64) {
        self.last(worker, call, Fate::Healthy);
    }

    pub(super) fn trap(&mut self, worker: u64, call: u64) {
        self.last(worker, call, Fate::Tainted(Taint::Trap));
    }

    fn last(&mut self, worker: u64, call: u64, fate: Fate) {
        let call = CallId(call);
        self.happen(Event::Final(WorkerId(worker), call, fate, last_of(call)));
    }

    pub(super) fn drained(&mut self, worker: u64) {
        let (worker, unread) = (WorkerId(worker), false);
        self.happen(Event::WorkerDrained { worker, unread });
    }

    /// Its socket is read to the end, and what was sent to it last it has not read.
    pub(super) fn drained_unread(&mut self, worker: u64) {
        let (worker, unread) = (WorkerId(worker), true);
        self.happen(Event::WorkerDrained { worker, unread });
    }

    pub(super) fn exited(&mut self, worker: u64) {
        let exit = exit(ExitStatus::Signal(9));
        self.happen(Event::WorkerExited(WorkerId(worker), exit));
    }

    /// Its socket is read to the end, and its mold reports that it was reaped.
    pub(super) fn dies(&mut self, worker: u64) {
        self.drained(worker);
        self.exited(worker);
    }
}

fn seen(effect: &Effect) -> Seen {
    match effect {
        Effect::SpawnMold(generation, _) => Seen::Spawn(generation.0),
        Effect::StopMold(generation) => Seen::StopMold(generation.0),
        Effect::KillMold(generation) => Seen::KillMold(generation.0),
        Effect::Fork(_, worker) => Seen::Fork(worker.0),
        Effect::StopWorker(worker) => Seen::StopWorker(worker.0),
        Effect::KillWorker(worker) => Seen::KillWorker(worker.0),
        Effect::ForgetWorker(worker) => Seen::Forget(worker.0),
        Effect::Dispatch { worker, call, .. } => Seen::Dispatch(worker.0, call.0),
        Effect::CancelCall(worker, call) => Seen::Cancel(worker.0, call.0),
        Effect::Forward { client, frames, .. } => Seen::Forward(client.0, forwarded(frames).0.0),
        Effect::Fail { client, error, .. } => Seen::Fail(client.0, error.error_type),
        Effect::Discard(client, ..) => Seen::Discard(client.0),
        Effect::AllReady => Seen::AllReady,
        Effect::AllFailed => Seen::AllFailed,
        Effect::Finished => Seen::Finished,
        Effect::Report(_) | Effect::Answer(..) => unreachable!("they are kept apart"),
    }
}
