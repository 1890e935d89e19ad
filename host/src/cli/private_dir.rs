//! The user's own directory in the temporary directory, where the socket lies when nothing else says
//! where. Others can write beside it, so it is used only if it is a real directory, of this user, and
//! closed to everybody else.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use thiserror::Error;

const MODE: u32 = 0o700;
const OTHERS: u32 = 0o077;

/// Why the directory cannot be used.
#[derive(Debug, Error)]
#[error(
    "{} cannot hold the socket: {reason}; remove it, or name a socket with --socket or DIRTY_SOCKET",
    path.display()
)]
pub(super) struct DirError {
    path: PathBuf,
    reason: Reason,
}

#[derive(Debug, Error)]
enum Reason {
    #[error("it is no directory")]
    NotADirectory,
    #[error("it belongs to another user (uid {0})")]
    ForeignOwner(u32),
    #[error("its mode is {0:03o}, so that others can enter it; it should be 700")]
    Open(u32),
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Makes the directory, or checks the one that is there. `uid` is this user's.
pub(super) fn create(path: &Path, uid: u32) -> Result<(), DirError> {
    let created = DirBuilder::new().mode(MODE).create(path);
    let usable = match created {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(Reason::Io(error)),
        _ => check_existing(path, uid),
    };
    usable.map_err(|reason| DirError {
        path: path.to_owned(),
        reason,
    })
}

/// Checks the directory if it is there; that it is not is no error.
pub(super) fn check(path: &Path, uid: u32) -> Result<(), DirError> {
    match check_existing(path, uid) {
        Err(Reason::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(reason) => Err(DirError {
            path: path.to_owned(),
            reason,
        }),
        Ok(()) => Ok(()),
    }
}

fn check_existing(path: &Path, uid: u32) -> Result<(), Reason> {
    // Not followed: a symbolic link is somebody else's choice of a place.
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_dir() {
        Err(Reason::NotADirectory)
    } else if metadata.uid() != uid {
        Err(Reason::ForeignOwner(metadata.uid()))
    } else if metadata.mode() & OTHERS != 0 {
        Err(Reason::Open(metadata.mode() & 0o777))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use nix::unistd::geteuid;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn made_and_used_again() {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("dirty-0");
        let uid = geteuid().as_raw();
        check(&dir, uid).unwrap();
        create(&dir, uid).unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().mode() & 0o777, MODE);
        create(&dir, uid).unwrap();
        check(&dir, uid).unwrap();
    }

    #[test]
    fn refused_unless_it_is_a_closed_directory_of_this_user() {
        let place = tempfile::tempdir().unwrap();
        let uid = geteuid().as_raw();
        let refused = |name: &str, uid: u32, expected: &str| {
            let path = place.path().join(name);
            for result in [create(&path, uid), check(&path, uid)] {
                let text = result.unwrap_err().to_string();
                assert!(
                    text.contains(expected) && text.contains("--socket"),
                    "{text}"
                );
            }
        };
        fs::write(place.path().join("file"), "").unwrap();
        refused("file", uid, "no directory");
        fs::create_dir(place.path().join("open")).unwrap();
        fs::set_permissions(place.path().join("open"), fs::Permissions::from_mode(0o750)).unwrap();
        refused("open", uid, "mode is 750");
        create(&place.path().join("mine"), uid).unwrap();
        refused("mine", uid.wrapping_add(1), "another user");
        symlink(place.path().join("mine"), place.path().join("link")).unwrap();
        refused("link", uid, "no directory");
    }
}
