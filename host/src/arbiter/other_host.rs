//! The channel to the other host of an upgrade, and its process if that is a child: tasks that tell
//! the loop what becomes of it.

use std::io;
use std::os::unix::net::UnixStream as StdStream;
use std::process::Child;
use std::time::Duration;

use nix::sys::socket::{getsockopt, sockopt};
use nix::unistd::Pid;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;

use super::input::Input;
use crate::process::handover::{HANDED_OVER, READY};
use crate::process::hop::Exit;
use crate::process::pidfd::Pidfd;
use crate::process::reaper::{Awaited, Reaper};
use crate::process::spawn;
use crate::process::watch;

/// How long the other host may take to end after it has closed its channel.
const END_PATIENCE: Duration = Duration::from_secs(10);

/// What is heard of the other host.
#[derive(Debug)]
pub(super) enum OtherHost {
    /// Every app of the successor can serve.
    SuccessorReady,
    /// The successor has ended.
    SuccessorGone(Option<Exit>),
    /// The predecessor accepts nobody any more.
    HandedOver,
    /// The predecessor has ended.
    PredecessorGone,
}

/// Listens to the predecessor. Returns what it is told through.
pub(super) fn watch_predecessor(
    channel: StdStream,
    input: mpsc::Sender<Input>,
) -> io::Result<OwnedWriteHalf> {
    let maker = getsockopt(&channel, sockopt::PeerCredentials)?.pid();
    // None if it has ended already.
    let pidfd = Pidfd::open(Pid::from_raw(maker)).ok();
    let (mut incoming, outgoing) = UnixStream::from_std(channel)?.into_split();
    tokio::task::spawn_local(async move {
        while let Some(byte) = next_byte(&mut incoming).await {
            if byte == HANDED_OVER {
                tell(&input, OtherHost::HandedOver).await;
            }
        }
        // It accepts nobody any more, but the kernel may not have closed all that it had: while it
        // ends, its pidfile can still be locked.
        tell(&input, OtherHost::HandedOver).await;
        if let Some(pidfd) = pidfd {
            // A program that embeds the host may live on.
            let _ = tokio::time::timeout(END_PATIENCE, ended(&pidfd)).await;
        }
        tell(&input, OtherHost::PredecessorGone).await;
    });
    Ok(outgoing)
}

/// Waits for the end of a process that is no child.
async fn ended(pidfd: &Pidfd) -> io::Result<()> {
    watch::readable(pidfd)?.readable().await?.retain_ready();
    Ok(())
}

/// Listens to a successor that was just started, and reaps it. Returns what it is told through.
pub(super) fn watch_successor(
    mut child: Child,
    channel: StdStream,
    reaper: &Reaper,
    input: mpsc::Sender<Input>,
) -> io::Result<OwnedWriteHalf> {
    let pid = Pid::from_raw(child.id() as i32);
    let awaited = reaper.awaited(pid);
    let watched = Pidfd::open(pid).and_then(|pidfd| Ok((pidfd, UnixStream::from_std(channel)?)));
    let (pidfd, channel) = watched.inspect_err(|_| spawn::discard(&mut child))?;
    let (mut incoming, outgoing) = channel.into_split();
    tokio::task::spawn_local(async move {
        while let Some(byte) = next_byte(&mut incoming).await {
            if byte == READY {
                tell(&input, OtherHost::SuccessorReady).await;
            }
        }
        let exit = end_of(&awaited, &pidfd).await;
        drop(awaited);
        tell(&input, OtherHost::SuccessorGone(exit)).await;
    });
    Ok(outgoing)
}

/// Waits for the end of a process that is about to end.
async fn end_of(child: &Awaited, pidfd: &Pidfd) -> Option<Exit> {
    if let Ok(exit) = tokio::time::timeout(END_PATIENCE, child.end(pidfd)).await {
        return exit.ok();
    }
    pidfd.kill();
    child.end(pidfd).await.ok()
}

/// None at the end of the channel.
async fn next_byte(channel: &mut OwnedReadHalf) -> Option<u8> {
    channel.read_u8().await.ok()
}

async fn tell(input: &mpsc::Sender<Input>, news: OtherHost) {
    // The loop is gone only when the host has stopped.
    let _ = input.send(Input::OtherHost(news)).await;
}
