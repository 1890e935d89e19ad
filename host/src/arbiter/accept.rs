//! Accepting connections: a task that takes them off the listening socket and brings them to the
//! loop. It can be stopped at any moment without losing one.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::retry_on_intr;
use rustix::net::{SocketFlags, accept_with};
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::input::Input;
use super::listen::Listener;
use super::log;
use super::socket::Socket;
use crate::process::watch;

/// How long to wait when the system has no descriptor left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections are accepted for as long as this lives.
#[derive(Debug)]
pub(super) struct Accepting(JoinHandle<()>);

impl Accepting {
    pub(super) fn start(listener: &Listener, input: mpsc::Sender<Input>) -> io::Result<Accepting> {
        let listener = watch::readable(&listener.socket)?;
        Ok(Accepting(tokio::task::spawn_local(accept(listener, input))))
    }
}

impl Drop for Accepting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn accept(listener: AsyncFd<OwnedFd>, input: mpsc::Sender<Input>) {
    // The place in the loop's queue comes first: what is accepted is there at once.
    while let Ok(place) = input.reserve().await {
        match next(&listener).await {
            Ok(socket) => place.send(Input::Connected(socket)),
            Err(error) => {
                drop(place);
                log::accept_failed(&error);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn next(listener: &AsyncFd<OwnedFd>) -> io::Result<Socket> {
    loop {
        let mut guard = listener.readable().await?;
        let accepted = guard.try_io(|listener| {
            let accept = || accept_with(listener, SocketFlags::CLOEXEC);
            Ok(retry_on_intr(accept)?)
        });
        if let Ok(accepted) = accepted {
            return Socket::new(accepted?);
        }
    }
}
