//! The languages, and how the same app is built in each.

use std::path::PathBuf;

use crate::harness::guests::conformance_wasm;
use crate::harness::paths::repository;
use crate::harness::python_apps::python_app_of;

/// A language that has an SDK.
pub(crate) struct Language {
    pub(crate) name: &'static str,
    /// What a developer types to build an app.
    pub(crate) command: &'static str,
    pub(crate) component: fn() -> PathBuf,
}

/// All of them. The others' figures are compared with the first one's.
pub(crate) const LANGUAGES: [Language; 2] = [
    Language {
        name: "Rust",
        command: "dirty build",
        component: conformance_wasm,
    },
    Language {
        name: "Python",
        command: "dirty build MODULE:CLASS -o APP.wasm",
        component: python,
    },
];

fn python() -> PathBuf {
    let sources = repository().join("tests/conformance/apps/python");
    python_app_of("conformance:Conformance", &sources, None)
}
