//! Carrying out what the machine has decided.

use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use nix::time::{ClockId, clock_gettime};

use super::link::MoldLink;
use super::machine::{ClientId, Effect, Event, GenerationId};
use super::replies::Kind;
use super::run::{Arbiter, Peer, absolute};
use super::{Embedder, ServeError, ServeEvent, log, status};
use crate::config::AppSettings;
use crate::process::hop::{self, Deadline, Down, Setup, WorkerId};
use crate::process::spawn;
use crate::protocol::{Dialect, RawId, WireError};

/// A client that leaves more frames of the largest size unread is closed: replies that are whole
/// cannot be held back as streams can.
const UNREAD_FRAMES_MAX: usize = 4;
/// How long replies may take to be written when no app can start.
const LAST_WRITES: Duration = Duration::from_secs(1);

impl<E: Embedder> Arbiter<E> {
    pub(super) fn apply(&mut self, effect: Effect) {
        match effect {
            Effect::SpawnMold(generation, app) => self.spawn_mold(generation, app),
            Effect::StopMold(generation) => self.tell_mold(generation, &Down::Stop),
            Effect::KillMold(generation) => self.kill_mold(generation),
            Effect::Fork(generation, worker) => self.tell_mold(generation, &Down::Fork(worker)),
            Effect::StopWorker(worker) => self.tell_worker(worker, &Down::Stop),
            Effect::KillWorker(worker) => {
                if let Some(link) = self.workers.get(&worker) {
                    link.kill();
                }
            }
            Effect::ForgetWorker(worker) => {
                self.workers.remove(&worker);
                self.worker_apps.remove(&worker);
            }
            Effect::Dispatch {
                worker,
                call,
                deadline,
                timeout,
                frame,
            } => {
                let deadline = Deadline {
                    at_nanos: deadline.map(monotonic_nanos),
                    timeout,
                };
                if let Some(link) = self.workers.get_mut(&worker) {
                    link.dispatch(&Down::Call {
                        call,
                        deadline,
                        frame,
                    });
                    self.dirty.push(Peer::Worker(worker));
                }
            }
            Effect::CancelCall(worker, call) => {
                // It may be waiting in a write of what nobody wants any more.
                self.unstall(worker);
                self.tell_worker(worker, &Down::Cancel(call));
            }
            Effect::Forward {
                client,
                worker,
                frames,
            } => self.forward(client, worker, frames),
            Effect::Fail {
                client,
                id,
                dialect,
                error,
            } => {
                self.write_error(client, Kind::Call, dialect, id.as_str(), &error);
            }
            Effect::Discard(client) => self.discard(client),
            Effect::Answer(command, outcomes) => self.answer_command(command, &outcomes),
            Effect::AllReady => {
                let apps = self.machine.status().apps.into_iter();
                let apps = apps.filter(|app| app.workers_ready > 0 || app.workers == 0);
                let apps = apps.map(|app| app.name).collect();
                self.embedder.event(ServeEvent::Ready {
                    apps,
                    socket: absolute(&self.socket),
                });
                self.all_ready();
            }
            Effect::AllFailed => self.all_failed(),
            Effect::Report(report) => {
                log::report(&report);
                self.hooks.tell(&report);
                self.consider_failure(&report);
            }
            // An error that is on its way out already says more.
            Effect::Finished => drop(self.outcome.get_or_insert(Ok(()))),
        }
    }

    fn spawn_mold(&mut self, generation: GenerationId, settings: Rc<AppSettings>) {
        self.make_tables(&settings);
        let frame_bytes_max = self.settings.server.frame_bytes_max;
        let spawned =
            spawn::mold(&self.executable, &settings.name, &self.reaper).and_then(|spawned| {
                MoldLink::start(generation, spawned, frame_bytes_max, self.input.clone())
            });
        match spawned {
            Ok(link) => {
                let setup = self.setup(&settings);
                self.molds.insert(generation, (link, settings));
                self.tell_mold(generation, &Down::Setup(Box::new(setup)));
            }
            Err(error) => {
                log::cannot_spawn(&settings.name, &error);
                self.machine
                    .handle(Instant::now(), Event::MoldGone(generation, None));
            }
        }
    }

    fn setup(&self, settings: &AppSettings) -> Setup {
        let mut app = settings.clone();
        app.component = absolute(&app.component);
        for dir in &mut app.dirs {
            dir.host = absolute(&dir.host);
        }
        Setup {
            version: hop::VERSION,
            arbiter_pid: std::process::id() as i32,
            frame_bytes_max: self.settings.server.frame_bytes_max,
            cache_dir: self.cache_dir.clone(),
            app,
        }
    }

    fn tell_mold(&mut self, generation: GenerationId, message: &Down) {
        if let Some((link, _)) = self.molds.get_mut(&generation) {
            link.down.push(message);
            self.dirty.push(Peer::Mold(generation));
        }
    }

    fn tell_worker(&mut self, worker: WorkerId, message: &Down) {
        if let Some(link) = self.workers.get_mut(&worker) {
            link.down.push(message);
            self.dirty.push(Peer::Worker(worker));
        }
    }

    fn forward(&mut self, id: ClientId, worker: Option<WorkerId>, frames: Bytes) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        client.push_shared(Kind::Call, frames);
        self.dirty.push(Peer::Client(id));
        let unwritten = client.unwritten();
        if unwritten
            > self
                .settings
                .server
                .frame_bytes_max
                .saturating_mul(UNREAD_FRAMES_MAX)
        {
            log::client_greedy(id, unwritten);
            return self.close_client(id);
        }
        if client.is_slow()
            && let Some(worker) = worker
            && let Some(link) = self.workers.get_mut(&worker)
        {
            client.stalled.push(worker);
            link.pause(id);
            self.machine.handle(Instant::now(), Event::Stalled(worker));
        }
    }

    pub(super) fn discard(&mut self, id: ClientId) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        if client.discard() {
            let caught_up = client.take_stalled();
            self.resume_workers(id, &caught_up);
        } else {
            log::reply_cut(id);
            self.close_client(id);
        }
    }

    fn all_failed(&mut self) {
        let failed = self.machine.status().apps.into_iter();
        let failed = failed
            .map(|app| (app.name, app.last_error.unwrap_or_default()))
            .collect();
        self.outcome = Some(Err(ServeError::NoApp(failed)));
        self.write_until = Some(Instant::now() + LAST_WRITES);
    }

    /// Answers a client that asks for the host's status.
    pub(super) fn answer_status(&mut self, client: ClientId, dialect: Dialect, id: &RawId) {
        let result = status::to_json(&self.machine.status(), &mut self.memory, &self.budget);
        self.write_result(client, dialect, id, &result);
    }

    /// Writes the result of something that is no call to a client.
    pub(super) fn write_result(
        &mut self,
        client: ClientId,
        dialect: Dialect,
        id: &RawId,
        result: &str,
    ) {
        let frame_bytes_max = self.settings.server.frame_bytes_max;
        self.frame.clear();
        if let Err(error) =
            dialect.write_response(&mut self.frame, id.as_str(), result, frame_bytes_max)
        {
            let error = WireError::dirty(format!("the result does not fit into a frame: {error}"));
            return self.write_error(client, Kind::Other, dialect, id.as_str(), &error);
        }
        if let Some(entry) = self.clients.get_mut(&client) {
            entry.push(Kind::Other, &self.frame);
            self.dirty.push(Peer::Client(client));
        }
    }
}

/// A time of ours on the clock that children read, too.
fn monotonic_nanos(at: Instant) -> u64 {
    let left = at.saturating_duration_since(Instant::now());
    // The clock exists on every Linux.
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Duration::from);
    (now + left).as_nanos() as u64
}
