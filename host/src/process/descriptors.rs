//! Descriptors: how many this process may have, and receiving those that come with a message.

use std::collections::VecDeque;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use bytes::BytesMut;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, recvmsg};

/// Read at once.
const READ_BYTES: usize = 4096;
/// Descriptors that may come with one message.
const DESCRIPTORS_MAX: usize = 4;

/// The descriptors that came with one message; fewer than were sent if this process, or the
/// system, has no room for more.
pub(crate) type Received = Vec<OwnedFd>;

/// Raises the number of descriptors that this process and its children may have as far as the
/// system lets it. The usual limit, 1024, is one of select(2), which nothing here uses.
pub(crate) fn raise_limit() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
    // Without more of them there is room for fewer connections and workers.
    let _ = raised;
}

/// Appends what has arrived to `buf`, and the descriptors that came with it, close-on-exec, to
/// `descriptors`: one entry for each message that was sent with some. Does not wait. Returns the
/// number of bytes; 0 at the end of the stream.
pub(crate) fn receive(
    socket: &impl AsFd,
    buf: &mut BytesMut,
    descriptors: &mut VecDeque<Received>,
) -> io::Result<usize> {
    let mut bytes = [0; READ_BYTES];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let received = recvmsg(socket, &mut parts, &mut control, flags)?;
    let came: Received = control
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(rights) => Some(rights),
            _ => None,
        })
        .flatten()
        .collect();
    // The kernel ends a read after a message with descriptors, so these are of one message.
    if !came.is_empty() || received.flags.contains(ReturnFlags::CTRUNC) {
        descriptors.push_back(came);
    }
    buf.extend_from_slice(&bytes[..received.bytes]);
    Ok(received.bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::fd::BorrowedFd;
    use std::os::unix::net::UnixStream;

    use super::*;
    use crate::process::hop::{Up, WorkerId};
    use crate::process::link;

    #[test]
    fn each_messages_descriptors_are_told_apart_also_where_some_are_lost() {
        let (arbiter, mold) = UnixStream::pair().unwrap();
        let (_, mut writer) = link::split(mold.into(), 0).unwrap();
        let fd = arbiter.as_fd();
        let sent: [&[BorrowedFd<'_>]; 3] = [&[fd; 4], &[fd; 8], &[fd]];
        for fds in sent {
            writer.send(&Up::Ready).unwrap();
            let forked = Up::Forked {
                worker: WorkerId(1),
                pid: 1,
            };
            writer.send_with_fds(&forked, fds).unwrap();
        }
        let (mut buf, mut descriptors) = (BytesMut::new(), VecDeque::new());
        // Everything has been sent; what comes then is `WouldBlock`.
        while receive(&arbiter, &mut buf, &mut descriptors).is_ok() {}
        let counts: Vec<_> = descriptors.iter().map(Vec::len).collect();
        let [four, some, one] = counts[..] else {
            panic!("one entry for each message, not {counts:?}");
        };
        assert_eq!((four, one), (4, 1));
        assert!((DESCRIPTORS_MAX..8).contains(&some), "{some} of 8");
    }

    #[test]
    fn the_limit_is_as_high_as_it_can_be() {
        raise_limit();
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert_eq!(soft, hard);
    }
}
