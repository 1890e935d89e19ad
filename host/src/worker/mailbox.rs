//! What the arbiter sends to a worker: waited for while there is nothing to do, looked at in
//! passing while a call runs.

use std::os::fd::OwnedFd;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::unix::AsyncFd;
use tokio::runtime::Runtime;

use super::uplink::Desk;
use crate::process::hop::Down;
use crate::process::inbox::Inbox;
use crate::process::link::LinkError;
use crate::process::watch;

/// The worker's end of its socket, as a receiver.
pub(super) struct Mailbox {
    desk: Desk,
    readiness: AsyncFd<OwnedFd>,
    /// The arbiter closed the socket during a call.
    broken: Option<LinkError>,
}

impl Mailbox {
    pub(super) fn new(desk: Desk, runtime: &Runtime) -> Result<Mailbox, LinkError> {
        let _guard = runtime.enter();
        let readiness = desk.with_inbox(|inbox| watch::readable(inbox))?;
        Ok(Mailbox {
            desk,
            readiness,
            broken: None,
        })
    }

    /// Waits for the next message, without the runtime; where there is a limit, at most so long.
    pub(super) fn recv(&mut self, patience: Option<Duration>) -> Result<Option<Down>, LinkError> {
        match self.broken.take() {
            Some(error) => Err(error),
            None => self.desk.with_inbox(|inbox| inbox.recv(patience)),
        }
    }

    /// Takes note of what has arrived during a call, and registers to be woken by more.
    pub(super) fn look(&mut self, context: &mut Context<'_>) {
        while self.broken.is_none() {
            let Poll::Ready(ready) = self.readiness.poll_read_ready(context) else {
                return;
            };
            let next = ready.map(|mut ready| {
                let next = self.desk.with_inbox(Inbox::try_recv_new);
                if let Ok(None) = next {
                    ready.clear_ready();
                }
                next
            });
            match next.map_err(LinkError::from).flatten() {
                Ok(Some(Down::Cancel(call))) => self.desk.cancel(call),
                Ok(Some(message)) => self.desk.with_inbox(|inbox| inbox.keep(message)),
                Ok(None) => {}
                Err(error) => {
                    self.desk.cancel_current();
                    self.broken = Some(error);
                }
            }
        }
    }
}
