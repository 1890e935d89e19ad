//! What the arbiter sends to a worker: waited for while there is nothing to do, looked at in
//! passing while a call runs.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::unix::AsyncFd;
use tokio::runtime::Runtime;

use super::uplink::Desk;
use crate::process::hop::Down;
use crate::process::link::{LinkError, LinkReader};
use crate::process::watch;

/// The worker's end of its socket, as a receiver.
pub(super) struct Mailbox {
    reader: LinkReader,
    readiness: AsyncFd<OwnedFd>,
    /// What came during a call and is for later.
    kept: VecDeque<Down>,
    /// The arbiter closed the socket during a call.
    broken: Option<LinkError>,
}

impl Mailbox {
    pub(super) fn new(reader: LinkReader, runtime: &Runtime) -> Result<Mailbox, LinkError> {
        let _guard = runtime.enter();
        let readiness = watch::readable(&reader)?;
        Ok(Mailbox {
            reader,
            readiness,
            kept: VecDeque::new(),
            broken: None,
        })
    }

    /// Waits for the next message, without the runtime; where there is a limit, at most so long.
    pub(super) fn recv(&mut self, patience: Option<Duration>) -> Result<Option<Down>, LinkError> {
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        match (self.kept.pop_front(), patience) {
            (Some(message), _) => Ok(Some(message)),
            (None, Some(patience)) => self.reader.recv_within(patience),
            (None, None) => self.reader.recv().map(Some),
        }
    }

    /// Takes note of what has arrived during a call, and registers to be woken by more.
    pub(super) fn look(&mut self, context: &mut Context<'_>, desk: &Desk) {
        while self.broken.is_none() {
            let Poll::Ready(ready) = self.readiness.poll_read_ready(context) else {
                return;
            };
            let next = ready.map(|mut ready| {
                let next = self.reader.try_recv();
                if let Ok(None) = next {
                    ready.clear_ready();
                }
                next
            });
            match next.map_err(LinkError::from).flatten() {
                Ok(Some(Down::Cancel(call))) => desk.cancel(call),
                Ok(Some(message)) => self.kept.push_back(message),
                Ok(None) => {}
                Err(error) => {
                    desk.cancel_current();
                    self.broken = Some(error);
                }
            }
        }
    }
}
