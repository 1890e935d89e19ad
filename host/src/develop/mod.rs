//! What the developer's commands do: new projects, components made of source, what a component says
//! of itself, and which files to look after.
//!
//! Nothing here prints: progress goes to a function of the caller's, and tools that are run write to
//! standard error themselves. None of it is a part of a host that serves.

mod builder;
pub(crate) mod inspection;
mod publish;
mod python;
mod rust;
mod scaffold;
mod sdk;
mod sources;
mod watch;

pub(crate) use builder::{BuildError, Built, Job};
pub(crate) use inspection::{Action, InspectError, Inspection, Parameter, inspect};
pub(crate) use publish::directory_of;
pub(crate) use rust::Profile;
pub(crate) use scaffold::{Language, NameError, ProjectName, ScaffoldError, scaffold};
pub(crate) use sources::{Sources, Stamp};
pub(crate) use watch::Watch;
