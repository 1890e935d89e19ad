//! From the death of an app's only worker to the next answer.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::Deserialize;
use serde_json::json;

use super::error::Error;
use super::exchange::{Connection, Exchange, Frame, framed};
use super::host::{App, Host};

/// A host that nobody asks for anything rests sooner.
const PATIENCE: Duration = Duration::from_secs(10);

/// An app whose worker is killed again and again.
pub(crate) struct Victim {
    app: App,
    arbiter: u32,
    connection: Connection,
    exchange: Exchange,
}

/// What is read of the host's status.
#[derive(Deserialize)]
struct Status {
    workers: Vec<Worker>,
}

#[derive(Deserialize)]
struct Worker {
    pid: i32,
    apps: Vec<String>,
    state: String,
}

impl Victim {
    /// Takes an app with one worker. `exchange` is a call of it.
    pub(crate) fn new(host: &Host, app: App, exchange: Exchange) -> Result<Victim, Error> {
        Ok(Victim {
            app,
            arbiter: host.arbiter(),
            connection: Connection::open(&host.socket())?,
            exchange,
        })
    }

    /// Kills the worker, which is idle, and returns how long it takes from there to an answer.
    ///
    /// The call is made when the process is gone, and the host was at rest before, so that it
    /// learns of the death first. A call that it finds together with the death, or earlier, may be
    /// given to the dead worker, and then its caller is told so.
    pub(crate) fn kill_and_call(&mut self) -> Result<Duration, Error> {
        let victim = self.worker()?;
        let pidfd = watch(victim)?;
        wait_for_rest(self.arbiter)?;
        let start = Instant::now();
        pidfd_send_signal(&pidfd, Signal::KILL).map_err(Error::system("kill a worker"))?;
        wait_for_end(&pidfd)?;
        self.connection.run(&self.exchange)?;
        let took = start.elapsed();
        if self.worker()? == victim {
            return Err(Error::NotKilled(self.app.name));
        }
        Ok(took)
    }

    /// The process of the one idle worker, as the host's status tells.
    fn worker(&mut self) -> Result<i32, Error> {
        let request = framed(&json!({"type": "status", "id": 1}));
        let (reply, frames) = self.connection.ask("status", &request)?;
        let [Frame::Response { result }] = frames.as_slice() else {
            return Err(Error::wrong_reply("status", &reply));
        };
        let status = Status::deserialize(result);
        let status = status.map_err(|_| Error::wrong_reply("status", &reply))?;
        let mut idle = status.workers.iter().filter(|worker| {
            worker.state == "ready" && worker.apps.iter().any(|name| name == self.app.name)
        });
        match (idle.next(), idle.next()) {
            (Some(worker), None) => Ok(worker.pid),
            _ => Err(Error::NotOneWorker {
                app: self.app.name,
                status: result.to_string(),
            }),
        }
    }
}

/// Returns when a process waits for something to happen.
fn wait_for_rest(pid: u32) -> Result<(), Error> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
        let stat = stat.map_err(Error::system("read the state of the host's process"))?;
        // The name, in parentheses, may contain anything; the state follows it.
        if stat
            .rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.starts_with('S'))
        {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(1));
    }
    Err(Error::Restless)
}

/// Opens a process, so that it can be killed and its end be seen whoever gets its number later.
fn watch(pid: i32) -> Result<OwnedFd, Error> {
    let pid = Pid::from_raw(pid).ok_or(rustix::io::Errno::SRCH);
    pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()))
        .map_err(Error::system("watch a worker"))
}

fn wait_for_end(pidfd: &OwnedFd) -> Result<(), Error> {
    let mut ended = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
    poll(&mut ended, PollTimeout::NONE).map_err(Error::system("wait for a worker's end"))?;
    Ok(())
}
