//! The host's own upgrade: SIGUSR2 starts the program anew, it takes the listening socket over once
//! all its apps can serve, and the old host drains.
//!
//! A host is on one side of an upgrade at a time. Until the socket is handed over the new host
//! accepts nobody, so that nothing is lost if it fails. How the socket gets there is in
//! [`crate::process::handover`], how the hosts hear of each other in [`super::other_host`].

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Instant;

use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::mpsc;

use super::accept::Accepting;
use super::input::Input;
use super::machine::{AppStatus, DeathCause, Report, Status};
use super::other_host::{self, OtherHost};
use super::pidfile::{self, Pidfile, PidfileError};
use super::run::{Arbiter, absolute};
use super::{Embedder, ServeError, hostlog};
use crate::process::handover::{self, HANDED_OVER, Notice, READY};
use crate::process::launch::Launch;

/// What the pidfile's name has at its end while the predecessor lives.
const PIDFILE_SUFFIX: &str = ".2";

/// This host's part in an upgrade.
#[derive(Debug)]
pub(super) struct Upgrade {
    launch: Launch,
    side: Side,
}

/// Which of two hosts this one is. The channel to the other one is held to the end of either,
/// because its end is how that is known.
#[derive(Debug)]
enum Side {
    /// There is no other one.
    Alone,
    /// The new one, while the old one serves.
    Waiting(OwnedWriteHalf),
    /// The new one, which serves while the old one drains.
    Serving { _channel: OwnedWriteHalf },
    /// The old one, which serves while the new one starts.
    Preparing { pid: u32, channel: OwnedWriteHalf },
    /// The old one, which stops when its last client has left, or at this time.
    Draining {
        pid: u32,
        until: Option<Instant>,
        _channel: OwnedWriteHalf,
    },
}

impl Upgrade {
    /// `predecessor`: the channel to it, if this host is to replace one. Needs a tokio runtime.
    pub(super) fn new(
        launch: Launch,
        predecessor: Option<UnixStream>,
        input: mpsc::Sender<Input>,
    ) -> io::Result<Upgrade> {
        let side = match predecessor {
            None => Side::Alone,
            Some(channel) => Side::Waiting(other_host::watch_predecessor(channel, input)?),
        };
        Ok(Upgrade { launch, side })
    }

    /// Whether another host serves on the socket, which this one has only borrowed.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.side, Side::Waiting(_))
    }

    /// When a host that drains stops, whoever is still connected.
    pub(super) fn drain_until(&self) -> Option<Instant> {
        match self.side {
            Side::Draining { until, .. } => until,
            _ => None,
        }
    }

    /// Writes the pidfile, at first beside the configured one if that is the predecessor's.
    pub(super) fn claim_pidfile(&self, configured: &Path) -> Result<Pidfile, PidfileError> {
        let mut beside = configured.as_os_str().to_owned();
        beside.push(PIDFILE_SUFFIX);
        let beside = Path::new(&beside);
        if self.is_waiting() {
            return Pidfile::claim(beside);
        }
        let claimed = Pidfile::claim(configured)?;
        // A successor may have been killed before it could rename it.
        pidfile::remove_stale(beside);
        Ok(claimed)
    }

    /// Why no successor can be started now.
    fn obstacle(&self) -> Option<String> {
        match &self.side {
            // Its end is that of every process in its container.
            Side::Alone if std::process::id() == 1 => Some(
                "this host is the first process of its container; replace the container".into(),
            ),
            Side::Alone => None,
            Side::Waiting(_) | Side::Serving { .. } => {
                Some("the host that this one replaces has not ended yet".into())
            }
            Side::Preparing { pid, .. } => Some(format!(
                "one is under way; end process {pid} if it has to be given up"
            )),
            Side::Draining { pid, .. } => Some(format!("process {pid} has replaced this host")),
        }
    }
}

/// Tells the other host. It is told two things at most, so there is always room.
fn tell(channel: &OwnedWriteHalf, byte: u8) {
    // If it has ended, reading the channel says so.
    let _ = channel.try_write(&[byte]);
}

impl<E: Embedder> Arbiter<E> {
    /// Starts the successor.
    pub(super) fn upgrade(&mut self) {
        if let Some(reason) = self.upgrade.obstacle() {
            return hostlog::upgrade_refused(&reason);
        }
        let Some(listener) = &self.listener else {
            return hostlog::upgrade_refused("this host is stopping");
        };
        let notice = Notice {
            predecessor: std::process::id(),
            owner: listener.owner(),
            socket: absolute(&self.socket),
        };
        let started = handover::offer(listener.socket.as_fd()).and_then(|(ours, theirs)| {
            let child = self.upgrade.launch.again(&notice, theirs)?;
            let pid = child.id();
            let channel =
                other_host::watch_successor(child, ours, &self.reaper, self.input.clone())?;
            Ok((pid, channel))
        });
        match started {
            Ok((pid, channel)) => {
                hostlog::upgrade_started(pid, self.upgrade.launch.program());
                self.upgrade.side = Side::Preparing { pid, channel };
            }
            Err(error) => hostlog::upgrade_impossible(&error),
        }
    }

    /// Something has become of the other host.
    pub(super) fn other_host(&mut self, now: Instant, news: OtherHost) {
        match news {
            OtherHost::SuccessorReady => self.hand_over(now),
            OtherHost::SuccessorGone(exit) => match self.upgrade.side {
                Side::Preparing { pid, .. } => {
                    hostlog::upgrade_failed(pid, exit);
                    self.upgrade.side = Side::Alone;
                }
                Side::Draining { pid, .. } => hostlog::successor_died(pid, exit),
                Side::Alone | Side::Waiting(_) | Side::Serving { .. } => {}
            },
            OtherHost::HandedOver => self.take_over(),
            OtherHost::PredecessorGone => {
                self.take_over();
                self.upgrade.side = Side::Alone;
                hostlog::predecessor_gone();
                self.rename_pidfile();
            }
        }
    }

    /// Leaves new clients to the successor.
    fn hand_over(&mut self, now: Instant) {
        let side = std::mem::replace(&mut self.upgrade.side, Side::Alone);
        let Side::Preparing { pid, channel } = side else {
            self.upgrade.side = side;
            return;
        };
        hostlog::upgraded(pid, self.clients.len());
        self.leave_socket();
        // First, so that what the successor tells the manager is that of the service.
        self.service.succeeded_by(pid);
        tell(&channel, HANDED_OVER);
        self.upgrade.side = Side::Draining {
            pid,
            until: now.checked_add(self.settings.lifecycle.graceful_timeout),
            _channel: channel,
        };
    }

    fn leave_socket(&mut self) {
        self.accepting = None;
        if let Some(mut listener) = self.listener.take() {
            listener.leave_name();
        }
    }

    /// Accepts nobody any more. What has the socket already, goes on with it.
    pub(super) fn stop_listening(&mut self) {
        match std::mem::replace(&mut self.upgrade.side, Side::Alone) {
            // It has to do without the rest of this host's life.
            Side::Preparing { pid, channel } => {
                self.leave_socket();
                tell(&channel, HANDED_OVER);
                self.upgrade.side = Side::Draining {
                    pid,
                    until: None,
                    _channel: channel,
                };
            }
            Side::Draining { pid, _channel, .. } => {
                self.upgrade.side = Side::Draining {
                    pid,
                    until: None,
                    _channel,
                };
            }
            side => self.upgrade.side = side,
        }
        self.accepting = None;
        self.listener = None;
    }

    /// Stops a host that was replaced once it has nobody to serve. `nothing_new`: no input waits.
    pub(super) fn finish_draining(&mut self, nothing_new: bool) {
        let Some(until) = self.upgrade.drain_until() else {
            return;
        };
        let now = Instant::now();
        let over = now >= until;
        if over {
            // Before they ask for something that this host would have to refuse.
            self.close_idle_clients();
        }
        if over || (nothing_new && self.clients.is_empty()) {
            self.stop(now, self.settings.lifecycle.graceful_timeout);
            self.carry_out();
        }
    }

    fn close_idle_clients(&mut self) {
        let idle = self.clients.iter();
        let idle =
            idle.filter(|(id, client)| self.machine.awaits_nothing(**id) && client.is_answered());
        let idle: Vec<_> = idle.map(|(id, _)| *id).collect();
        for client in idle {
            self.close_client(client);
        }
    }

    /// Every app that can has begun to serve.
    pub(super) fn all_ready(&mut self) {
        if let Side::Waiting(channel) = &self.upgrade.side {
            tell(channel, READY);
        }
        let status = service_status(&self.machine.status(), &absolute(&self.socket));
        self.service.ready(status);
    }

    /// Gives up in favour of the old host, which serves well, where an app of the new one cannot
    /// start.
    pub(super) fn consider_failure(&mut self, report: &Report) {
        let (app, reason) = match report {
            Report::BootFailed { app, failure, .. } => (app, failure.message.as_str()),
            Report::WorkerDied {
                app,
                cause: DeathCause::StartFailed(failure),
                ..
            } => (app, failure.message.as_str()),
            Report::MoldDied { app, .. } => (app, "its mold died"),
            Report::Backoff { app, .. } => (app, "its workers die"),
            _ => return,
        };
        if self.upgrade.is_waiting() {
            self.outcome = Some(Err(ServeError::Upgrade {
                app: app.to_string(),
                reason: reason.to_owned(),
            }));
        }
    }

    /// Accepts clients, now that the predecessor does not.
    fn take_over(&mut self) {
        match std::mem::replace(&mut self.upgrade.side, Side::Alone) {
            Side::Waiting(channel) => self.upgrade.side = Side::Serving { _channel: channel },
            side => {
                self.upgrade.side = side;
                return;
            }
        }
        hostlog::took_over();
        self.service.speak();
        if let Some(listener) = &mut self.listener {
            listener.claim_name();
            match Accepting::start(listener, self.input.clone()) {
                Ok(accepting) => self.accepting = Some(accepting),
                Err(error) => self.outcome = Some(Err(error.into())),
            }
        }
    }

    fn rename_pidfile(&mut self) {
        if let (Some(pidfile), Some(path)) = (&mut self.pidfile, &self.settings.pidfile)
            && let Err(error) = pidfile.rename(path)
        {
            hostlog::pidfile_not_renamed(&error);
        }
    }
}

/// What the host does, for people.
fn service_status(status: &Status, socket: &Path) -> String {
    let serves = |app: &&AppStatus| app.workers_ready > 0 || app.workers == 0;
    let (count, total) = (status.apps.iter().filter(serves).count(), status.apps.len());
    let apps = if total == 1 { "app" } else { "apps" };
    let others = status.apps.iter().filter(|app| !serves(app));
    let others: Vec<_> = others.map(|app| app.name.as_str()).collect();
    let socket = socket.display();
    if others.is_empty() {
        return format!("Serving {total} {apps} on {socket}");
    }
    let others = others.join(", ");
    format!("Serving {count} of {total} {apps} on {socket}; not serving: {others}")
}
