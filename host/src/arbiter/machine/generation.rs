//! Generations: starting an app's mold, and what happens when it cannot start or dies.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::app::{App, Refill};
use super::command::Outcome;
use super::report::Report;
use super::restart::Verdict;
use super::slots::SETTLED_AFTER;
use super::timers::Timer;
use super::{AppId, Effect, GenerationId, Machine};
use crate::config::AppSettings;
use crate::process::hop::{Exit, ExitStatus, Failure, Initialised, Stage, WorkerId};

/// A mold that is told to end may take so long.
const MOLD_STOP_MAX: Duration = Duration::from_secs(5);

/// Where the generation stands that serves an app.
#[derive(Debug)]
pub(super) enum Generation {
    /// There is none: before the start, and after a stop.
    Gone,
    /// Its mold compiles or initialises.
    Booting(GenerationId, Stage),
    /// Its mold forks, since then.
    Serving(GenerationId, Instant),
    /// It could not start; the next one is due later.
    Backoff,
    /// It could not start, and no other is tried.
    Failed,
}

impl Generation {
    /// The one that has a mold.
    pub(super) fn id(&self) -> Option<GenerationId> {
        match self {
            Generation::Booting(id, _) | Generation::Serving(id, _) => Some(*id),
            Generation::Gone | Generation::Backoff | Generation::Failed => None,
        }
    }
}

/// A mold, until its process has ended.
#[derive(Debug)]
pub(super) struct Mold {
    pub(super) app: AppId,
    /// Counts the generations of its app.
    pub(super) number: u64,
    pub(super) settings: Rc<AppSettings>,
    /// Workers of its that are not buried yet.
    pub(super) copies: usize,
    /// It was told to end.
    told: bool,
}

#[cfg(test)]
impl Mold {
    pub(super) fn is_told(&self) -> bool {
        self.told
    }
}

/// What a mold is to its app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It serves, or is about to.
    Present,
    /// It is to replace the present one.
    Next,
    /// Its workers end their calls, and then it ends.
    Draining,
}

impl Machine {
    /// Starts the next generation of an app, to serve it as soon as it can.
    pub(super) fn boot(&mut self, app: AppId) {
        let settings = self.apps[app].settings.clone();
        let generation = self.spawn_mold(app, settings);
        self.apps[app].present = Generation::Booting(generation, Stage::Compiling);
    }

    pub(super) fn spawn_mold(&mut self, app: AppId, settings: Rc<AppSettings>) -> GenerationId {
        self.last_generation += 1;
        let id = GenerationId(self.last_generation);
        self.apps[app].generations += 1;
        let mold = Mold {
            app,
            number: self.apps[app].generations,
            settings: settings.clone(),
            copies: 0,
            told: false,
        };
        self.generations.insert(id, mold);
        if let Some(timeout) = self.lifecycle.boot_timeout {
            self.timers.set(Timer::Mold(id), self.now + timeout);
        }
        self.effect(Effect::SpawnMold(id, settings));
        id
    }

    /// What counts the generations of an app, for people.
    pub(super) fn number_of(&self, generation: GenerationId) -> u64 {
        self.generations.get(&generation).map_or(0, |it| it.number)
    }

    pub(super) fn standing(&self, generation: GenerationId) -> Option<(AppId, Standing)> {
        let id = self.generations.get(&generation)?.app;
        let app = &self.apps[id];
        let next = app.next.as_ref().map(|next| next.generation);
        let standing = if app.present.id() == Some(generation) {
            Standing::Present
        } else if next == Some(generation) {
            Standing::Next
        } else {
            Standing::Draining
        };
        Some((id, standing))
    }

    pub(super) fn mold_stage(&mut self, generation: GenerationId, stage: Stage) {
        match self.standing(generation) {
            Some((app, Standing::Present)) => {
                if let Generation::Booting(_, at) = &mut self.apps[app].present {
                    *at = stage;
                }
            }
            Some((app, Standing::Next)) => self.next_stage(app, stage),
            Some((_, Standing::Draining)) | None => {}
        }
    }

    pub(super) fn mold_ready(&mut self, generation: GenerationId, initialised: Initialised) {
        let Some((id, standing)) = self.standing(generation) else {
            return;
        };
        let app = &mut self.apps[id];
        match (standing, &app.present) {
            (Standing::Present, Generation::Booting(..)) => {
                app.present = Generation::Serving(generation, self.now);
                app.unsettled = true;
                let (name, idle) = (app.name().to_owned(), app.slots == 0);
                self.timers.clear(Timer::Mold(generation));
                self.report(Report::AppReady {
                    app: name,
                    generation: self.number_of(generation),
                    initialised,
                });
                if idle {
                    self.app_can_serve(id);
                }
            }
            (Standing::Next, _) => {
                self.timers.clear(Timer::Mold(generation));
                self.next_ready(id, initialised);
            }
            _ => {}
        }
    }

    pub(super) fn mold_failed(&mut self, generation: GenerationId, failure: Failure) {
        match self.standing(generation) {
            Some((app, Standing::Present))
                if matches!(self.apps[app].present, Generation::Booting(..)) =>
            {
                // It ends by itself; killing it makes sure that nothing of it lingers.
                self.discard_mold(generation);
                self.boot_failed(app, generation, failure);
            }
            Some((app, Standing::Next)) => self.reload_failed(app, failure),
            _ => self.effect(Effect::KillMold(generation)),
        }
    }

    /// A mold has not initialised its app in time, or has not ended in time.
    pub(super) fn mold_due(&mut self, generation: GenerationId) {
        let stage = match self.standing(generation) {
            Some((app, Standing::Present)) => match self.apps[app].present {
                Generation::Booting(_, stage) => Some(stage),
                _ => None,
            },
            Some((app, Standing::Next)) => self.apps[app].next.as_ref().map(|next| next.stage),
            Some((_, Standing::Draining)) | None => None,
        };
        let Some(stage) = stage else {
            return self.effect(Effect::KillMold(generation));
        };
        let timeout = self.lifecycle.boot_timeout.unwrap_or_default();
        let seconds = timeout.as_secs_f64();
        let message = format!("the app was not initialised within {seconds} s (boot_timeout)");
        self.mold_failed(generation, may_go_away(stage, message));
    }

    /// The process of a mold has ended; so have its copies, or they are about to.
    pub(super) fn mold_gone(&mut self, generation: GenerationId, exit: Option<Exit>) {
        let told = self.generations.get(&generation).is_some_and(|it| it.told);
        let standing = self.standing(generation);
        let copies: Vec<WorkerId> = self
            .workers
            .iter()
            .filter(|(_, worker)| worker.generation == generation)
            .map(|(id, _)| *id)
            .collect();
        self.timers.clear(Timer::Mold(generation));
        let ended = format!("the mold ended unexpectedly{}", how_it_ended(exit));
        let mut before = None;
        match standing {
            Some((app, Standing::Present)) => {
                let present = std::mem::replace(&mut self.apps[app].present, Generation::Gone);
                before = Some((app, present)).filter(|_| !told);
            }
            Some((app, Standing::Next)) => {
                let stage = self.apps[app].next.as_ref().map(|next| next.stage);
                let stage = stage.unwrap_or(Stage::Initialising);
                self.reload_failed(app, may_go_away(stage, ended.clone()));
            }
            Some((_, Standing::Draining)) | None => {}
        }
        // A copy's end may have been heard of first, and then was counted already.
        let counted = copies.iter().filter_map(|copy| self.workers.get(copy));
        let counted = counted
            .filter(|copy| copy.counted && copy.may_have_died_of_its_mold())
            .count();
        for worker in copies {
            self.orphaned(worker);
        }
        let number = self.number_of(generation);
        match before {
            Some((app, Generation::Booting(_, stage))) => {
                self.boot_failed(app, generation, may_go_away(stage, ended));
            }
            Some((app, Generation::Serving(_, since))) => {
                self.mold_died(app, number, since, exit, counted > 0);
            }
            _ => {}
        }
        self.generations.remove(&generation);
    }

    fn mold_died(
        &mut self,
        id: AppId,
        generation: u64,
        since: Instant,
        exit: Option<Exit>,
        counted: bool,
    ) {
        if !counted && self.now.saturating_duration_since(since) >= SETTLED_AFTER {
            self.apps[id].restarts.succeed(since);
        }
        let given_up = self.apps[id].refill == Refill::Never;
        // What waits for another fork waits for another mold now.
        self.refill_now(id);
        let app = &mut self.apps[id];
        let error = format!("the mold died{}", how_it_ended(exit));
        app.last_error = Some(error.clone());
        let name = app.name().to_owned();
        self.start_failed(id, &error);
        let app = &mut self.apps[id];
        let retry_in = if given_up {
            app.present = Generation::Failed;
            None
        } else {
            self.next_generation(id, counted)
        };
        self.report(Report::MoldDied {
            app: name,
            generation,
            exit,
            retry_in,
        });
    }

    fn boot_failed(&mut self, id: AppId, generation: GenerationId, failure: Failure) {
        let number = self.number_of(generation);
        let app = &mut self.apps[id];
        app.last_error = Some(failure.message.clone());
        app.present = Generation::Gone;
        let name = app.name().to_owned();
        let retry_in = if failure.permanent {
            app.present = Generation::Failed;
            None
        } else {
            self.next_generation(id, false)
        };
        self.start_failed(id, &failure.message);
        self.report(Report::BootFailed {
            app: name,
            generation: number,
            failure,
            retry_in,
        });
    }

    /// What was started without another generation to fall back to does not work.
    pub(super) fn start_failed(&mut self, id: AppId, error: &str) {
        if self.apps[id].next.is_none() {
            self.conclude(id, Outcome::Failed(error.to_owned()));
        }
    }

    /// Has the next generation started, now or later. Returns when.
    /// `counted`: the failure that is the reason is known as such already.
    fn next_generation(&mut self, id: AppId, counted: bool) -> Option<Duration> {
        if self.winds_down(id) {
            return None;
        }
        let (now, policy, dice) = (self.now, self.lifecycle.restart, self.roll());
        let restarts = &mut self.apps[id].restarts;
        let verdict = match counted {
            true => restarts.wait(dice),
            false => restarts.fail(now, policy, dice),
        };
        match verdict {
            Verdict::RetryIn(delay) if delay.is_zero() => {
                self.boot(id);
                Some(delay)
            }
            Verdict::RetryIn(delay) => {
                self.apps[id].present = Generation::Backoff;
                self.timers.set(Timer::Retry(id), self.now + delay);
                Some(delay)
            }
            Verdict::GiveUp => {
                self.apps[id].present = Generation::Failed;
                None
            }
        }
    }

    /// An app has a worker that is ready, or needs none.
    pub(super) fn app_can_serve(&mut self, id: AppId) {
        if let Some(generation) = self.apps[id].present.id()
            && self.apps[id].next.is_none()
        {
            let generation = self.number_of(generation);
            self.conclude(id, Outcome::Serving { generation });
        }
        self.has_served = true;
        if !std::mem::replace(&mut self.apps[id].was_ready, true) {
            self.check_all_ready();
        }
    }

    /// Reports once that every app can serve, or is known not to be able to for now.
    pub(super) fn check_all_ready(&mut self) {
        let known = |app: &App| app.was_ready || app.has_failed() || app.backs_off();
        if self.has_served
            && !self.ready_reported
            && !self.is_stopping()
            && self.apps.serving().all(|(_, app)| known(app))
        {
            self.ready_reported = true;
            self.effect(Effect::AllReady);
        }
    }

    /// Reports once that no app has ever served and none will.
    pub(super) fn check_all_failed(&mut self) {
        let useless = |app: &App| !app.was_ready && app.has_failed();
        if !self.has_served
            && !self.failure_reported
            && !self.is_stopping()
            && self.apps.serving().all(|(_, app)| useless(app))
        {
            self.failure_reported = true;
            self.effect(Effect::AllFailed);
        }
    }

    /// Ends the molds that have nothing left to do.
    pub(super) fn settle_generations(&mut self) {
        let idle: Vec<_> = self
            .generations
            .iter()
            .filter(|(_, mold)| mold.copies == 0 && !mold.told)
            .map(|(id, _)| *id)
            .collect();
        for id in idle {
            let Some((app, standing)) = self.standing(id) else {
                continue;
            };
            let winds_down = self.winds_down(app) && self.apps[app].queue.is_empty();
            if standing == Standing::Draining || winds_down {
                self.stop_mold(id, standing);
            }
        }
    }

    fn stop_mold(&mut self, id: GenerationId, standing: Standing) {
        let Some(mold) = self.generations.get_mut(&id) else {
            return;
        };
        mold.told = true;
        let app = mold.app;
        // One that boots does not listen.
        let boots = matches!(self.apps[app].present, Generation::Booting(..));
        if standing == Standing::Present {
            self.apps[app].present = Generation::Gone;
        }
        if boots && standing == Standing::Present {
            self.timers.clear(Timer::Mold(id));
            self.effect(Effect::KillMold(id));
        } else {
            self.timers.set(Timer::Mold(id), self.now + MOLD_STOP_MAX);
            self.effect(Effect::StopMold(id));
        }
    }

    /// Ends a mold that boots.
    pub(super) fn discard_mold(&mut self, id: GenerationId) {
        self.timers.clear(Timer::Mold(id));
        if let Some(mold) = self.generations.get_mut(&id) {
            mold.told = true;
        }
        self.effect(Effect::KillMold(id));
    }
}

fn may_go_away(stage: Stage, message: String) -> Failure {
    Failure {
        stage,
        message,
        traceback: None,
        permanent: false,
    }
}

/// A part of a sentence; nothing if nobody knows.
pub(super) fn how_it_ended(exit: Option<Exit>) -> String {
    match exit.map(|exit| exit.status) {
        Some(ExitStatus::Code(code)) => format!(" with exit code {code}"),
        Some(ExitStatus::Signal(signal)) => format!(", killed by signal {signal}"),
        None => String::new(),
    }
}
