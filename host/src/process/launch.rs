//! How this process was started, so that its successor can be started in the same way: from the
//! file that its path names by then, with the same arguments, environment and directory.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::SigSet;

use super::environment;
use super::handover::{Notice, VARIABLE};

/// What a service manager says to the host as such, whichever process that is.
const FOR_SUCCESSOR: [&str; 2] = ["NOTIFY_SOCKET", "WATCHDOG_USEC"];

/// How this process was started.
#[derive(Debug)]
pub(crate) struct Launch {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    directory: PathBuf,
}

impl Launch {
    /// To be called before this process changes its directory or its title.
    pub(crate) fn record() -> io::Result<Launch> {
        let directory = working_directory()?;
        let arguments: Vec<OsString> = env::args_os().collect();
        let name = arguments
            .first()
            .map_or(OsStr::new(""), OsString::as_os_str);
        Ok(Launch {
            program: program(name, &directory)?,
            arguments,
            environment: env::vars_os().collect(),
            directory,
        })
    }

    /// Starts the program again. It finds the notice in its environment, and the channel as its
    /// standard input. It does not end with this process.
    pub(crate) fn again(&self, notice: &Notice, channel: OwnedFd) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command
            .args(self.arguments.iter().skip(1))
            .env_clear()
            .envs(self.environment.iter().cloned());
        environment::withhold_from(&mut command);
        command
            .envs(self.for_successor())
            .env(VARIABLE, notice.to_value())
            .current_dir(&self.directory)
            .stdin(Stdio::from(channel));
        if let Some(name) = self.arguments.first() {
            command.arg0(name);
        }
        // SAFETY: between fork and exec this makes one system call and allocates nothing.
        unsafe {
            // The signals that this process reads from a signalfd; exec would keep them blocked.
            command.pre_exec(|| Ok(SigSet::all().thread_unblock()?));
        }
        command.spawn()
    }

    /// The path that is started.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    fn for_successor(&self) -> impl Iterator<Item = (OsString, OsString)> {
        // Without the number of a process it holds for all.
        let watched = sd_notify::watchdog_enabled().is_some();
        let wanted = move |name: &OsStr| {
            let mut names = FOR_SUCCESSOR.into_iter();
            names.any(|wanted| name == wanted && (watched || wanted != "WATCHDOG_USEC"))
        };
        let kept = self.environment.iter();
        kept.filter(move |(name, _)| wanted(name)).cloned()
    }
}

/// The directory of this process, by the name that its starter used for it: that may lead through
/// a link, which leads elsewhere after a deployment.
fn working_directory() -> io::Result<PathBuf> {
    let real = env::current_dir()?;
    let named = env::var_os("PWD").map(PathBuf::from);
    let same = named.filter(|named| named.is_absolute() && are_one_file(named, &real));
    Ok(same.unwrap_or(real))
}

/// The path of the file that this process runs: the one that it was started by, if that can be told
/// from its first argument.
fn program(name: &OsStr, directory: &Path) -> io::Result<PathBuf> {
    let own = Path::new("/proc/self/exe");
    let candidates: Vec<PathBuf> = if name.as_bytes().contains(&b'/') {
        vec![directory.join(name)]
    } else {
        let path = env::var_os("PATH").unwrap_or_default();
        let places = env::split_paths(&path);
        places
            .map(|place| directory.join(place).join(name))
            .collect()
    };
    let found = candidates.into_iter().find(|path| are_one_file(path, own));
    found.map_or_else(|| fs::read_link(own), Ok)
}

fn are_one_file(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| fs::metadata(path).map(|found| (found.dev(), found.ino()));
    matches!((identity(one), identity(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_program_is_found_by_the_name_that_it_was_started_by() {
        let own = env::current_exe().unwrap();
        let temp = tempfile::tempdir().unwrap();
        let link = temp.path().join("current");
        std::os::unix::fs::symlink(&own, &link).unwrap();
        // A link that is led elsewhere later must stay a link.
        assert_eq!(program(link.as_os_str(), Path::new("/")).unwrap(), link);
        assert_eq!(
            program(OsStr::new("./current"), temp.path()).unwrap(),
            temp.path().join("./current")
        );
        // A name that says nothing about the file, as with `exec -a`.
        for name in ["", "dirty of some kind", "/bin/sh", "./sh"] {
            assert_eq!(
                program(OsStr::new(name), temp.path()).unwrap(),
                own,
                "{name}"
            );
        }
    }
}
