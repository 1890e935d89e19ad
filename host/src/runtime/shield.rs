//! Running a future on a runtime of its own that leaves nothing behind.
//!
//! A wasmtime store keeps the waker that it was last polled with, and tokio's waker keeps the
//! runtime's epoll and eventfd open even when the runtime is dropped. A mold must have neither
//! when it forks. So the future is polled through a waker of ours that forwards to tokio's and
//! forgets it before the runtime goes.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

#[derive(Default)]
struct Relay(Mutex<Option<Waker>>);

impl Relay {
    fn set(&self, waker: Option<&Waker>) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (inner.as_mut(), waker) {
            (Some(old), Some(new)) => old.clone_from(new),
            _ => *inner = waker.cloned(),
        }
    }
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        if let Some(waker) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            waker.wake_by_ref();
        }
    }
}

/// A single-threaded runtime with timers and sockets.
pub(crate) fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
}

/// Runs the future to its end. Afterwards no thread and no descriptor of the runtime is left.
pub(crate) fn block_on<F: Future>(future: F) -> io::Result<F::Output> {
    let runtime = runtime()?;
    let relay = Arc::new(Relay::default());
    let waker = Waker::from(relay.clone());
    let mut future = pin!(future);
    let output = runtime.block_on(poll_fn(|context| {
        relay.set(Some(context.waker()));
        future.as_mut().poll(&mut Context::from_waker(&waker))
    }));
    relay.set(None);
    Ok(output)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::time::Duration;

    #[test]
    fn timers_wake_through_the_relay_and_a_kept_waker_is_harmless_afterwards() {
        let mut kept = None;
        block_on(async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            poll_fn(|context| {
                kept = Some(context.waker().clone());
                std::task::Poll::Ready(())
            })
            .await;
        })
        .unwrap();
        kept.unwrap().wake();
    }
}
