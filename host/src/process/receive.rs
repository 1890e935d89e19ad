//! Receiving from a socket into a buffer that grows.

use std::io;
use std::os::fd::AsFd;

use bytes::{BufMut, BytesMut};
use rustix::io::retry_on_intr;
use rustix::net::{RecvFlags, recv};

/// Appends what has arrived to `buf`, as far as that has room and at most so much. Returns the number
/// of bytes; 0 at the end of the stream, and without room.
pub(crate) fn receive(
    socket: &impl AsFd,
    buf: &mut BytesMut,
    bytes_max: usize,
    flags: RecvFlags,
) -> io::Result<usize> {
    let room = buf.spare_capacity_mut();
    let wanted = room.len().min(bytes_max);
    let room = &mut room[..wanted];
    let received = retry_on_intr(|| {
        let received = recv(socket, &mut *room, flags);
        received.map(|((read, _), _)| read.len())
    })?;
    // SAFETY: `recv` has initialised that many bytes at the start of the spare capacity.
    unsafe { buf.advance_mut(received) };
    Ok(received)
}
