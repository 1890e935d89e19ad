//! The way down to a child, worker or mold: messages collect here and are written once per wakeup. A
//! large frame for a worker is copied into the memory that is shared with it, some of it per wakeup.

use std::io;
use std::rc::Rc;

use bytes::Bytes;

use super::outbox::{self, Outbox};
use super::socket::Socket;
use crate::process::hop::{self, Down, Encoded};
use crate::process::lane::{AREA_BYTES_MIN, Area, Taken};

/// What is copied at once, so that nobody else waits long.
const COPIED_AT_ONCE_MAX: usize = 1 << 20;

/// The writing half of the arbiter's end of a child's socket.
#[derive(Debug)]
pub(super) struct Downlink {
    socket: Rc<Socket>,
    outbox: Outbox,
    awaited: bool,
    /// Where a worker looks for large frames.
    requests: Option<Area>,
    copying: Option<Copying>,
}

/// How far a flush came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flushed {
    /// All is written.
    All,
    /// The child has to read first.
    Blocked,
    /// A frame is not copied yet: flush again when others have had their turn.
    Copying,
}

/// A frame on its way into the shared memory.
#[derive(Debug)]
struct Copying {
    frame: Bytes,
    copied: usize,
    target: Taken,
    /// What tells of it.
    message: Encoded,
}

impl Downlink {
    /// To a child that shares no memory.
    pub(super) fn new(socket: Rc<Socket>) -> Downlink {
        Downlink {
            socket,
            outbox: Outbox::default(),
            awaited: false,
            requests: None,
            copying: None,
        }
    }

    /// To a worker, which looks for large frames in `requests`.
    pub(super) fn with_area(socket: Rc<Socket>, requests: Area) -> Downlink {
        Downlink {
            requests: Some(requests),
            ..Downlink::new(socket)
        }
    }

    pub(super) fn push(&mut self, message: &Down) {
        self.finish_copying();
        match self.copying(message) {
            Some(copying) => self.copying = Some(copying),
            None => self.push_encoded(message.encode()),
        }
    }

    pub(super) fn push_encoded(&mut self, encoded: Encoded) {
        self.finish_copying();
        self.outbox.push(encoded.head());
        self.outbox.push_shared(encoded.body);
    }

    /// Whether a frame is not wholly copied, of which the child knows nothing then.
    pub(super) fn is_copying(&self) -> bool {
        self.copying.is_some()
    }

    /// The beginning of a frame's way through the shared memory, if it is to go there.
    fn copying(&self, message: &Down) -> Option<Copying> {
        let Down::Call {
            call,
            deadline,
            frame,
        } = message
        else {
            return None;
        };
        if frame.len() < AREA_BYTES_MIN {
            return None;
        }
        let target = self.requests.as_ref()?.take()?;
        target.has_room(frame.len()).then(|| Copying {
            message: hop::call_in_area(*call, *deadline, frame.len()),
            frame: frame.clone(),
            copied: 0,
            target,
        })
    }

    /// So that what comes next comes after it.
    fn finish_copying(&mut self) {
        while self.copying.is_some() {
            self.copy_some();
        }
    }

    fn copy_some(&mut self) {
        let Some(mut copying) = self.copying.take() else {
            return;
        };
        if !copying.step() {
            self.copying = Some(copying);
            return;
        }
        copying.target.hand_over();
        self.outbox.push(copying.message.head());
        self.outbox.push(&copying.message.body);
    }

    /// Writes what the child takes now.
    pub(super) fn flush(&mut self) -> io::Result<Flushed> {
        self.copy_some();
        if self.awaited {
            return Ok(Flushed::Blocked);
        }
        let flushed = self.outbox.flush(&self.socket)?;
        Ok(match flushed {
            outbox::Flushed::Blocked => Flushed::Blocked,
            outbox::Flushed::All if self.copying.is_some() => Flushed::Copying,
            outbox::Flushed::All => Flushed::All,
        })
    }

    /// Something that ends when the child takes more, unless somebody waits for that already.
    pub(super) fn await_writable(&mut self) -> Option<impl Future<Output = ()> + 'static> {
        if std::mem::replace(&mut self.awaited, true) {
            return None;
        }
        let socket = self.socket.clone();
        // An error shows when it is written to.
        Some(async move { drop(socket.writable().await) })
    }

    /// What [`Downlink::await_writable`] returned has ended.
    pub(super) fn is_writable(&mut self) {
        self.awaited = false;
    }
}

impl Copying {
    /// Copies the next part. Returns whether it was the last.
    fn step(&mut self) -> bool {
        let rest = &self.frame[self.copied..];
        let part = &rest[..rest.len().min(COPIED_AT_ONCE_MAX)];
        self.target.write(self.copied, part);
        self.copied += part.len();
        part.len() == rest.len()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::socket;
    use super::*;
    use crate::process::hop::{CallId, Deadline};
    use crate::process::lane;
    use crate::process::link;

    const FRAME_BYTES_MAX: usize = 4 << 20;

    fn call(number: u64, bytes: usize) -> Down {
        Down::Call {
            call: CallId(number),
            deadline: Deadline::default(),
            frame: vec![number as u8; bytes].into(),
        }
    }

    #[test]
    fn large_frames_go_through_the_area_in_parts_and_everything_arrives_in_order() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .unwrap();
        let _guard = runtime.enter();
        let (ours, theirs) = socket::pair();
        let [arbiter, worker] = lane::pair(FRAME_BYTES_MAX);
        let theirs = theirs.into_std().unwrap();
        let (mut reader, _writer) =
            link::split_with_lane(theirs.into(), FRAME_BYTES_MAX, &worker).unwrap();
        let mut down = Downlink::with_area(Rc::new(ours), arbiter.requests());

        let large = COPIED_AT_ONCE_MAX * 2 + 1;
        down.push(&call(1, large));
        let flushes: Vec<_> = (0..3).map(|_| down.flush().unwrap()).collect();
        assert_eq!(flushes, [Flushed::Copying, Flushed::Copying, Flushed::All]);
        let received = reader.try_recv().unwrap().unwrap();
        assert_eq!(received, call(1, large));
        // While that lies in the area there is no room in it.
        down.push(&call(2, AREA_BYTES_MIN));
        assert_eq!(down.flush().unwrap(), Flushed::All);
        assert_eq!(reader.try_recv().unwrap(), Some(call(2, AREA_BYTES_MIN)));
        drop(received);
        // A message never overtakes a frame.
        down.push(&call(3, large));
        down.push(&Down::Cancel(CallId(3)));
        assert_eq!(down.flush().unwrap(), Flushed::All);
        assert_eq!(reader.try_recv().unwrap(), Some(call(3, large)));
        assert_eq!(reader.try_recv().unwrap(), Some(Down::Cancel(CallId(3))));
        assert!(reader.try_recv().unwrap().is_none());
    }
}
