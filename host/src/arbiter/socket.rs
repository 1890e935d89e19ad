//! A connected stream socket of the arbiter's, to a client or to a child. Tokio's own are watched for
//! writing all the time, so that whoever reads what it was sent wakes the arbiter for nothing; these
//! only while something waits for that.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::io::{ioctl_fionbio, retry_on_intr};
use rustix::net::RecvFlags;
use tokio::io::unix::AsyncFd;
use tokio::task::coop::consume_budget;

use crate::process::receive::receive;
use crate::process::watch;

/// How often a socket is looked at that cannot be watched for want of a descriptor.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// The arbiter's end. It is closed with this value.
#[derive(Debug)]
pub(super) struct Socket {
    reading: AsyncFd<OwnedFd>,
    /// A second descriptor of the same socket, while something that was to be written has no room.
    writing: RefCell<Option<Rc<AsyncFd<OwnedFd>>>>,
}

impl Socket {
    /// Takes a connected socket. Needs a tokio runtime.
    pub(super) fn new(socket: OwnedFd) -> io::Result<Socket> {
        ioctl_fionbio(&socket, true)?;
        Ok(Socket {
            reading: watch::readable_owned(socket)?,
            writing: RefCell::default(),
        })
    }

    /// Waits until there is something to be read, or an end.
    pub(super) async fn readable(&self) -> io::Result<()> {
        self.reading.readable().await.map(drop)
    }

    /// Appends what there is to `buf`, as far as that has room and at most so much; waits for
    /// something, and lets others run where there is always something. 0 at the end, and without room.
    pub(super) async fn read(&self, buf: &mut BytesMut, bytes_max: usize) -> io::Result<usize> {
        consume_budget().await;
        loop {
            let mut guard = self.reading.readable().await?;
            let wanted = (buf.capacity() - buf.len()).min(bytes_max);
            let received =
                guard.try_io(|socket| receive(socket, buf, bytes_max, RecvFlags::DONTWAIT));
            let Ok(received) = received else { continue };
            let received = received?;
            if received > 0 && received < wanted {
                // There was no more: what comes from now on is told of.
                guard.clear_ready();
            }
            return Ok(received);
        }
    }

    /// Waits for something to be read, and has it read in a way of the caller's own, which fails
    /// where it would have to wait.
    pub(super) async fn read_with<T>(
        &self,
        mut read: impl FnMut(BorrowedFd<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        consume_budget().await;
        loop {
            let mut guard = self.reading.readable().await?;
            if let Ok(result) = guard.try_io(|socket| read(socket.as_fd())) {
                return result;
            }
        }
    }

    /// Writes as much as has room now. Fails with [`io::ErrorKind::WouldBlock`] if nothing has.
    pub(super) fn write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(retry_on_intr(|| rustix::io::writev(&self.reading, pieces))?)
    }

    /// Waits until there is room again, after [`Socket::write`] has found none. Waiting may be given
    /// up and begun again.
    pub(super) async fn writable(&self) -> io::Result<()> {
        let watched = match &mut *self.writing.borrow_mut() {
            Some(watched) => Ok(watched.clone()),
            none => watch::writable(&self.reading).map(|new| none.insert(Rc::new(new)).clone()),
        };
        let Ok(watched) = watched else {
            return self.writable_without_descriptor().await;
        };
        // Whether there is still room is seen by writing.
        watched.writable().await?.clear_ready();
        Ok(())
    }

    /// Later, but not never.
    async fn writable_without_descriptor(&self) -> io::Result<()> {
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            let mut room = [PollFd::new(self.as_fd(), PollFlags::POLLOUT)];
            match poll(&mut room, PollTimeout::ZERO) {
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => return Ok(()),
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Everything is written: nobody needs to know of room.
    pub(super) fn has_caught_up(&self) {
        self.writing.take();
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reading.as_fd()
    }
}

/// An end, and the other one for a test to use.
#[cfg(test)]
pub(super) fn pair() -> (Socket, tokio::net::UnixStream) {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().expect("a pair of sockets");
    theirs.set_nonblocking(true).expect("a mode of all sockets");
    let theirs = tokio::net::UnixStream::from_std(theirs).expect("a runtime");
    (Socket::new(ours.into()).expect("a runtime"), theirs)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::fd::AsRawFd;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::timeout;

    use super::*;
    use crate::process::inspect;

    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(test);
    }

    fn fill(socket: &Socket) {
        let bytes = [7; 4096];
        let last = loop {
            if let Err(error) = socket.write(&[IoSlice::new(&bytes)]) {
                break error;
            }
        };
        assert_eq!(last.kind(), io::ErrorKind::WouldBlock);
    }

    async fn has_room(socket: &Socket) -> bool {
        let soon = Duration::from_millis(50);
        timeout(soon, socket.writable())
            .await
            .is_ok_and(|room| room.is_ok())
    }

    #[test]
    fn room_is_told_of_once_it_is_there_and_costs_a_descriptor_only_until_then() {
        run(async {
            let (ours, mut theirs) = pair();
            let descriptors = || {
                let open = inspect::open_descriptors().unwrap();
                let ours = open[&ours.as_fd().as_raw_fd()].name.clone();
                open.values().filter(|open| open.name == ours).count()
            };
            assert_eq!(descriptors(), 1);
            for _ in 0..2 {
                fill(&ours);
                assert!(!has_room(&ours).await);
                assert_eq!(descriptors(), 2);
                let mut read = vec![0; 1 << 20];
                assert!(theirs.read(&mut read).await.unwrap() > 0);
                assert!(has_room(&ours).await);
            }
            ours.has_caught_up();
            assert_eq!(descriptors(), 1);
        });
    }

    #[test]
    fn whoever_has_much_to_read_lets_others_run() {
        run(async {
            let (ours, mut theirs) = pair();
            let sent = 10_000;
            theirs.write_all(&vec![1; sent]).await.unwrap();
            ours.readable().await.unwrap();
            let mut received = BytesMut::with_capacity(sent);
            let mut reading = Box::pin(async {
                while received.len() < sent {
                    ours.read(&mut received, 1).await.unwrap();
                }
            });
            let mut polls = 0;
            std::future::poll_fn(|context| {
                polls += 1;
                reading.as_mut().poll(context)
            })
            .await;
            assert!(polls > 10, "{polls}");
        });
    }

    #[test]
    fn room_is_found_without_a_descriptor_too() {
        run(async {
            let (ours, mut theirs) = pair();
            fill(&ours);
            let waiting = ours.writable_without_descriptor();
            let reading = async {
                let mut read = vec![0; 1 << 20];
                assert!(theirs.read(&mut read).await.unwrap() > 0);
            };
            let (waited, ()) = tokio::join!(waiting, reading);
            waited.unwrap();
        });
    }

    #[test]
    fn what_is_read_is_what_was_sent_up_to_the_end() {
        run(async {
            let (ours, theirs) = pair();
            let sent: Vec<u8> = (0..=255).cycle().take(300_000).collect();
            let sending = async {
                let mut theirs = theirs;
                theirs.write_all(&sent).await.unwrap();
            };
            let receiving = async {
                let mut received = BytesMut::new();
                loop {
                    received.reserve(1000);
                    match ours.read(&mut received, 700).await.unwrap() {
                        0 => break received,
                        count => assert!(count <= 700),
                    }
                }
            };
            let (received, ()) = tokio::join!(receiving, sending);
            assert!(received == sent);
        });
    }
}
