//! One connection: a task that reads replies and hands them to their calls, a task that writes
//! what the calls have put into the outbox.
//!
//! The two are independent of each other, so that a host that is busy writing to us is never
//! waited for before its replies are read.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::error::{ClientError, Ending};
use super::outbox::Outbox;
use super::replies::{Event, Replies};
use crate::protocol::{
    ControlParts, FrameError, ReplyBody, RequestParts, StashParts, bytes_wanted, decode_frame,
    read_reply, write_cancel, write_control, write_request, write_stash, write_status,
};

/// How many replies of one call wait for its caller before the connection is read no further.
const WAITING_REPLIES_MAX: usize = 32;

/// A buffer that a large batch has left is not kept for small ones.
const KEPT_BYTES_MAX: usize = 1 << 20;

/// What clients and calls hold of a connection; it ends when all have let go.
#[derive(Debug)]
pub(super) struct Connection {
    shared: Arc<Shared>,
    reader: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    outbox: Outbox,
    calls: Mutex<HashMap<u64, mpsc::Sender<Event>>>,
    ending: OnceLock<Arc<Ending>>,
    next_id: AtomicU64,
    frame_bytes_max: usize,
}

impl Connection {
    /// Starts the two tasks.
    pub(super) fn start(stream: UnixStream, frame_bytes_max: usize) -> Self {
        let shared = Arc::new(Shared {
            outbox: Outbox::default(),
            calls: Mutex::default(),
            ending: OnceLock::new(),
            next_id: AtomicU64::new(1),
            frame_bytes_max,
        });
        let (read_half, write_half) = stream.into_split();
        tokio::spawn(write_frames(Arc::clone(&shared), write_half));
        let reader = tokio::spawn(read_replies(Arc::clone(&shared), read_half));
        Self {
            shared,
            reader: reader.abort_handle(),
        }
    }

    pub(super) async fn send_request(
        this: &Arc<Self>,
        request: &RequestParts<'_>,
    ) -> Result<Replies, ClientError> {
        let max = this.shared.frame_bytes_max;
        Self::send(this, |out, id| write_request(out, id, request, max)).await
    }

    pub(super) async fn send_status(this: &Arc<Self>) -> Result<Replies, ClientError> {
        Self::send(this, |out, id| {
            write_status(out, id);
            Ok(())
        })
        .await
    }

    pub(super) async fn send_control(
        this: &Arc<Self>,
        control: &ControlParts<'_>,
    ) -> Result<Replies, ClientError> {
        let max = this.shared.frame_bytes_max;
        Self::send(this, |out, id| write_control(out, id, control, max)).await
    }

    pub(super) async fn send_stash(
        this: &Arc<Self>,
        stash: &StashParts<'_>,
    ) -> Result<Replies, ClientError> {
        let max = this.shared.frame_bytes_max;
        Self::send(this, |out, id| write_stash(out, id, stash, max)).await
    }

    async fn send(
        this: &Arc<Self>,
        write: impl FnOnce(&mut Vec<u8>, u64) -> Result<(), FrameError>,
    ) -> Result<Replies, ClientError> {
        let shared = &this.shared;
        let id = shared.next_id.fetch_add(1, Ordering::Relaxed);
        // The call is entered in the same step as its frame, so that a caller who gives up
        // waiting for room leaves nothing behind.
        let sent = shared
            .outbox
            .append(|out| {
                write(out, id)?;
                let (events, replies) = mpsc::channel(WAITING_REPLIES_MAX);
                shared.calls().insert(id, events);
                Ok::<_, FrameError>(Replies::new(Arc::clone(this), id, replies))
            })
            .await;
        match sent {
            Ok(replies) => Ok(replies?),
            Err(_closed) => Err(this.closed()),
        }
    }

    /// Tells the host that nobody reads the replies to `id` any more.
    pub(super) fn cancel(&self, id: u64) {
        if self.shared.calls().remove(&id).is_some() {
            self.shared.outbox.append_now(|out| write_cancel(out, id));
        }
    }

    /// Why there is no connection any more.
    pub(super) fn closed(&self) -> ClientError {
        let ending = self.shared.ending.get_or_init(|| Arc::new(Ending::Eof));
        ClientError::Closed(Arc::clone(ending))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.reader.abort();
        self.shared.outbox.close();
    }
}

impl Shared {
    fn calls(&self) -> MutexGuard<'_, HashMap<u64, mpsc::Sender<Event>>> {
        // Each use is one operation of the map, so a panic leaves it whole.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the connection for all calls; the first reason stays.
    fn end(&self, ending: Ending) {
        self.ending.get_or_init(|| Arc::new(ending));
        // In this order: a call that is entered afterwards finds the outbox closed.
        self.outbox.close();
        self.calls().clear();
    }

    /// Hands a frame to the call that it answers, and waits while that call's caller is slow.
    async fn dispatch(&self, frame: &[u8]) -> Result<(), Ending> {
        let reply = read_reply(frame)?;
        let Ok(id) = reply.id.parse::<u64>() else {
            return match reply.body {
                ReplyBody::Error(error) => Err(Ending::Refused(error)),
                // Nothing of ours has such an id.
                _ => Ok(()),
            };
        };
        let event = match reply.body {
            ReplyBody::Response(result) => Event::Result(result.to_owned()),
            ReplyBody::Chunk(data) => Event::Chunk(data.to_owned()),
            ReplyBody::End => Event::End,
            ReplyBody::Error(error) => Event::Error(error),
        };
        let call = match event {
            Event::Chunk(_) => self.calls().get(&id).cloned(),
            _ => self.calls().remove(&id),
        };
        // What belongs to a cancelled call may still arrive and is dropped.
        if let Some(call) = call {
            call.send(event).await.ok();
        }
        Ok(())
    }
}

async fn read_replies(shared: Arc<Shared>, mut stream: OwnedReadHalf) {
    let ending = match read_until_end(&shared, &mut stream).await {
        Ok(()) => Ending::Eof,
        Err(ending) => ending,
    };
    shared.end(ending);
}

async fn read_until_end(shared: &Shared, stream: &mut OwnedReadHalf) -> Result<(), Ending> {
    let mut buf = BytesMut::new();
    loop {
        while let Some(frame) = decode_frame(&mut buf, shared.frame_bytes_max)? {
            shared.dispatch(&frame).await?;
        }
        buf.reserve(bytes_wanted(&buf));
        if stream.read_buf(&mut buf).await? == 0 {
            return Ok(());
        }
    }
}

async fn write_frames(shared: Arc<Shared>, mut stream: OwnedWriteHalf) {
    if write_until_end(&shared, &mut stream).await.is_err() {
        // Replies may still be on their way; the reader sees to them and finds the end itself.
        shared.outbox.close();
    }
}

async fn write_until_end(shared: &Shared, stream: &mut OwnedWriteHalf) -> io::Result<()> {
    let mut batch = Vec::new();
    while shared.outbox.take(&mut batch).await {
        stream.write_all(&batch).await?;
        if batch.capacity() > KEPT_BYTES_MAX {
            batch = Vec::new();
        }
        batch.clear();
    }
    Ok(())
}
