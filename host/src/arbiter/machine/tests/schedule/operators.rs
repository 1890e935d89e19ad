//! What operators do: reload, resize, restart.

use std::rc::Rc;
use std::time::Duration;

use super::super::super::{Command, CommandId, Event};
use super::super::world::{app, lifecycle};
use super::Schedule;
use crate::config::{AppSettings, OnDisconnect};

const NAMES: [&str; 6] = ["app", "endless", "fresh", "aged", "empty", "extra"];

/// What the host starts with.
pub(super) fn apps() -> Vec<AppSettings> {
    let mut endless = app("endless", 1);
    endless.timeout = None;
    endless.on_disconnect = OnDisconnect::Cancel;
    let mut fresh = app("fresh", 2);
    fresh.recycle.calls_max = Some(1);
    let mut aged = app("aged", 2);
    aged.recycle.calls_max = Some(4);
    aged.recycle.calls_jitter = 2;
    aged.recycle.age_max = Some(Duration::from_secs(20));
    aged.spare = true;
    vec![app("app", 3), endless, fresh, aged, app("empty", 0)]
}

impl Schedule {
    pub(super) fn operate(&mut self) {
        let name = NAMES[self.dice.below(NAMES.len() as u64) as usize].to_owned();
        let command = match self.dice.below(10) {
            0..3 => Command::Configure(self.configuration(), lifecycle()),
            3..5 => {
                let configured = self.configuration();
                let settings = configured.into_iter().find(|it| it.name == name);
                Command::Reload(name, settings)
            }
            5..7 => Command::Restart(name),
            7..9 => Command::Scale(name, 1 + self.dice.below(4) as usize),
            _ => Command::Adjust(
                Some(name).filter(|_| self.dice.one_in(2)),
                self.up_or_down(),
            ),
        };
        let id = CommandId(self.commands.len() as u64);
        self.commands.push(false);
        self.happen(Event::Command(id, command));
    }

    fn up_or_down(&mut self) -> i64 {
        self.dice.below(5) as i64 - 2
    }

    /// The configuration as it is now: apps are edited, and come and go.
    fn configuration(&mut self) -> Vec<Rc<AppSettings>> {
        let mut apps = apps();
        if self.dice.one_in(3) {
            apps.push(app("extra", 1));
        }
        if self.dice.one_in(4) {
            let gone = self.dice.below(apps.len() as u64) as usize;
            apps.remove(gone);
        }
        if self.dice.one_in(2) {
            apps[0].workers = self.dice.below(4) as u32;
            apps[0].spare = self.dice.one_in(2);
        }
        apps.into_iter().map(Rc::new).collect()
    }
}
