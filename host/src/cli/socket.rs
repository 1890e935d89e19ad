//! Where the socket is: one search for all commands, so that a client finds what a host serves.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use clap::Args;
use nix::unistd::geteuid;
use thiserror::Error;

use super::config_file::{self, Loaded};
use super::failure::Failure;
use super::private_dir;

/// What `sun_path` holds beside its terminating NUL.
const PATH_BYTES_MAX: usize = 107;

/// What a socket is called where only its directory is known.
const FILE_NAME: &str = "dirty.sock";

/// The variables that may name the socket, first one first.
const VARIABLES: [&str; 2] = ["DIRTY_SOCKET", "GUNICORN_DIRTY_SOCKET"];

/// The options that say where the socket is.
#[derive(Debug, Args)]
pub(super) struct SocketArgs {
    /// The host's Unix socket [default: $DIRTY_SOCKET, else $GUNICORN_DIRTY_SOCKET, else what the
    /// configuration says, else $XDG_RUNTIME_DIR/dirty.sock, else one in the temporary directory]
    #[arg(long, value_name = "PATH")]
    pub(super) socket: Option<PathBuf>,
    /// The configuration file [default: ./dirty.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

impl SocketArgs {
    /// Where a client finds its host. Reads the configuration file only if it comes to that.
    pub(super) fn locate_for_client(&self) -> Result<Located, Failure> {
        let uid = geteuid().as_raw();
        let located = locate(self.socket.as_deref(), &environment, uid, || {
            let loaded = config_file::load(self.config.as_deref())?;
            Ok::<_, Failure>(loaded.as_ref().and_then(FileSocket::of))
        })?;
        if let Some(directory) = located.private_dir() {
            private_dir::check(directory, uid)?;
        }
        Ok(located)
    }

    /// Where a host listens; makes the private directory if that is the place. `passed`: where the
    /// socket is that the host was started with, which goes before the default.
    pub(super) fn locate_for_host(
        &self,
        passed: Option<PathBuf>,
        loaded: Option<&Loaded>,
    ) -> Result<Located, Failure> {
        let uid = geteuid().as_raw();
        let located = locate(self.socket.as_deref(), &environment, uid, || {
            Ok::<_, Failure>(loaded.and_then(FileSocket::of))
        })?;
        if let Some(path) = passed.filter(|_| located.origin.is_default()) {
            return Ok(checked(path, SocketOrigin::Passed)?);
        }
        if let Some(directory) = located.private_dir() {
            private_dir::create(directory, uid)?;
        }
        Ok(located)
    }
}

/// A socket in `directory`, which is the caller's own.
pub(super) fn in_directory(directory: &Path) -> Result<PathBuf, SocketError> {
    let located = checked(directory.join(FILE_NAME), SocketOrigin::OwnDir)?;
    Ok(located.path)
}

/// The socket of this process's own host.
pub(super) fn own(path: PathBuf) -> Located {
    Located {
        path,
        origin: SocketOrigin::OwnDir,
    }
}

fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// A socket's path and how it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Located {
    pub(super) path: PathBuf,
    pub(super) origin: SocketOrigin,
}

impl Located {
    /// The directory that must be private, if the socket lies in one.
    fn private_dir(&self) -> Option<&Path> {
        match self.origin {
            SocketOrigin::PrivateDir => self.path.parent(),
            _ => None,
        }
    }
}

/// What named a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SocketOrigin {
    /// `--socket`.
    Flag,
    /// A variable that names it outright.
    Variable(&'static str),
    /// The configuration file at this path.
    File(PathBuf),
    /// `$XDG_RUNTIME_DIR`.
    RuntimeDir,
    /// A directory of the user's in the temporary directory.
    PrivateDir,
    /// A directory made for this process.
    OwnDir,
    /// Whoever started the host has opened it.
    Passed,
}

impl SocketOrigin {
    /// Whether nobody has named it.
    fn is_default(&self) -> bool {
        matches!(self, SocketOrigin::RuntimeDir | SocketOrigin::PrivateDir)
    }
}

impl fmt::Display for SocketOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SocketOrigin::Flag => f.write_str("from --socket"),
            SocketOrigin::Variable(name) => write!(f, "from ${name}"),
            SocketOrigin::File(path) => write!(f, "from {}", path.display()),
            SocketOrigin::RuntimeDir => f.write_str("the default, in $XDG_RUNTIME_DIR"),
            SocketOrigin::PrivateDir => f.write_str("the default, in the temporary directory"),
            SocketOrigin::OwnDir => f.write_str("in a temporary directory of its own"),
            SocketOrigin::Passed => f.write_str("passed to this process"),
        }
    }
}

/// Why a socket cannot be where it was said to be.
#[derive(Debug, Error)]
pub(super) enum SocketError {
    #[error(
        "the socket's path {} ({origin}) has {} bytes, but a Unix socket's may have {PATH_BYTES_MAX}; \
         name a shorter one with --socket or DIRTY_SOCKET",
        path.display(),
        path.as_os_str().len()
    )]
    TooLong { path: PathBuf, origin: SocketOrigin },
    #[error("the socket's path ({0}) is empty")]
    Empty(SocketOrigin),
}

/// The socket that a configuration file names.
struct FileSocket {
    socket: PathBuf,
    file: PathBuf,
}

impl FileSocket {
    fn of(loaded: &Loaded) -> Option<FileSocket> {
        Some(FileSocket {
            socket: loaded.file.socket()?.to_owned(),
            file: loaded.path.clone(),
        })
    }
}

/// Searches in the documented order. An empty variable counts as unset; `file` is asked only if
/// neither flag nor variables name the socket.
fn locate<E: From<SocketError>>(
    flag: Option<&Path>,
    environment: &dyn Fn(&str) -> Option<OsString>,
    uid: u32,
    file: impl FnOnce() -> Result<Option<FileSocket>, E>,
) -> Result<Located, E> {
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    let (path, origin) = if let Some(path) = flag {
        (path.to_owned(), SocketOrigin::Flag)
    } else if let Some((name, path)) = VARIABLES
        .iter()
        .find_map(|name| Some((name, variable(name)?)))
    {
        (PathBuf::from(path), SocketOrigin::Variable(name))
    } else if let Some(found) = file()? {
        (found.socket, SocketOrigin::File(found.file))
    } else {
        default(&variable, uid)
    };
    Ok(checked(path, origin)?)
}

fn default(variable: &dyn Fn(&str) -> Option<OsString>, uid: u32) -> (PathBuf, SocketOrigin) {
    // The XDG specification wants relative paths to be ignored.
    let runtime_dir = variable("XDG_RUNTIME_DIR").map(PathBuf::from);
    if let Some(directory) = runtime_dir.filter(|directory| directory.is_absolute()) {
        return (directory.join(FILE_NAME), SocketOrigin::RuntimeDir);
    }
    let temporary = variable("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
    let directory = temporary.join(format!("dirty-{uid}"));
    (directory.join(FILE_NAME), SocketOrigin::PrivateDir)
}

fn checked(path: PathBuf, origin: SocketOrigin) -> Result<Located, SocketError> {
    match path.as_os_str().as_bytes().len() {
        0 => Err(SocketError::Empty(origin)),
        1..=PATH_BYTES_MAX => Ok(Located { path, origin }),
        _ => Err(SocketError::TooLong { path, origin }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    type Variables<'a> = &'a [(&'a str, &'a str)];

    fn search(
        flag: Option<&str>,
        variables: Variables<'_>,
        file: Option<&str>,
    ) -> Result<Located, SocketError> {
        let environment = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        locate(flag.map(Path::new), &environment, 1000, || {
            Ok(file.map(|socket| FileSocket {
                socket: socket.into(),
                file: "dirty.toml".into(),
            }))
        })
    }

    #[test]
    fn the_order_of_the_search() {
        let all = [
            ("DIRTY_SOCKET", "/ours"),
            ("GUNICORN_DIRTY_SOCKET", "/theirs"),
            ("XDG_RUNTIME_DIR", "/run/user/1000"),
            ("TMPDIR", "/var/tmp"),
        ];
        let file = SocketOrigin::File("dirty.toml".into());
        for (flag, variables, config, path, origin) in [
            (
                Some("/flag"),
                &all[..],
                Some("/file"),
                "/flag",
                SocketOrigin::Flag,
            ),
            (
                None,
                &all[..],
                Some("/file"),
                "/ours",
                SocketOrigin::Variable(VARIABLES[0]),
            ),
            (
                None,
                &all[1..],
                Some("/file"),
                "/theirs",
                SocketOrigin::Variable(VARIABLES[1]),
            ),
            (None, &all[2..], Some("/file"), "/file", file),
            (
                None,
                &all[2..],
                None,
                "/run/user/1000/dirty.sock",
                SocketOrigin::RuntimeDir,
            ),
            (
                None,
                &all[3..],
                None,
                "/var/tmp/dirty-1000/dirty.sock",
                SocketOrigin::PrivateDir,
            ),
            (
                None,
                &[],
                None,
                "/tmp/dirty-1000/dirty.sock",
                SocketOrigin::PrivateDir,
            ),
        ] {
            let located = search(flag, variables, config).unwrap();
            assert_eq!(located.path, Path::new(path));
            assert_eq!(located.origin, origin);
        }
    }

    #[test]
    fn empty_and_unusable_variables_count_as_unset() {
        let variables = [
            ("DIRTY_SOCKET", ""),
            ("GUNICORN_DIRTY_SOCKET", ""),
            ("XDG_RUNTIME_DIR", "relative"),
            ("TMPDIR", ""),
        ];
        let located = search(None, &variables, None).unwrap();
        assert_eq!(located.path, Path::new("/tmp/dirty-1000/dirty.sock"));
        assert_eq!(located.private_dir(), Some(Path::new("/tmp/dirty-1000")));
    }

    #[test]
    fn the_file_is_asked_only_if_needed() {
        let refuse = || Err(SocketError::Empty(SocketOrigin::Flag));
        let none = |_: &str| None;
        assert!(locate(Some(Path::new("/flag")), &none, 0, refuse).is_ok());
        assert!(locate(None, &none, 0, refuse).is_err());
    }

    #[test]
    fn a_path_has_at_most_107_bytes() {
        let longest = format!("/{}", "x".repeat(106));
        assert!(search(Some(&longest), &[], None).is_ok());
        let error = search(None, &[("DIRTY_SOCKET", &format!("{longest}x"))], None).unwrap_err();
        let text = error.to_string();
        for part in ["108 bytes", "107", "$DIRTY_SOCKET", "--socket"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(matches!(
            search(Some(""), &[], None),
            Err(SocketError::Empty(_))
        ));
    }
}
