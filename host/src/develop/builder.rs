//! From source to a component that keeps the contract, in its place.

use std::io;
use std::path::{Path, PathBuf};

use super::inspection::{self, InspectError, Inspection};
use super::publish::publish;
use super::python;
use super::rust::{self, Profile};
use super::sdk::SdkError;
use crate::config::BuildSettings;
use crate::process::temporary::{self, TemporaryDir};

/// How the directories are called in which components of Python are made.
const SCRATCH_PREFIX: &str = "dirty-component-";
const COMPONENT: &str = "app.wasm";

/// Told what is being done, a line a step.
pub(crate) type Progress<'p> = &'p dyn Fn(&str);

/// A component that is wanted.
pub(crate) struct Job<'j> {
    pub(crate) source: &'j BuildSettings,
    /// Where to put it. `None`: into the package's directory, as cargo names it. A class has to have
    /// a place.
    pub(crate) output: Option<&'j Path>,
    /// For a Rust package.
    pub(crate) profile: Profile,
    /// For tools, and what was compiled.
    pub(crate) cache_dir: &'j Path,
}

/// A component that was made.
pub(crate) struct Built {
    pub(crate) component: PathBuf,
    /// Its size.
    pub(crate) bytes: u64,
    pub(crate) inspection: Inspection,
}

/// Why there is no new component. What was in its place is there still.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    /// A program that it takes is not there.
    #[error("there is no `{program}` in PATH: {help}")]
    NoProgram {
        /// Its name.
        program: &'static str,
        /// How to get it.
        help: &'static str,
    },
    /// It cannot be run.
    #[error("cannot run {program}: {source}")]
    Run {
        /// Its name.
        program: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The compiler cannot make components.
    #[error("the Rust compiler has no standard library for {target}: {help}")]
    NoTarget {
        /// What it should have.
        target: &'static str,
        /// How to get it.
        help: &'static str,
    },
    /// There is no such project.
    #[error("there is no {} to build", .0.display())]
    NoSource(PathBuf),
    /// A tool has failed, and has said why.
    #[error("not built: {program} has failed, see above")]
    Failed {
        /// Its name.
        program: &'static str,
    },
    /// cargo was content, but made no component.
    #[error(
        "the package in {} makes no component: Cargo.toml needs `crate-type = [\"cdylib\"]` under [lib]",
        .0.display()
    )]
    NoComponent(PathBuf),
    /// There is more than one.
    #[error(
        "{} has several packages that make components: name the directory of one",
        .0.display()
    )]
    SeveralComponents(PathBuf),
    /// The SDK cannot be put where it is needed.
    #[error(transparent)]
    Sdk(#[from] SdkError),
    /// What was made cannot be an app.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// It cannot be put in its place.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A class has no place of its own.
    #[error("say where to put the component, with `--output FILE`")]
    NoOutput,
}

impl Job<'_> {
    /// Makes it, checks it, and puts it in place.
    pub(crate) fn run(&self, say: Progress<'_>) -> Result<Built, BuildError> {
        match self.source {
            BuildSettings::Rust { package } => {
                let made = rust::build(package, self.profile, say)?;
                let output = match (self.output, made.file_name()) {
                    (Some(output), _) => output.to_owned(),
                    (None, Some(name)) => package.join(name),
                    (None, None) => return Err(BuildError::NoComponent(package.clone())),
                };
                self.check_and_publish(&made, output, say)
            }
            BuildSettings::Python(source) => {
                let output = self.output.ok_or(BuildError::NoOutput)?;
                let scratch = Scratch::make()?;
                let made = scratch.component();
                python::build(source, &made, self.cache_dir)?;
                self.check_and_publish(&made, output.to_owned(), say)
            }
        }
    }

    fn check_and_publish(
        &self,
        made: &Path,
        output: PathBuf,
        say: Progress<'_>,
    ) -> Result<Built, BuildError> {
        say("checking the component, and compiling it for this machine");
        let inspection = inspection::inspect(made, self.cache_dir)?;
        match publish(made, &output) {
            Ok(bytes) => Ok(Built {
                component: output,
                bytes,
                inspection,
            }),
            Err(source) => Err(BuildError::Write {
                path: output,
                source,
            }),
        }
    }
}

/// A directory for a component that is not in its place yet.
struct Scratch(TemporaryDir);

impl Scratch {
    /// Makes one, and removes those that killed commands have left. In them are a component, the
    /// builder's own scratch directory, and nothing else.
    fn make() -> Result<Scratch, BuildError> {
        let parent = std::env::temp_dir();
        temporary::remove_abandoned_dirs(&parent, SCRATCH_PREFIX, |name| {
            let name = name.to_string_lossy();
            name.contains(COMPONENT) || name.starts_with("dirty-build-")
        });
        match TemporaryDir::make(&parent, SCRATCH_PREFIX) {
            Ok(directory) => Ok(Scratch(directory)),
            Err(source) => Err(BuildError::Write {
                path: parent,
                source,
            }),
        }
    }

    fn component(&self) -> PathBuf {
        self.0.path().join(COMPONENT)
    }
}
