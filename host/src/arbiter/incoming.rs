//! What a worker sends, over its socket and through the memory that it shares with the arbiter, in the
//! order in which it was sent.

use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::unix::AsyncFd;

use super::budget::{Budget, Held, Share};
use super::socket::Socket;
use crate::process::hop::{self, HopError, Up};
use crate::process::lane::{Area, Corrupt, Lane, Outlet};
use crate::process::watch;

/// The reading half of the arbiter's end.
#[derive(Debug)]
pub(super) struct Incoming {
    socket: Rc<Socket>,
    /// From there, not decoded yet.
    buf: BytesMut,
    /// How many messages of the socket's were decoded.
    decoded: u16,
    /// Rung when something is left in the ring.
    doorbell: AsyncFd<Arc<OwnedFd>>,
    /// Until something in the ring was nonsense.
    outlet: Option<Outlet>,
    /// From the ring, not decoded yet.
    ring: BytesMut,
    replies: Area,
    frame_bytes_max: usize,
    budget: Budget,
    /// What the buffers hold.
    held: Held,
}

/// What has come of waiting for a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// There may be something to be decoded.
    Something,
    /// It has closed its socket, which only its end does. `unread`: so the kernel says that it had not
    /// read everything before.
    End { unread: bool },
}

/// Why nothing can be made of what a worker sends.
#[derive(Debug, thiserror::Error)]
pub(super) enum Nonsense {
    #[error(transparent)]
    Message(#[from] HopError),
    #[error(transparent)]
    Ring(#[from] Corrupt),
    #[error("a part of a message in the ring")]
    Part,
}

impl Incoming {
    pub(super) fn new(
        socket: Rc<Socket>,
        lane: &Lane,
        frame_bytes_max: usize,
        budget: &Budget,
    ) -> io::Result<Incoming> {
        Ok(Incoming {
            socket,
            buf: BytesMut::new(),
            decoded: 0,
            doorbell: watch::readable_shared(lane.doorbell().into())?,
            outlet: Some(lane.outlet()),
            ring: BytesMut::new(),
            replies: lane.replies(),
            frame_bytes_max,
            budget: budget.clone(),
            held: budget.hold(Share::Replies),
        })
    }

    /// The next message, if it is here. After an error nothing of what is here is left, and the ring is
    /// not looked at any more.
    pub(super) fn take(&mut self) -> Result<Option<Up>, Nonsense> {
        self.decode().inspect_err(|_| {
            self.buf.clear();
            self.ring.clear();
            self.outlet = None;
        })
    }

    fn decode(&mut self) -> Result<Option<Up>, Nonsense> {
        if self.ring.is_empty()
            && let Some(outlet) = &mut self.outlet
        {
            // What was put there before the next message of the socket's is there by now.
            outlet.drain(&mut self.ring)?;
        }
        let message = if hop::order_of(&self.ring) == Some(self.decoded) {
            let message = hop::next_message(&mut self.ring, self.frame_bytes_max)?;
            Some(message.ok_or(Nonsense::Part)?)
        } else {
            let message = hop::next_message(&mut self.buf, self.frame_bytes_max)?;
            self.decoded = self.decoded.wrapping_add(u16::from(message.is_some()));
            message
        };
        let charge = |frames: Bytes| self.budget.charge_reply(frames);
        let borrow = |bytes| self.replies.frame(bytes);
        let message = message.map(|(header, payload)| {
            Up::decode_with(header, charge(payload), |bytes| borrow(bytes).map(charge))
        });
        Ok(message.transpose()?)
    }

    /// Waits until there is more to be decoded. Everything has to have been taken before.
    pub(super) async fn listen(&mut self) -> Heard {
        self.held.set(self.buf.len() + self.ring.len());
        self.buf.reserve(hop::bytes_wanted(&self.buf));
        // What the ring had that is not taken waits for a message of the socket's.
        let looks = self.outlet.as_ref().filter(|_| self.ring.is_empty());
        if looks.is_some_and(|outlet| !outlet.rest()) {
            return Heard::Something;
        }
        let read = tokio::select! {
            read = self.socket.read(&mut self.buf, usize::MAX) => Some(read),
            () = rung(&self.doorbell) => None,
        };
        if let Some(outlet) = &self.outlet {
            outlet.attend();
        }
        match read {
            None => Heard::Something,
            Some(Ok(0)) => Heard::End { unread: false },
            Some(Ok(_)) => {
                self.held.set(self.buf.len() + self.ring.len());
                Heard::Something
            }
            Some(Err(error)) => Heard::End {
                unread: error.kind() == io::ErrorKind::ConnectionReset,
            },
        }
    }
}

/// Waits until somebody rings.
async fn rung(doorbell: &AsyncFd<Arc<OwnedFd>>) {
    match doorbell.readable().await {
        // Each time that it is rung it gets readable anew.
        Ok(mut guard) => guard.clear_ready(),
        // Only when the runtime ends.
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
#[path = "tests/incoming.rs"]
mod tests;
