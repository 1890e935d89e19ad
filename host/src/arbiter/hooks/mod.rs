//! Hooks: commands of the user's that are run when something happens to workers, and one before the
//! host listens. They are told what has happened, and asked nothing: a hook that fails is logged, and
//! only the first, `on_starting`, can stop anything.
//!
//! `queue` says which is run when, `facts` what they are told, `log` what is written of them. What a
//! process needs to be run is `process::command`'s business.

mod error;
mod facts;
mod log;
mod queue;
mod search;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::timeout_at;

use super::machine::Report;
use super::refusals::Refusals;
use crate::config::{HookCommand, HookSettings};
use crate::process::hop::{Exit, WorkerId};
use crate::process::reaper::Reaper;
use crate::process::{command, environment};

pub use error::HookError;
pub(super) use search::check;

use facts::{Facts, Host};
use queue::Queue;

/// Commands that run at once, but for `on_starting`.
const RUNNING_MAX: usize = 16;
/// Commands that wait for others to end.
const WAITING_MAX: usize = 1024;

/// A hook by its name in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hook {
    OnStarting,
    PostFork,
    WorkerInit,
    WorkerExit,
}

impl Hook {
    const ALL: [Hook; 4] = [
        Hook::OnStarting,
        Hook::PostFork,
        Hook::WorkerInit,
        Hook::WorkerExit,
    ];

    fn name(self) -> &'static str {
        match self {
            Hook::OnStarting => "on_starting",
            Hook::PostFork => "post_fork",
            Hook::WorkerInit => "worker_init",
            Hook::WorkerExit => "worker_exit",
        }
    }

    fn command(self, settings: &HookSettings) -> Option<&HookCommand> {
        match self {
            Hook::OnStarting => settings.on_starting.as_ref(),
            Hook::PostFork => settings.post_fork.as_ref(),
            Hook::WorkerInit => settings.worker_init.as_ref(),
            Hook::WorkerExit => settings.worker_exit.as_ref(),
        }
    }
}

/// A worker that something has happened to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HookWorker {
    pub(super) app: String,
    pub(super) worker: WorkerId,
    /// Its process; none if the worker never had one that the arbiter heard of.
    pub(super) pid: Option<i32>,
    /// Counts the generations of the app.
    pub(super) generation: u64,
    /// Since it was forked.
    pub(super) age: Duration,
}

/// What has happened.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum HookEvent {
    /// The worker's process exists.
    PostFork(HookWorker),
    /// The worker can serve calls.
    WorkerInit(HookWorker),
    /// The worker's process has ended.
    WorkerExit {
        worker: HookWorker,
        /// A name that does not change, as the log has it.
        reason: &'static str,
        /// How it ended, if that is known.
        exit: Option<Exit>,
    },
}

impl HookEvent {
    /// What hooks are told of a report, if anything.
    fn of(report: &Report) -> Option<HookEvent> {
        let worker = |app: &str, generation, worker, pid, age| HookWorker {
            app: app.to_owned(),
            worker,
            pid,
            generation,
            age,
        };
        match report {
            Report::WorkerForked {
                app,
                generation,
                worker: id,
                pid,
                age,
            } => {
                let worker = worker(app, *generation, *id, Some(*pid), *age);
                Some(HookEvent::PostFork(worker))
            }
            Report::WorkerReady {
                app,
                generation,
                worker: id,
                pid,
                age,
            } => {
                let worker = worker(app, *generation, *id, Some(*pid), *age);
                Some(HookEvent::WorkerInit(worker))
            }
            Report::WorkerDied {
                app,
                generation,
                worker: id,
                pid,
                age,
                cause,
                exit,
                // One that never had a process has not been heard of before.
            } if pid.is_some() => Some(HookEvent::WorkerExit {
                worker: worker(app, *generation, *id, *pid, *age),
                reason: cause.name(),
                exit: *exit,
            }),
            _ => None,
        }
    }

    fn hook(&self) -> Hook {
        match self {
            HookEvent::PostFork(_) => Hook::PostFork,
            HookEvent::WorkerInit(_) => Hook::WorkerInit,
            HookEvent::WorkerExit { .. } => Hook::WorkerExit,
        }
    }

    fn worker(&self) -> &HookWorker {
        match self {
            HookEvent::PostFork(worker) | HookEvent::WorkerInit(worker) => worker,
            HookEvent::WorkerExit { worker, .. } => worker,
        }
    }
}

/// Runs hooks. The commands run as tasks of the arbiter's runtime; those that still run when it ends
/// are killed.
#[derive(Debug)]
pub(super) struct Hooks(Rc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: RefCell<HookSettings>,
    host: Host,
    reaper: Reaper,
    queue: RefCell<Queue<Job>>,
    dropped: RefCell<Refusals>,
    /// The last command has ended.
    idle: Notify,
}

/// A command to be run, as it was configured when its time came.
#[derive(Debug)]
struct Job {
    event: HookEvent,
    command: HookCommand,
    timeout: Duration,
}

impl Hooks {
    /// Of a host that is called at `socket`.
    pub(super) fn new(settings: HookSettings, socket: &Path, reaper: Reaper) -> Hooks {
        Hooks(Rc::new(Shared {
            settings: RefCell::new(settings),
            host: Host::at(socket),
            reaper,
            queue: RefCell::new(Queue::new(RUNNING_MAX, WAITING_MAX)),
            dropped: RefCell::default(),
            idle: Notify::new(),
        }))
    }

    /// Has what happens from now on run other commands. What waits is run as it was configured.
    pub(super) fn reconfigure(&self, settings: HookSettings) {
        self.0.settings.replace(settings);
    }

    /// Runs the hook that may stop the start, if there is one.
    pub(super) async fn on_starting(&self) -> Result<(), HookError> {
        let (hook, settings) = (Hook::OnStarting, self.0.settings.borrow().clone());
        let Some(command) = hook.command(&settings) else {
            return Ok(());
        };
        let facts = Facts::of_start(&self.0.host);
        self.0
            .run(hook, command, settings.timeout, &facts)
            .await
            .map(|stdout| log::printed(hook, None, &stdout))
    }

    /// Has the hook run that this report is for, if there is one.
    pub(super) fn tell(&mut self, report: &Report) {
        if let Some(event) = HookEvent::of(report) {
            self.fire(event);
        }
    }

    /// Has the hook of this event run, if there is one: after those of the same worker, and as soon
    /// as there are not too many at once. What does not fit into the queue drops the oldest in it.
    fn fire(&mut self, event: HookEvent) {
        let settings = self.0.settings.borrow();
        let Some(command) = event.hook().command(&settings) else {
            return;
        };
        let job = Job {
            command: command.clone(),
            timeout: settings.timeout,
            event,
        };
        let worker = job.event.worker().worker;
        let dropped = self.0.queue.borrow_mut().push(worker, job);
        if let Some(job) = dropped
            && let Some(hooks) = self.0.dropped.borrow_mut().add(Instant::now())
        {
            log::dropped(&job.event, hooks, WAITING_MAX);
        }
        start_next(&self.0);
    }

    /// Whether no command runs or waits.
    pub(super) fn idle(&self) -> bool {
        self.0.queue.borrow().is_idle()
    }

    /// Waits until no command runs or waits, at most until then.
    pub(super) async fn finish(&self, until: Instant) {
        while !self.idle() {
            if timeout_at(until.into(), self.0.idle.notified())
                .await
                .is_err()
            {
                return log::cut_off(self.0.queue.borrow().len());
            }
        }
    }
}

fn start_next(shared: &Rc<Shared>) {
    loop {
        let next = shared.queue.borrow_mut().next();
        let Some((worker, job)) = next else {
            return;
        };
        let shared = shared.clone();
        tokio::task::spawn_local(async move {
            shared.run_job(&job).await;
            shared.queue.borrow_mut().done(worker);
            start_next(&shared);
            if shared.queue.borrow().is_idle() {
                shared.idle.notify_one();
            }
        });
    }
}

impl Shared {
    async fn run_job(&self, job: &Job) {
        let hook = job.event.hook();
        let facts = Facts::of_event(&self.host, &job.event);
        match self.run(hook, &job.command, job.timeout, &facts).await {
            Ok(stdout) => log::printed(hook, Some(job.event.worker()), &stdout),
            Err(error) => log::failed(hook, job.event.worker(), &error),
        }
    }

    /// Runs a command and returns what it printed.
    async fn run(
        &self,
        hook: Hook,
        command: &HookCommand,
        timeout: Duration,
        facts: &Facts,
    ) -> Result<Vec<u8>, HookError> {
        let mut process = Command::new(&command.program);
        process.args(&command.args);
        environment::withhold_from(&mut process);
        facts.set_environment(&mut process);
        let ran = command::run(process, &facts.json(), timeout, &self.reaper)
            .await
            .map_err(|source| HookError::Spawn {
                hook: hook.name(),
                program: command.program.clone(),
                source,
            })?;
        error::of_end(hook, command, timeout, &ran)?;
        Ok(ran.stdout)
    }
}
