//! The pidfile: the arbiter's process number under a name that scripts know. It exists as long as
//! its host does, is locked meanwhile, and is trusted only if nobody else can have written it.
//!
//! An existing one is replaced if it is one of ours that nobody locks. Everything else stays as it
//! is, and the host does not start.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::libc::{O_NOFOLLOW, O_NONBLOCK};
use nix::unistd::geteuid;

use crate::process::inspect;
use crate::process::temporary::{self, TemporaryFile};

/// How the names of pidfiles begin that are not finished.
const UNFINISHED_PREFIX: &str = ".dirty-pid-";

/// Everybody may know the number.
const MODE: u32 = 0o644;
/// Write permission of others than the owner.
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// More than any process number and a line's end.
const BYTES_MAX: u64 = 32;
/// How often others may replace the file while it is looked at.
const ATTEMPTS_MAX: u32 = 16;

/// Why the host has no pidfile, and therefore does not start.
#[derive(Debug, thiserror::Error)]
pub enum PidfileError {
    /// The host that it names lives.
    #[error(
        "already running (pid {pid}), says the pidfile {}: stop that host, or choose another file \
         with --pidfile",
        path.display()
    )]
    Running {
        /// The pidfile.
        path: PathBuf,
        /// The arbiter's process.
        pid: i32,
    },
    /// It is locked, though not by a host that could be found.
    #[error(
        "the pidfile {} is locked by a process that is no host of this user's, or that this one \
         cannot see: end it, or choose another file with --pidfile",
        .0.display()
    )]
    Locked(PathBuf),
    /// What has that name cannot be trusted.
    #[error(
        "{} cannot be taken for a pidfile of this host's, because {reason}: remove it if nobody \
         needs it, or choose another file with --pidfile",
        path.display()
    )]
    Untrusted {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: Distrust,
    },
    /// The system refuses.
    #[error("cannot write the pidfile {}: {source}; choose another with --pidfile", path.display())]
    Io {
        /// The pidfile.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What is wrong with a file that is to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// It is a link.
    #[error("it is a symbolic link")]
    Link,
    /// It is a directory, a socket or the like.
    #[error("it is no regular file")]
    NoFile,
    /// It is another user's.
    #[error("it belongs to another user")]
    Owner,
    /// Its mode lets others change it.
    #[error("others may write to it")]
    Mode,
    /// It has other names.
    #[error("it has more than one name")]
    HardLink,
    /// It does not hold just a number.
    #[error("it does not hold the number of a process")]
    Content,
}

/// A pidfile of this process. It is removed when this is dropped, if it is still the same.
#[derive(Debug)]
pub(super) struct Pidfile {
    path: PathBuf,
    file: Flock<File>,
}

impl Pidfile {
    /// Writes it, whole from the first moment, in place of a stale one if there is one.
    pub(super) fn claim(path: &Path) -> Result<Pidfile, PidfileError> {
        let path = std::path::absolute(path).map_err(|source| failed(path, source))?;
        let made = prepare(&path).map_err(|source| failed(&path, source))?;
        place(&made.name, &path)?;
        Ok(Pidfile {
            path,
            file: made.file,
        })
    }

    /// Gives it another name, with the same care for what has that name already. On an error it
    /// keeps the one that it has.
    pub(super) fn rename(&mut self, to: &Path) -> Result<(), PidfileError> {
        let to = std::path::absolute(to).map_err(|source| failed(to, source))?;
        place(&self.path, &to)?;
        self.path = to;
        Ok(())
    }

    fn is_still_ours(&self) -> io::Result<bool> {
        let named = fs::symlink_metadata(&self.path)?;
        let own = self.file.metadata()?;
        Ok((named.dev(), named.ino()) == (own.dev(), own.ino())
            && fs::read_to_string(&self.path)? == content())
    }
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        if matches!(self.is_still_ours(), Ok(true)) {
            // If it cannot be removed, the next host finds it stale and replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn failed(path: &Path, source: impl Into<io::Error>) -> PidfileError {
    PidfileError::Io {
        path: path.to_owned(),
        source: source.into(),
    }
}

fn content() -> String {
    format!("{}\n", std::process::id())
}

/// A finished pidfile, locked, under a name of its own in the same directory.
fn prepare(path: &Path) -> io::Result<TemporaryFile> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let is_number = |text: &[u8]| text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'\n'));
    temporary::remove_abandoned_files(directory, UNFINISHED_PREFIX, is_number);
    let mut made = TemporaryFile::make(directory, UNFINISHED_PREFIX)?;
    made.file.write_all(content().as_bytes())?;
    // The process's umask does not apply here.
    made.file.set_permissions(Permissions::from_mode(MODE))?;
    Ok(made)
}

/// Removes the pidfile of a host that has ended, and nothing else.
pub(super) fn remove_stale(path: &Path) {
    if let Ok(Found::Stale(_lock)) = examine(path) {
        // If it cannot be removed, it harms nobody.
        let _ = fs::remove_file(path);
    }
}

/// Gives a pidfile this name: where nothing is, or in place of a stale one.
fn place(from: &Path, path: &Path) -> Result<(), PidfileError> {
    for _ in 0..ATTEMPTS_MAX {
        let placed = match examine(path)? {
            Found::Nothing => rename_to_free(from, path),
            // Held until the name is taken.
            Found::Stale(_lock) => fs::rename(from, path),
            Found::Replaced => continue,
        };
        match placed {
            // Somebody else was faster; look again.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            placed => return placed.map_err(|source| failed(path, source)),
        }
    }
    Err(PidfileError::Locked(path.to_owned()))
}

/// Renames, but never over another file.
fn rename_to_free(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

/// What has the pidfile's name already, and may be replaced.
#[derive(Debug)]
enum Found {
    Nothing,
    /// A pidfile of a host that has ended. As long as it is held, it is no other starter's to
    /// replace.
    Stale(Flock<File>),
    /// Something that had lost its name by the time it was locked.
    Replaced,
}

fn examine(path: &Path) -> Result<Found, PidfileError> {
    let distrust = |reason| PidfileError::Untrusted {
        path: path.to_owned(),
        reason,
    };
    let opened = File::options()
        .read(true)
        .custom_flags(O_NOFOLLOW | O_NONBLOCK)
        .open(path);
    let mut file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => {
            return Err(match error.raw_os_error().map(Errno::from_raw) {
                Some(Errno::ELOOP) => distrust(Distrust::Link),
                Some(Errno::ENXIO) => distrust(Distrust::NoFile),
                _ => failed(path, error),
            });
        }
    };
    let found = file.metadata().map_err(|source| failed(path, source))?;
    check(&found).map_err(distrust)?;
    let pid = read_pid(&mut file)
        .map_err(|source| failed(path, source))?
        .ok_or_else(|| distrust(Distrust::Content))?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(stale) => {
            let named = fs::symlink_metadata(path).map(|named| (named.dev(), named.ino()));
            let same = named.is_ok_and(|named| named == (found.dev(), found.ino()));
            Ok(if same {
                Found::Stale(stale)
            } else {
                Found::Replaced
            })
        }
        Err((_, Errno::EWOULDBLOCK)) if inspect::is_fellow_host(pid) => {
            Err(PidfileError::Running {
                path: path.to_owned(),
                pid,
            })
        }
        Err((_, Errno::EWOULDBLOCK)) => Err(PidfileError::Locked(path.to_owned())),
        Err((_, errno)) => Err(failed(path, errno)),
    }
}

/// Whether only this user can have written it.
fn check(found: &fs::Metadata) -> Result<(), Distrust> {
    if !found.is_file() {
        Err(Distrust::NoFile)
    } else if found.uid() != geteuid().as_raw() {
        Err(Distrust::Owner)
    } else if found.mode() & WRITABLE_BY_OTHERS != 0 {
        Err(Distrust::Mode)
    } else if found.nlink() > 1 {
        Err(Distrust::HardLink)
    } else {
        Ok(())
    }
}

fn read_pid(file: &mut File) -> io::Result<Option<i32>> {
    let mut text = Vec::new();
    file.take(BYTES_MAX).read_to_end(&mut text)?;
    let number = str::from_utf8(&text)
        .ok()
        .and_then(|text| text.strip_suffix('\n'));
    Ok(number
        .filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|number| number.parse().ok())
        .filter(|pid| *pid > 0))
}

#[cfg(test)]
mod tests;
