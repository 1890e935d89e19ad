//! Waiting with tokio until an instant, exactly. Tokio's own timers count whole milliseconds and
//! wait for one more, which is a tenth of a wait of ten.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Instant;

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use tokio::io::unix::AsyncFd;

use super::watch;

/// Returns at this instant, or at once where it has passed. Needs a tokio runtime. There is a
/// descriptor for as long as somebody waits here, and no longer.
pub(crate) async fn sleep_until(when: Instant) {
    let left = when.saturating_duration_since(Instant::now());
    // A timer that is set to zero would be off.
    if left.is_zero() {
        return;
    }
    let rang = match set(TimeSpec::from_duration(left)) {
        Ok(alarm) => alarm.readable().await.is_ok(),
        Err(_) => false,
    };
    if !rang {
        // Where there are no descriptors left: later, but not never.
        tokio::time::sleep_until(when.into()).await;
    }
}

fn set(left: TimeSpec) -> io::Result<AsyncFd<OwnedFd>> {
    let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
    let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
    timer.set(Expiration::OneShot(left), TimerSetTimeFlags::empty())?;
    watch::readable_owned(timer.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::super::inspect;
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    }

    /// The descriptors that wait here; other tests open and close theirs meanwhile.
    fn alarms() -> usize {
        let open = inspect::open_descriptors().unwrap();
        let names = open.values().map(|target| &target.name);
        names.filter(|name| name.contains("timerfd")).count()
    }

    #[test]
    fn it_rings_at_its_time_and_nothing_is_open_once_nobody_waits() {
        let when = Instant::now() + Duration::from_micros(1500);
        runtime().block_on(sleep_until(when));
        assert!(Instant::now() >= when);
        runtime().block_on(sleep_until(when));
        let far = Instant::now() + Duration::from_secs(3600);
        runtime().block_on(async {
            let mut wait = Box::pin(sleep_until(far));
            let polled = std::future::poll_fn(|context| {
                std::task::Poll::Ready(wait.as_mut().poll(context).is_pending())
            });
            assert!(polled.await);
            assert!(alarms() > 0);
            drop(wait);
            assert_eq!(alarms(), 0);
        });
    }
}
