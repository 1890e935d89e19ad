//! The command line: one file per subcommand. The only place that prints and that chooses exit codes.
//!
//! What a command does is done elsewhere: here arguments become calls of the library, and results
//! and errors become text. Exit codes: 0, 1 for what failed, 2 for what was typed wrong.

mod argument;
mod call;
mod config_file;
mod connect;
mod control;
mod demo;
mod failure;
mod log_file;
mod log_pipe;
mod logging;
mod output;
mod private_dir;
mod reload;
mod restart;
mod scale;
mod serve;
mod sink;
mod socket;
mod stash;
mod status;
mod table;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

/// Serves WebAssembly components to the workers of any web server, over a Unix socket.
#[derive(Debug, Parser)]
#[command(
    name = "dirty",
    version,
    after_help = "Start with `dirty demo`: it needs nothing else."
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
