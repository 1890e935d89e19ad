//! The time at which the loop wakes although nothing comes.
//!
//! To set a timer that rings earlier than all others costs tokio a system call, and almost every call
//! moves the next deadline: away when it ends, nearer when the next one begins. So an alarm is left
//! as it is unless it would ring too late. One that rings too early costs a turn of the loop.

use std::future::pending;
use std::pin::Pin;
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

/// Not set at first.
#[derive(Default)]
pub(super) struct Alarm {
    set: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Alarm {
    /// Waits until `due` at the latest, perhaps less; for ever where nothing is due. Can be dropped and
    /// called again.
    pub(super) async fn ring(&mut self, due: Option<Instant>) {
        if let Some(due) = due {
            self.set_no_later_than(due);
        }
        match &mut self.set {
            Some((_, sleep)) => sleep.await,
            None => pending().await,
        }
        self.set = None;
    }

    fn set_no_later_than(&mut self, due: Instant) {
        match &mut self.set {
            Some((at, _)) if *at <= due => {}
            Some((at, sleep)) => {
                sleep.as_mut().reset(due.into());
                *at = due;
            }
            None => self.set = Some((due, Box::pin(sleep_until(due.into())))),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::pin::pin;
    use std::task::{Context, Waker};
    use std::time::Duration;

    use super::*;

    /// When the alarm is set to ring after this has been asked for, and is not waited for.
    fn set_after(alarm: &mut Alarm, due: Option<Instant>) -> Option<Instant> {
        let mut context = Context::from_waker(Waker::noop());
        assert!(pin!(alarm.ring(due)).poll(&mut context).is_pending());
        alarm.set.as_ref().map(|(at, _)| *at)
    }

    #[test]
    fn it_is_moved_only_to_ring_earlier_and_rings_once() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let now = Instant::now();
            let [hour, day] = [3600, 86_400].map(|seconds| now + Duration::from_secs(seconds));
            let mut alarm = Alarm::default();
            assert_eq!(set_after(&mut alarm, None), None);
            assert_eq!(set_after(&mut alarm, Some(day)), Some(day));
            assert_eq!(set_after(&mut alarm, Some(hour)), Some(hour));
            assert_eq!(set_after(&mut alarm, Some(day)), Some(hour));
            assert_eq!(set_after(&mut alarm, None), Some(hour));
            alarm.ring(Some(now)).await;
            assert_eq!(set_after(&mut alarm, None), None);
        });
    }
}
