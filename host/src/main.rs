//! The binary `dirty`.

use std::process::ExitCode;

fn main() -> ExitCode {
    dirty_host::run_child_role();
    dirty_host::cli::run()
}
