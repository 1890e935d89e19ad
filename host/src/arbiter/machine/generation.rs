//! Generations: starting an app's mold, and what happens when it cannot start or dies.

use std::time::{Duration, Instant};

use super::app::{App, SlotContent};
use super::backoff::Verdict;
use super::report::{DeathCause, Report};
use super::timers::Timer;
use super::worker::SETTLED_AFTER;
use super::{AppId, Effect, GenerationId, Machine, SlotId};
use crate::process::hop::{Exit, Failure, Initialised, Stage, WorkerId};

/// Where an app's present generation stands.
#[derive(Debug)]
pub(super) enum Generation {
    /// There is none: before the start, while its end is awaited, and after a stop.
    Gone,
    /// Its mold compiles or initialises.
    Booting(GenerationId, Stage),
    /// Its mold forks, since then.
    Serving(GenerationId, Instant),
    /// Its mold has been told to end.
    Stopping(GenerationId),
    /// It could not start; the next one is due later.
    Backoff,
    /// It could not start, and no other is tried.
    Failed,
}

impl Generation {
    /// The one that has a mold.
    pub(super) fn id(&self) -> Option<GenerationId> {
        match self {
            Generation::Booting(id, _) | Generation::Serving(id, _) | Generation::Stopping(id) => {
                Some(*id)
            }
            Generation::Gone | Generation::Backoff | Generation::Failed => None,
        }
    }
}

impl Machine {
    /// Starts the next generation of an app.
    pub(super) fn boot(&mut self, app: AppId) {
        self.last_generation += 1;
        let generation = GenerationId(self.last_generation);
        self.generations.insert(generation, app);
        self.apps[app.0].generation = Generation::Booting(generation, Stage::Compiling);
        if let Some(timeout) = self.lifecycle.boot_timeout {
            self.timers.set(Timer::Boot(generation), self.now + timeout);
        }
        self.effect(Effect::SpawnMold(generation, app));
    }

    pub(super) fn mold_stage(&mut self, generation: GenerationId, stage: Stage) {
        if let Some(app) = self.app_of(generation)
            && let Generation::Booting(_, at) = &mut self.apps[app.0].generation
        {
            *at = stage;
        }
    }

    pub(super) fn mold_ready(&mut self, generation: GenerationId, initialised: Initialised) {
        let Some(id) = self.app_of(generation) else {
            return;
        };
        let app = &mut self.apps[id.0];
        if !matches!(app.generation, Generation::Booting(..)) {
            return;
        }
        app.generation = Generation::Serving(generation, self.now);
        let report = Report::AppReady {
            app: app.name.clone(),
            generation,
            initialised,
        };
        let slots = app.slots.len();
        self.timers.clear(Timer::Boot(generation));
        self.report(report);
        for at in 0..slots {
            self.fill(SlotId { app: id, at });
        }
        if slots == 0 {
            self.app_can_serve(id);
        }
    }

    pub(super) fn mold_failed(&mut self, generation: GenerationId, failure: Failure) {
        // The mold ends by itself; killing it makes sure that nothing of it lingers.
        self.effect(Effect::KillMold(generation));
        if let Some(app) = self.app_of(generation)
            && matches!(self.apps[app.0].generation, Generation::Booting(..))
        {
            self.boot_failed(app, generation, failure);
        }
    }

    pub(super) fn boot_due(&mut self, generation: GenerationId) {
        let seconds = self
            .lifecycle
            .boot_timeout
            .unwrap_or_default()
            .as_secs_f64();
        let stage = match self
            .app_of(generation)
            .map(|app| &self.apps[app.0].generation)
        {
            Some(Generation::Booting(_, stage)) => *stage,
            _ => return,
        };
        let failure = Failure {
            stage,
            message: format!("the app was not initialised within {seconds} s (boot_timeout)"),
            traceback: None,
            permanent: false,
        };
        self.mold_failed(generation, failure);
    }

    /// The process of a mold has ended; so have its copies, or they are about to.
    pub(super) fn mold_gone(&mut self, generation: GenerationId, exit: Option<Exit>) {
        let is_copy = |worker: &&super::Worker| worker.generation == generation;
        let copies: Vec<WorkerId> = self
            .workers
            .iter()
            .filter(|(_, worker)| is_copy(worker))
            .map(|(id, _)| *id)
            .collect();
        let app = self.app_of(generation);
        self.generations.remove(&generation);
        self.timers.clear(Timer::Boot(generation));
        let before =
            app.map(|app| std::mem::replace(&mut self.apps[app.0].generation, Generation::Gone));
        for worker in copies {
            self.orphaned(worker);
        }
        match app.zip(before) {
            Some((app, Generation::Booting(_, stage))) => {
                let message = format!("the mold ended unexpectedly{}", how_it_ended(exit));
                let failure = Failure {
                    stage,
                    message,
                    traceback: None,
                    permanent: false,
                };
                self.boot_failed(app, generation, failure);
            }
            Some((app, Generation::Serving(_, since))) => {
                if self.now.saturating_duration_since(since) >= SETTLED_AFTER {
                    self.apps[app.0].boots.succeed();
                }
                self.mold_died(app, generation, exit);
            }
            _ => {}
        }
    }

    fn mold_died(&mut self, id: AppId, generation: GenerationId, exit: Option<Exit>) {
        let app = &mut self.apps[id.0];
        // Slots that wait for another fork wait for another mold now.
        for (at, slot) in app.slots.iter_mut().enumerate() {
            if slot.content == SlotContent::Backoff {
                slot.content = SlotContent::Vacant;
                self.timers.clear(Timer::Slot(SlotId { app: id, at }));
            }
        }
        app.last_error = Some(format!("the mold died{}", how_it_ended(exit)));
        let app = app.name.clone();
        self.report(Report::MoldDied {
            app,
            generation,
            exit,
        });
        self.next_generation(id);
    }

    fn boot_failed(&mut self, id: AppId, generation: GenerationId, failure: Failure) {
        self.timers.clear(Timer::Boot(generation));
        let app = &mut self.apps[id.0];
        app.last_error = Some(failure.message.clone());
        app.generation = Generation::Gone;
        let name = app.name.clone();
        let retry_in = if failure.permanent {
            self.apps[id.0].generation = Generation::Failed;
            None
        } else {
            self.next_generation(id)
        };
        self.report(Report::BootFailed {
            app: name,
            generation,
            failure,
            retry_in,
        });
    }

    /// Has the next generation started, now or later. Returns when.
    fn next_generation(&mut self, id: AppId) -> Option<Duration> {
        if self.is_stopping() {
            return None;
        }
        let dice = self.roll();
        match self.apps[id.0].boots.fail(dice) {
            Verdict::RetryIn(delay) if delay.is_zero() => {
                self.boot(id);
                Some(delay)
            }
            Verdict::RetryIn(delay) => {
                self.apps[id.0].generation = Generation::Backoff;
                self.timers.set(Timer::Retry(id), self.now + delay);
                Some(delay)
            }
            Verdict::GiveUp => {
                self.apps[id.0].generation = Generation::Failed;
                None
            }
        }
    }

    /// The app whose present generation this is.
    pub(super) fn app_of(&self, generation: GenerationId) -> Option<AppId> {
        let app = *self.generations.get(&generation)?;
        (self.apps[app.0].generation.id() == Some(generation)).then_some(app)
    }

    /// An app has a worker that is ready, or needs none.
    pub(super) fn app_can_serve(&mut self, app: AppId) {
        self.apps[app.0].was_ready = true;
        if !self.ready_reported && self.apps.iter().all(|app| app.was_ready) {
            self.ready_reported = true;
            self.effect(Effect::AllReady);
        }
    }

    /// Reports once that no app has ever served and none will.
    pub(super) fn check_all_failed(&mut self) {
        let useless = |app: &App| !app.was_ready && app.has_failed();
        if !self.failure_reported && self.apps.iter().all(useless) && !self.is_stopping() {
            self.failure_reported = true;
            self.effect(Effect::AllFailed);
        }
    }

    /// Workers end with their mold, and nobody is left to report how.
    fn orphaned(&mut self, id: WorkerId) {
        self.kill(id, DeathCause::MoldDied);
        let Some(worker) = self.workers.get_mut(&id) else {
            return;
        };
        worker.mold_gone = true;
        if worker.drained || worker.pid.is_none() {
            self.bury(id);
        }
    }
}

fn how_it_ended(exit: Option<Exit>) -> String {
    use crate::process::hop::ExitStatus::{Code, Signal};
    match exit.map(|exit| exit.status) {
        Some(Code(code)) => format!(" with exit code {code}"),
        Some(Signal(signal)) => format!(", killed by signal {signal}"),
        None => String::new(),
    }
}
