//! What is worth a line in the log, or a hook, as facts. How it is worded is decided where it is
//! logged.

use std::time::Duration;

use crate::process::hop::{Exit, Failure, Initialised, Taint, WorkerId};

/// Why a healthy worker was told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// The host stops.
    HostStops,
    /// The app was removed from the configuration.
    Removed,
    /// The app has fewer slots than before.
    ScaledDown,
    /// It was to take over from another, which does not leave.
    NotNeeded,
    /// Another generation has taken over, or is not to.
    Reloaded,
    /// It has served as many calls as it may.
    MaxCalls,
    /// It is as old as it may get.
    MaxAge,
    /// It has more private memory than it may.
    MaxMemory,
}

impl StopReason {
    fn name(self) -> &'static str {
        match self {
            StopReason::HostStops => "stopped",
            StopReason::Removed => "removed",
            StopReason::ScaledDown => "scaled",
            StopReason::NotNeeded => "not_needed",
            StopReason::Reloaded => "reloaded",
            StopReason::MaxCalls => "max_calls",
            StopReason::MaxAge => "max_age",
            StopReason::MaxMemory => "max_memory",
        }
    }
}

/// Why a worker is no more.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum DeathCause {
    /// It was told to stop.
    Stopped(StopReason),
    /// It was told to stop, and did not in the time it was given.
    StopTimeout,
    /// Its call's deadline passed.
    Deadline,
    /// Its call was cancelled and did not end in the time it was given.
    Cancelled,
    /// Its instance trapped.
    Trap(Taint),
    /// It could not start.
    StartFailed(Failure),
    /// It did not get ready in time.
    BootTimeout,
    /// It broke the protocol between us.
    Misbehaved,
    /// Its mold ended, which ends its copies.
    MoldDied,
    /// The host stops and does not wait any longer.
    HostStopped,
    /// Something outside of our control.
    Unexpected,
}

impl DeathCause {
    /// A name for logs, that does not change.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            DeathCause::Stopped(reason) => reason.name(),
            DeathCause::StopTimeout => "stop_timeout",
            DeathCause::Deadline => "deadline",
            DeathCause::Cancelled => "cancelled",
            DeathCause::Trap(Taint::Trap) => "trap",
            DeathCause::Trap(Taint::Memory) => "memory",
            DeathCause::StartFailed(_) => "start_failed",
            DeathCause::BootTimeout => "boot_timeout",
            DeathCause::Misbehaved => "misbehaved",
            DeathCause::MoldDied => "mold_died",
            DeathCause::HostStopped => "host_stopped",
            DeathCause::Unexpected => "unexpected",
        }
    }

    /// What an operator should know of an app whose worker ended so.
    pub(super) fn message(&self) -> Option<String> {
        match self {
            DeathCause::StartFailed(failure) => Some(failure.message.clone()),
            DeathCause::BootTimeout => {
                Some("a worker did not get ready in time (boot_timeout)".into())
            }
            DeathCause::Misbehaved => Some("a worker broke the protocol with the arbiter".into()),
            _ => None,
        }
    }

    pub(super) fn traceback(&self) -> Option<String> {
        match self {
            DeathCause::StartFailed(failure) => failure.traceback.clone(),
            _ => None,
        }
    }

    /// Whether the same would happen again until somebody changes something.
    pub(super) fn is_permanent(&self) -> bool {
        matches!(self, DeathCause::StartFailed(failure) if failure.permanent)
    }

    /// Whether a call has brought it about.
    pub(super) fn is_of_a_call(&self) -> bool {
        matches!(
            self,
            DeathCause::Deadline | DeathCause::Cancelled | DeathCause::Trap(_)
        )
    }
}

/// Something that happened. `app` is the app's name, `generation` the number of a generation of
/// that app, counted from 1.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Report {
    /// An app's first mold, or one in place of a mold that died, can fork.
    AppReady {
        app: String,
        generation: u64,
        /// Where its `init()` has run.
        initialised: Initialised,
    },
    /// A generation could not start.
    BootFailed {
        app: String,
        generation: u64,
        /// Why.
        failure: Failure,
        /// When it is tried again; none: it is not.
        retry_in: Option<Duration>,
    },
    /// A generation starts beside the one that serves.
    ReloadStarted { app: String, generation: u64 },
    /// It has taken over.
    Reloaded {
        app: String,
        generation: u64,
        workers: usize,
        /// Where its `init()` has run.
        initialised: Initialised,
    },
    /// It could not, and the one that was there serves on.
    ReloadFailed {
        app: String,
        generation: u64,
        /// Why.
        failure: Failure,
    },
    /// A mold ended that was serving.
    MoldDied {
        app: String,
        generation: u64,
        /// How.
        exit: Option<Exit>,
        /// When another is started; none: it is not.
        retry_in: Option<Duration>,
    },
    /// A worker's process exists.
    WorkerForked {
        app: String,
        generation: u64,
        worker: WorkerId,
        pid: i32,
        /// Since it was ordered.
        age: Duration,
    },
    /// A worker can serve calls.
    WorkerReady {
        app: String,
        generation: u64,
        worker: WorkerId,
        pid: i32,
        /// Since it was ordered.
        age: Duration,
    },
    /// A worker ended.
    WorkerDied {
        app: String,
        generation: u64,
        worker: WorkerId,
        /// Its process, if it had got that far.
        pid: Option<i32>,
        /// Since it was ordered.
        age: Duration,
        /// Why.
        cause: DeathCause,
        /// How, if that is known.
        exit: Option<Exit>,
    },
    /// An app waits before it has more workers again.
    Backoff {
        app: String,
        /// How often its workers have failed in a row.
        failures: u32,
        /// How long; none: it gets none any more.
        retry_in: Option<Duration>,
        /// How many it has left.
        workers_left: usize,
    },
    /// An app's queue is full; calls are refused.
    Overloaded { app: String, queue: usize },
    /// It is half empty again.
    OverloadEnded {
        app: String,
        /// How many calls were refused so far.
        refused: u64,
    },
    /// An app has more or fewer slots.
    Scaled {
        app: String,
        before: usize,
        workers: usize,
    },
    /// An app takes no more calls.
    AppRemoved { app: String },
    /// The host has begun to stop.
    Stopping {
        /// Calls that are in flight or queued.
        calls: usize,
        /// How long they have.
        grace: Duration,
    },
}
