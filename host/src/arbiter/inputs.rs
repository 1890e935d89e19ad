//! What comes from clients, workers, molds and the system, turned into events of the machine.

use std::io::IoSlice;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::client::{Client, FromClient};
use super::control::Asker;
use super::input::NewWorker;
use super::link::{LinkFailure, WorkerLink};
use super::machine::{ClientId, Event, GenerationId};
use super::reader::ReadLimits;
use super::replies::Kind;
use super::run::{Arbiter, Peer};
use super::socket::Socket;
use super::{Embedder, hostlog, log};
use crate::process::hop::{self, Up, WorkerId};
use crate::protocol::{Dialect, RawId, WireError};

impl<E: Embedder> Arbiter<E> {
    pub(super) fn connected(&mut self, socket: Socket) {
        if self.clients.len() >= self.settings.server.connections_max {
            if let Some(refusals) = self.refused_connections.add(Instant::now()) {
                log::connections_refused(self.clients.len(), refusals);
            }
            refuse(&socket, self.clients.len());
            return;
        }
        self.last_client += 1;
        let id = ClientId(self.last_client);
        let limits = ReadLimits {
            frame_bytes_max: self.settings.server.frame_bytes_max,
            stall_max: self.settings.server.write_timeout,
        };
        let client = Client::start(
            id,
            socket,
            limits,
            &self.budget,
            self.spare_buffer.clone(),
            self.input.clone(),
        );
        self.clients.insert(id, client);
    }

    pub(super) fn client_input(&mut self, now: Instant, client: ClientId, from: FromClient) {
        if !self.clients.contains_key(&client) {
            // It was closed while this was on its way.
            return;
        }
        match from {
            FromClient::Request(request) => {
                if let Some(entry) = self.clients.get_mut(&client) {
                    entry.set_multiplex(request.multiplex);
                }
                self.machine.handle(now, Event::Request(client, request));
            }
            FromClient::Cancel(id) => self.machine.handle(now, Event::Cancel(client, id)),
            FromClient::Status(..) | FromClient::Control(..) | FromClient::Malformed(..)
                if self.is_a_nuisance(client) =>
            {
                log::client_stuck(client);
                self.close_client(client);
            }
            FromClient::Status(dialect, id) => self.answer_status(client, dialect, &id),
            FromClient::Control(dialect, id, command) => {
                self.control(
                    now,
                    Asker {
                        client,
                        dialect,
                        id,
                    },
                    command,
                );
            }
            FromClient::Stash(message) => self.use_stash(now, client, message),
            FromClient::Malformed(dialect, id, error) => {
                self.write_error(client, Kind::Other, dialect, id.as_str(), &error);
            }
            FromClient::OutOfSync(dialect, error) => {
                self.write_error(client, Kind::Other, dialect, RawId::null().as_str(), &error);
                self.machine.handle(now, Event::Disconnected(client));
                if let Some(entry) = self.clients.get_mut(&client) {
                    entry.closing = true;
                }
            }
            FromClient::Refused(refused) => self.refuse(now, client, &refused),
            FromClient::Stalled(arrived) => {
                log::client_stalled(client, arrived);
                self.close_client(client);
            }
            FromClient::Closed => self.close_client(client),
        }
    }

    fn is_a_nuisance(&self, client: ClientId) -> bool {
        self.clients.get(&client).is_some_and(Client::is_a_nuisance)
    }

    /// Forgets a client: its connection is closed, its calls are nobody's.
    pub(super) fn close_client(&mut self, client: ClientId) {
        if let Some(entry) = self.clients.remove(&client) {
            if entry.awaits_listing() {
                self.turns.forget_listing(client);
            }
            self.resume_workers(client, &entry.stalled);
            let now = Instant::now();
            // Of a part of a request, or of many connections, nothing else tells.
            self.freed.used(now);
            self.machine.handle(now, Event::Disconnected(client));
        }
    }

    pub(super) fn worker_input(&mut self, now: Instant, worker: WorkerId, message: Up) {
        let event = match message {
            Up::Ready => Event::WorkerReady(worker),
            Up::Failed(failure) => Event::WorkerFailed(worker, failure),
            Up::Chunk(call, frames) => Event::Chunk(worker, call, frames),
            Up::Final(call, fate, frames) => {
                self.unstall(worker);
                Event::Final(worker, call, fate, frames)
            }
            Up::Log {
                call,
                source,
                level,
                message,
            } => {
                let app = self.worker_apps.get(&worker).map(|app| app.name.as_str());
                let request = call.and_then(|call| self.machine.request_id(call));
                let app = app.unwrap_or_default();
                return log::line(app, Some(worker), request, source, level, &message);
            }
            Up::Stash(request) => return self.use_stash_of_worker(now, worker, request),
            Up::OverMemory(_) => Event::OverMemory(worker),
            _ => Event::WorkerMisbehaved(worker),
        };
        self.machine.handle(now, event);
    }

    pub(super) fn mold_input(
        &mut self,
        now: Instant,
        generation: GenerationId,
        message: Up,
        new: Option<NewWorker>,
    ) {
        let event = match message {
            Up::Hello(hop::VERSION) => return,
            Up::Stage(stage) => Event::MoldStage(generation, stage),
            Up::WantsWorkers(workers) => Event::WantsWorkers(generation, workers),
            Up::Initialised(how) => Event::MoldReady(generation, how),
            Up::Failed(failure) => Event::MoldFailed(generation, failure),
            Up::Forked { worker, pid } => {
                match new.map(|new| self.adopt(generation, worker, new)) {
                    Some(Ok(())) => Event::Forked(worker, pid),
                    Some(Err(error)) => {
                        log::cannot_adopt(worker, &error);
                        return self.kill_mold(generation);
                    }
                    None => return self.kill_mold(generation),
                }
            }
            Up::ForkFailed(worker, failure) => Event::ForkFailed(worker, failure),
            Up::Exited(worker, exit) => Event::WorkerExited(worker, exit),
            Up::Log {
                source,
                level,
                message,
                ..
            } => {
                let app = self.molds.get(&generation);
                let app = app.map(|(_, app)| app.name.as_str());
                return log::line(app.unwrap_or_default(), None, None, source, level, &message);
            }
            Up::Stash(request) => return self.use_stash_of_mold(now, generation, request),
            // Another version, or nonsense. Its end is an event of its own.
            Up::Hello(_) | Up::Ready | Up::Chunk(..) | Up::Final(..) | Up::OverMemory(_) => {
                return self.kill_mold(generation);
            }
        };
        self.machine.handle(now, event);
    }

    fn adopt(
        &mut self,
        generation: GenerationId,
        worker: WorkerId,
        new: NewWorker,
    ) -> Result<(), LinkFailure> {
        let frame_bytes_max = self.settings.server.frame_bytes_max;
        let link = WorkerLink::start(
            worker,
            new,
            frame_bytes_max,
            &self.budget,
            self.input.clone(),
        )?;
        self.workers.insert(worker, link);
        if let Some((_, app)) = self.molds.get(&generation) {
            self.worker_apps.insert(worker, app.clone());
        }
        Ok(())
    }

    pub(super) fn signal(&mut self, now: Instant, signal: Signal) {
        let grace = match signal {
            Signal::SIGTERM | Signal::SIGINT => {
                self.stop_signals += 1;
                let again = self.stop_signals > 1;
                if again {
                    Duration::ZERO
                } else {
                    self.settings.lifecycle.graceful_timeout
                }
            }
            Signal::SIGQUIT => Duration::ZERO,
            Signal::SIGUSR1 => return hostlog::log_reopened(self.embedder.reopen_log()),
            Signal::SIGUSR2 => return self.upgrade(),
            Signal::SIGHUP => return self.reload(now, None, None),
            Signal::SIGTTIN => return self.adjust(now, 1),
            Signal::SIGTTOU => return self.adjust(now, -1),
            other => return log::signal_ignored(other),
        };
        self.at_once |= grace.is_zero();
        self.stop(now, grace);
    }

    /// Stops gracefully, within this time.
    pub(super) fn stop(&mut self, now: Instant, grace: Duration) {
        // New clients fail at once instead of waiting for a host that goes.
        self.stop_listening();
        self.service.stopping();
        let until = now + grace;
        self.write_until = Some(self.write_until.map_or(until, |before| before.min(until)));
        self.machine.handle(now, Event::Stop(grace));
        self.machine.advance(now);
    }

    /// Reads workers again that had to wait for this client.
    pub(super) fn resume_workers(&mut self, client: ClientId, workers: &[WorkerId]) {
        for worker in workers {
            if let Some(link) = self.workers.get_mut(worker)
                && link.is_paused_for(client)
            {
                link.resume();
                self.machine.handle(Instant::now(), Event::Resumed(*worker));
            }
        }
    }

    /// Reads a worker again, whoever it had to wait for: what comes next is not for that client.
    pub(super) fn unstall(&mut self, worker: WorkerId) {
        let client = self.workers.get_mut(&worker).and_then(WorkerLink::resume);
        if let Some(entry) = client.and_then(|client| self.clients.get_mut(&client)) {
            entry.stalled.retain(|stalled| *stalled != worker);
        }
    }

    /// Writes an error frame to a client.
    pub(super) fn write_error(
        &mut self,
        client: ClientId,
        kind: Kind,
        dialect: Dialect,
        id: &str,
        error: &WireError,
    ) {
        if let Some(entry) = self.clients.get_mut(&client) {
            self.frame.clear();
            dialect.write_error(&mut self.frame, id, error);
            entry.push(kind, &self.frame);
            self.dirty.push(Peer::Client(client));
        }
    }

    pub(super) fn kill_mold(&self, generation: GenerationId) {
        if let Some((link, _)) = self.molds.get(&generation) {
            link.kill();
        }
    }
}

/// Says why to a client that comes too late.
fn refuse(socket: &Socket, connections: usize) {
    let message = format!("the host has {connections} connections, which is its limit");
    let error = WireError::dirty(message)
        .with("retryable", true)
        .with("retry_after", 1);
    let mut frame = Vec::new();
    Dialect::Json.write_error(&mut frame, RawId::null().as_str(), &error);
    // A fresh socket has room for it; if not, the closed connection says the same.
    let _ = socket.write(&[IoSlice::new(&frame)]);
}
