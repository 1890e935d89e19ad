//! `dirty reload`.

use clap::Args;

use super::control::ControlArgs;
use super::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  dirty reload             all apps, and what the configuration has added or removed
  dirty reload resize
  dirty reload resize --timeout 60 && dirty status

The new version of an app starts beside the old one, which serves until the new one can. If the new
one fails, the old one serves on: its line says why, and the exit code is 1.";

/// The arguments of `dirty reload`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReloadArgs {
    #[command(flatten)]
    control: ControlArgs,
    /// The app's name [default: every app]
    app: Option<String>,
}

impl ReloadArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        self.control
            .run(async |client| client.reload(self.app.as_deref()).await)
    }
}
