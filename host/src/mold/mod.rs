//! The mold role: the process that initialises an app once and is copied for each worker.
//!
//! It runs no call itself, and it does nothing but wait between two forks.

mod compile;
mod prepare;
mod serve;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::unistd::Pid;

use crate::logline::{LogLevel, LogSource};
use crate::process::hop::{self, Down, Failure, Setup, Stage, Up};
use crate::process::link::{self, LinkError, LinkReader, LinkWriter};
use crate::process::{child, memory, title};
use crate::runtime::{CallBlobs, EmitError, Uplink};
use crate::worker;

pub(crate) use compile::run as run_compiler;
pub(crate) use prepare::init_failure;

/// Largest message before the setup has said how large a frame may be.
const SETUP_BYTES_MAX: usize = 16 << 20;

/// Plays the role until the arbiter is gone, or says so; also that of every worker, which leaves
/// this function in its copy. Returns the exit code.
pub(crate) fn run() -> i32 {
    play().unwrap_or(1)
}

fn play() -> Result<i32, LinkError> {
    let control = child::take_control_socket()?;
    child::settle_signals()?;
    memory::keep_freed_buffers();
    let (mut reader, writer) = link::split(control, SETUP_BYTES_MAX)?;
    let writer = ControlWriter(Arc::new(Mutex::new(writer)));
    writer.lock().send(&Up::Hello(hop::VERSION))?;
    let Down::Setup(setup) = reader.recv()? else {
        return Ok(1);
    };
    if setup.version != hop::VERSION {
        let failure = version_mismatch(setup.version);
        writer.lock().send(&Up::Failed(failure))?;
        return Ok(1);
    }
    if !child::bind_to_parent(Pid::from_raw(setup.arbiter_pid))? {
        return Ok(1);
    }
    reader.set_frame_bytes_max(setup.frame_bytes_max);
    title::set_over_arguments(&format!("dirty: mold {}", setup.app.name));
    start(*setup, reader, writer)
}

fn start(setup: Setup, reader: LinkReader, writer: ControlWriter) -> Result<i32, LinkError> {
    match prepare::prepare(&setup, &writer) {
        Ok(prepared) => {
            writer
                .lock()
                .send(&Up::Initialised(prepared.initialised.clone()))?;
            let mold = serve::Mold::new(setup, prepared, reader, writer);
            Ok(match mold.serve()? {
                serve::Left::Stopped => 0,
                serve::Left::AsWorker(seed) => worker::run(*seed),
            })
        }
        Err(failure) => {
            writer.lock().send(&Up::Failed(failure))?;
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

/// The mold's way to the arbiter, shared with the app while its `init()` runs.
#[derive(Clone)]
struct ControlWriter(Arc<Mutex<LinkWriter>>);

impl ControlWriter {
    fn lock(&self) -> MutexGuard<'_, LinkWriter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn warn(&self, message: &str) {
        // If the arbiter is gone, the mold's loop is about to find out.
        let _ = self
            .lock()
            .log(None, LogSource::Host, LogLevel::Warn, message);
    }
}

impl Uplink for ControlWriter {
    fn log(&mut self, source: LogSource, level: LogLevel, line: &str) {
        // As above.
        let _ = self.lock().log(None, source, level, line);
    }

    fn emit(&mut self, _chunk: &str, _blobs: &mut CallBlobs) -> Result<bool, EmitError> {
        self.warn("the app emitted a chunk outside of a call; nobody receives it");
        Ok(false)
    }

    fn time_left(&self) -> Option<Duration> {
        None
    }

    fn cancelled(&self) -> bool {
        false
    }
}
