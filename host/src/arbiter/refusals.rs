//! Tells the log of refusals at once, and then only now and then how many there were: what is refused
//! often is refused for one reason.

use std::time::{Duration, Instant};

/// Refusals are logged this often at most.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Refusals since the log has told of them.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    count: u64,
    logged: Option<Instant>,
}

impl Refusals {
    /// One more. Returns how many there were, if it is time to tell.
    pub(super) fn add(&mut self, now: Instant) -> Option<u64> {
        self.count += 1;
        if self
            .logged
            .is_some_and(|logged| now - logged < LOG_INTERVAL)
        {
            return None;
        }
        self.logged = Some(now);
        Some(std::mem::take(&mut self.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_told_at_once_and_then_now_and_then() {
        let mut refusals = Refusals::default();
        let start = Instant::now();
        assert_eq!(refusals.add(start), Some(1));
        assert_eq!(refusals.add(start), None);
        assert_eq!(refusals.add(start + LOG_INTERVAL / 2), None);
        assert_eq!(refusals.add(start + LOG_INTERVAL), Some(3));
    }
}
