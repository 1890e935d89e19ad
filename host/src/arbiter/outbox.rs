//! What is to be written to a peer: collected while events are handled, written once per wakeup.
//! Small pieces are copied together, large ones are shared.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::{Buf, Bytes, BytesMut};

use super::socket::Socket;

/// Larger pieces are not copied.
pub(super) const COPIED_BYTES_MAX: usize = 8 << 10;
/// How many pieces one write takes.
const PIECES_PER_WRITE: usize = 32;

/// Bytes in order. Positions count from the first byte ever pushed.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    sealed: VecDeque<Piece>,
    tail: BytesMut,
    /// Bytes in shared pieces.
    shared: usize,
    pushed: u64,
    written: u64,
}

/// Bytes that are not appended to any more.
#[derive(Debug)]
struct Piece {
    bytes: Bytes,
    /// They are somebody else's memory, too.
    shared: bool,
}

/// How far a flush came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flushed {
    /// All is written.
    All,
    /// The peer has to read first.
    Blocked,
}

impl Outbox {
    /// Adds bytes, copying them.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        self.pushed += bytes.len() as u64;
    }

    /// Adds bytes, sharing them if they are many.
    pub(super) fn push_shared(&mut self, bytes: Bytes) {
        if bytes.len() <= COPIED_BYTES_MAX {
            return self.push(&bytes);
        }
        if !self.tail.is_empty() {
            self.sealed.push_back(Piece {
                bytes: self.tail.split().freeze(),
                shared: false,
            });
        }
        self.pushed += bytes.len() as u64;
        self.shared += bytes.len();
        self.sealed.push_back(Piece {
            bytes,
            shared: true,
        });
    }

    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        (self.pushed - self.written) as usize
    }

    /// How many of them are the outbox's own copies.
    pub(super) fn copied_len(&self) -> usize {
        self.len() - self.shared
    }

    /// The position behind the last byte pushed.
    pub(super) fn pushed(&self) -> u64 {
        self.pushed
    }

    /// The position behind the last byte written.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Takes everything from this position on out again, and returns it. What is written stays
    /// written.
    pub(super) fn split_off(&mut self, position: u64) -> VecDeque<Bytes> {
        let mut excess = self.pushed.saturating_sub(position.max(self.written)) as usize;
        self.pushed -= excess as u64;
        let mut taken = VecDeque::new();
        let of_tail = excess.min(self.tail.len());
        if of_tail > 0 {
            let tail = self.tail.split_off(self.tail.len() - of_tail);
            taken.push_front(tail.freeze());
        }
        excess -= of_tail;
        while excess > 0
            && let Some(mut last) = self.sealed.pop_back()
        {
            let of_last = excess.min(last.bytes.len());
            excess -= of_last;
            self.shared -= if last.shared { of_last } else { 0 };
            taken.push_front(last.bytes.split_off(last.bytes.len() - of_last));
            if !last.bytes.is_empty() {
                self.sealed.push_back(last);
            }
        }
        taken
    }

    /// Writes as much as the peer takes now.
    pub(super) fn flush(&mut self, socket: &Socket) -> io::Result<Flushed> {
        while self.len() > 0 {
            let mut pieces = [IoSlice::new(&[]); PIECES_PER_WRITE];
            let count = self.pieces(&mut pieces);
            match socket.write(&pieces[..count]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.advance(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Flushed::Blocked);
                }
                Err(error) => return Err(error),
            }
        }
        socket.has_caught_up();
        Ok(Flushed::All)
    }

    /// What comes first, and how many pieces that is.
    fn pieces<'a>(&'a self, pieces: &mut [IoSlice<'a>]) -> usize {
        let tail = Some(&self.tail[..]).filter(|tail| !tail.is_empty());
        let sealed = self.sealed.iter().map(|piece| &piece.bytes[..]);
        let mut count = 0;
        for (place, bytes) in pieces.iter_mut().zip(sealed.chain(tail)) {
            *place = IoSlice::new(bytes);
            count += 1;
        }
        count
    }

    fn advance(&mut self, mut count: usize) {
        self.written += count as u64;
        while let Some(first) = self.sealed.front_mut() {
            let of_first = count.min(first.bytes.len());
            count -= of_first;
            self.shared -= if first.shared { of_first } else { 0 };
            first.bytes.advance(of_first);
            if !first.bytes.is_empty() {
                return;
            }
            self.sealed.pop_front();
        }
        self.tail.advance(count);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::socket;
    use super::*;
    use tokio::io::AsyncReadExt;

    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .unwrap()
            .block_on(test);
    }

    #[test]
    fn small_and_large_pieces_arrive_in_order_however_slowly_they_are_read() {
        run(async {
            let (ours, mut theirs) = socket::pair();
            let mut outbox = Outbox::default();
            let mut expected = Vec::new();
            for round in 0..40u8 {
                let large = vec![round; if round % 3 == 0 { 100_000 } else { 10 }];
                outbox.push(&[round]);
                outbox.push_shared(Bytes::from(large.clone()));
                expected.push(round);
                expected.extend(large);
            }
            let mut received = Vec::new();
            let mut blocked = 0;
            while received.len() < expected.len() {
                tokio::select! {
                    biased;
                    writable = ours.writable(), if outbox.len() > 0 => {
                        writable.unwrap();
                        if outbox.flush(&ours).unwrap() == Flushed::Blocked {
                            blocked += 1;
                        }
                    }
                    read = theirs.read_buf(&mut received) => assert!(read.unwrap() > 0),
                }
            }
            assert_eq!(received, expected);
            assert!(blocked > 0);
            assert_eq!((outbox.len(), outbox.written()), (0, expected.len() as u64));
            assert_eq!(outbox.copied_len(), 0);
        });
    }

    #[test]
    fn what_is_split_off_is_not_written() {
        run(async {
            let (ours, mut theirs) = socket::pair();
            let mut outbox = Outbox::default();
            outbox.push(b"kept");
            let position = outbox.pushed();
            outbox.push(b"dropped");
            outbox.push_shared(Bytes::from(vec![1; 20_000]));
            outbox.push(b"dropped");
            assert_eq!(outbox.copied_len(), b"kept".len() + 2 * b"dropped".len());
            let taken: Vec<u8> = outbox.split_off(position).into_iter().flatten().collect();
            assert_eq!(taken.len(), 2 * b"dropped".len() + 20_000);
            assert!(taken.starts_with(b"dropped\x01") && taken.ends_with(b"\x01dropped"));
            assert_eq!((outbox.len(), outbox.copied_len()), (4, 4));
            outbox.push(b"!");
            assert_eq!(outbox.flush(&ours).unwrap(), Flushed::All);
            assert!(outbox.split_off(0).is_empty());
            assert_eq!(outbox.len(), 0);
            drop(ours);
            let mut received = Vec::new();
            theirs.read_to_end(&mut received).await.unwrap();
            assert_eq!(received, b"kept!");
        });
    }
}
