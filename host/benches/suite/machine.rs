//! What the numbers were measured on.

use std::fs;

use nix::sys::utsname::uname;

/// In a few words: processor, cores, kernel.
pub(crate) fn describe(cores: usize) -> String {
    let processor = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let processor = processor.unwrap_or_else(|| "unknown processor".to_owned());
    let kernel = uname().ok();
    let kernel = kernel
        .as_ref()
        .map(|names| names.release().to_string_lossy());
    // What a distribution appends says where the machine is from, not how fast it is.
    let kernel = kernel
        .as_deref()
        .and_then(|release| release.split('-').next());
    format!(
        "{processor}, {cores} cores, Linux {}",
        kernel.unwrap_or("of unknown release")
    )
}
