//! The developer's commands: a new project, its component, one call of it, and a host that builds and
//! reloads what is saved. With the tools that a developer has: cargo, and Python.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../harness/mod.rs"]
mod harness;

mod build_mistakes;
mod inspecting;
mod project;
mod python_project;
mod running;
mod rust_project;
