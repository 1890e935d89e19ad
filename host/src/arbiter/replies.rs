//! What is to be written to a client, frame by frame, so that the reply of a call which its client
//! has given up can be taken out again. What cannot be written at once counts into the budget.

use std::collections::VecDeque;
use std::io;

use bytes::Bytes;

use super::budget::{Budget, Held, Share};
use super::outbox::{Flushed, Outbox};
use super::socket::Socket;

/// What frames belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A call: a part of its reply, or its error.
    Call,
    /// Something else that the client has sent: a question, or nonsense.
    Other,
}

/// One frame, or several that belong together, not wholly written yet.
#[derive(Debug)]
struct Piece {
    end: u64,
    kind: Kind,
}

/// Frames in order.
#[derive(Debug)]
pub(super) struct Replies {
    outbox: Outbox,
    /// What was copied and could not be written at once; large frames are counted already.
    held: Held,
    pieces: VecDeque<Piece>,
    /// The end of the last piece that is wholly written.
    whole_until: u64,
}

impl Replies {
    pub(super) fn new(budget: &Budget) -> Replies {
        Replies {
            outbox: Outbox::default(),
            held: budget.hold(Share::Replies),
            pieces: VecDeque::new(),
            whole_until: 0,
        }
    }

    /// Adds frames, copying them.
    pub(super) fn push(&mut self, kind: Kind, frames: &[u8]) {
        self.outbox.push(frames);
        self.pushed(kind);
    }

    /// Adds frames, sharing their memory if they are large.
    pub(super) fn push_shared(&mut self, kind: Kind, frames: Bytes) {
        self.outbox.push_shared(frames);
        self.pushed(kind);
    }

    fn pushed(&mut self, kind: Kind) {
        self.pieces.push_back(Piece {
            end: self.outbox.pushed(),
            kind,
        });
    }

    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.outbox.len()
    }

    /// Drops all frames of calls that are not written. False if one of them is written in part: then
    /// nothing that follows could be understood.
    pub(super) fn discard(&mut self) -> bool {
        let Some(first) = self
            .pieces
            .iter()
            .position(|piece| piece.kind == Kind::Call)
        else {
            return true;
        };
        let start = match first.checked_sub(1) {
            Some(before) => self.pieces[before].end,
            None => self.whole_until,
        };
        if self.outbox.written() > start {
            return false;
        }
        let mut frames = self.outbox.split_off(start);
        let mut at = start;
        for Piece { end, kind } in self.pieces.split_off(first) {
            let of_piece = take(&mut frames, (end - at) as usize);
            at = end;
            if kind == Kind::Other {
                for bytes in of_piece {
                    self.outbox.push_shared(bytes);
                }
                self.pushed(kind);
            }
        }
        self.held.set(self.outbox.copied_len());
        true
    }

    /// Writes what the client takes now.
    pub(super) fn flush(&mut self, socket: &Socket) -> io::Result<Flushed> {
        let flushed = self.outbox.flush(socket);
        self.held.set(self.outbox.copied_len());
        while let Some(piece) = self.pieces.front()
            && piece.end <= self.outbox.written()
        {
            self.whole_until = piece.end;
            self.pieces.pop_front();
        }
        flushed
    }
}

/// Takes so many bytes from the front.
fn take(frames: &mut VecDeque<Bytes>, mut count: usize) -> Vec<Bytes> {
    let mut taken = Vec::new();
    while count > 0
        && let Some(mut first) = frames.pop_front()
    {
        let rest = first.split_off(first.len().min(count));
        if !rest.is_empty() {
            frames.push_front(rest);
        }
        count -= first.len();
        taken.push(first);
    }
    taken
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::socket;
    use super::*;
    use std::io::Read;

    fn budget() -> Budget {
        Budget::new(1 << 30, 1 << 20)
    }

    fn with_pair(test: impl FnOnce(&Socket, &mut std::os::unix::net::UnixStream)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (ours, theirs) = socket::pair();
            let mut theirs = theirs.into_std().unwrap();
            theirs.set_nonblocking(false).unwrap();
            test(&ours, &mut theirs);
        });
    }

    #[test]
    fn the_reply_of_a_call_is_dropped_and_what_came_before_is_not() {
        with_pair(|ours, theirs| {
            let mut replies = Replies::new(&budget());
            replies.push(Kind::Other, b"status ");
            replies.push(Kind::Call, b"old");
            replies.push_shared(Kind::Call, Bytes::from(vec![b'o'; 100_000]));
            assert!(replies.discard());
            replies.push(Kind::Call, b"new");
            assert_eq!(replies.flush(ours).unwrap(), Flushed::All);
            let mut received = [0; 10];
            theirs.read_exact(&mut received).unwrap();
            assert_eq!(&received, b"status new");
            assert!(replies.discard(), "nothing is left to be dropped");
        });
    }

    #[test]
    fn answers_to_what_is_no_call_stay_wherever_they_are() {
        with_pair(|ours, theirs| {
            let budget = budget();
            let mut replies = Replies::new(&budget);
            let large = |byte: u8| budget.charge_reply(Bytes::from(vec![byte; 20_000]));
            replies.push(Kind::Other, b"a");
            replies.push(Kind::Call, b"1");
            replies.push(Kind::Other, b"bc");
            replies.push_shared(Kind::Call, large(2));
            replies.push_shared(Kind::Other, large(b'd'));
            replies.push(Kind::Call, b"3");
            replies.push(Kind::Other, b"e");
            assert!(replies.discard());
            assert_eq!(replies.len(), 20_004);
            assert_eq!(budget.held_bytes(), 20_004, "only what is kept");
            replies.push(Kind::Call, b"new");
            assert_eq!(replies.flush(ours).unwrap(), Flushed::All);
            let mut received = vec![0; 20_007];
            theirs.read_exact(&mut received).unwrap();
            assert!(received.starts_with(b"abcd") && received.ends_with(b"denew"));
            assert_eq!(budget.held_bytes(), 0);
            assert!(replies.pieces.is_empty());
        });
    }

    #[test]
    fn what_is_not_written_counts_until_it_is_given_up() {
        with_pair(|ours, _theirs| {
            let budget = budget();
            let mut replies = Replies::new(&budget);
            for _ in 0..2000 {
                replies.push(Kind::Other, &[1; 1000]);
            }
            assert_eq!(replies.flush(ours).unwrap(), Flushed::Blocked);
            let unwritten = replies.len();
            assert_eq!(budget.held_bytes(), unwritten);
            replies.push(Kind::Call, &[1; 1000]);
            assert_eq!(replies.flush(ours).unwrap(), Flushed::Blocked);
            assert_eq!(budget.held_bytes(), unwritten + 1000);
            assert!(replies.discard());
            assert_eq!(budget.held_bytes(), unwritten);
            drop(replies);
            assert_eq!(budget.held_bytes(), 0);
        });
    }

    #[test]
    fn a_large_frame_counts_once_and_until_its_last_byte_is_written() {
        with_pair(|ours, _theirs| {
            let budget = budget();
            let mut replies = Replies::new(&budget);
            let large = budget.charge(Share::Replies, Bytes::from(vec![0; 4 << 20]));
            replies.push_shared(Kind::Call, large);
            assert_eq!(replies.flush(ours).unwrap(), Flushed::Blocked);
            assert!(replies.len() < 4 << 20);
            assert_eq!(budget.held_bytes(), 4 << 20, "its memory is not freed yet");
            drop(replies);
            assert_eq!(budget.held_bytes(), 0);
        });
    }

    #[test]
    fn a_frame_that_is_written_in_part_cannot_be_dropped() {
        with_pair(|ours, _theirs| {
            let mut replies = Replies::new(&budget());
            replies.push_shared(Kind::Call, Bytes::from(vec![0; 4 << 20]));
            assert_eq!(replies.flush(ours).unwrap(), Flushed::Blocked);
            assert!(!replies.discard());
        });
    }
}
