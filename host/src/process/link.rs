//! A child's end of its socket to the arbiter: blocking, because a child serves one thing at a
//! time. The arbiter never blocks on its own end, so a blocking write here always ends: it is
//! read, or its writer is killed.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use bytes::{BufMut, Bytes, BytesMut};
use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use rustix::net::RecvFlags;

use super::hop::{self, Down, HopError, Up};
use crate::logline::{LogLevel, LogSource};

/// Why nothing more comes from the arbiter, or goes to it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    /// The arbiter is gone, or has closed its end.
    #[error("the arbiter has closed the connection")]
    Closed,
    /// The arbiter sent nonsense.
    #[error(transparent)]
    Hop(#[from] HopError),
    /// The socket failed.
    #[error("the connection to the arbiter failed: {0}")]
    Io(#[from] io::Error),
}

/// The reading half of a child's end.
#[derive(Debug)]
pub(crate) struct LinkReader {
    socket: OwnedFd,
    buf: BytesMut,
    frame_bytes_max: usize,
}

/// The writing half of a child's end.
#[derive(Debug)]
pub(crate) struct LinkWriter {
    socket: OwnedFd,
}

/// Takes a connected socket as this child's end.
pub(crate) fn split(
    socket: OwnedFd,
    frame_bytes_max: usize,
) -> Result<(LinkReader, LinkWriter), LinkError> {
    let writer = LinkWriter {
        socket: socket.try_clone()?,
    };
    Ok((
        LinkReader {
            socket,
            buf: BytesMut::new(),
            frame_bytes_max,
        },
        writer,
    ))
}

impl LinkReader {
    /// Waits for the next message.
    pub(crate) fn recv(&mut self) -> Result<Down, LinkError> {
        loop {
            if let Some(message) = self.buffered()? {
                return Ok(message);
            }
            self.fill(RecvFlags::empty())?;
        }
    }

    /// The next message if one has arrived; does not wait.
    pub(crate) fn try_recv(&mut self) -> Result<Option<Down>, LinkError> {
        loop {
            if let Some(message) = self.buffered()? {
                return Ok(Some(message));
            }
            match self.fill(RecvFlags::DONTWAIT) {
                Ok(()) => {}
                Err(LinkError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The largest frame may change once, when the setup has come.
    pub(crate) fn set_frame_bytes_max(&mut self, frame_bytes_max: usize) {
        self.frame_bytes_max = frame_bytes_max;
    }

    fn buffered(&mut self) -> Result<Option<Down>, LinkError> {
        let message = hop::next_message(&mut self.buf, self.frame_bytes_max)?;
        message
            .map(|(header, payload)| Ok(Down::decode(header, payload)?))
            .transpose()
    }

    fn fill(&mut self, flags: RecvFlags) -> Result<(), LinkError> {
        self.buf.reserve(hop::bytes_wanted(&self.buf));
        let received = loop {
            match rustix::net::recv(&self.socket, self.buf.spare_capacity_mut(), flags) {
                Ok(((initialised, _), _)) => break initialised.len(),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::CONNRESET) => return Err(LinkError::Closed),
                Err(errno) => return Err(LinkError::Io(errno.into())),
            }
        };
        if received == 0 {
            return Err(LinkError::Closed);
        }
        // SAFETY: `recv` has initialised that many bytes at the start of the spare capacity.
        unsafe { self.buf.advance_mut(received) };
        Ok(())
    }
}

impl AsFd for LinkReader {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for LinkReader {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.socket.as_raw_fd()
    }
}

impl LinkWriter {
    /// Sends a message; waits while the arbiter is busy.
    pub(crate) fn send(&mut self, message: &Up) -> Result<(), LinkError> {
        let encoded = message.encode();
        self.send_parts(encoded.head(), &encoded.body)
    }

    /// Sends a header and its payload, without copying them together.
    pub(crate) fn send_parts(&mut self, mut head: &[u8], mut body: &[u8]) -> Result<(), LinkError> {
        while !head.is_empty() || !body.is_empty() {
            let parts = [IoSlice::new(head), IoSlice::new(body)];
            let sent = self.sendmsg(&parts, &[])?;
            let of_head = sent.min(head.len());
            head = &head[of_head..];
            body = &body[sent - of_head..];
        }
        Ok(())
    }

    /// Sends a line for the log.
    pub(crate) fn log(
        &mut self,
        call: Option<hop::CallId>,
        source: LogSource,
        level: LogLevel,
        message: &[u8],
    ) -> Result<(), LinkError> {
        self.send_parts(
            &hop::Header::log(call, source, level, message.len()),
            message,
        )
    }

    /// Sends a message and descriptors with it.
    pub(crate) fn send_with_fds(
        &mut self,
        message: &Up,
        fds: &[BorrowedFd<'_>],
    ) -> Result<(), LinkError> {
        let encoded = message.encode();
        let whole: Bytes = [encoded.head(), &encoded.body].concat().into();
        let raw: Vec<_> = fds.iter().map(AsRawFd::as_raw_fd).collect();
        let sent = self.sendmsg(&[IoSlice::new(&whole)], &[ControlMessage::ScmRights(&raw)])?;
        self.send_parts(&whole[sent..], &[])
    }

    fn sendmsg(
        &mut self,
        parts: &[IoSlice<'_>],
        control: &[ControlMessage<'_>],
    ) -> Result<usize, LinkError> {
        loop {
            let flags = MsgFlags::MSG_NOSIGNAL;
            match sendmsg::<()>(self.socket.as_raw_fd(), parts, control, flags, None) {
                Ok(sent) => return Ok(sent),
                Err(Errno::EINTR) => {}
                Err(Errno::EPIPE | Errno::ECONNRESET) => return Err(LinkError::Closed),
                Err(errno) => return Err(LinkError::Io(errno.into())),
            }
        }
    }
}
