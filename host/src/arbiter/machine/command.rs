//! What operators ask for: reload, restart, scale. Each command is answered once, when it is known
//! what has become of it in every app that it concerns.

use std::rc::Rc;

use super::guard::{Guard, guarded};
use super::reload::Size;
use super::report::Report;
use super::{AppId, Effect, Machine};
use crate::config::{AppSettings, LifecycleSettings, WORKERS_MAX};

/// A command, unique for the arbiter's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct CommandId(pub(crate) u64);

/// Something to be done by order.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    /// The whole configuration was read anew: every app in it is reloaded, others are removed.
    Configure(Vec<Rc<AppSettings>>, LifecycleSettings),
    /// The configuration of one app was read anew; none: it is removed.
    Reload(String, Option<Rc<AppSettings>>),
    /// Start a generation of an app as it is configured.
    Restart(String),
    /// Have an app have so many workers.
    Scale(String, usize),
    /// Have an app, or every one, have so many workers more or fewer, but no fewer than one.
    Adjust(Option<String>, i64),
}

/// What has become of a command in one app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The new generation serves.
    Serving {
        /// Its number.
        generation: u64,
    },
    /// The app takes no more calls.
    Removed,
    /// It could not be done. If another generation was serving, it serves on.
    Failed(String),
    /// A later command has taken its place.
    Superseded,
    /// The app has so many slots.
    Scaled {
        /// Before.
        before: usize,
        /// Now.
        workers: usize,
    },
    /// There is no such app.
    Unknown,
}

/// A command that is not answered yet.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// In how many apps it is not known yet what becomes of it.
    open: usize,
    outcomes: Vec<(String, Outcome)>,
}

impl Machine {
    /// Does what was asked for, or begins to.
    pub(super) fn command(&mut self, id: CommandId, command: Command) {
        // Held open until everything has begun.
        self.commands.insert(
            id,
            Pending {
                open: 1,
                outcomes: Vec::new(),
            },
        );
        match command {
            Command::Configure(apps, lifecycle) => self.configure(id, apps, lifecycle),
            Command::Reload(name, Some(settings)) => self.introduce(id, &name, settings),
            Command::Reload(name, None) => match self.apps.named(&name) {
                Some(app) => self.remove(id, app),
                None => self.unknown(id, name),
            },
            Command::Restart(name) => match self.apps.named(&name) {
                Some(app) => {
                    let (settings, size) = self.intended(app);
                    self.begin(id, app, settings, size);
                }
                None => self.unknown(id, name),
            },
            Command::Scale(name, workers) => match self.apps.named(&name) {
                Some(app) => self.scale(id, app, workers),
                None => self.unknown(id, name),
            },
            Command::Adjust(name, by) => self.adjust(id, name, by),
        }
        self.close_one(id);
    }

    /// What an app is to be like when what is under way has come to its end.
    fn intended(&self, app: AppId) -> (Rc<AppSettings>, Option<Size>) {
        let app = &self.apps[app];
        match &app.next {
            Some(next) => (next.settings.clone(), next.size),
            None => (app.settings.clone(), None),
        }
    }

    fn configure(
        &mut self,
        id: CommandId,
        apps: Vec<Rc<AppSettings>>,
        lifecycle: LifecycleSettings,
    ) {
        self.lifecycle = lifecycle;
        let gone: Vec<_> = self
            .apps
            .serving()
            .filter(|(_, app)| !apps.iter().any(|settings| settings.name == app.name()))
            .map(|(app, _)| app)
            .collect();
        for settings in apps {
            let name = settings.name.clone();
            self.introduce(id, &name, settings);
        }
        for app in gone {
            self.remove(id, app);
        }
    }

    /// Reloads an app, or adds it.
    fn introduce(&mut self, id: CommandId, name: &str, settings: Rc<AppSettings>) {
        let size = Size::configured(&settings);
        let app = match self.apps.named(name) {
            Some(app) => app,
            None => self.apps.add(settings.clone()),
        };
        self.begin(id, app, settings, Some(size));
    }

    fn begin(&mut self, id: CommandId, app: AppId, settings: Rc<AppSettings>, size: Option<Size>) {
        if let Some(pending) = self.commands.get_mut(&id) {
            pending.open += 1;
        }
        if self.winds_down(app) {
            let outcome = Outcome::Failed("the host is stopping".into());
            return self.answer_at_once(id, app, outcome);
        }
        self.reload(app, settings, size, id);
    }

    fn remove(&mut self, id: CommandId, app: AppId) {
        let name = self.apps[app].name().to_owned();
        self.retire_app(app);
        self.note_outcome(id, name, Outcome::Removed);
    }

    fn unknown(&mut self, id: CommandId, name: String) {
        self.note_outcome(id, name, Outcome::Unknown);
    }

    fn scale(&mut self, id: CommandId, app: AppId, workers: usize) {
        let entry = &mut self.apps[app];
        let before = entry.slots;
        entry.slots = workers;
        entry.scaled = true;
        entry.unsettled = true;
        self.unsettled = true;
        if let Some(next) = &mut entry.next {
            next.size = Some(Size {
                slots: workers,
                scaled: true,
            });
        }
        let name = entry.name().to_owned();
        if before != workers {
            self.report(Report::Scaled {
                app: name.clone(),
                before,
                workers,
            });
        }
        self.note_outcome(id, name, Outcome::Scaled { before, workers });
    }

    fn adjust(&mut self, id: CommandId, name: Option<String>, by: i64) {
        let chosen = match name {
            None => self.apps.serving().map(|(app, _)| app).collect(),
            Some(name) => match self.apps.named(&name) {
                Some(app) => vec![app],
                None => return self.unknown(id, name),
            },
        };
        for app in chosen {
            let (_, intended) = self.intended(app);
            let slots = intended.map_or(self.apps[app].slots, |size| size.slots) as i64;
            // An app that has none on purpose keeps none when there are to be fewer.
            let least = slots.min(1);
            let workers = (slots + by).clamp(least, i64::from(WORKERS_MAX));
            self.scale(id, app, workers as usize);
        }
    }

    /// It is known what becomes of an app's start or reload.
    pub(super) fn conclude(&mut self, app: AppId, outcome: Outcome) {
        let Some(command) = self.apps[app].command.take() else {
            return;
        };
        let name = self.apps[app].name().to_owned();
        if guarded(Guard::Answer) {
            self.note_outcome(command, name, outcome);
            self.close_one(command);
        }
    }

    /// It is known what becomes of a command in an app, before anything has begun there.
    pub(super) fn answer_at_once(&mut self, id: CommandId, app: AppId, outcome: Outcome) {
        let name = self.apps[app].name().to_owned();
        self.note_outcome(id, name, outcome);
        self.close_one(id);
    }

    fn note_outcome(&mut self, id: CommandId, app: String, outcome: Outcome) {
        if let Some(pending) = self.commands.get_mut(&id) {
            pending.outcomes.push((app, outcome));
        }
    }

    fn close_one(&mut self, id: CommandId) {
        if let Some(pending) = self.commands.get_mut(&id) {
            pending.open -= 1;
            if pending.open == 0 {
                let outcomes = std::mem::take(&mut pending.outcomes);
                self.commands.remove(&id);
                self.effect(Effect::Answer(id, outcomes));
            }
        }
    }
}
