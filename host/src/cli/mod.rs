//! The command line: one file per subcommand. The only place that prints and that chooses exit codes.
//!
//! What a command does is done elsewhere: here arguments become calls of the library, and results
//! and errors become text. Exit codes: 0, 1 for what failed, 2 for what was typed wrong.

mod argument;
mod build;
mod call;
mod config_file;
mod connect;
mod control;
mod demo;
mod failure;
mod inspect;
mod log_file;
mod log_pipe;
mod logging;
mod new;
mod order;
mod output;
mod private_dir;
mod private_host;
mod reload;
mod restart;
mod run;
mod scale;
mod serve;
mod shell;
mod sidecar;
mod sink;
mod socket;
mod stash;
mod status;
mod table;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

/// Serves WebAssembly components to the workers of any web server, over a Unix socket.
#[derive(Debug, Parser)]
#[command(
    name = "dirty",
    version,
    after_help = "Start with `dirty demo`: it needs nothing else. `dirty new` makes an app of your own."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve apps until TERM or INT
    Serve(serve::ServeArgs),
    /// Call an action of an app and print its result
    Call(call::CallArgs),
    /// Show what a host is doing
    Status(status::StatusArgs),
    /// Put new versions of apps in place, without losing a call
    Reload(reload::ReloadArgs),
    /// Start an app anew
    Restart(restart::RestartArgs),
    /// Change how many workers an app has
    Scale(scale::ScaleArgs),
    /// Look into the tables that clients share, and change them
    Stash(stash::StashArgs),
    /// Make a project for a new app
    New(new::NewArgs),
    /// Make an app's component of its source
    Build(build::BuildArgs),
    /// Check a component, and show what can be called
    Inspect(inspect::InspectArgs),
    /// Call an action of a component without a host
    Run(run::RunArgs),
    /// Build and reload what is saved, beside a host
    Watch(watch::WatchArgs),
    /// Serve the built-in demo app and show how to call it
    Demo(demo::DemoArgs),
}

impl Command {
    fn run(self) -> Result<(), Failure> {
        match self {
            Command::Serve(args) => args.run(),
            Command::Call(args) => args.run(),
            Command::Status(args) => args.run(),
            Command::Reload(args) => args.run(),
            Command::Restart(args) => args.run(),
            Command::Scale(args) => args.run(),
            Command::Stash(args) => args.run(),
            Command::New(args) => args.run(),
            Command::Build(args) => args.run(),
            Command::Inspect(args) => args.run(),
            Command::Run(args) => args.run(),
            Command::Watch(args) => args.run(),
            Command::Demo(args) => args.run(),
        }
    }
}

/// Runs the command that the process's arguments name, and returns its exit code.
pub fn run() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => match cli.command.run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.report(),
        },
        Err(usage) => {
            // Help and version come this way too. Where nobody can read them, nothing is to be done.
            let _ = usage.print();
            u8::try_from(usage.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_examples() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string);
            let name = command.get_name();
            assert!(
                help.is_some_and(|help| help.contains(&format!("dirty {name}"))),
                "{name}"
            );
        }
    }
}
