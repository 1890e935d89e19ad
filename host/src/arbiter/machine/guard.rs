//! The conditions that keep the machine's promises, by name. A test switches them off one at a
//! time, to see that the random schedules notice.

/// A condition on which a promise rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(test), allow(dead_code, reason = "only tests tell them apart"))]
pub(super) enum Guard {
    /// A worker that serves a call is not idle.
    OneLease,
    /// A worker whose instance is dead gets no call.
    Taint,
    /// A worker gets calls only when it has said that it is ready.
    Readiness,
    /// A full queue takes no more.
    QueueBound,
    /// A call fails only when everything that its worker has written is read.
    DrainFirst,
    /// A call has a deadline from its arrival on.
    Deadline,
    /// A new request of an old client ends what it has asked for before.
    Supersede,
    /// Calls of a client that has gone are dropped or cancelled.
    Disconnect,
    /// What keeps failing is tried again ever more slowly.
    Backoff,
    /// A slot that has lost its worker gets another.
    Refill,
    /// A worker serves no more calls than it may.
    CallsMax,
    /// A reload switches only when every new worker is ready.
    Switch,
    /// The workers of an older generation end their calls and get no others.
    Retire,
    /// Clients take turns in the queue.
    Turns,
    /// Whatever an app is told to do has an answer.
    Answer,
}

/// Whether a guard is in force: always, but in a test that has switched it off.
#[cfg(not(test))]
#[inline]
pub(super) const fn guarded(_guard: Guard) -> bool {
    true
}

#[cfg(test)]
pub(super) use switch::{guarded, without};

#[cfg(test)]
mod switch {
    use std::cell::Cell;

    use super::Guard;

    thread_local! {
        static OFF: Cell<Option<Guard>> = const { Cell::new(None) };
    }

    pub(in super::super) fn guarded(guard: Guard) -> bool {
        OFF.get() != Some(guard)
    }

    /// Runs something without a guard.
    pub(in super::super) fn without<T>(guard: Guard, run: impl FnOnce() -> T) -> T {
        /// Switches the guard on again, also when `run` panics.
        struct Reset;
        impl Drop for Reset {
            fn drop(&mut self) {
                OFF.set(None);
            }
        }
        OFF.set(Some(guard));
        let _reset = Reset;
        run()
    }
}
