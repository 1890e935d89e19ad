//! The range of every setting, and what holds where nothing is set. Numbers only.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The most workers that one app may have.
pub const WORKERS_MAX: u32 = 1024;

/// The longest duration that may be configured: a year. Longer ones are meant as "none", which is 0.
pub const DURATION_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The shortest duration that is not 0: below it a setting would be a spelling of "none" by accident.
pub(super) const DURATION_MIN: Duration = Duration::from_millis(1);

pub(super) const KIB: u64 = 1024;
pub(super) const MIB: u64 = 1024 * KIB;
pub(super) const GIB: u64 = 1024 * MIB;
pub(super) const TIB: u64 = 1024 * GIB;

/// Above 1 GiB a frame's length would look like the first bytes of the binary dialect; below 4 KiB
/// an error reply would not fit.
pub(super) const FRAME_BYTES: RangeInclusive<u64> = 4 * KIB..=GIB;
pub(super) const CONNECTIONS: RangeInclusive<u64> = 1..=1_000_000;
pub(super) const QUEUE: RangeInclusive<u64> = 1..=1_000_000;
/// At least one page of WebAssembly's.
pub(super) const MEMORY_BYTES: RangeInclusive<u64> = 64 * KIB..=TIB;

/// At least one frame of the smallest possible limit; `max_frame` raises this bound further.
pub(super) const IN_FLIGHT_BYTES: RangeInclusive<u64> = *FRAME_BYTES.start()..=TIB;
/// The failures within a period are remembered one by one, so there is an end to them.
pub(super) const RESTART_INTENSITY: RangeInclusive<u64> = 1..=1000;
/// Above this a count of calls is meant as "none", which is 0.
pub(super) const CALLS_MAX: u64 = 1_000_000_000;
/// Replacing every worker more often would be all that an app does.
pub(super) const AGE_MIN: Duration = Duration::from_secs(1);
/// A worker that has not run anything yet takes some hundred KiB: a limit near that would replace
/// every worker after every call.
pub(super) const WORKER_BYTES: RangeInclusive<u64> = MIB..=TIB;

/// The longest name of one of the stash's tables, in bytes.
pub const STASH_TABLE_NAME_BYTES_MAX: usize = 255;

/// Less would hardly hold anything.
pub(super) const STASH_BYTES: RangeInclusive<u64> = 64 * KIB..=TIB;
/// Listing the keys of a table takes the arbiter a time that grows with them.
pub(super) const STASH_KEYS: RangeInclusive<u64> = 1..=10_000_000;
pub(super) const STASH_TABLES: RangeInclusive<u64> = 1..=1_000_000;

/// The longest app name, in bytes.
pub(super) const APP_NAME_BYTES_MAX: usize = 255;
/// How deep an app's `config` may be nested: what the protocol allows for arguments.
pub(super) const CONFIG_DEPTH_MAX: usize = 128;

pub(super) const FRAME_BYTES_DEFAULT: usize = 64 * MIB as usize;
pub(super) const CONNECTIONS_DEFAULT: usize = 4096;
pub(super) const WRITE_TIMEOUT_DEFAULT: Duration = Duration::from_secs(60);
pub(super) const GRACEFUL_TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
pub(super) const BOOT_TIMEOUT_DEFAULT: Duration = Duration::from_secs(300);
pub(super) const CANCEL_GRACE_DEFAULT: Duration = Duration::from_secs(5);
pub(super) const TIMEOUT_DEFAULT: Duration = Duration::from_secs(300);
pub(super) const MEMORY_BYTES_DEFAULT: u64 = 4 * GIB;
pub(super) const QUEUE_DEFAULT: usize = 1024;
/// Several of the largest frames, or very many small ones.
pub(super) const BYTES_IN_FLIGHT_DEFAULT: usize = 512 * MIB as usize;
pub(super) const RESTART_INTENSITY_DEFAULT: u32 = 10;
pub(super) const RESTART_PERIOD_DEFAULT: Duration = Duration::from_secs(60);
pub(super) const HOOK_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
pub(super) const STASH_BYTES_DEFAULT: usize = 64 * MIB as usize;
pub(super) const STASH_KEYS_DEFAULT: usize = 100_000;
pub(super) const STASH_TABLES_DEFAULT: usize = 1000;
