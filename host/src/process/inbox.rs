//! What the arbiter sends to a child, in order; except that the child can wait for the answer to its
//! use of the stash while other messages stay for later.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use super::hop::{CallId, Down, StashReply};
use super::link::{LinkError, LinkReader};

/// The receiving half of a child's socket, and what has come for later.
#[derive(Debug)]
pub(crate) struct Inbox {
    reader: LinkReader,
    kept: VecDeque<Down>,
}

impl Inbox {
    pub(crate) fn new(reader: LinkReader) -> Inbox {
        Inbox {
            reader,
            kept: VecDeque::new(),
        }
    }

    /// Waits for the next message; where there is a limit, at most so long.
    pub(crate) fn recv(&mut self, patience: Option<Duration>) -> Result<Option<Down>, LinkError> {
        match (self.kept.pop_front(), patience) {
            (Some(message), _) => Ok(Some(message)),
            (None, Some(patience)) => self.reader.recv_within(patience),
            (None, None) => self.reader.recv().map(Some),
        }
    }

    /// The next message if one has arrived or was kept; does not wait.
    pub(crate) fn try_recv(&mut self) -> Result<Option<Down>, LinkError> {
        match self.kept.pop_front() {
            Some(message) => Ok(Some(message)),
            None => self.reader.try_recv(),
        }
    }

    /// The next message that is not one of those that are kept, if one has arrived; does not wait.
    pub(crate) fn try_recv_new(&mut self) -> Result<Option<Down>, LinkError> {
        self.reader.try_recv()
    }

    /// Leaves a message for later.
    pub(crate) fn keep(&mut self, message: Down) {
        self.kept.push_back(message);
    }

    /// Waits for the answer of the stash. Calls that are cancelled meanwhile are told at once.
    pub(crate) fn stash_reply(
        &mut self,
        mut cancel: impl FnMut(CallId),
    ) -> Result<StashReply, LinkError> {
        let mut note = |message, kept: &mut VecDeque<Down>| match message {
            Down::Cancel(call) => cancel(call),
            other => kept.push_back(other),
        };
        let reply = loop {
            match self.reader.recv()? {
                Down::Stash(reply) => break reply,
                other => note(other, &mut self.kept),
            }
        };
        // What has been read with it: nothing on the socket tells of that any more.
        while let Some(message) = self.reader.buffered()? {
            note(message, &mut self.kept);
        }
        Ok(reply)
    }
}

impl AsFd for Inbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    use super::super::link;
    use super::*;
    use crate::process::hop::WorkerId;
    use crate::stash::StashAnswer;

    fn send(arbiter: &mut UnixStream, messages: &[Down]) {
        let encoded = messages.iter().map(Down::encode);
        let bytes: Vec<u8> = encoded
            .flat_map(|encoded| [encoded.head(), &encoded.body].concat())
            .collect();
        arbiter.write_all(&bytes).unwrap();
    }

    fn inbox() -> (UnixStream, Inbox) {
        let (arbiter, child) = UnixStream::pair().unwrap();
        let (reader, _writer) = link::split(child.into(), 1 << 20).unwrap();
        (arbiter, Inbox::new(reader))
    }

    #[test]
    fn what_comes_before_the_answer_and_with_it_is_not_lost() {
        let (mut arbiter, mut inbox) = inbox();
        let answer = || Ok(StashAnswer::Sum(7));
        send(
            &mut arbiter,
            &[
                Down::Cancel(CallId(1)),
                Down::Stop,
                Down::Stash(answer()),
                Down::Cancel(CallId(2)),
                Down::Fork(WorkerId(3)),
            ],
        );
        let mut cancelled = Vec::new();
        let reply = inbox.stash_reply(|call| cancelled.push(call)).unwrap();
        assert_eq!(reply, answer());
        assert_eq!(cancelled, [CallId(1), CallId(2)]);
        assert_eq!(inbox.recv(None).unwrap(), Some(Down::Stop));
        let fork = Some(Down::Fork(WorkerId(3)));
        assert_eq!(inbox.try_recv().unwrap(), fork);
        assert_eq!(inbox.try_recv().unwrap(), None);
    }

    #[test]
    fn an_arbiter_that_is_gone_does_not_answer() {
        let (arbiter, mut inbox) = inbox();
        drop(arbiter);
        assert!(matches!(inbox.stash_reply(|_| ()), Err(LinkError::Closed)));
    }
}
