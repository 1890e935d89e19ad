//! The worker role: a copy of a mold that serves one call at a time until it is told to stop, its
//! instance traps, or it is killed.

mod blobs;
mod call;
mod idle_lane;
mod mailbox;
mod memory;
mod reply_buffer;
pub(crate) mod stash;
mod uplink;

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use nix::unistd::Pid;
use tokio::runtime::Runtime;

use crate::logline::{LogLevel, LogSource};
use crate::mold::init_failure;
use crate::process::hop::{Down, Fate, Setup, Up, WorkerId};
use crate::process::inbox::Inbox;
use crate::process::lane::{AREA_BYTES_MIN, Lane, LaneFiles};
use crate::process::link::{self, LinkError};
use crate::process::{child, title::Arguments};
use crate::runtime::{App, Instance, InstanceSettings, SharedUplink, StartError, shield};

use idle_lane::IdleLane;
use mailbox::Mailbox;
use memory::MemoryWatch;
use uplink::Desk;

/// What a worker starts from, right after the fork.
pub(crate) struct Seed {
    pub(crate) worker: WorkerId,
    pub(crate) socket: OwnedFd,
    /// What it shares with the arbiter.
    pub(crate) lane: LaneFiles,
    pub(crate) mold: Pid,
    /// The mold's, which this process has until it is titled.
    pub(crate) arguments: Arguments,
    pub(crate) setup: Setup,
    pub(crate) app: App,
    /// The mold's instance, where `init()` has run there.
    pub(crate) instance: Option<Instance>,
    pub(crate) settings: InstanceSettings,
}

/// Plays the role; returns the exit code.
pub(crate) fn run(seed: Seed) -> i32 {
    serve(seed).unwrap_or(1)
}

/// What a worker is called in the process list.
pub(crate) fn title(app: &str, worker: WorkerId) -> String {
    format!("dirty: worker {app} #{}", worker.0)
}

fn serve(seed: Seed) -> Result<i32, LinkError> {
    if !child::bind_to_parent(seed.mold)? {
        return Ok(1);
    }
    let title = title(&seed.setup.app.name, seed.worker);
    seed.arguments.title(&title);
    child::volunteer_for_oom();
    let frame_bytes_max = seed.setup.frame_bytes_max;
    let lane = Lane::open(seed.lane, frame_bytes_max)?;
    let (reader, writer) = link::split_with_lane(seed.socket, frame_bytes_max, &lane)?;
    let inbox = Inbox::new(reader);
    let desk = Desk::new(writer, inbox, frame_bytes_max);
    let runtime = shield::runtime()?;
    let started = start(
        &runtime,
        &seed.app,
        seed.instance,
        &seed.settings,
        &seed.setup,
        &desk,
    );
    let instance = match started {
        Ok(instance) => instance,
        Err(error) => {
            desk.send(&Up::Failed(init_failure(&error)))?;
            return Ok(1);
        }
    };
    let mailbox = Mailbox::new(desk.clone(), &runtime)?;
    desk.send(&Up::Ready)?;
    Worker {
        memory: seed
            .setup
            .app
            .recycle
            .private_bytes_max
            .map(MemoryWatch::new),
        lane: IdleLane::new(&lane),
        app_name: seed.setup.app.name,
        runtime,
        instance,
        mailbox,
        desk,
    }
    .serve()
}

fn start(
    runtime: &Runtime,
    app: &App,
    initialised: Option<Instance>,
    settings: &InstanceSettings,
    setup: &Setup,
    desk: &Desk,
) -> Result<Instance, StartError> {
    runtime.block_on(async {
        let mut instance = match initialised {
            Some(instance) => {
                // Drops this copy's end of the mold's socket, too.
                instance.replace_uplink(desk.clone());
                instance
            }
            None => {
                let uplink = SharedUplink::new(desk.clone());
                app.start(settings, &setup.app.config, uplink).await?
            }
        };
        instance.on_fork().await?;
        Ok(instance)
    })
}

struct Worker {
    app_name: String,
    runtime: Runtime,
    instance: Instance,
    mailbox: Mailbox,
    desk: Desk,
    /// Where the app's memory is limited.
    memory: Option<MemoryWatch>,
    lane: IdleLane,
}

impl Worker {
    fn serve(mut self) -> Result<i32, LinkError> {
        loop {
            let Some(message) = self.mailbox.recv(self.patience())? else {
                self.lane.give_back_if_due(Instant::now());
                self.watch_memory()?;
                continue;
            };
            match message {
                Down::Call {
                    call,
                    deadline,
                    frame,
                } => {
                    let is_large = frame.len() >= AREA_BYTES_MIN;
                    let fate = self.call(call, deadline, frame)?;
                    if is_large || self.desk.take_has_taken_area() {
                        self.lane.used(Instant::now());
                    } else if self.lane.is_used() {
                        self.lane.give_back_if_due(Instant::now());
                    }
                    match fate {
                        // The reply is written. State is never used again after a trap.
                        Fate::Tainted(_) => return Ok(0),
                        Fate::Healthy => self.watch_memory()?,
                    }
                }
                Down::Stop => {
                    self.close()?;
                    return Ok(0);
                }
                // A cancel that has crossed its call's end.
                Down::Cancel(_) => {}
                // Nothing else is for a worker; the arbiter is our own executable.
                Down::Setup(_) | Down::Fork(_) | Down::Stash(_) => {}
            }
        }
    }

    /// How long to wait for a message at most: something else may be due then.
    fn patience(&self) -> Option<Duration> {
        let memory = self.memory.as_ref();
        if memory.is_none() && !self.lane.is_used() {
            // Most calls need not know what time it is.
            return None;
        }
        let now = Instant::now();
        let owed = memory.and_then(|memory| memory.owed_in(now));
        self.lane.due_in(now).into_iter().chain(owed).min()
    }

    /// Says so if this worker has grown too large, now that its caller has the reply.
    fn watch_memory(&mut self) -> Result<(), LinkError> {
        match self.memory.as_mut().and_then(MemoryWatch::look) {
            Some(bytes) => self.desk.send(&Up::OverMemory(bytes)),
            None => Ok(()),
        }
    }

    fn close(&mut self) -> Result<(), LinkError> {
        match self.runtime.block_on(self.instance.close()) {
            Ok(()) => Ok(()),
            Err(trap) => {
                let line = format!("close() trapped: {}\n{}", trap.message, trap.traceback);
                self.desk.log(LogSource::Host, LogLevel::Error, &line)
            }
        }
    }
}
