//! Receiving descriptors that come with a message.

use std::collections::VecDeque;
use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

use bytes::BytesMut;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};

/// Read at once.
const READ_BYTES: usize = 4096;
/// Descriptors that may come with one message.
const DESCRIPTORS_MAX: usize = 2;

/// Appends what has arrived to `buf`, and descriptors that came with it, close-on-exec, to
/// `descriptors`. Does not wait. Returns the number of bytes; 0 at the end of the stream.
pub(crate) fn receive(
    socket: &impl AsFd,
    buf: &mut BytesMut,
    descriptors: &mut VecDeque<OwnedFd>,
) -> io::Result<usize> {
    let mut bytes = [0; READ_BYTES];
    let mut control = nix::cmsg_space!([RawFd; DESCRIPTORS_MAX]);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC | MsgFlags::MSG_DONTWAIT;
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let socket = socket.as_fd().as_raw_fd();
    let received = recvmsg::<()>(socket, &mut parts, Some(&mut control), flags)?;
    let count = received.bytes;
    for message in received.cmsgs()? {
        if let ControlMessageOwned::ScmRights(numbers) = message {
            // SAFETY: the kernel has just made these descriptors for this process, and nobody
            // else knows of them.
            descriptors.extend(
                numbers
                    .into_iter()
                    .map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }),
            );
        }
    }
    buf.extend_from_slice(&bytes[..count]);
    Ok(count)
}
