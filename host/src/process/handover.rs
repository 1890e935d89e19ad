//! How a host hands its listening socket to its successor: a notice in the successor's environment,
//! and the socket over a channel, which is the successor's standard input.
//!
//! The channel stays open in both until they end, so that each hears of the other's end. After the
//! socket it carries one byte in either direction: [`READY`] and [`HANDED_OVER`].

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use bytes::BytesMut;
use nix::sys::socket::{ControlMessage, MsgFlags, getsockopt, sendmsg, sockopt};

use super::{child, descriptors};

/// The variable that holds the [`Notice`].
pub(crate) const VARIABLE: &str = "DIRTY_UPGRADE";
/// Comes with the listening socket.
const SOCKET: u8 = b'S';
/// From the successor: it can serve everything.
pub(crate) const READY: u8 = b'R';
/// To the successor: the socket is its alone from now on.
pub(crate) const HANDED_OVER: u8 = b'H';

/// Who removes the socket's name at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameOwner {
    /// The host that serves on it last.
    Host,
    /// A service manager, which made it.
    Manager,
}

/// What a successor has to know before it can take the socket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// Its predecessor's process.
    pub(crate) predecessor: u32,
    /// Who removes the socket's name.
    pub(crate) owner: NameOwner,
    /// Where the socket is; absolute.
    pub(crate) socket: PathBuf,
}

impl Notice {
    /// The notice that this process was started with.
    ///
    /// # Errors
    /// The variable holds something else.
    pub(crate) fn from_environment() -> io::Result<Option<Notice>> {
        let value = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
        let parse = |value: OsString| Notice::from_value(&value);
        value
            .map(|value| parse(value).ok_or_else(|| io::ErrorKind::InvalidData.into()))
            .transpose()
    }

    fn from_value(value: &OsStr) -> Option<Notice> {
        let mut parts = value.as_bytes().splitn(3, |byte| *byte == b':');
        Some(Notice {
            predecessor: str::from_utf8(parts.next()?).ok()?.parse().ok()?,
            owner: match parts.next()? {
                b"host" => NameOwner::Host,
                b"manager" => NameOwner::Manager,
                _ => return None,
            },
            socket: OsString::from_vec(parts.next()?.to_vec()).into(),
        })
    }

    /// The variable's value.
    pub(crate) fn to_value(&self) -> OsString {
        let owner = match self.owner {
            NameOwner::Host => "host",
            NameOwner::Manager => "manager",
        };
        let mut value = OsString::from(format!("{}:{owner}:", self.predecessor));
        value.push(&self.socket);
        value
    }
}

/// Makes a channel and puts the socket into it: our end, and the one for the successor.
pub(crate) fn offer(listener: BorrowedFd<'_>) -> io::Result<(UnixStream, OwnedFd)> {
    let (ours, theirs) = UnixStream::pair()?;
    let parts = [IoSlice::new(&[SOCKET])];
    let rights = [listener.as_raw_fd()];
    let control = [ControlMessage::ScmRights(&rights)];
    sendmsg::<()>(
        ours.as_raw_fd(),
        &parts,
        &control,
        MsgFlags::MSG_NOSIGNAL,
        None,
    )?;
    ours.set_nonblocking(true)?;
    Ok((ours, theirs.into()))
}

/// Takes the channel from standard input and the socket out of it. To be called once.
///
/// # Errors
/// Standard input is something else, such as what the predecessor's notice is not about any more.
pub(crate) fn accept(notice: &Notice) -> io::Result<(UnixStream, OwnedFd)> {
    take(child::take_stdin()?, notice.predecessor)
}

fn take(channel: OwnedFd, predecessor: u32) -> io::Result<(UnixStream, OwnedFd)> {
    let maker = getsockopt(&channel, sockopt::PeerCredentials)?.pid();
    if u32::try_from(maker) != Ok(predecessor) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let (mut bytes, mut received) = (BytesMut::new(), VecDeque::new());
    descriptors::receive(&channel, &mut bytes, &mut received)?;
    let socket = received
        .pop_front()
        .and_then(|came| came.into_iter().next());
    let socket = socket.filter(|_| bytes.first() == Some(&SOCKET));
    let channel = UnixStream::from(channel);
    channel.set_nonblocking(true)?;
    Ok((channel, socket.ok_or(io::ErrorKind::InvalidData)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs::File;
    use std::io::{Read, Write};
    use std::net::Shutdown;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_notice_comes_back_as_it_was_whatever_the_path() {
        for path in ["/run/dirty.sock", "/a:b/c d", "/\u{fc}"] {
            for owner in [NameOwner::Host, NameOwner::Manager] {
                let notice = Notice {
                    predecessor: 7,
                    owner,
                    socket: path.into(),
                };
                assert_eq!(Notice::from_value(&notice.to_value()), Some(notice));
            }
        }
        for wrong in ["", "1", "1:host", "x:host:/s", "1:nobody:/s", "-1:host:/s"] {
            assert_eq!(Notice::from_value(OsStr::new(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn the_socket_and_the_channel_arrive() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let (mut ours, theirs) = offer(listener.as_fd()).unwrap();
        drop(listener);
        let (mut channel, socket) = take(theirs, std::process::id()).unwrap();
        let client = UnixStream::connect(&path).unwrap();
        UnixListener::from(socket).accept().unwrap();
        drop(client);
        channel.write_all(&[READY]).unwrap();
        let mut byte = [0];
        ours.read_exact(&mut byte).unwrap();
        assert_eq!(byte, [READY]);
        assert_eq!(
            channel.read(&mut byte).unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
        // Not only dropped: another test may be forking, and have a copy for a moment.
        ours.shutdown(Shutdown::Both).unwrap();
        assert_eq!(channel.read(&mut byte).unwrap(), 0);
    }

    #[test]
    fn another_standard_input_is_refused() {
        let own = std::process::id();
        assert!(take(File::open("/dev/null").unwrap().into(), own).is_err());
        let (mut stranger, theirs) = UnixStream::pair().unwrap();
        assert!(take(theirs.try_clone().unwrap().into(), own).is_err());
        stranger.write_all(&[SOCKET]).unwrap();
        assert!(
            take(theirs.into(), own).is_err(),
            "the byte without a socket"
        );
        let listener = UnixListener::from(OwnedFd::from(File::open("/dev/null").unwrap()));
        let (_ours, theirs) = offer(listener.as_fd()).unwrap();
        assert!(take(theirs, own + 1).is_err(), "another process's channel");
    }
}
