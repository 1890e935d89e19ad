//! An app that comes in versions which answer differently.

use serde_json::{Value, json};

use crate::harness::{App, Host};

/// The app's name in the configuration.
pub(crate) const NAME: &str = "versioned";

/// The version of this label, with two workers.
pub(crate) fn version(label: &str) -> App {
    lone_version(label).workers(2)
}

/// The version of this label, with one worker unless the test says otherwise.
pub(crate) fn lone_version(label: &str) -> App {
    App::fixture("versioned").config(&format!("label = \"{label}\""))
}

/// The label of the version that answers now.
#[track_caller]
pub(crate) fn answer(host: &Host) -> Value {
    host.call(NAME, "version", json!([])).result()
}
