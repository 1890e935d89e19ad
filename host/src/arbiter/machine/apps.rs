//! The apps by id and by name. An id is never used again, so that what comes late for an app that
//! was removed finds nothing.

use std::collections::{BTreeMap, HashMap};
use std::ops::{Index, IndexMut};
use std::rc::Rc;

use super::AppId;
use super::app::App;
use crate::config::AppSettings;

/// Every app that is configured, or was and still ends calls.
#[derive(Debug, Default)]
pub(super) struct Apps {
    by_id: BTreeMap<AppId, App>,
    /// Of those that take calls.
    by_name: HashMap<String, AppId>,
    last: u64,
}

impl Apps {
    /// Adds an app, which has a name that no other has.
    pub(super) fn add(&mut self, settings: Rc<AppSettings>) -> AppId {
        self.last += 1;
        let id = AppId(self.last);
        self.by_name.insert(settings.name.clone(), id);
        self.by_id.insert(id, App::new(settings));
        id
    }

    /// Has no more calls find this app.
    pub(super) fn hide(&mut self, id: AppId) {
        self.by_name.retain(|_, named| *named != id);
    }

    /// Forgets an app.
    pub(super) fn remove(&mut self, id: AppId) {
        self.hide(id);
        self.by_id.remove(&id);
    }

    /// The app that takes calls under this name.
    pub(super) fn named(&self, name: &str) -> Option<AppId> {
        self.by_name.get(name).copied()
    }

    /// Every id, those first that were added first.
    pub(super) fn ids(&self) -> Vec<AppId> {
        self.by_id.keys().copied().collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (AppId, &App)> {
        self.by_id.iter().map(|(id, app)| (*id, app))
    }

    /// Those that take calls.
    pub(super) fn serving(&self) -> impl Iterator<Item = (AppId, &App)> {
        self.iter().filter(|(_, app)| !app.retiring)
    }
}

impl Index<AppId> for Apps {
    type Output = App;

    fn index(&self, id: AppId) -> &App {
        &self.by_id[&id]
    }
}

impl IndexMut<AppId> for Apps {
    fn index_mut(&mut self, id: AppId) -> &mut App {
        self.by_id
            .get_mut(&id)
            .expect("an app that is referred to exists")
    }
}
