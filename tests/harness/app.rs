//! One `[apps.NAME]` table of a test's configuration.

use std::path::{Path, PathBuf};

use super::guests::{demo_wasm, fixture};

/// Builds the TOML text of one app.
pub(crate) struct App {
    name: String,
    component: PathBuf,
    settings: Vec<String>,
    config: Vec<String>,
}

impl App {
    /// An app of this name from this file.
    pub(crate) fn new(name: &str, component: impl AsRef<Path>) -> App {
        let component = component.as_ref().to_path_buf();
        App {
            name: name.to_owned(),
            component,
            settings: Vec::new(),
            config: Vec::new(),
        }
    }

    /// The demo app, under its own name.
    pub(crate) fn demo() -> App {
        App::new("demo", demo_wasm())
    }

    /// A guest of `tests/guests`, under its own name.
    pub(crate) fn fixture(name: &str) -> App {
        App::new(name, fixture(name))
    }

    /// Calls it something else.
    pub(crate) fn named(mut self, name: &str) -> App {
        name.clone_into(&mut self.name);
        self
    }

    /// How many workers it has.
    pub(crate) fn workers(self, count: u32) -> App {
        self.set(&format!("workers = {count}"))
    }

    /// The seconds that a call of it may take.
    pub(crate) fn timeout(self, seconds: f64) -> App {
        self.set(&format!("timeout = {seconds}"))
    }

    /// Adds one line of TOML to its table.
    pub(crate) fn set(mut self, line: &str) -> App {
        self.settings.push(line.to_owned());
        self
    }

    /// Adds one line of TOML to what its `init()` gets.
    pub(crate) fn config(mut self, line: &str) -> App {
        self.config.push(line.to_owned());
        self
    }

    /// The table as TOML.
    pub(crate) fn toml(&self) -> String {
        let name = toml_string(&self.name);
        let component = toml_string(&self.component.to_string_lossy());
        let settings = self.settings.join("\n");
        let config = self.config.join("\n");
        format!(
            "[apps.{name}]\ncomponent = {component}\n{settings}\n[apps.{name}.config]\n{config}\n"
        )
    }
}

/// A basic TOML string; JSON's escapes are TOML's.
pub(crate) fn toml_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
