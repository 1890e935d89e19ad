//! The way down to a child, worker or mold: messages collect here and are written once per wakeup.

use std::io;
use std::rc::Rc;

use tokio::net::unix::OwnedWriteHalf;

use super::outbox::{Flushed, Outbox};
use crate::process::hop::{Down, Encoded};

/// The writing half of the arbiter's end of a child's socket.
#[derive(Debug)]
pub(super) struct Downlink {
    socket: Rc<OwnedWriteHalf>,
    outbox: Outbox,
    awaited: bool,
}

impl Downlink {
    pub(super) fn new(socket: OwnedWriteHalf) -> Downlink {
        Downlink {
            socket: Rc::new(socket),
            outbox: Outbox::default(),
            awaited: false,
        }
    }

    pub(super) fn push(&mut self, message: &Down) {
        self.push_encoded(message.encode());
    }

    pub(super) fn push_encoded(&mut self, encoded: Encoded) {
        self.outbox.push(encoded.head());
        self.outbox.push_shared(encoded.body);
    }

    /// Writes what the child takes now.
    pub(super) fn flush(&mut self) -> io::Result<Flushed> {
        self.outbox.flush((*self.socket).as_ref())
    }

    /// Something that ends when the child takes more, unless somebody waits for that already.
    pub(super) fn await_writable(&mut self) -> Option<impl Future<Output = ()> + 'static> {
        if std::mem::replace(&mut self.awaited, true) {
            return None;
        }
        let socket = self.socket.clone();
        // An error shows when it is written to.
        Some(async move { drop(socket.writable().await) })
    }

    /// What [`Downlink::await_writable`] returned has ended.
    pub(super) fn is_writable(&mut self) {
        self.awaited = false;
    }
}
