//! `dirty restart`.

use clap::Args;

use super::control::ControlArgs;
use super::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  dirty restart resize
  dirty restart myapp.ml:MLApp --timeout 60

The app starts anew with the settings that the host has, also where it has been given up after too
many failures. `dirty reload` reads the configuration again.";

/// The arguments of `dirty restart`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RestartArgs {
    #[command(flatten)]
    control: ControlArgs,
    /// The app's name
    app: String,
}

impl RestartArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        self.control
            .run(async |client| client.restart(&self.app).await)
    }
}
