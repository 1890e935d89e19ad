//! Waiting for somebody to save a file. What was saved is not told: see [`super::Sources`].

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

/// A program that saves a file does several things with it, and people save several files.
const QUIET_MS: u16 = 100;
/// Where it never gets quiet, it is looked after so long.
const UNQUIET_MAX: Duration = Duration::from_secs(1);

/// Directories that are looked after.
#[derive(Debug)]
pub(crate) struct Watch(Inotify);

impl Watch {
    /// Looks after nothing yet.
    pub(crate) fn new() -> io::Result<Watch> {
        let flags = InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK;
        Ok(Watch(Inotify::init(flags)?))
    }

    /// Looks after these, too, each without those in it. One that does not exist is left out. To be
    /// called before what is in it is looked at, so that nothing is missed.
    pub(crate) fn follow<'d>(&self, directories: impl Iterator<Item = &'d Path>) -> io::Result<()> {
        let saved = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_MOVE
            | AddWatchFlags::IN_ONLYDIR;
        for directory in directories {
            // Again also where it is followed already: another directory may have its name by now.
            match self.0.add_watch(directory, saved) {
                Ok(_) | Err(Errno::ENOENT | Errno::ENOTDIR) => {}
                Err(Errno::ENOSPC) => {
                    let advice = "too many directories to watch: raise the system's setting \
                                  fs.inotify.max_user_watches";
                    return Err(io::Error::other(advice));
                }
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }

    /// Waits until something was saved, and it is quiet again.
    pub(crate) fn wait(&self) -> io::Result<()> {
        self.ready(PollTimeout::NONE)?;
        let until = Instant::now() + UNQUIET_MAX;
        self.forget()?;
        while Instant::now() < until && self.ready(PollTimeout::from(QUIET_MS))? {
            self.forget()?;
        }
        Ok(())
    }

    fn ready(&self, timeout: PollTimeout) -> io::Result<bool> {
        let mut polled = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        loop {
            match poll(&mut polled, timeout) {
                Ok(count) => return Ok(count > 0),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    fn forget(&self) -> io::Result<()> {
        loop {
            match self.0.read_events() {
                Ok(_) => {}
                Err(Errno::EAGAIN) => return Ok(()),
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;

    #[test]
    fn saving_ends_the_wait_and_is_told_once() {
        let place = tempfile::tempdir().unwrap();
        let watch = Watch::new().unwrap();
        let missing = place.path().join("missing");
        watch.follow([place.path(), &missing].into_iter()).unwrap();
        let at_once = PollTimeout::ZERO;
        assert!(!watch.ready(at_once).unwrap());
        let file = place.path().join("a");
        for save in [
            &(|| fs::write(&file, "a").unwrap()) as &dyn Fn(),
            &|| fs::rename(&file, place.path().join("b")).unwrap(),
            &|| fs::create_dir(place.path().join("c")).unwrap(),
            &|| fs::remove_file(place.path().join("b")).unwrap(),
        ] {
            save();
            watch.wait().unwrap();
            assert!(!watch.ready(at_once).unwrap());
        }
    }

    #[test]
    fn a_directory_that_came_later_is_followed_then() {
        let place = tempfile::tempdir().unwrap();
        let watch = Watch::new().unwrap();
        let later = place.path().join("later");
        watch.follow([later.as_path()].into_iter()).unwrap();
        fs::create_dir(&later).unwrap();
        watch.follow([later.as_path()].into_iter()).unwrap();
        fs::write(later.join("a"), "").unwrap();
        watch.wait().unwrap();
    }
}
