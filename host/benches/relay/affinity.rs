//! One core for this process and for all that it starts later.

use std::fs;
use std::process::{Command, Stdio};

use super::error::Error;

/// Restricts this process to the last core that it may use, and returns that core's number.
pub(crate) fn pin_to_last() -> Result<u32, Error> {
    let before = allowed()?;
    let core: u32 = before
        .rsplit([',', '-'])
        .next()
        .and_then(|last| last.parse().ok())
        .unwrap_or_default();
    // Neither std nor the crates that the host uses anyhow have sched_setaffinity().
    Command::new("taskset")
        .args(["--cpu-list", "--pid", &core.to_string()])
        .arg(std::process::id().to_string())
        .stdout(Stdio::null())
        .status()
        .map_err(Error::system("run taskset (of util-linux)"))?;
    let allowed = allowed()?;
    if allowed == core.to_string() {
        Ok(core)
    } else {
        Err(Error::NotPinned { core, allowed })
    }
}

/// The cores that this process may use, as the kernel lists them: `0-3,6`.
fn allowed() -> Result<String, Error> {
    let status =
        fs::read_to_string("/proc/self/status").map_err(Error::system("read /proc/self/status"))?;
    let list = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    Ok(list.unwrap_or_default().trim().to_owned())
}
