//! A child's end of its socket to the arbiter: blocking, because a child serves one thing at a
//! time. The arbiter never blocks on its own end, so a blocking write here always ends: it is
//! read, or its writer is killed. A worker has a lane beside it, and writes to the socket what has no
//! room there.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use rustix::net::RecvFlags;

use super::hop::{self, Down, Header, HopError, Up};
use super::lane::{AREA_BYTES_MIN, Area, Inlet, Lane, LaneError, Taken};
use super::receive::receive;
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
    /// There is no memory to share with the arbiter.
    #[error(transparent)]
    Lane(#[from] LaneError),
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
    /// Where large frames lie.
    requests: Option<Area>,
}

/// The writing half of a child's end.
#[derive(Debug)]
pub(crate) struct LinkWriter {
    socket: OwnedFd,
    shared: Option<Shared>,
}

/// What a worker's messages can take instead of the socket.
#[derive(Debug)]
struct Shared {
    ring: Inlet,
    replies: Area,
    /// Whether `replies` was taken since somebody last asked.
    has_taken_area: bool,
    /// How many messages went over the socket.
    sent: u16,
}

/// Takes a connected socket as this child's end.
pub(crate) fn split(
    socket: OwnedFd,
    frame_bytes_max: usize,
) -> Result<(LinkReader, LinkWriter), LinkError> {
    let writer = LinkWriter {
        socket: socket.try_clone()?,
        shared: None,
    };
    Ok((
        LinkReader {
            socket,
            buf: BytesMut::new(),
            frame_bytes_max,
            requests: None,
        },
        writer,
    ))
}

/// The same with a lane beside the socket.
pub(crate) fn split_with_lane(
    socket: OwnedFd,
    frame_bytes_max: usize,
    lane: &Lane,
) -> Result<(LinkReader, LinkWriter), LinkError> {
    let (mut reader, mut writer) = split(socket, frame_bytes_max)?;
    reader.requests = Some(lane.requests());
    writer.shared = Some(Shared {
        ring: lane.inlet(),
        replies: lane.replies(),
        has_taken_area: false,
        sent: 0,
    });
    Ok((reader, writer))
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

    /// The next message, if it begins to arrive within so long.
    pub(crate) fn recv_within(&mut self, patience: Duration) -> Result<Option<Down>, LinkError> {
        if let Some(message) = self.buffered()? {
            return Ok(Some(message));
        }
        let mut arrival = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        // Rounded up: not to wait at all would be to ask again and again. Years are no matter here.
        let millis = patience.as_millis().saturating_add(1);
        let timeout = PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX);
        match poll(&mut arrival, timeout) {
            Ok(0) | Err(Errno::EINTR) => Ok(None),
            Ok(_) => self.recv().map(Some),
            Err(errno) => Err(LinkError::Io(errno.into())),
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

    /// The next message if it has been read as a whole already.
    pub(super) fn buffered(&mut self) -> Result<Option<Down>, LinkError> {
        let message = hop::next_message(&mut self.buf, self.frame_bytes_max)?;
        let borrow = |len| self.requests.as_ref()?.frame(len);
        message
            .map(|(header, payload)| Ok(Down::decode_with(header, payload, borrow)?))
            .transpose()
    }

    fn fill(&mut self, flags: RecvFlags) -> Result<(), LinkError> {
        self.buf.reserve(hop::bytes_wanted(&self.buf));
        match receive(&self.socket, &mut self.buf, usize::MAX, flags) {
            Ok(0) => Err(LinkError::Closed),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Err(LinkError::Closed),
            Err(error) => Err(LinkError::Io(error)),
        }
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

impl Shared {
    /// Leaves a message in the ring. False if it has no room there.
    fn leave(&mut self, head: &[u8], body: &[u8]) -> io::Result<bool> {
        let header = hop::with_order(head, self.sent);
        if !header.is_some_and(|header| self.ring.put(&header, body)) {
            return Ok(false);
        }
        self.ring.call()?;
        Ok(true)
    }

    /// A message is about to go over the socket.
    fn will_send(&mut self) {
        self.sent = self.sent.wrapping_add(1);
        self.ring.will_be_called();
    }
}

impl LinkWriter {
    /// Sends a message; waits while the arbiter is busy.
    pub(crate) fn send(&mut self, message: &Up) -> Result<(), LinkError> {
        let encoded = message.encode();
        self.send_parts(encoded.head(), &encoded.body)
    }

    /// Where frames of a reply can be left for the arbiter, if they are large and nothing of an
    /// earlier one lies there.
    pub(crate) fn take_area(&mut self, bytes: usize) -> Option<Taken> {
        let shared = self.shared.as_mut().filter(|_| bytes >= AREA_BYTES_MIN)?;
        let taken = shared.replies.take();
        shared.has_taken_area |= taken.is_some();
        taken
    }

    /// Whether the area was taken since this was last asked: it takes memory then.
    pub(crate) fn take_has_taken_area(&mut self) -> bool {
        let shared = self.shared.as_mut();
        shared.is_some_and(|shared| std::mem::take(&mut shared.has_taken_area))
    }

    /// Sends frames of a reply.
    pub(crate) fn send_frames(&mut self, header: Header, frames: &[u8]) -> Result<(), LinkError> {
        match self.take_area(frames.len()) {
            Some(mut area) if area.has_room(frames.len()) => {
                area.write(0, frames);
                self.send_area(header, area)
            }
            _ => self.send_parts(&header.bytes(), frames),
        }
    }

    /// Sends frames of a reply that were written to the area.
    pub(crate) fn send_area(&mut self, header: Header, area: Taken) -> Result<(), LinkError> {
        area.hand_over();
        let (header, len) = header.in_area();
        self.send_parts(&header.bytes(), &len)
    }

    /// Sends a header and its payload, without copying them together.
    pub(crate) fn send_parts(&mut self, head: &[u8], body: &[u8]) -> Result<(), LinkError> {
        if let Some(shared) = &mut self.shared {
            if shared.leave(head, body)? {
                return Ok(());
            }
            shared.will_send();
        }
        self.write_parts(head, body)
    }

    fn write_parts(&mut self, mut head: &[u8], mut body: &[u8]) -> Result<(), LinkError> {
        while !head.is_empty() || !body.is_empty() {
            let parts = [IoSlice::new(head), IoSlice::new(body)];
            let sent = self.sendmsg(&parts, &[])?;
            let of_head = sent.min(head.len());
            head = &head[of_head..];
            body = &body[sent - of_head..];
        }
        Ok(())
    }

    /// Sends a line for the log; a long one in pieces.
    pub(crate) fn log(
        &mut self,
        call: Option<hop::CallId>,
        source: LogSource,
        level: LogLevel,
        line: &str,
    ) -> Result<(), LinkError> {
        hop::log_pieces(line).try_for_each(|piece| {
            let header = hop::Header::log(call, source, level, piece.len());
            self.send_parts(&header.bytes(), piece.as_bytes())
        })
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
        self.write_parts(&whole[sent..], &[])
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    use std::thread;

    use super::*;
    use crate::process::hop::{CallId, Deadline};

    const FRAME_BYTES_MAX: usize = 64 << 20;

    fn call(frame_bytes: usize) -> Down {
        Down::Call {
            call: CallId(1),
            deadline: Deadline::default(),
            frame: vec![b'x'; frame_bytes].into(),
        }
    }

    #[test]
    fn the_memory_of_a_large_request_is_not_kept() {
        let (mut arbiter, child) = UnixStream::pair().unwrap();
        let (mut reader, _writer) = split(child.into(), FRAME_BYTES_MAX).unwrap();
        let sizes = [FRAME_BYTES_MAX, 1, 1];
        let sender = thread::spawn(move || {
            for size in sizes {
                let encoded = call(size).encode();
                arbiter.write_all(encoded.head()).unwrap();
                arbiter.write_all(&encoded.body).unwrap();
            }
        });
        for size in sizes {
            assert_eq!(reader.recv().unwrap(), call(size));
        }
        sender.join().unwrap();
        // Makes room as before the next read, which takes back what nobody else uses any more.
        reader.buf.reserve(hop::bytes_wanted(&reader.buf));
        assert!(
            reader.buf.capacity() <= 4 << 20,
            "{}",
            reader.buf.capacity()
        );
    }

    #[test]
    fn a_long_line_reaches_the_arbiter_in_pieces_that_it_reads() {
        let (mut arbiter, child) = UnixStream::pair().unwrap();
        let (_, mut writer) = split(child.into(), FRAME_BYTES_MAX).unwrap();
        let line = "ä".repeat(100_000);
        let mut wire = Vec::new();
        thread::scope(|scope| {
            scope.spawn(|| arbiter.read_to_end(&mut wire).unwrap());
            writer
                .log(None, LogSource::App, LogLevel::Info, &line)
                .unwrap();
            drop(writer);
        });
        let mut buf = BytesMut::from(&wire[..]);
        let mut read = Vec::new();
        while let Some((header, payload)) = hop::next_message(&mut buf, 0).unwrap() {
            let Up::Log { message, .. } = Up::decode(header, payload).unwrap() else {
                panic!("not a line");
            };
            read.extend_from_slice(&message);
        }
        assert!(buf.is_empty());
        assert_eq!(read, line.as_bytes());
    }
}
