//! Reloads: an app's next generation starts beside the present one, and takes over at once when
//! every worker of its is ready. Until then the present one serves; if the next one fails, it goes
//! on. After that the old one ends the calls that it has, and then itself.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::command::{CommandId, Outcome};
use super::generation::{Generation, Standing};
use super::guard::{Guard, guarded};
use super::report::{DeathCause, Report, StopReason};
use super::timers::Timer;
use super::worker::{Death, Role, WorkerState};
use super::{AppId, GenerationId, Machine};
use crate::config::AppSettings;
use crate::process::hop::{Failure, Initialised, Stage, WorkerId};

/// So many older generations of an app may have calls to end; more would be a leak of molds.
const DRAINING_MAX: usize = 8;

/// A generation that is to take over.
#[derive(Debug)]
pub(super) struct Next {
    pub(super) generation: GenerationId,
    /// What its mold is busy with; forking once it is initialised.
    pub(super) stage: Stage,
    pub(super) settings: Rc<AppSettings>,
    /// How many slots the app is to have; none: as many as it has.
    pub(super) size: Option<Size>,
    /// Its workers, which take over together.
    pub(super) workers: BTreeSet<WorkerId>,
    initialised: Option<Initialised>,
}

/// How many slots an app is to have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) slots: usize,
    /// Somebody has ordered so many, and not only the configuration.
    pub(super) scaled: bool,
}

impl Size {
    /// That of an app as it is configured.
    pub(super) fn configured(settings: &AppSettings) -> Size {
        Size {
            slots: settings.workers as usize,
            scaled: false,
        }
    }
}

impl Machine {
    /// Starts the next generation of an app with these settings.
    pub(super) fn reload(
        &mut self,
        id: AppId,
        settings: Rc<AppSettings>,
        size: Option<Size>,
        command: CommandId,
    ) {
        let draining = self.draining(id);
        if draining >= DRAINING_MAX {
            let reason = format!(
                "{draining} older generations of the app still end their calls; end those calls \
                 before the next reload"
            );
            return self.answer_at_once(command, id, Outcome::Failed(reason));
        }
        self.conclude(id, Outcome::Superseded);
        self.abandon_next(id);
        self.apps[id].command = Some(command);
        let app = &self.apps[id];
        let serves = matches!(app.present, Generation::Serving(..))
            && (!app.members.is_empty() || app.slots == 0);
        if !serves {
            return self.replace(id, settings, size);
        }
        let generation = self.spawn_mold(id, settings.clone());
        let app = &mut self.apps[id];
        app.next = Some(Next {
            generation,
            stage: Stage::Compiling,
            settings,
            size,
            workers: BTreeSet::new(),
            initialised: None,
        });
        let (app, generation) = (app.name().to_owned(), self.number_of(generation));
        self.report(Report::ReloadStarted { app, generation });
    }

    /// How many older generations of an app there are.
    pub(super) fn draining(&self, id: AppId) -> usize {
        let app = &self.apps[id];
        let current = [
            app.present.id(),
            app.next.as_ref().map(|next| next.generation),
        ];
        let older = |(generation, mold): &(&GenerationId, &super::generation::Mold)| {
            mold.app == id && mold.copies > 0 && !current.contains(&Some(**generation))
        };
        self.generations.iter().filter(older).count()
    }

    /// Starts anew what does not serve.
    fn replace(&mut self, id: AppId, settings: Rc<AppSettings>, size: Option<Size>) {
        self.timers.clear(Timer::Retry(id));
        if let Generation::Booting(generation, _) = self.apps[id].present {
            self.discard_mold(generation);
        }
        self.refill_now(id);
        self.leave_to_drain(id);
        let app = &mut self.apps[id];
        app.restarts.forget();
        app.resize(size);
        app.settings = settings;
        self.boot(id);
    }

    /// The workers of an app's present generation end their calls, and then themselves.
    fn leave_to_drain(&mut self, id: AppId) {
        let app = &mut self.apps[id];
        app.present = Generation::Gone;
        let members = app.members.iter().chain(&app.standby);
        let workers: Vec<_> = members.copied().collect();
        for worker in workers {
            self.retire(worker, StopReason::Reloaded);
        }
    }

    pub(super) fn next_stage(&mut self, id: AppId, stage: Stage) {
        if let Some(next) = &mut self.apps[id].next {
            next.stage = stage;
        }
    }

    /// An app describes itself as one that has so many workers. That goes before the number for all
    /// apps, and neither before its own in the configuration, which is why the mold says nothing then,
    /// nor before an order.
    pub(super) fn wants_workers(&mut self, generation: GenerationId, workers: u32) {
        let Some((id, standing)) = self.standing(generation) else {
            return;
        };
        let app = &mut self.apps[id];
        let wanted = Size {
            slots: workers as usize,
            scaled: false,
        };
        match (standing, &mut app.next) {
            (Standing::Present, _) if !app.scaled => app.resize(Some(wanted)),
            (Standing::Next, Some(next)) if !next.size.map_or(app.scaled, |size| size.scaled) => {
                next.size = Some(wanted);
            }
            _ => {}
        }
    }

    /// The next generation's mold can fork.
    pub(super) fn next_ready(&mut self, id: AppId, initialised: Initialised) {
        let slots = self.apps[id].slots;
        let Some(next) = &mut self.apps[id].next else {
            return;
        };
        if next.initialised.is_some() {
            return;
        }
        next.initialised = Some(initialised);
        next.stage = Stage::Forking;
        let (generation, count) = (next.generation, next.size.map_or(slots, |size| size.slots));
        for _ in 0..count {
            let worker = self.order(id, generation, Role::Incoming);
            if let Some(next) = &mut self.apps[id].next {
                next.workers.insert(worker);
            }
        }
        self.switch_if_ready(id);
    }

    /// Lets the next generation take over if all of it can serve.
    pub(super) fn switch_if_ready(&mut self, id: AppId) {
        let Some(next) = &self.apps[id].next else {
            return;
        };
        let waits = |worker: &WorkerId| self.state_of(*worker) == Some(WorkerState::Waiting);
        let all_ready = next.workers.iter().all(waits) || !guarded(Guard::Switch);
        if next.initialised.is_none() || !all_ready {
            return;
        }
        if let Some(next) = self.apps[id].next.take() {
            self.switch(id, next);
        }
    }

    fn switch(&mut self, id: AppId, next: Next) {
        match self.apps[id].present {
            Generation::Booting(generation, _) => self.discard_mold(generation),
            Generation::Backoff => self.timers.clear(Timer::Retry(id)),
            Generation::Serving(..) | Generation::Gone | Generation::Failed => {}
        }
        if guarded(Guard::Retire) {
            self.leave_to_drain(id);
        }
        self.refill_now(id);
        let app = &mut self.apps[id];
        app.present = Generation::Serving(next.generation, self.now);
        app.settings = next.settings;
        app.resize(next.size);
        app.restarts.forget();
        app.last_error = None;
        for worker in next.workers {
            self.apps[id].members.insert(worker);
            if let Some(entry) = self.workers.get_mut(&worker) {
                entry.role = Role::Member;
            }
            self.put_in_service(id, worker);
        }
        let app = &self.apps[id];
        let (name, workers) = (app.name().to_owned(), app.slots);
        self.report(Report::Reloaded {
            app: name,
            generation: self.number_of(next.generation),
            workers,
            initialised: next.initialised.unwrap_or(Initialised::InMold),
        });
        // Without workers nobody has said so yet.
        self.app_can_serve(id);
    }

    /// A worker of the next generation is lost before that has taken over.
    pub(super) fn incoming_lost(&mut self, id: AppId, death: &Death) {
        let reason = death.cause.message();
        let message = reason.unwrap_or_else(|| {
            format!(
                "worker {} of the new generation ended before the switch ({})",
                death.worker.0,
                death.cause.name()
            )
        });
        let failure = Failure {
            stage: Stage::Forking,
            message,
            traceback: death.cause.traceback(),
            permanent: false,
        };
        self.reload_failed(id, failure);
    }

    /// The next generation cannot serve; the present one goes on.
    pub(super) fn reload_failed(&mut self, id: AppId, failure: Failure) {
        let Some(generation) = self.abandon_next(id) else {
            return;
        };
        let generation = self.number_of(generation);
        let app = &mut self.apps[id];
        app.last_error = Some(format!("the reload failed: {}", failure.message));
        let app = app.name().to_owned();
        self.conclude(id, Outcome::Failed(failure.message.clone()));
        self.report(Report::ReloadFailed {
            app,
            generation,
            failure,
        });
    }

    /// Ends the next generation, if there is one.
    pub(super) fn abandon_next(&mut self, id: AppId) -> Option<GenerationId> {
        let next = self.apps[id].next.take()?;
        for worker in next.workers {
            // It has never served.
            self.kill(worker, DeathCause::Stopped(StopReason::Reloaded));
        }
        self.discard_mold(next.generation);
        Some(next.generation)
    }
}
