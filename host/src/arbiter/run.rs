//! The loop: everything that happens comes in as an [`Input`], goes to the machine as an event,
//! and what the machine decides is carried out; what is to be written is written once per wakeup.

use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tokio::sync::mpsc;

use super::accept::Accepting;
use super::alarm::Alarm;
use super::budget::Budget;
use super::client::Client;
use super::control::Orders;
use super::downlink;
use super::hooks::{self, Hooks};
use super::id_map::IdMap;
use super::input::Input;
use super::link::{MoldLink, WorkerLink};
use super::listen::Listener;
use super::machine::{ClientId, Effect, Event, GenerationId, Machine};
use super::outbox;
use super::pidfile::Pidfile;
use super::refusals::Refusals;
use super::service::Service;
use super::spare_buffer::SpareBuffer;
use super::status::Memory;
use super::turns::Turns;
use super::upgrade::Upgrade;
use super::{Embedder, ServeError, log, passed};
use crate::config::{AppSettings, Settings};
use crate::process::environment;
use crate::process::hop::WorkerId;
use crate::process::idle::Idle;
use crate::process::launch::Launch;
use crate::process::memory;
use crate::process::reaper::Reaper;
use crate::process::signals::Signals;
use crate::process::spawn::Executable;
use crate::stash::Stash;

/// Inputs that wait for the loop; whoever brings more waits.
const INPUTS_MAX: usize = 1024;
/// Inputs that are handled before anything is written.
const BATCH_MAX: usize = 256;
/// From so many bytes of requests and replies on, what they leave behind is worth giving back.
const LARGE_BYTES: usize = 256 << 10;
/// How long killed processes may take to end before the arbiter ends without them.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// What a flush is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    Client(ClientId),
    Worker(WorkerId),
    Mold(GenerationId),
}

/// Everything that the arbiter holds.
pub(super) struct Arbiter<E> {
    pub(super) settings: Settings,
    pub(super) cache_dir: PathBuf,
    pub(super) socket: PathBuf,
    pub(super) executable: Executable,
    pub(super) reaper: Reaper,
    pub(super) hooks: Hooks,
    pub(super) machine: Machine,
    pub(super) clients: IdMap<ClientId, Client>,
    pub(super) workers: IdMap<WorkerId, WorkerLink>,
    pub(super) worker_apps: IdMap<WorkerId, Rc<AppSettings>>,
    pub(super) molds: IdMap<GenerationId, (MoldLink, Rc<AppSettings>)>,
    pub(super) input: mpsc::Sender<Input>,
    /// Peers with something to be written.
    pub(super) dirty: Vec<Peer>,
    /// Peers with more of it when others have had their turn.
    unfinished: Vec<Peer>,
    pub(super) memory: Memory,
    pub(super) budget: Budget,
    /// What requests, replies and connections have left behind.
    pub(super) freed: Idle,
    /// Requests, for lack of room.
    pub(super) refusals: Refusals,
    pub(super) refused_connections: Refusals,
    /// When a host that has nothing else left to do stops to write replies.
    pub(super) write_until: Option<Instant>,
    /// For reading clients.
    pub(super) spare_buffer: Rc<SpareBuffer>,
    /// For encoding single frames.
    pub(super) frame: Vec<u8>,
    pub(super) embedder: E,
    pub(super) outcome: Option<Result<(), ServeError>>,
    effects: Vec<Effect>,
    pub(super) accepting: Option<Accepting>,
    pub(super) listener: Option<Listener>,
    pub(super) service: Service,
    /// Before `upgrade`: a successor waits for its end to take its name.
    pub(super) pidfile: Option<Pidfile>,
    pub(super) upgrade: Upgrade,
    pub(super) last_client: u64,
    pub(super) stop_signals: u32,
    /// The host was told to stop without waiting for anything.
    pub(super) at_once: bool,
    pub(super) orders: Orders,
    pub(super) stash: Stash,
    pub(super) turns: Turns,
}

/// See [`super::serve`].
pub(super) async fn run(
    settings: Settings,
    socket: PathBuf,
    launch: Launch,
    embedder: impl Embedder + 'static,
) -> Result<(), ServeError> {
    let signals = Signals::listen()?;
    let executable = Executable::current()?;
    let cache_dir = environment::cache_dir(settings.cache_dir.as_deref());
    let cache_dir = cache_dir.ok_or(ServeError::NoCacheDir)?;
    let reaper = Reaper::start(embedder.strangers())?;
    hooks::check(&settings.hooks)?;
    let hooks = Hooks::new(settings.hooks.clone(), &socket, reaper.clone());
    tokio::select! {
        started = hooks.on_starting() => started?,
        stopped = told_to_stop(&signals) => return Ok(stopped?),
    }
    let (listener, predecessor) = passed::listener(&socket)?;
    let (input, inputs) = mpsc::channel(INPUTS_MAX);
    let upgrade = Upgrade::new(launch, predecessor, input.clone())?;
    let pidfile = settings.pidfile.as_ref();
    let pidfile = pidfile.map(|path| upgrade.claim_pidfile(path));
    let pidfile = pidfile.transpose()?;
    let service = Service::from_environment(!upgrade.is_waiting(), Instant::now());
    // A successor accepts nobody as long as its predecessor does.
    let alone = Some(&listener).filter(|_| !upgrade.is_waiting());
    let accepting = alone.map(|listener| Accepting::start(listener, input.clone()));
    let accepting = accepting.transpose()?;
    let seed = getrandom::u64().unwrap_or(1);
    let machine = Machine::new(
        &settings.apps,
        settings.lifecycle.clone(),
        seed,
        Instant::now(),
    );
    let server = &settings.server;
    let stash = Stash::new(settings.stash.clone());
    let budget = Budget::new(server.bytes_in_flight_max, server.frame_bytes_max);
    let arbiter = Arbiter {
        settings,
        cache_dir,
        socket,
        executable,
        reaper,
        hooks,
        machine,
        clients: IdMap::default(),
        workers: IdMap::default(),
        worker_apps: IdMap::default(),
        molds: IdMap::default(),
        input,
        dirty: Vec::new(),
        unfinished: Vec::new(),
        memory: Memory::default(),
        budget,
        freed: Idle::default(),
        refusals: Refusals::default(),
        refused_connections: Refusals::default(),
        write_until: None,
        spare_buffer: Rc::default(),
        frame: Vec::new(),
        embedder,
        outcome: None,
        effects: Vec::new(),
        accepting,
        listener: Some(listener),
        service,
        pidfile,
        upgrade,
        last_client: 0,
        stop_signals: 0,
        at_once: false,
        orders: Orders::default(),
        stash,
        turns: Turns::default(),
    };
    arbiter.run(inputs, &signals).await
}

/// Waits for a signal to stop while nothing is there yet that could be stopped gracefully.
async fn told_to_stop(signals: &Signals) -> io::Result<()> {
    while !matches!(
        signals.recv().await?,
        Signal::SIGTERM | Signal::SIGINT | Signal::SIGQUIT
    ) {}
    Ok(())
}

impl<E: Embedder> Arbiter<E> {
    async fn run(
        mut self,
        mut inputs: mpsc::Receiver<Input>,
        signals: &Signals,
    ) -> Result<(), ServeError> {
        self.machine.start(Instant::now());
        self.carry_out();
        let mut last_wait = None;
        let mut alarm = Alarm::default();
        loop {
            self.flush();
            self.shed();
            if let Some(outcome) = self
                .outcome
                .take_if(|_| nothing_to_write(&self.clients, self.write_until))
            {
                self.finish_hooks(signals).await?;
                return outcome;
            }
            let write_until = self.write_until.filter(|_| self.outcome.is_some());
            let due = [
                self.machine.next_due(),
                last_wait,
                write_until,
                self.service.next_due(),
                self.upgrade.drain_until(),
                self.stash.next_due(),
                self.stash_retry(),
                self.freed.due(),
            ];
            let due = due.into_iter().flatten().min();
            let first = tokio::select! {
                biased;
                // Inputs may come without end, signals do not.
                signal = signals.recv() => Some(Input::Signal(signal?)),
                Some(first) = inputs.recv() => Some(first),
                // The tasks that read clients are to have their share, too.
                () = tokio::task::yield_now(), if self.has_more_to_do() => None,
                () = alarm.ring(due) => Some(Input::Due),
            };
            self.turns.begin();
            if let Some(first) = first {
                self.take(first);
            }
            for _ in 1..BATCH_MAX {
                let Ok(next) = inputs.try_recv() else { break };
                self.take(next);
            }
            self.go_on_with_stash();
            self.dirty.append(&mut self.unfinished);
            self.keep_time(Instant::now());
            self.finish_draining(inputs.is_empty());
            self.service.beat();
            if self.machine.is_past_stop(Instant::now()) {
                let end = *last_wait.get_or_insert(Instant::now() + LAST_WAIT);
                if Instant::now() >= end {
                    return Ok(());
                }
            }
        }
    }

    /// The last hooks have as long as any, unless somebody is in a hurry.
    async fn finish_hooks(&self, signals: &Signals) -> io::Result<()> {
        if self.at_once {
            return Ok(());
        }
        let until = Instant::now() + self.settings.hooks.timeout;
        tokio::select! {
            () = self.hooks.finish(until) => Ok(()),
            stopped = told_to_stop(signals) => stopped,
        }
    }

    /// Whether there is work that was left for the next turn.
    fn has_more_to_do(&self) -> bool {
        self.can_serve_stash() || !self.unfinished.is_empty()
    }

    /// Deadlines pass also while inputs never end.
    fn keep_time(&mut self, now: Instant) {
        self.stash.sweep(now);
        if self.budget.held_bytes() >= LARGE_BYTES {
            self.freed.used(now);
        } else if self.freed.take_if_over(now) {
            memory::give_back_freed_buffers();
        }
        if self.machine.next_due().is_some_and(|due| due <= now) {
            self.machine.advance(now);
            self.carry_out();
        }
    }

    fn take(&mut self, input: Input) {
        let now = Instant::now();
        match input {
            Input::Connected(socket) => self.connected(socket),
            Input::Client(client, from) => self.client_input(now, client, from),
            Input::ClientWritable(client) => {
                if let Some(entry) = self.clients.get_mut(&client) {
                    entry.is_writable();
                    self.dirty.push(Peer::Client(client));
                }
            }
            Input::ClientStuck(client) => {
                log::client_stuck(client);
                self.close_client(client);
            }
            Input::Worker(worker, message) => self.worker_input(now, worker, message),
            Input::WorkerBroken(worker) => {
                self.machine.handle(now, Event::WorkerMisbehaved(worker));
            }
            Input::WorkerDrained { worker, unread } => {
                let link = self.workers.get(&worker);
                let unread = link.is_some_and(|link| link.has_left_call_unread(unread));
                self.machine
                    .handle(now, Event::WorkerDrained { worker, unread });
            }
            Input::WorkerWritable(worker) => {
                if let Some(link) = self.workers.get_mut(&worker) {
                    link.down.is_writable();
                    self.dirty.push(Peer::Worker(worker));
                }
            }
            Input::MoldWritable(generation) => {
                if let Some((link, _)) = self.molds.get_mut(&generation) {
                    link.down.is_writable();
                    self.dirty.push(Peer::Mold(generation));
                }
            }
            Input::Mold(generation, message, new) => self.mold_input(now, generation, message, new),
            Input::MoldGone(generation, exit) => {
                self.molds.remove(&generation);
                self.machine.handle(now, Event::MoldGone(generation, exit));
            }
            Input::OtherHost(news) => self.other_host(now, news),
            Input::Signal(signal) => self.signal(now, signal),
            Input::Due => self.machine.advance(now),
        }
        self.carry_out();
    }

    pub(super) fn carry_out(&mut self) {
        let mut effects = std::mem::take(&mut self.effects);
        loop {
            self.machine.take_effects(&mut effects);
            if effects.is_empty() {
                break;
            }
            for effect in effects.drain(..) {
                self.apply(effect);
            }
        }
        self.effects = effects;
    }

    /// Writes what has collected.
    pub(super) fn flush(&mut self) {
        while let Some(peer) = self.dirty.pop() {
            match peer {
                Peer::Client(client) => self.flush_client(client),
                Peer::Worker(worker) => self.flush_worker(worker),
                Peer::Mold(generation) => self.flush_mold(generation),
            }
            self.carry_out();
        }
    }

    fn flush_client(&mut self, id: ClientId) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        match client.flush() {
            Ok(outbox::Flushed::All) if client.closing => self.close_client(id),
            Ok(flushed) => {
                let caught_up = client.take_stalled();
                if flushed == outbox::Flushed::Blocked {
                    let limit = self.settings.server.write_timeout;
                    client.await_writable(id, limit, self.input.clone());
                }
                self.resume_workers(id, &caught_up);
                self.queue_turn(id);
            }
            Err(_) => self.close_client(id),
        }
    }

    fn flush_worker(&mut self, id: WorkerId) {
        let Some(link) = self.workers.get_mut(&id) else {
            return;
        };
        match link.flush() {
            downlink::Flushed::All => {}
            downlink::Flushed::Copying => self.unfinished.push(Peer::Worker(id)),
            downlink::Flushed::Blocked => {
                if let Some(writable) = link.down.await_writable() {
                    self.tell_when(writable, Input::WorkerWritable(id));
                }
            }
        }
    }

    fn flush_mold(&mut self, generation: GenerationId) {
        if let Some((link, _)) = self.molds.get_mut(&generation)
            && link.flush() == downlink::Flushed::Blocked
            && let Some(writable) = link.down.await_writable()
        {
            self.tell_when(writable, Input::MoldWritable(generation));
        }
    }

    /// Has the loop told when a child's socket can be written to again.
    fn tell_when(&self, writable: impl Future<Output = ()> + 'static, news: Input) {
        let input = self.input.clone();
        tokio::task::spawn_local(async move {
            writable.await;
            // The loop is gone only when the host has stopped.
            let _ = input.send(news).await;
        });
    }
}

/// Whether every reply is with its client, or it is too late for that.
fn nothing_to_write(clients: &IdMap<ClientId, Client>, until: Option<Instant>) -> bool {
    clients.values().all(|client| client.unwritten() == 0)
        || until.is_none_or(|until| Instant::now() >= until)
}

/// A path that means the same in a child whose working directory is another.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
