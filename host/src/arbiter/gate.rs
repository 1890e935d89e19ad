//! A gate that the loop closes before a reader whose input it cannot use at present.

use std::cell::Cell;

use tokio::sync::Notify;

/// Open at first.
#[derive(Debug, Default)]
pub(super) struct Gate {
    closed: Cell<bool>,
    opened: Notify,
}

impl Gate {
    pub(super) fn close(&self) {
        self.closed.set(true);
    }

    pub(super) fn open(&self) {
        if self.closed.replace(false) {
            self.opened.notify_waiters();
        }
    }

    /// Waits until it is open. True if that took any waiting.
    pub(super) async fn pass(&self) -> bool {
        let was_closed = self.closed.get();
        while self.closed.get() {
            // One thread: nobody can open it between the check and the registration.
            self.opened.notified().await;
        }
        was_closed
    }
}
