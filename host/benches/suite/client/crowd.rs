//! Many clients in one loop: each sends its next request as soon as it has its reply.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::super::error::Error;
use super::connection::{PATIENCE, Progress, Received};
use super::exchange::Exchange;

const EVENTS: usize = 64;

/// Clients that make the same call over and over.
pub(crate) struct Crowd {
    epoll: Epoll,
    clients: Vec<Client>,
    exchange: Exchange,
}

struct Client {
    stream: UnixStream,
    received: Received,
    asked: Instant,
}

/// What has become of a crowd's calls.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) answered: u32,
    pub(crate) failed: u32,
    /// From the first request to the last reply.
    pub(crate) elapsed: Duration,
    /// Of each call, in seconds, sorted.
    pub(crate) latencies: Vec<f64>,
}

impl Outcome {
    /// Calls that were answered well in a second.
    pub(crate) fn rate(&self) -> f64 {
        f64::from(self.answered) / self.elapsed.as_secs_f64()
    }
}

impl Crowd {
    /// Connects this many.
    pub(crate) fn gather(socket: &Path, count: usize, exchange: Exchange) -> Result<Crowd, Error> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC);
        let epoll = epoll.map_err(Error::system("make an epoll"))?;
        let mut clients = Vec::new();
        for at in 0..count {
            let stream = UnixStream::connect(socket).map_err(Error::system("connect"))?;
            stream
                .set_nonblocking(true)
                .map_err(Error::system("make a socket non-blocking"))?;
            epoll
                .add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, at as u64))
                .map_err(Error::system("watch a socket"))?;
            clients.push(Client {
                stream,
                received: Received::default(),
                asked: Instant::now(),
            });
        }
        Ok(Crowd {
            epoll,
            clients,
            exchange,
        })
    }

    /// Lets them call for this long, and until each has had its last reply.
    pub(crate) fn run(&mut self, duration: Duration) -> Result<Outcome, Error> {
        self.run_while(|start, _| start.elapsed() < duration)
    }

    /// Lets them make this many calls together, and a few more.
    pub(crate) fn run_calls(&mut self, count: u32) -> Result<Outcome, Error> {
        self.run_while(|_, answered| answered < count)
    }

    /// Lets them call until they are told to stop.
    pub(crate) fn run_until(&mut self, stop: &AtomicBool) -> Result<Outcome, Error> {
        self.run_while(|_, _| !stop.load(Ordering::Relaxed))
    }

    fn run_while(&mut self, goes_on: impl Fn(Instant, u32) -> bool) -> Result<Outcome, Error> {
        let start = Instant::now();
        for client in &mut self.clients {
            client.send(&self.exchange)?;
        }
        let mut waiting = self.clients.len();
        let (mut failed, mut latencies) = (0, Vec::new());
        let mut events = [EpollEvent::empty(); EVENTS];
        while waiting > 0 {
            let timeout = EpollTimeout::try_from(PATIENCE).unwrap_or(EpollTimeout::MAX);
            let ready = self.epoll.wait(&mut events, timeout);
            let ready = ready.map_err(Error::system("wait for replies"))?;
            if ready == 0 {
                return Err(Error::Silent(PATIENCE.as_secs()));
            }
            let goes_on = goes_on(start, u32::try_from(latencies.len()).unwrap_or(u32::MAX));
            for event in &events[..ready] {
                let client = &mut self.clients[event.data() as usize];
                match client.received.read(&client.stream, &self.exchange)? {
                    Progress::Partly => continue,
                    Progress::Whole => {
                        client.received.check(&self.exchange)?;
                        latencies.push(client.asked.elapsed().as_secs_f64());
                    }
                    Progress::Failed(_) => failed += 1,
                }
                if goes_on {
                    client.send(&self.exchange)?;
                } else {
                    waiting -= 1;
                }
            }
        }
        latencies.sort_by(f64::total_cmp);
        Ok(Outcome {
            answered: u32::try_from(latencies.len()).unwrap_or(u32::MAX),
            failed,
            elapsed: start.elapsed(),
            latencies,
        })
    }
}

impl Client {
    /// A request is short and the only one: there is room for it.
    fn send(&mut self, exchange: &Exchange) -> Result<(), Error> {
        self.received.begin(exchange);
        self.asked = Instant::now();
        let sent = self.stream.write_all(&exchange.request);
        sent.map_err(Error::system("send a request"))
    }
}
