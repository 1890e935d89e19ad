//! Many clients in one loop: each sends its next request as soon as it has its reply.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::error::Error;
use super::exchange::{Exchange, Received};

/// How many clients there are.
pub(crate) const CLIENTS: usize = 32;
/// If nothing comes for so long, nothing will.
const PATIENCE_MS: u16 = 60_000;

/// Clients that make the same call over and over.
pub(crate) struct Crowd {
    epoll: Epoll,
    clients: Vec<Client>,
    exchange: Exchange,
}

struct Client {
    stream: UnixStream,
    received: Received,
}

impl Crowd {
    /// Connects all of them.
    pub(crate) fn gather(socket: &Path, exchange: Exchange) -> Result<Crowd, Error> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC);
        let epoll = epoll.map_err(Error::system("make an epoll"))?;
        let mut clients = Vec::new();
        for at in 0..CLIENTS {
            let stream = UnixStream::connect(socket);
            let stream = stream.map_err(Error::system("connect to the host"))?;
            stream
                .set_nonblocking(true)
                .map_err(Error::system("make a socket non-blocking"))?;
            epoll
                .add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, at as u64))
                .map_err(Error::system("watch a socket"))?;
            let received = Received::default();
            clients.push(Client { stream, received });
        }
        Ok(Crowd {
            epoll,
            clients,
            exchange,
        })
    }

    /// Lets them call for this long, and returns how many calls were answered per second.
    pub(crate) fn run(&mut self, duration: Duration) -> Result<f64, Error> {
        let start = Instant::now();
        for client in &mut self.clients {
            client.send(&self.exchange)?;
        }
        let (mut waiting, mut answered) = (self.clients.len(), 0_u32);
        let mut events = [EpollEvent::empty(); CLIENTS];
        while waiting > 0 {
            let ready = self
                .epoll
                .wait(&mut events, EpollTimeout::from(PATIENCE_MS));
            let ready = ready.map_err(Error::system("wait for replies"))?;
            if ready == 0 {
                return Err(Error::wrong_reply(self.exchange.call, b"none comes"));
            }
            let goes_on = start.elapsed() < duration;
            for event in &events[..ready] {
                let client = &mut self.clients[event.data() as usize];
                if !client.received.read(&client.stream, &self.exchange)? {
                    continue;
                }
                client.received.check(&self.exchange)?;
                answered += 1;
                if goes_on {
                    client.send(&self.exchange)?;
                } else {
                    waiting -= 1;
                }
            }
        }
        Ok(f64::from(answered) / start.elapsed().as_secs_f64())
    }
}

impl Client {
    /// A request is short and the only one: there is room for it.
    fn send(&mut self, exchange: &Exchange) -> Result<(), Error> {
        self.received.begin(exchange);
        let sent = self.stream.write_all(&exchange.request);
        sent.map_err(Error::system("send a request"))
    }
}
