//! Validated settings, one struct per subsystem. How they were typed is not visible here.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

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
    /// How many workers: 0 to [`WORKERS_MAX`](super::WORKERS_MAX).
    pub workers: u32,
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
