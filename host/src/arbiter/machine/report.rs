//! What is worth a line in the log, as facts. How it is worded is decided where it is logged.

use std::time::Duration;

use super::GenerationId;
use crate::process::hop::{Exit, Failure, Initialised, WorkerId};

/// Why a worker is no more.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum DeathCause {
    /// It was told to stop.
    Stopped,
    /// Its call's deadline passed.
    Deadline,
    /// Its call was cancelled and did not end in the time it was given.
    Cancelled,
    /// Its instance trapped.
    Trap,
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
            DeathCause::Stopped => "stopped",
            DeathCause::Deadline => "deadline",
            DeathCause::Cancelled => "cancelled",
            DeathCause::Trap => "trap",
            DeathCause::StartFailed(_) => "start_failed",
            DeathCause::BootTimeout => "boot_timeout",
            DeathCause::Misbehaved => "misbehaved",
            DeathCause::MoldDied => "mold_died",
            DeathCause::HostStopped => "host_stopped",
            DeathCause::Unexpected => "unexpected",
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Report {
    /// An app can serve calls.
    AppReady {
        /// The app.
        app: String,
        /// Its generation.
        generation: GenerationId,
        /// Where its `init()` has run.
        initialised: Initialised,
    },
    /// A generation could not start.
    BootFailed {
        /// The app.
        app: String,
        /// The generation.
        generation: GenerationId,
        /// Why.
        failure: Failure,
        /// When it is tried again; none: it is not.
        retry_in: Option<Duration>,
    },
    /// A mold ended that was serving.
    MoldDied {
        /// The app.
        app: String,
        /// Its generation.
        generation: GenerationId,
        /// How.
        exit: Option<Exit>,
    },
    /// A worker ended.
    WorkerDied {
        /// The app.
        app: String,
        /// The worker.
        worker: WorkerId,
        /// Its process, if it had got that far.
        pid: Option<i32>,
        /// Why.
        cause: DeathCause,
        /// How, if that is known.
        exit: Option<Exit>,
    },
    /// A slot waits before it has a worker again.
    SlotBackoff {
        /// The app.
        app: String,
        /// How often its workers have died in a row.
        failures: u32,
        /// How long; none: it has no worker any more.
        retry_in: Option<Duration>,
    },
    /// The host has begun to stop.
    Stopping {
        /// Calls that are in flight or queued.
        calls: usize,
        /// How long they have.
        grace: Duration,
    },
}
