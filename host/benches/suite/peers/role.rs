//! Other processes of this program: each plays one role, over a socket that is its standard input.

use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use super::super::error::Error;
use super::{raw, relay};

/// What such a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Answers a known request with a known reply.
    Answer,
    /// Forwards whole messages between clients and a process that answers.
    Relay,
}

/// A process that plays a role. Dropped, it is killed.
pub(crate) struct Player(Child);

impl Role {
    /// The role that this process was started for, if it was for one.
    pub(crate) fn of_this_process() -> Option<Role> {
        let argument = std::env::args_os().nth(1)?;
        [Role::Answer, Role::Relay]
            .into_iter()
            .find(|role| argument == role.argument())
    }

    /// Starts a process for it, and returns that with our end of its socket.
    pub(crate) fn start(self) -> Result<(Player, UnixStream), Error> {
        let (ours, theirs) = UnixStream::pair().map_err(Error::system("make a socket pair"))?;
        let program = std::env::current_exe().map_err(Error::system("find this program"))?;
        let child = Command::new(program)
            .arg(self.argument())
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .spawn()
            .map_err(Error::system("start another process of this program"))?;
        Ok((Player(child), ours))
    }

    /// Plays it until the other end of the socket is closed.
    pub(crate) fn play(self) -> Result<(), Error> {
        let socket = io::stdin().as_fd().try_clone_to_owned();
        let socket = socket.map_err(Error::system("take over the socket"))?;
        let socket = UnixStream::from(socket);
        match self {
            Role::Answer => raw::answer(socket),
            Role::Relay => relay::forward(socket),
        }
    }

    fn argument(self) -> &'static str {
        match self {
            Role::Answer => "role-answer",
            Role::Relay => "role-relay",
        }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // It only waits; that it is gone is all that matters.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A message with its length before it, as these processes are told what they have to know.
pub(super) fn read_told(mut socket: &UnixStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 8];
    socket.read_exact(&mut length)?;
    let mut told = vec![0; u64::from_le_bytes(length) as usize];
    socket.read_exact(&mut told)?;
    Ok(told)
}
