//! Orders to a running host, from clients and by signals: reading the configuration anew, and telling
//! what has become of them. What they do is decided by the machine.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Instant;

use serde_json::json;

use super::machine::{self, AppState, ClientId, CommandId, Event, Outcome};
use super::replies::Kind;
use super::run::Arbiter;
use super::{Embedder, SettingsError, hooks, log};
use crate::config::{Settings, WORKERS_MAX};
use crate::protocol::{
    self, AppOutcome, AppPath, Command, Dialect, Operation, Outcomes, RawId, WireError,
};

/// The client that an answer is for.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) client: ClientId,
    pub(super) dialect: Dialect,
    pub(super) id: RawId,
}

/// Orders that the machine has not answered yet.
#[derive(Debug, Default)]
pub(super) struct Orders {
    last: u64,
    open: HashMap<CommandId, Order>,
}

#[derive(Debug)]
struct Order {
    /// None: a signal.
    asker: Option<Asker>,
    shape: Shape,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// What has become of each app.
    Outcomes { reloads: bool },
    /// How many workers more or fewer there are.
    Managed { operation: Operation, count: u32 },
}

impl Shape {
    fn is_reload(self) -> bool {
        matches!(self, Shape::Outcomes { reloads: true })
    }
}

impl<E: Embedder> Arbiter<E> {
    /// A client gives an order.
    pub(super) fn control(&mut self, now: Instant, asker: Asker, command: Command) {
        match command {
            Command::Reload { app } => self.reload(now, Some(asker), app.as_ref()),
            Command::Restart { app } => {
                let command = machine::Command::Restart(app.to_string());
                self.order(
                    now,
                    Some(asker),
                    Shape::Outcomes { reloads: false },
                    command,
                );
            }
            Command::Scale { app, workers } => match allowed(workers) {
                Ok(workers) => {
                    let command = machine::Command::Scale(app.to_string(), workers);
                    self.order(
                        now,
                        Some(asker),
                        Shape::Outcomes { reloads: false },
                        command,
                    );
                }
                Err(error) => self.refuse_order(&asker, &error),
            },
            Command::Manage {
                operation,
                count,
                app,
            } => {
                let by = match operation {
                    Operation::Add => i64::from(count),
                    Operation::Remove => -i64::from(count),
                };
                let app = app.map(|app| app.to_string());
                let shape = Shape::Managed { operation, count };
                let command = machine::Command::Adjust(app, by);
                self.order(now, Some(asker), shape, command);
            }
        }
    }

    /// Reads the configuration anew, for one app or for all of the host.
    pub(super) fn reload(&mut self, now: Instant, asker: Option<Asker>, app: Option<&AppPath>) {
        let settings = self.embedder.settings().and_then(|settings| {
            let checked = hooks::check(&settings.hooks);
            let checked = checked.map_err(|error| SettingsError::Invalid(error.to_string()));
            checked.map(|()| settings)
        });
        let settings = match settings {
            Ok(settings) => settings,
            Err(error) => return self.cannot_reload(asker, &error),
        };
        let command = match app {
            Some(app) => {
                let mut apps = settings.apps.into_iter();
                let settings = apps.find(|settings| settings.name == app.as_str());
                machine::Command::Reload(app.to_string(), settings.map(Rc::new))
            }
            None => {
                let apps = settings.apps.iter().cloned().map(Rc::new).collect();
                let lifecycle = settings.lifecycle.clone();
                self.use_settings(settings);
                machine::Command::Configure(apps, lifecycle)
            }
        };
        self.service.reloading();
        self.order(now, asker, Shape::Outcomes { reloads: true }, command);
    }

    /// Every app gets a worker more, or one fewer.
    pub(super) fn adjust(&mut self, now: Instant, by: i64) {
        let command = machine::Command::Adjust(None, by);
        self.order(now, None, Shape::Outcomes { reloads: false }, command);
    }

    fn order(
        &mut self,
        now: Instant,
        asker: Option<Asker>,
        shape: Shape,
        command: machine::Command,
    ) {
        self.orders.last += 1;
        let id = CommandId(self.orders.last);
        self.orders.open.insert(id, Order { asker, shape });
        self.machine.handle(now, Event::Command(id, command));
    }

    /// Takes over what can change while the host runs.
    fn use_settings(&mut self, new: Settings) {
        let fixed = [
            (
                "max_frame",
                self.settings.server.frame_bytes_max != new.server.frame_bytes_max,
            ),
            (
                "max_bytes_in_flight",
                self.settings.server.bytes_in_flight_max != new.server.bytes_in_flight_max,
            ),
            ("cache_dir", self.settings.cache_dir != new.cache_dir),
            ("pidfile", self.settings.pidfile != new.pidfile),
            ("log_file", self.settings.log_file != new.log_file),
        ];
        for (key, _) in fixed.iter().filter(|(_, changed)| *changed) {
            log::needs_restart(key);
        }
        self.settings.server.write_timeout = new.server.write_timeout;
        self.settings.server.connections_max = new.server.connections_max;
        self.settings.lifecycle = new.lifecycle;
        self.hooks.reconfigure(new.hooks.clone());
        self.settings.hooks = new.hooks;
        self.stash.set_limits(new.stash.clone());
        self.settings.stash = new.stash;
        self.settings.apps = new.apps;
    }

    fn cannot_reload(&mut self, asker: Option<Asker>, error: &SettingsError) {
        log::cannot_reload(error);
        if let Some(asker) = asker {
            let message = format!("nothing was reloaded: {error}");
            self.refuse_order(&asker, &WireError::dirty(message));
        }
    }

    fn refuse_order(&mut self, asker: &Asker, error: &WireError) {
        let Asker {
            client,
            dialect,
            id,
        } = asker;
        self.write_error(*client, Kind::Other, *dialect, id.as_str(), error);
    }

    /// It is known what has become of an order.
    pub(super) fn answer_command(&mut self, id: CommandId, outcomes: &[(String, Outcome)]) {
        let Some(Order { asker, shape }) = self.orders.open.remove(&id) else {
            return;
        };
        if shape.is_reload() && !self.orders.open.values().any(|it| it.shape.is_reload()) {
            self.service.reloaded();
        }
        let Some(asker) = asker else {
            return note_limits(outcomes);
        };
        let unknown = outcomes
            .iter()
            .find(|(_, outcome)| *outcome == Outcome::Unknown);
        if let Some((app, _)) = unknown {
            return self.refuse_order(&asker, &WireError::app_not_found(app));
        }
        let result = match shape {
            Shape::Outcomes { .. } => self.outcomes(outcomes),
            Shape::Managed { operation, count } => self.managed(operation, count, outcomes),
        };
        self.write_result(asker.client, asker.dialect, &asker.id, &result.to_string());
    }

    fn outcomes(&self, outcomes: &[(String, Outcome)]) -> serde_json::Value {
        let status = self.machine.status();
        let described = outcomes.iter().map(|(name, outcome)| {
            let now = status.apps.iter().find(|app| app.name == *name);
            let (outcome, reason) = match outcome {
                Outcome::Serving { .. } => (protocol::Outcome::Serving, None),
                Outcome::Removed => (protocol::Outcome::Removed, None),
                Outcome::Scaled { .. } => {
                    let failed = now.filter(|app| app.state == AppState::Failed);
                    let reason = failed.map(|_| "the app has failed: restart it".to_owned());
                    (protocol::Outcome::Scaled, reason)
                }
                Outcome::Failed(reason) => (protocol::Outcome::Failed, Some(reason.clone())),
                Outcome::Superseded => {
                    let reason = "a later command has taken its place";
                    (protocol::Outcome::Superseded, Some(reason.to_owned()))
                }
                Outcome::Unknown => (protocol::Outcome::Failed, Some("unknown app".to_owned())),
            };
            let described = AppOutcome {
                outcome,
                generation: now.map(|app| app.generation).filter(|number| *number > 0),
                workers: now.map(|app| app.workers as u32),
                reason,
            };
            (name.clone(), described)
        });
        let outcomes = Outcomes {
            apps: described.collect(),
        };
        json!(outcomes)
    }

    /// In the shape that the peer's clients know.
    fn managed(
        &self,
        operation: Operation,
        count: u32,
        outcomes: &[(String, Outcome)],
    ) -> serde_json::Value {
        let status = self.machine.status();
        let failed = |name: &str| {
            let mut failed = status.apps.iter();
            failed.any(|app| app.name == name && app.state == AppState::Failed)
        };
        let changed = changed_workers(outcomes, |app| !failed(app));
        let (name, done) = match operation {
            Operation::Add => ("add", "spawned"),
            Operation::Remove => ("remove", "removed"),
        };
        let mut result = json!({
            // Also where nothing was to be changed; there is a reason then. Failures are errors.
            "success": true,
            "operation": name,
            "requested": count,
            done: changed,
            "total_workers": status.slots_held,
            "target_workers": status.target_workers,
        });
        if changed == 0 {
            let reason = match operation {
                _ if outcomes.is_empty() => "there is no app".to_owned(),
                _ if changed_workers(outcomes, failed) > 0 => {
                    "an app that has failed has no workers: restart it".to_owned()
                }
                Operation::Add => format!("an app has {WORKERS_MAX} workers at most"),
                Operation::Remove => "an app keeps one worker at least".to_owned(),
            };
            result["reason"] = reason.into();
        }
        result
    }
}

/// How many workers these apps have got, or lost.
fn changed_workers(outcomes: &[(String, Outcome)], counts: impl Fn(&str) -> bool) -> usize {
    let changes = outcomes.iter().map(|(app, outcome)| match outcome {
        Outcome::Scaled { before, workers } if counts(app) => before.abs_diff(*workers),
        _ => 0,
    });
    changes.sum()
}

/// A signal asks for a worker more or fewer, and some app has as many or as few as it may.
fn note_limits(outcomes: &[(String, Outcome)]) {
    for (app, outcome) in outcomes {
        if let Outcome::Scaled { before, workers } = outcome
            && before == workers
        {
            log::not_scaled(app, *workers);
        }
    }
}

fn allowed(workers: u32) -> Result<usize, WireError> {
    if (1..=WORKERS_MAX).contains(&workers) {
        return Ok(workers as usize);
    }
    Err(WireError::dirty(format!(
        "{workers} workers are not possible: an app that runs has from 1 to {WORKERS_MAX}"
    )))
}
