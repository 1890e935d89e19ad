//! What waits to be written on a connection: callers append frames, one task writes them.
//!
//! All that has gathered while a write was under way goes out in the next one.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// A request waits while more than this is unwritten.
const WAITING_BYTES_MAX: usize = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct Outbox {
    state: Mutex<State>,
    /// There is something to write, or nothing will come any more.
    filled: Notify,
    /// There is room again, or nothing will be written any more.
    drained: Notify,
}

#[derive(Debug, Default)]
struct State {
    frames: Vec<u8>,
    closed: bool,
}

/// Nothing more will be written.
#[derive(Debug)]
pub(super) struct OutboxClosed;

impl Outbox {
    /// Waits for room, then appends what `write` appends. Nothing is appended if the future is
    /// dropped before.
    pub(super) async fn append<T>(
        &self,
        write: impl FnOnce(&mut Vec<u8>) -> T,
    ) -> Result<T, OutboxClosed> {
        loop {
            // Registered before the look, so that room made in between is not missed.
            let drained = self.drained.notified();
            let mut drained = std::pin::pin!(drained);
            drained.as_mut().enable();
            {
                let mut state = self.lock();
                if state.closed {
                    return Err(OutboxClosed);
                }
                if state.frames.len() < WAITING_BYTES_MAX {
                    let written = write(&mut state.frames);
                    self.filled.notify_one();
                    return Ok(written);
                }
            }
            drained.await;
        }
    }

    /// Appends without waiting: for the few bytes of a cancel, of which there is at most one per
    /// request.
    pub(super) fn append_now(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.lock();
        if !state.closed {
            write(&mut state.frames);
            self.filled.notify_one();
        }
    }

    /// Takes all frames that wait, into the empty `batch`. False when there will be no more.
    pub(super) async fn take(&self, batch: &mut Vec<u8>) -> bool {
        loop {
            {
                let mut state = self.lock();
                if !state.frames.is_empty() {
                    std::mem::swap(&mut state.frames, batch);
                    self.drained.notify_waiters();
                    return true;
                }
                if state.closed {
                    return false;
                }
            }
            self.filled.notified().await;
        }
    }

    /// Takes no more frames; those that wait are still written.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_one();
        self.drained.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What is appended is cut off again where it fails, so a panic leaves whole frames.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
