//! Validated settings, one struct per subsystem. How they were typed is not visible here.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::build::BuildSettings;
use super::os_path;

/// All that a host needs to know to serve.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The listener and its connections.
    pub server: ServerSettings,
    /// How apps start and stop.
    pub lifecycle: LifecycleSettings,
    /// Where compiled components are kept; `None` leaves the choice to the runtime.
    pub cache_dir: Option<PathBuf>,
    /// The file that holds the arbiter's process number while it runs.
    pub pidfile: Option<PathBuf>,
    /// Where the log goes; `None` is standard error.
    pub log_file: Option<PathBuf>,
    /// Commands to be run at certain moments.
    pub hooks: HookSettings,
    /// The shared tables.
    pub stash: StashSettings,
    /// The apps: those of the file in its order, then those of the flags. Never empty, and no name
    /// twice.
    pub apps: Vec<AppSettings>,
}

/// The listener and its connections.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerSettings {
    /// The socket that flags or file name; `None` where neither does.
    pub socket: Option<PathBuf>,
    /// The longest frame in bytes, either way, its length field not counted.
    pub frame_bytes_max: usize,
    /// How long a client may leave a reply unread before its connection is closed; `None` is for
    /// ever.
    pub write_timeout: Option<Duration>,
    /// How many connections may be open at once, at least 1.
    pub connections_max: usize,
    /// How many bytes of requests and of replies that are not written yet the host may hold, all
    /// connections together; at least one frame of the largest size.
    pub bytes_in_flight_max: usize,
}

/// How apps start and stop.
#[derive(Debug, Clone, PartialEq)]
pub struct LifecycleSettings {
    /// How long calls in flight may run on after a request to stop; zero kills at once.
    pub graceful_timeout: Duration,
    /// How long compiling and `init` may take together; `None` is without limit.
    pub boot_timeout: Option<Duration>,
    /// How long a cancelled call may run on before its worker is killed; zero kills at once.
    pub cancel_grace: Duration,
    /// When an app that keeps failing is given up.
    pub restart: RestartSettings,
}

/// When an app that keeps failing is given up: after so many failures within so much time, none of
/// its calls answered in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestartSettings {
    /// How many failures, at least 1.
    pub intensity: u32,
    /// How much time.
    pub period: Duration,
}

/// Commands to be run at certain moments of the host's and its workers' lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookSettings {
    /// Before the host listens; the only one that can stop the start.
    pub on_starting: Option<HookCommand>,
    /// A worker's process exists.
    pub post_fork: Option<HookCommand>,
    /// A worker can serve calls.
    pub worker_init: Option<HookCommand>,
    /// A worker's process has ended.
    pub worker_exit: Option<HookCommand>,
    /// How long a command may take before it is killed.
    pub timeout: Duration,
}

/// How much the stash, the tables that clients and apps share, may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StashSettings {
    /// How many bytes, all tables together.
    pub bytes_max: usize,
    /// How many bytes in each table; at most `bytes_max`.
    pub table_bytes_max: usize,
    /// How many keys in each table, at least 1.
    pub keys_max: usize,
    /// How many tables, at least 1.
    pub tables_max: usize,
}

/// A program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookCommand {
    /// A path, absolute or relative to the working directory, if it has a slash; else a name to be
    /// looked for in `PATH`.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
}

/// What becomes of a plain call whose client has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum OnDisconnect {
    /// It is finished.
    #[default]
    Finish,
    /// It is cancelled, as a stream is.
    Cancel,
}

/// When a healthy worker is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RecycleSettings {
    /// After so many calls, at least 1.
    pub calls_max: Option<u32>,
    /// Up to so many calls earlier, by chance, so that not all are replaced at once; less than
    /// `calls_max`.
    pub calls_jitter: u32,
    /// At this age; up to a tenth earlier, by chance.
    pub age_max: Option<Duration>,
    /// When it has more private memory than this, in bytes.
    pub private_bytes_max: Option<u64>,
}

/// Where an app's `init` runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum InitMode {
    /// Once, in the mold; the workers are copies of what it made.
    #[default]
    Mold,
    /// In every worker, after it was forked.
    PerWorker,
}

/// One app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AppSettings {
    /// The name that calls use: 1 to 255 bytes without control characters.
    pub name: String,
    /// The component's file, absolute or relative to the working directory. It need not exist.
    #[serde(with = "os_path")]
    pub component: PathBuf,
    /// What the component is made of, if that is known. For the developer's commands: an app's
    /// processes are not told.
    #[serde(skip)]
    pub build: Option<BuildSettings>,
    /// How many workers: 0 to [`WORKERS_MAX`](super::WORKERS_MAX).
    pub workers: u32,
    /// Nobody has said so of this app: the number of its own description goes before, if it has one.
    pub workers_as_described: bool,
    /// How long a call may take, queueing included; `None` is without a deadline.
    pub timeout: Option<Duration>,
    /// Where `init` runs.
    pub init: InitMode,
    /// The text of a JSON object, for `init`.
    pub config: String,
    /// The environment variables that the app sees.
    pub env: BTreeMap<String, String>,
    /// The directories that the app sees, no guest path twice.
    pub dirs: Vec<DirSettings>,
    /// The most linear memory of an instance in bytes, all its memories together.
    pub memory_limit_bytes: u64,
    /// How many calls may wait for a worker, at least 1.
    pub queue_max: usize,
    /// When a healthy worker is replaced.
    pub recycle: RecycleSettings,
    /// Whether a worker more than is needed is kept ready, to take the place of one that ends.
    pub spare: bool,
    /// What becomes of a plain call whose client has left.
    pub on_disconnect: OnDisconnect,
    /// The tables of the stash that are made when it starts; `None` leaves that to its description.
    pub stashes: Option<Vec<String>>,
}

/// A directory of the host's that an app sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirSettings {
    /// Its path for the app: absolute, without `.`, `..`, doubled or trailing slashes.
    pub guest: String,
    /// Its path on the host, absolute or relative to the working directory.
    #[serde(with = "os_path")]
    pub host: PathBuf,
    /// Whether the app may change what is in it.
    pub writable: bool,
}
