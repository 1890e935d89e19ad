//! The mold role: the process that initialises an app once and is copied for each worker.
//!
//! It runs no call itself, and it does nothing but wait between two forks.

mod compile;
mod describe;
mod prepare;
mod serve;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::unistd::Pid;

use crate::logline::{LogLevel, LogSource};
use crate::process::hop::{self, Down, Failure, Setup, Stage, Up};
use crate::process::inbox::Inbox;
use crate::process::link::{self, LinkError, LinkWriter};
use crate::process::{child, memory, title};
use crate::runtime::{CallBlobs, EmitError, StashFault, Uplink};
use crate::stash::{StashAnswer, StashRequest};
use crate::worker::{self, stash};

pub(crate) use compile::run as run_compiler;
pub(crate) use prepare::init_failure;

/// Largest message before the setup has said how large a frame may be.
const SETUP_BYTES_MAX: usize = 16 << 20;

/// Freed memory up to this is kept by a mold and its workers, in bytes. What is larger has pages of its
/// own, which move when it grows, where other memory would be copied: text of 16 MiB takes a worker
/// twice as long with 32 MiB here.
const KEPT_BYTES: i32 = 8 << 20;

/// Plays the role until the arbiter is gone, or says so; also that of every worker, which leaves
/// this function in its copy. Returns the exit code.
pub(crate) fn run() -> i32 {
    play().unwrap_or(1)
}

fn play() -> Result<i32, LinkError> {
    let control = child::take_control_socket()?;
    child::settle_signals()?;
    memory::keep_freed_buffers(KEPT_BYTES);
    let (mut reader, mut writer) = link::split(control, SETUP_BYTES_MAX)?;
    writer.send(&Up::Hello(hop::VERSION))?;
    let Down::Setup(setup) = reader.recv()? else {
        return Ok(1);
    };
    if setup.version != hop::VERSION {
        let failure = version_mismatch(setup.version);
        writer.send(&Up::Failed(failure))?;
        return Ok(1);
    }
    if !child::bind_to_parent(Pid::from_raw(setup.arbiter_pid))? {
        return Ok(1);
    }
    reader.set_frame_bytes_max(setup.frame_bytes_max);
    title::set_over_arguments(&format!("dirty: mold {}", setup.app.name));
    let control = Control::new(writer, Inbox::new(reader), setup.frame_bytes_max);
    start(*setup, control)
}

fn start(setup: Setup, control: Control) -> Result<i32, LinkError> {
    match prepare::prepare(&setup, &control) {
        Ok(prepared) => {
            control.send(&Up::Initialised(prepared.initialised.clone()))?;
            let mold = serve::Mold::new(setup, prepared, control);
            Ok(match mold.serve()? {
                serve::Left::Stopped => 0,
                serve::Left::AsWorker(seed) => worker::run(*seed),
            })
        }
        Err(failure) => {
            control.send(&Up::Failed(failure))?;
            Ok(1)
        }
    }
}

fn version_mismatch(version: u32) -> Failure {
    Failure {
        stage: Stage::Compiling,
        message: format!(
            "the mold speaks version {} of the hop protocol, the arbiter version {version}",
            hop::VERSION
        ),
        traceback: None,
        permanent: true,
    }
}

/// The mold's way to the arbiter and back, shared with the app while its `init()` runs. Clones are
/// handles on the same one.
#[derive(Clone)]
struct Control(Arc<Mutex<Ends>>);

struct Ends {
    writer: LinkWriter,
    inbox: Inbox,
    frame_bytes_max: usize,
}

impl Control {
    fn new(writer: LinkWriter, inbox: Inbox, frame_bytes_max: usize) -> Control {
        Control(Arc::new(Mutex::new(Ends {
            writer,
            inbox,
            frame_bytes_max,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Ends> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, message: &Up) -> Result<(), LinkError> {
        self.lock().writer.send(message)
    }

    fn try_recv(&self) -> Result<Option<Down>, LinkError> {
        self.lock().inbox.try_recv()
    }

    /// Uses the stash, for the app or before there is one.
    fn stash(&self, request: StashRequest) -> Result<StashAnswer<'static>, StashFault> {
        let mut ends = self.lock();
        let Ends {
            writer,
            inbox,
            frame_bytes_max,
        } = &mut *ends;
        // A mold has no calls that could be cancelled.
        stash::ask(writer, inbox, *frame_bytes_max, request, |_| ())
    }

    fn warn(&self, message: &str) {
        self.note(LogLevel::Warn, message);
    }

    fn debug(&self, message: &str) {
        self.note(LogLevel::Debug, message);
    }

    fn note(&self, level: LogLevel, message: &str) {
        // If the arbiter is gone, the mold's loop is about to find out.
        let _ = self
            .lock()
            .writer
            .log(None, LogSource::Host, level, message);
    }
}

impl Uplink for Control {
    fn log(&mut self, source: LogSource, level: LogLevel, line: &str) {
        // As above.
        let _ = self.lock().writer.log(None, source, level, line);
    }

    fn emit(&mut self, _chunk: &str, _blobs: &mut CallBlobs) -> Result<bool, EmitError> {
        self.warn("the app emitted a chunk outside of a call; nobody receives it");
        Ok(false)
    }

    fn stash(&mut self, request: StashRequest) -> Result<StashAnswer<'static>, StashFault> {
        Control::stash(self, request)
    }

    fn time_left(&self) -> Option<Duration> {
        None
    }

    fn cancelled(&self) -> bool {
        false
    }
}
