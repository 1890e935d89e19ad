//! The apps of `examples`, each built and served as its README says, and called for real results.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../harness/mod.rs"]
mod harness;

mod embeddings;
mod pages;
mod story;
mod thumbnails;

use std::path::{Path, PathBuf};

use harness::{Host, host::HostBuilder, paths};

/// The directory of an example.
fn example(name: &str) -> PathBuf {
    paths::repository().join("examples").join(name)
}

/// A host with an example's own configuration.
fn host_of(name: &str) -> HostBuilder {
    Host::builder().config_file(&example(name).join("dirty.toml"))
}

/// The same, for a component that lies elsewhere than the example says.
fn host_of_component(name: &str, app: &str, component: &Path) -> HostBuilder {
    let app = format!("{app}={}", component.display());
    host_of(name).flag("--app").flag(app)
}
