//! `dirty new`.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::Args;

use super::failure::Failure;
use super::output;
use super::shell::quoted;
use crate::develop::{Language, ProjectName, scaffold};

const EXAMPLES: &str = "\
Examples:
  dirty new thumbnails --lang rust
  dirty new apps/greeter --lang python

Makes a directory with a small app, its configuration, a unit test and a README. The last part of PATH
is the app's name. A Rust project also has the SDK, in vendor/dirty.";

/// The arguments of `dirty new`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct NewArgs {
    /// Where to make the project; nothing may be there yet
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// What the app is written in
    #[arg(long = "lang", value_name = "LANGUAGE")]
    language: Language,
}

impl NewArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        let name = self.path.file_name().unwrap_or(OsStr::new(""));
        let name: ProjectName = name.to_string_lossy().parse()?;
        let files = scaffold(&self.path, &name, self.language)?;
        let directory = quoted(&self.path);
        let name = name.as_str();
        output::line(&format!(
            "made {}: {}\n\
             \n\
             Next:\n\
             \n  cd {directory}\
             \n  dirty build\
             \n  dirty serve --watch\n\
             \n\
             and in another terminal, in the same directory:\n\
             \n  dirty call {name} greet Ada",
            self.path.display(),
            files.join(", ")
        ))
    }
}
