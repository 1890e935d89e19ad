//! The listening socket: it never takes the place of a live host's, it replaces a stale one, and
//! only this user can connect to it.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::libc::{O_DIRECTORY, O_NOFOLLOW, O_PATH};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};

use super::listen_error::ListenError;
use crate::process::handover::NameOwner;
use crate::process::temporary::{self, TemporaryDir};

/// How the names of the directories begin in which a socket is made, beside its final place.
const PRIVATE_PREFIX: &str = ".dirty-socket-";
/// The socket's name there.
const PRIVATE_NAME: &str = "s";

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// How long another host may take to start in the same directory. The arbiter hears no signal
/// meanwhile.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked whether it has done so.
const LOCK_INTERVAL: Duration = Duration::from_millis(20);

/// A listening socket that removes its name when it is dropped, if it is to do so and the name is
/// still its own.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) socket: UnixListener,
    path: PathBuf,
    inode: (u64, u64),
    owner: NameOwner,
    /// Whether the name is left to another host.
    shared: bool,
}

impl Listener {
    /// Listens at this path, with mode 0600. Leaves nothing behind if it cannot.
    pub(super) fn bind(path: &Path) -> Result<Listener, ListenError> {
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        // Two hosts that start at once must not both find the other's socket stale. The lock is
        // on the directory, so that no file of its own is left behind.
        let _lock = lock(parent, path, LOCK_PATIENCE)?;
        remove_stale(path)?;
        temporary::remove_abandoned_dirs(parent, PRIVATE_PREFIX, |name| name == PRIVATE_NAME);
        place(parent, path).map_err(|error| failed(path, error))
    }

    /// Takes a socket that listens already. Its name is left alone, at first also where hosts
    /// remove it.
    pub(super) fn adopt(
        socket: UnixListener,
        path: &Path,
        owner: NameOwner,
    ) -> Result<Listener, ListenError> {
        let named = fs::symlink_metadata(path).map_err(|error| failed(path, error))?;
        socket
            .set_nonblocking(true)
            .map_err(|error| failed(path, error))?;
        Ok(Listener {
            socket,
            path: path.to_owned(),
            inode: (named.dev(), named.ino()),
            owner,
            shared: true,
        })
    }

    /// Who removes the name at the end.
    pub(super) fn owner(&self) -> NameOwner {
        self.owner
    }

    /// No other host serves on it any more.
    pub(super) fn claim_name(&mut self) {
        self.shared = false;
    }

    /// Another host serves on it from now on.
    pub(super) fn leave_name(&mut self) {
        self.shared = true;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if self.shared || self.owner == NameOwner::Manager {
            return;
        }
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|found| (found.dev(), found.ino()) == self.inode);
        if ours {
            // If it cannot be removed, the next host finds it stale and does so.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn failed(path: &Path, source: impl Into<io::Error>) -> ListenError {
    ListenError::Io {
        path: path.to_owned(),
        source: source.into(),
    }
}

/// Locks a directory against other hosts that start. Never waits longer than this, because the
/// lock may be anybody's, and be kept for ever.
fn lock(directory: &Path, path: &Path, patience: Duration) -> Result<Flock<File>, ListenError> {
    let end = Instant::now() + patience;
    let mut file = File::options()
        .read(true)
        .custom_flags(O_DIRECTORY)
        .open(directory)
        .map_err(|error| failed(path, error))?;
    loop {
        file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(lock),
            Err((file, Errno::EWOULDBLOCK)) if Instant::now() < end => file,
            Err((_, Errno::EWOULDBLOCK)) => return Err(ListenError::Locked(directory.to_owned())),
            Err((_, errno)) => return Err(failed(path, errno)),
        };
        std::thread::sleep(LOCK_INTERVAL);
    }
}

/// Makes a socket that listens and gives it this name. The name appears when everything about the
/// socket is as it has to be: until then it lies in a directory that nobody else can enter, and
/// that goes, with what is in it, whatever comes of this.
fn place(parent: &Path, path: &Path) -> io::Result<Listener> {
    let private = TemporaryDir::make(parent, PRIVATE_PREFIX)?;
    let temporary = private.path().join(PRIVATE_NAME);
    let socket = UnixListener::bind(by_descriptor(private.file()).join(PRIVATE_NAME))?;
    socket.set_nonblocking(true)?;
    rustix::net::listen(&socket, BACKLOG)?;
    fs::set_permissions(&temporary, Permissions::from_mode(0o600))?;
    let made = fs::symlink_metadata(&temporary)?;
    fs::rename(&temporary, path)?;
    Ok(Listener {
        socket,
        path: path.to_owned(),
        inode: (made.dev(), made.ino()),
        owner: NameOwner::Host,
        shared: false,
    })
}

/// A path of an open file that is short, whatever its own: the address of a Unix socket has 108
/// bytes.
fn by_descriptor(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

fn remove_stale(path: &Path) -> Result<(), ListenError> {
    let found = File::options()
        .read(true)
        .custom_flags(O_PATH | O_NOFOLLOW)
        .open(path);
    let found = match found {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(path, error)),
    };
    let metadata = found.metadata().map_err(|error| failed(path, error))?;
    if !metadata.file_type().is_socket() {
        return Err(ListenError::NotASocket(path.to_owned()));
    }
    if is_live(&found).map_err(|error| failed(path, error))? {
        return Err(ListenError::InUse(path.to_owned()));
    }
    fs::remove_file(path).map_err(|error| failed(path, error))
}

/// Whether somebody listens there. Does not wait for whom to accept.
fn is_live(socket_file: &File) -> io::Result<bool> {
    let address = UnixAddr::new(&by_descriptor(socket_file))?;
    let probe = socket(
        AddressFamily::Unix,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
        None,
    )?;
    match connect(probe.as_raw_fd(), &address) {
        Err(Errno::ECONNREFUSED) => Ok(false),
        // Connected, or its backlog is full, or it is another user's, or of another kind.
        Ok(()) | Err(Errno::EAGAIN | Errno::EACCES | Errno::EPERM | Errno::EPROTOTYPE) => Ok(true),
        Err(errno) => Err(errno.into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::net::UnixStream;

    fn entries(directory: &Path) -> usize {
        fs::read_dir(directory).unwrap().count()
    }

    /// Leaves what `kill -9` would leave: the name stays, nobody listens. Also a copy of the socket
    /// does not, which a process may have for a moment that another test forks meanwhile.
    fn kill(mut listener: Listener) {
        listener.inode = (0, 0);
        rustix::net::shutdown(&listener.socket, rustix::net::Shutdown::Both).unwrap();
    }

    #[test]
    fn a_live_socket_is_respected_and_a_stale_one_replaced() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("s");
        let first = Listener::bind(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert!(matches!(Listener::bind(&path), Err(ListenError::InUse(_))));
        kill(first);
        assert!(path.exists());
        let second = Listener::bind(&path).unwrap();
        UnixStream::connect(&path).unwrap();
        assert_eq!(entries(temp.path()), 1);
        drop(second);
        assert_eq!(entries(temp.path()), 0);
    }

    #[test]
    fn another_file_of_that_name_is_left_alone() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("s");
        fs::write(&path, "mine").unwrap();
        assert!(matches!(
            Listener::bind(&path),
            Err(ListenError::NotASocket(_))
        ));
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        let link = temp.path().join("link");
        std::os::unix::fs::symlink(temp.path().join("nowhere"), &link).unwrap();
        assert!(matches!(
            Listener::bind(&link),
            Err(ListenError::NotASocket(_))
        ));
        assert_eq!(entries(temp.path()), 2);
    }

    #[test]
    fn what_a_killed_host_has_left_beside_it_goes_and_nothing_else() {
        let temp = tempfile::tempdir().unwrap();
        let left = |name: &str| {
            let directory = temp.path().join(name);
            fs::create_dir(&directory).unwrap();
            directory
        };
        left(".dirty-socket-000000");
        drop(UnixListener::bind(left(".dirty-socket-000001").join("s")).unwrap());
        let precious = left(".dirty-socket-000002").join("notes");
        fs::write(&precious, "mine").unwrap();
        drop(Listener::bind(&temp.path().join("s")).unwrap());
        assert_eq!(entries(temp.path()), 1);
        assert!(precious.exists());
    }

    #[test]
    fn files_of_similar_names_are_left_alone() {
        let temp = tempfile::tempdir().unwrap();
        let neighbour = temp.path().join("s.new");
        fs::write(&neighbour, "mine").unwrap();
        drop(Listener::bind(&temp.path().join("s")).unwrap());
        assert_eq!(fs::read_to_string(&neighbour).unwrap(), "mine");
        assert_eq!(entries(temp.path()), 1);
    }

    #[test]
    fn a_path_may_be_as_long_as_an_address_and_longer() {
        let temp = tempfile::tempdir().unwrap();
        for bytes in [100, 104, 107, 108, 200] {
            let name = "x".repeat(bytes - temp.path().as_os_str().len() - 1);
            let path = temp.path().join(name);
            assert_eq!(path.as_os_str().len(), bytes);
            let listener = Listener::bind(&path).unwrap();
            if bytes <= 107 {
                UnixStream::connect(&path).unwrap();
            }
            assert!(matches!(Listener::bind(&path), Err(ListenError::InUse(_))));
            kill(listener);
            drop(Listener::bind(&path).unwrap());
            assert_eq!(entries(temp.path()), 0);
        }
    }

    #[test]
    fn a_host_that_accepts_nobody_is_live() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("s");
        let busy = UnixListener::bind(&path).unwrap();
        rustix::net::listen(&busy, 0).unwrap();
        let _waiting = UnixStream::connect(&path).unwrap();
        // The backlog is full now: a blocking connect would wait for ever.
        assert!(matches!(Listener::bind(&path), Err(ListenError::InUse(_))));
        assert_eq!(entries(temp.path()), 1);
    }

    #[test]
    fn a_directory_that_stays_locked_is_no_place_to_start() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("s");
        let held = lock(temp.path(), &path, Duration::ZERO).unwrap();
        assert!(matches!(
            lock(temp.path(), &path, LOCK_INTERVAL),
            Err(ListenError::Locked(_))
        ));
        // Whoever starts there is waited for.
        let released = std::thread::spawn(move || drop(held));
        lock(temp.path(), &path, Duration::from_secs(60)).unwrap();
        released.join().unwrap();
    }

    #[test]
    fn nothing_is_left_where_the_name_cannot_be_had() {
        let temp = tempfile::tempdir().unwrap();
        // Only a directory can have such a name, which shows when everything else is done.
        let path = temp.path().join("s/");
        assert!(matches!(Listener::bind(&path), Err(ListenError::Io { .. })));
        assert_eq!(entries(temp.path()), 0);
    }

    #[test]
    fn the_name_of_an_adopted_socket_stays_until_it_is_claimed() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("s");
        for (owner, claimed, stays) in [
            (NameOwner::Host, false, true),
            (NameOwner::Manager, true, true),
            (NameOwner::Host, true, false),
        ] {
            let mut first = Listener::bind(&path).unwrap();
            let passed = first.socket.try_clone().unwrap();
            let mut second = Listener::adopt(passed, &path, owner).unwrap();
            first.leave_name();
            drop(first);
            UnixStream::connect(&path).unwrap();
            if claimed {
                second.claim_name();
            }
            drop(second);
            assert_eq!(path.exists(), stays, "{owner:?}, claimed: {claimed}");
            let _ = fs::remove_file(&path);
        }
    }

    #[test]
    fn a_socket_that_has_taken_the_name_over_stays() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("s");
        let first = Listener::bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let _second = Listener::bind(&path).unwrap();
        drop(first);
        UnixStream::connect(&path).unwrap();
    }
}
