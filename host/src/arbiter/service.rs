//! What the host tells the service manager that started it, in systemd's notification protocol:
//! that it is ready, reloads, stops, and that its loop still turns. Without such a manager nothing
//! is told.

use std::ffi::OsString;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

use super::hostlog;

/// How long a message may wait for a manager that does not read.
const PATIENCE: Duration = Duration::from_millis(100);

/// The service manager.
#[derive(Debug)]
pub(super) struct Service {
    manager: Option<Manager>,
    /// Whether this host speaks for the service; if not, another one does.
    speaks: bool,
    /// What the host does, from when it is ready until it stops.
    status: Option<String>,
    watchdog: Option<Watchdog>,
}

#[derive(Debug)]
struct Manager {
    socket: UnixDatagram,
    address: SocketAddr,
}

#[derive(Debug)]
struct Watchdog {
    interval: Duration,
    due: Instant,
}

impl Service {
    /// The manager that the environment names, if it does. `speaks`: whether this host is the one
    /// to speak for the service from the start.
    pub(super) fn from_environment(speaks: bool, now: Instant) -> Service {
        let manager = std::env::var_os("NOTIFY_SOCKET")
            .filter(|address| !address.is_empty())
            .and_then(|address| {
                let manager = Manager::at(&address);
                manager.map_err(|error| hostlog::no_manager(&error)).ok()
            });
        let interval = sd_notify::watchdog_enabled()
            .filter(|interval| manager.is_some() && !interval.is_zero());
        Service {
            manager,
            speaks,
            status: None,
            watchdog: interval.map(|interval| Watchdog {
                interval: interval / 2,
                due: now,
            }),
        }
    }

    /// This host speaks for the service from now on.
    pub(super) fn speak(&mut self) {
        self.speaks = true;
        self.tell_ready();
    }

    /// Every app can serve. `status`: what the host does, for people.
    pub(super) fn ready(&mut self, status: String) {
        self.status = Some(status);
        self.tell_ready();
    }

    fn tell_ready(&self) {
        if let Some(status) = &self.status {
            self.tell(&[NotifyState::Ready, NotifyState::Status(status)]);
        }
    }

    /// A reload begins; it ends with [`reloaded`](Service::reloaded), however it went.
    pub(super) fn reloading(&self) {
        // The clock exists on every Linux. A host that is not ready yet, or stops, says only that.
        if self.status.is_some()
            && let Ok(now) = NotifyState::monotonic_usec_now()
        {
            self.tell(&[
                NotifyState::Reloading,
                now,
                NotifyState::Status("Reloading"),
            ]);
        }
    }

    /// A reload has come to its end.
    pub(super) fn reloaded(&self) {
        self.tell_ready();
    }

    /// The host stops.
    pub(super) fn stopping(&mut self) {
        self.status = None;
        self.tell(&[NotifyState::Stopping, NotifyState::Status("Stopping")]);
    }

    /// This process is the service from now on. It speaks for itself, and this host is silent.
    pub(super) fn succeeded_by(&mut self, pid: u32) {
        self.tell(&[NotifyState::MainPid(pid)]);
        self.speaks = false;
    }

    /// When the loop has to come by again.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let watchdog = self.watchdog.as_ref().filter(|_| self.speaks)?;
        Some(watchdog.due)
    }

    /// Tells that the loop turns, if it is time to.
    pub(super) fn beat(&mut self) {
        if !self.speaks {
            return;
        }
        let Some(watchdog) = &mut self.watchdog else {
            return;
        };
        let now = Instant::now();
        if now >= watchdog.due {
            watchdog.due = now + watchdog.interval;
            self.tell(&[NotifyState::Watchdog]);
        }
    }

    fn tell(&self, states: &[NotifyState<'_>]) {
        let Some(manager) = self.manager.as_ref().filter(|_| self.speaks) else {
            return;
        };
        let lines: String = states.iter().map(|state| format!("{state}\n")).collect();
        if let Err(error) = manager
            .socket
            .send_to_addr(lines.as_bytes(), &manager.address)
        {
            hostlog::manager_unreachable(&error);
        }
    }
}

impl Manager {
    /// Not by [`sd_notify::notify`], which waits for ever for a manager that does not read.
    fn at(address: &OsString) -> io::Result<Manager> {
        let address = match address.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            _ => SocketAddr::from_pathname(address)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Manager { socket, address })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A manager that reads nothing until it is asked, and a service of its.
    fn service(speaks: bool) -> (UnixDatagram, Service, tempfile::TempDir) {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("notify");
        let theirs = UnixDatagram::bind(&path).unwrap();
        theirs.set_nonblocking(true).unwrap();
        let service = Service {
            manager: Some(Manager::at(&path.into()).unwrap()),
            speaks,
            status: None,
            watchdog: Some(Watchdog {
                interval: Duration::from_secs(3600),
                due: Instant::now(),
            }),
        };
        (theirs, service, temp)
    }

    fn next(manager: &UnixDatagram) -> Option<String> {
        let mut bytes = [0; 1024];
        let length = manager.recv(&mut bytes).ok()?;
        Some(String::from_utf8(bytes[..length].to_vec()).unwrap())
    }

    #[test]
    fn messages_are_as_systemd_wants_them() {
        let (manager, mut service, _temp) = service(true);
        service.ready("Serving".to_owned());
        assert_eq!(next(&manager).unwrap(), "READY=1\nSTATUS=Serving\n");
        service.reloading();
        let reloading = next(&manager).unwrap();
        let now = reloading
            .strip_prefix("RELOADING=1\nMONOTONIC_USEC=")
            .unwrap();
        assert!(now.lines().next().unwrap().parse::<u64>().unwrap() > 0);
        service.reloaded();
        assert_eq!(next(&manager).unwrap(), "READY=1\nSTATUS=Serving\n");
        service.stopping();
        assert!(next(&manager).unwrap().starts_with("STOPPING=1\n"));
        service.reloading();
        service.reloaded();
        assert_eq!(next(&manager), None, "a host that stops says only that");
        service.succeeded_by(7);
        assert_eq!(next(&manager).unwrap(), "MAINPID=7\n");
        service.stopping();
        assert_eq!(next(&manager), None, "somebody else speaks now");
    }

    #[test]
    fn a_beat_comes_when_it_is_due_and_only_from_who_speaks() {
        let (manager, mut service, _temp) = service(false);
        service.beat();
        assert_eq!((next(&manager), service.next_due()), (None, None));
        service.ready("Serving".to_owned());
        assert_eq!(next(&manager), None);
        service.speak();
        assert_eq!(next(&manager).unwrap(), "READY=1\nSTATUS=Serving\n");
        assert!(service.next_due().unwrap() <= Instant::now());
        service.beat();
        assert_eq!(next(&manager).unwrap(), "WATCHDOG=1\n");
        service.beat();
        assert_eq!(next(&manager), None, "the next one is due in an hour");
        assert!(service.next_due().unwrap() > Instant::now());
    }

    #[test]
    fn a_manager_that_does_not_read_holds_nothing_up_for_long() {
        let (_manager, mut service, _temp) = service(true);
        let start = Instant::now();
        // More than its queue takes.
        while start.elapsed() < PATIENCE {
            service.ready("Serving".to_owned());
        }
        assert!(start.elapsed() < 100 * PATIENCE);
    }

    #[test]
    fn an_abstract_address_is_one_too() {
        let name = format!("dirty-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let theirs = UnixDatagram::bind_addr(&address).unwrap();
        let manager = Manager::at(&format!("@{name}").into()).unwrap();
        manager.socket.send_to_addr(b"x", &manager.address).unwrap();
        assert_eq!(theirs.recv(&mut [0; 8]).unwrap(), 1);
    }
}
