//! The hop protocol: what the arbiter and its children, molds and workers, say to each other.
//!
//! One message is a header of 16 bytes (payload length u32, kind u8, flags u8, order u16, subject u64;
//! little endian) and a payload. The subject is a call or a worker. Control messages carry JSON, uses of
//! the stash postcard, which has bytes; calls and replies carry the client's own frames verbatim, or
//! say that a frame lies in shared memory and how long it is. The order has a meaning only in a ring of
//! shared memory: how many messages went over the socket before, modulo 65,536.
//!
//! Pure: here are the messages, `codec` makes bytes of them and back; reading and writing sockets and
//! shared memory is the business of `link`, `lane` and of the arbiter.

mod codec;
mod limits;

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::config::{AppSettings, os_path};
use crate::logline::{LogLevel, LogSource};
use crate::stash::{StashAnswer, StashError, StashRequest};

pub(crate) use codec::{
    Encoded, Header, bytes_wanted, call_in_area, next_message, order_of, stash_answer, with_order,
};
pub(crate) use limits::{log_pieces, payload_bytes_max};

/// Raised with every change of this module; a child of another version is refused.
pub(crate) const VERSION: u32 = 6;

/// A worker, unique for the arbiter's life; counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct WorkerId(pub u64);

/// A call, unique for the arbiter's life and in the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct CallId(pub u64);

/// Everything that a mold needs to know of its app.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// [`VERSION`] of the arbiter.
    pub version: u32,
    /// The mold ends itself if this is not its parent any more.
    pub arbiter_pid: i32,
    /// Largest client frame.
    pub frame_bytes_max: usize,
    /// Where compiled components are kept.
    #[serde(with = "os_path")]
    pub cache_dir: std::path::PathBuf,
    /// The app.
    pub app: AppSettings,
}

/// What a mold is busy with before it can fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// Reading, compiling and checking the component.
    Compiling,
    /// Instantiating it and running its `init()`.
    Initialising,
    /// Making a copy.
    Forking,
}

/// Why an app cannot start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// Where it happened.
    pub stage: Stage,
    /// The reason, one line.
    pub message: String,
    /// The guest's or the app's own traceback.
    pub traceback: Option<String>,
    /// The same would happen again until the component or the configuration changes.
    pub permanent: bool,
}

/// Where the app's `init()` runs, as it came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Initialised {
    /// Once, in the mold; workers are copies of it.
    InMold,
    /// In every worker, as the configuration says.
    PerWorker,
    /// In every worker, because after `init()` in the mold this was still open.
    PerWorkerBecause(String),
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExitStatus {
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

/// How a process ended and what it had used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exit {
    /// Code or signal.
    pub status: ExitStatus,
    /// Processor time, user and system, in microseconds.
    pub cpu_micros: u64,
    /// Largest resident size, in KiB; what is shared with the mold counts too.
    pub rss_kib_max: u64,
}

/// Whether a worker can serve another call after this reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It can.
    Healthy,
    /// Its instance is dead; it exits right after.
    Tainted(Taint),
}

/// What an instance died of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taint {
    /// A trap like any other.
    Trap,
    /// A trap in a call during which it was refused memory.
    Memory,
}

/// When a call has to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Deadline {
    /// On the system's monotonic clock, in nanoseconds; none: no deadline.
    pub at_nanos: Option<u64>,
    /// What a stream's deadline is set anew to with every chunk.
    pub timeout: Option<Duration>,
}

/// What comes of a use of the stash.
pub(crate) type StashReply = Result<StashAnswer<'static>, StashError>;

/// From the arbiter to a mold or a worker.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Down {
    /// To a mold, first and once.
    Setup(Box<Setup>),
    /// To a mold: make this worker.
    Fork(WorkerId),
    /// To a worker: serve this call. `frame` is the client's, without its length.
    Call {
        /// The call.
        call: CallId,
        /// Its deadline, for the app to read; the arbiter enforces it.
        deadline: Deadline,
        /// The request.
        frame: Bytes,
    },
    /// To a worker: nobody waits for this call any more.
    Cancel(CallId),
    /// To a mold or a worker: what has come of its [`Up::Stash`].
    Stash(StashReply),
    /// End: a worker runs the app's `close()` first.
    Stop,
}

/// From a mold or a worker to the arbiter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Up {
    /// From a mold, first and once: its [`VERSION`].
    Hello(u32),
    /// From a mold: what it does now.
    Stage(Stage),
    /// From a mold, before it can fork: the app describes itself as one that has so many workers, and
    /// the configuration leaves that to it.
    WantsWorkers(u32),
    /// From a mold: it can fork.
    Initialised(Initialised),
    /// From a mold, which then ends, or from a worker that could not start.
    Failed(Failure),
    /// From a mold: the copy exists. The worker's socket and its pidfd come with this message.
    Forked {
        /// The worker.
        worker: WorkerId,
        /// Its process.
        pid: i32,
    },
    /// From a mold: the copy could not be made.
    ForkFailed(WorkerId, Failure),
    /// From a mold: this copy has ended and was reaped.
    Exited(WorkerId, Exit),
    /// From a worker: it can serve calls.
    Ready,
    /// From a worker: one frame of a reply, for the client as it is; more follow.
    Chunk(CallId, Bytes),
    /// From a worker: the last frames of a reply, for the client as they are.
    Final(CallId, Fate, Bytes),
    /// From a mold or a worker, which waits for [`Down::Stash`] and sends no other meanwhile: the app
    /// uses the stash.
    Stash(StashRequest),
    /// From a worker, once: its private memory, in bytes, is above the app's `private_bytes_max`.
    OverMemory(u64),
    /// A line for the log.
    Log {
        /// During this call, if during any.
        call: Option<CallId>,
        /// Where it comes from.
        source: LogSource,
        /// How important it is.
        level: LogLevel,
        /// The line, without its end.
        message: Bytes,
    },
}

/// A message that breaks the protocol: its sender is broken, or not ours.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HopError {
    /// Longer than any message can be.
    #[error("hop message of {0} bytes")]
    TooLong(usize),
    /// No such kind in this direction.
    #[error("hop message of unknown kind {0}")]
    UnknownKind(u8),
    /// A payload that its kind does not have.
    #[error("hop message of kind {kind} with a malformed payload")]
    Payload {
        /// The kind.
        kind: u8,
    },
}
