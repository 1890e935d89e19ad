//! What belongs to one instance on the host's side: WASI, limits, and the way to the outside.

use std::path::PathBuf;

use wasmtime::component::{HasSelf, Linker, Resource, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::filesystem::FsPerms;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use super::bindings::dirty::app::host::{Host, Level};
use super::blobs::CallBlobs;
use super::limits::MemoryBudget;
use super::pace::Pace;
use super::stdio::LineStream;
use super::uplink::SharedUplink;
use super::{bindings, clock, keyvalue, random};
use crate::logline::{LogLevel, LogSource};

/// What an instance may use.
#[derive(Clone, Debug)]
pub(crate) struct InstanceSettings {
    /// For all linear memories and tables together.
    pub memory_bytes_max: u64,
    /// What may cross the boundary in one call, strings of all arguments together.
    pub transfer_bytes_max: usize,
    /// Environment variables.
    pub env: Vec<(String, String)>,
    /// Directories: the guest's name for it, ours, and whether it may be written.
    pub dirs: Vec<(String, PathBuf, bool)>,
}

/// A directory of the configuration that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the directory {}, which the app is to have as {guest}: {reason}", .host.display())]
pub(crate) struct DirError {
    guest: String,
    host: PathBuf,
    reason: String,
}

/// The data of a store.
pub(super) struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    budget: MemoryBudget,
    uplink: SharedUplink,
    /// What may be collected for the guest at once.
    pub(super) transfer_bytes_max: usize,
    /// How many buckets of `wasi:keyvalue` it has open.
    pub(super) buckets: usize,
    /// Of the call being served.
    pub(super) blobs: CallBlobs,
    stdout: LineStream,
    stderr: LineStream,
    /// Of a guest that only computes and emits.
    pace: Pace,
    /// Of a guest whose waits are over before they begin.
    pub(super) wait_pace: Pace,
}

impl State {
    /// Makes the store of a new instance.
    pub(super) fn store(
        engine: &Engine,
        settings: &InstanceSettings,
        uplink: SharedUplink,
    ) -> Result<Store<State>, DirError> {
        let stdout = LineStream::new(LogSource::Stdout, uplink.clone());
        let stderr = LineStream::new(LogSource::Stderr, uplink.clone());
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(stdout.clone())
            .stderr(stderr.clone())
            .envs(&settings.env);
        // File access runs in place: a worker has nothing else to do meanwhile, and a mold must
        // not grow a thread for it.
        wasi.allow_blocking_current_thread(true);
        for (guest, host, writable) in &settings.dirs {
            let perms = if *writable {
                FsPerms::ReadWrite
            } else {
                FsPerms::ReadOnly
            };
            wasi.preopened_dir(host, guest, perms)
                .map_err(|error| DirError {
                    guest: guest.clone(),
                    host: host.clone(),
                    reason: error.root_cause().to_string(),
                })?;
        }
        let state = State {
            wasi: wasi.build(),
            table: ResourceTable::new(),
            budget: MemoryBudget::new(settings.memory_bytes_max),
            uplink,
            transfer_bytes_max: settings.transfer_bytes_max,
            buckets: 0,
            blobs: CallBlobs::default(),
            stdout,
            stderr,
            pace: Pace::new(),
            wait_pace: Pace::new(),
        };
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.budget);
        store.set_hostcall_fuel(settings.transfer_bytes_max);
        Ok(store)
    }

    /// A linker with everything that an app may import.
    pub(super) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
        let mut linker = Linker::new(engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        linker.allow_shadowing(true);
        random::add_to_linker(&mut linker)?;
        clock::add_to_linker(&mut linker)?;
        linker.allow_shadowing(false);
        bindings::dirty::app::host::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
        bindings::dirty::app::stash::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
        keyvalue::add_to_linker(&mut linker)?;
        bindings::dirty::app::blobs::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
        Ok(linker)
    }

    /// Logs what the guest printed without an end of line.
    pub(super) fn flush_stdio(&self) {
        self.stdout.flush_partial();
        self.stderr.flush_partial();
    }

    /// What the guest wrote to standard error since this was last asked.
    pub(super) fn take_stderr_tail(&self) -> String {
        self.stderr.take_tail()
    }

    /// Whether the guest was refused memory since this was last asked.
    pub(super) fn take_memory_refused(&mut self) -> bool {
        self.budget.take_refused()
    }

    pub(super) fn uplink(&self) -> &SharedUplink {
        &self.uplink
    }

    /// What the instance holds of the host's.
    pub(super) fn resources(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    /// Whether the guest holds a subscription to something else than a stream: a timer. What
    /// a stream belongs to, if it is no standard stream, shows as an open descriptor.
    pub(super) fn holds_timers(&mut self) -> bool {
        let (mut subscriptions, mut streams) = (0, 0);
        for entry in self.table.iter_mut() {
            subscriptions += usize::from(entry.is::<DynPollable>());
            let is_stream = entry.is::<DynInputStream>() || entry.is::<DynOutputStream>();
            streams += usize::from(is_stream);
        }
        let of_streams: usize = (0..u32::MAX)
            .filter_map(|index| {
                self.subscriptions_of::<DynInputStream>(index)
                    .or_else(|| self.subscriptions_of::<DynOutputStream>(index))
            })
            .take(streams)
            .sum();
        subscriptions > of_streams
    }

    /// How many subscriptions there are to the resource at this index, if it is of this type.
    fn subscriptions_of<T: 'static>(&self, index: u32) -> Option<usize> {
        let resource = Resource::<T>::new_borrow(index);
        self.table.get(&resource).ok()?;
        let children = self.table.iter_children(&resource).ok()?;
        Some(children.filter(|child| child.is::<DynPollable>()).count())
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl Host for State {
    fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            Level::Trace => LogLevel::Trace,
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        self.uplink.lock().log(LogSource::App, level, &message);
        Ok(())
    }

    async fn emit(&mut self, chunk: String) -> wasmtime::Result<bool> {
        if !self.uplink.lock().emit(&chunk, &mut self.blobs)? {
            return Ok(false);
        }
        self.pace.keep().await;
        Ok(!self.uplink.lock().cancelled())
    }

    fn time_left(&mut self) -> wasmtime::Result<Option<u64>> {
        Ok(self
            .uplink
            .lock()
            .time_left()
            .map(|left| left.as_millis() as u64))
    }

    async fn cancelled(&mut self) -> wasmtime::Result<bool> {
        // Lets the worker look at its mailbox.
        tokio::task::yield_now().await;
        Ok(self.uplink.lock().cancelled())
    }

    fn process_id(&mut self) -> wasmtime::Result<u32> {
        Ok(std::process::id())
    }
}
