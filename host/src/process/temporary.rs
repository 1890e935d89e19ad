//! Temporary files and directories that can be told from what a killed process has left: each is
//! locked as long as it is in use, and the kernel drops the locks of a process however it ends.
//!
//! So whoever finds one that nobody locks may remove it, and does not need to know how old it is or
//! who made it. The moment between making and locking is covered by the maker, who looks whether
//! what it has locked still has its name, and makes another one if not. What a name is given to
//! for good is not looked after here.

use std::ffi::OsStr;
use std::fs::{self, File, FileType, Metadata, Permissions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::libc::{O_NOFOLLOW, O_NONBLOCK};
use nix::unistd::geteuid;
use tempfile::{Builder, TempDir, TempPath};

/// How often others may remove what was made before it could be locked.
const ATTEMPTS_MAX: u32 = 16;
/// Of a file, what is looked at to see whether it is one of ours.
const BEGINNING_BYTES: u64 = 64;

/// A file that is removed when its name is dropped, unless that was given to something else.
#[derive(Debug)]
pub(crate) struct TemporaryFile {
    pub(crate) file: Flock<File>,
    pub(crate) name: TempPath,
}

impl TemporaryFile {
    /// Makes one, with mode 0600, whose name begins like this. It is empty.
    pub(crate) fn make(parent: &Path, prefix: &str) -> io::Result<TemporaryFile> {
        until_held(|| {
            let made = Builder::new().prefix(prefix).tempfile_in(parent)?;
            let (file, name) = made.into_parts();
            Ok(hold(file, &name)?.map(|file| TemporaryFile { file, name }))
        })
    }
}

/// A directory that is removed with all that is in it when this is dropped.
#[derive(Debug)]
pub(crate) struct TemporaryDir {
    // Dropped in this order: nobody else removes it meanwhile.
    directory: TempDir,
    lock: Flock<File>,
}

impl TemporaryDir {
    /// Makes one, with mode 0700, whose name begins like this. It is empty.
    pub(crate) fn make(parent: &Path, prefix: &str) -> io::Result<TemporaryDir> {
        until_held(|| {
            let directory = Builder::new()
                .prefix(prefix)
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(parent)?;
            match File::open(directory.path()) {
                Ok(file) => {
                    Ok(hold(file, directory.path())?.map(|lock| TemporaryDir { directory, lock }))
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The directory itself, open.
    pub(crate) fn file(&self) -> &File {
        &self.lock
    }

    /// Removes it now, so that an error can be seen.
    pub(crate) fn close(self) -> io::Result<()> {
        self.directory.close()
    }
}

/// Removes files of this prefix that nobody uses any more and whose first bytes, 64 at most, are
/// what is expected. What cannot be removed stays: that is no reason not to go on.
pub(crate) fn remove_abandoned_files(
    parent: &Path,
    prefix: &str,
    expected: impl Fn(&[u8]) -> bool,
) {
    for (path, file) in abandoned(parent, prefix, FileType::is_file) {
        let mut beginning = Vec::new();
        let read = (&*file).take(BEGINNING_BYTES).read_to_end(&mut beginning);
        if read.is_ok() && expected(&beginning) {
            let _ = fs::remove_file(path);
        }
    }
}

/// Removes directories of this prefix that nobody uses any more and in which everything has an
/// expected name. What cannot be removed stays: that is no reason not to go on.
pub(crate) fn remove_abandoned_dirs(
    parent: &Path,
    prefix: &str,
    expected: impl Fn(&OsStr) -> bool,
) {
    for (path, _lock) in abandoned(parent, prefix, FileType::is_dir) {
        let mut entries = fs::read_dir(&path).into_iter().flatten();
        if entries.all(|entry| entry.is_ok_and(|entry| expected(&entry.file_name()))) {
            // It follows no link.
            let _ = fs::remove_dir_all(path);
        }
    }
}

/// What has such a name, is of that kind and this user's, and was not locked. It is now, so that
/// only one process takes it for abandoned.
fn abandoned(
    parent: &Path,
    prefix: &str,
    kind: fn(&FileType) -> bool,
) -> impl Iterator<Item = (PathBuf, Flock<File>)> {
    let usable =
        move |found: &Metadata| kind(&found.file_type()) && found.uid() == geteuid().as_raw();
    fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter(move |entry| entry.file_name().as_bytes().starts_with(prefix.as_bytes()))
        .filter_map(move |entry| {
            let path = entry.path();
            // Looked at before it is opened, because that has effects on what is no file.
            fs::symlink_metadata(&path).ok().filter(usable)?;
            let file = File::options()
                .read(true)
                .custom_flags(O_NOFOLLOW | O_NONBLOCK)
                .open(&path)
                .ok()?;
            file.metadata().ok().filter(usable)?;
            let lock = hold(file, &path).ok()??;
            Some((path, lock))
        })
}

/// Makes something until others have let it be.
fn until_held<T>(mut make: impl FnMut() -> io::Result<Option<T>>) -> io::Result<T> {
    for _ in 0..ATTEMPTS_MAX {
        if let Some(made) = make()? {
            return Ok(made);
        }
    }
    Err(io::Error::new(
        io::ErrorKind::ResourceBusy,
        "other processes remove temporary files before they can be used",
    ))
}

/// Locks what is open here under this name. None if another process has locked it, or it has lost
/// its name.
fn hold(file: File, name: &Path) -> io::Result<Option<Flock<File>>> {
    let lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => lock,
        Err((_, Errno::EWOULDBLOCK)) => return Ok(None),
        Err((_, errno)) => return Err(errno.into()),
    };
    let locked = lock.metadata()?;
    match fs::symlink_metadata(name) {
        Ok(named) if (named.dev(), named.ino()) == (locked.dev(), locked.ino()) => Ok(Some(lock)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests;
