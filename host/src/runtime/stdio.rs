//! An app's standard output and standard error: lines for the log. Synchronous, since
//! wasmtime-wasi's own writer is a task that would die with the runtime at a fork.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use super::uplink::SharedUplink;
use crate::logline::{LogLevel, LogSource};

/// A line that is longer is logged in pieces.
const LINE_BYTES_MAX: usize = 8 << 10;
/// What the guest may write at once.
const WRITE_BYTES_MAX: usize = 64 << 10;
/// How much of the end of a call's standard error is kept, to explain a trap.
const TAIL_BYTES_MAX: usize = 4 << 10;

/// One of the two streams. Clones share the line that is being written.
#[derive(Clone)]
pub(super) struct LineStream {
    source: LogSource,
    uplink: SharedUplink,
    lines: Arc<Mutex<Lines>>,
}

#[derive(Default)]
struct Lines {
    partial: Vec<u8>,
    tail: Vec<u8>,
}

impl LineStream {
    pub(super) fn new(source: LogSource, uplink: SharedUplink) -> LineStream {
        LineStream {
            source,
            uplink,
            lines: Arc::default(),
        }
    }

    /// Logs a line that has not ended yet, so that no copy of the process logs it again.
    pub(super) fn flush_partial(&self) {
        let mut lines = self.lock();
        if !lines.partial.is_empty() {
            let line = std::mem::take(&mut lines.partial);
            self.log(&line);
        }
    }

    /// What was written last since the previous call of this, up to a few KiB.
    pub(super) fn take_tail(&self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.lock().tail)).into_owned()
    }

    fn push(&self, bytes: &[u8]) {
        let mut lines = self.lock();
        lines.tail.extend_from_slice(bytes);
        let excess = lines.tail.len().saturating_sub(TAIL_BYTES_MAX);
        lines.tail.drain(..excess);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            lines.partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") || lines.partial.len() >= LINE_BYTES_MAX {
                for line in lines.partial.chunks(LINE_BYTES_MAX) {
                    self.log(line);
                }
                lines.partial.clear();
            }
        }
    }

    fn log(&self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches(['\n', '\r']);
        self.uplink.lock().log(self.source, LogLevel::Info, text);
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IsTerminal for LineStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LineStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for LineStream {
    async fn ready(&mut self) {}
}

impl OutputStream for LineStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

impl AsyncWrite for LineStream {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::blobs::CallBlobs;
    use super::super::uplink::{EmitError, StashFault, Uplink};
    use super::*;
    use crate::stash::{StashAnswer, StashRequest};
    use std::time::Duration;

    struct Recorder(Arc<Mutex<Vec<String>>>);

    impl Uplink for Recorder {
        fn log(&mut self, _: LogSource, _: LogLevel, line: &str) {
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line.to_owned());
        }
        fn emit(&mut self, _: &str, _: &mut CallBlobs) -> Result<bool, EmitError> {
            Ok(false)
        }
        fn stash(&mut self, _: StashRequest) -> Result<StashAnswer<'static>, StashFault> {
            Err(StashFault::Gone)
        }
        fn time_left(&self) -> Option<Duration> {
            None
        }
        fn cancelled(&self) -> bool {
            false
        }
    }

    #[test]
    fn lines_are_logged_whole_and_a_partial_one_once() {
        let logged = Arc::new(Mutex::new(Vec::new()));
        let stream = LineStream::new(
            LogSource::Stdout,
            SharedUplink::new(Recorder(logged.clone())),
        );
        stream.push(b"one\ntw");
        stream.push(b"o\r\nthr");
        stream.flush_partial();
        stream.flush_partial();
        stream.push(&[b'x'; LINE_BYTES_MAX + 1]);
        stream.push(b"\n\xff\n");
        let lines = logged
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let lengths: Vec<_> = lines.iter().map(String::len).collect();
        assert_eq!(&lines[..3], ["one", "two", "thr"]);
        assert_eq!(&lengths[3..5], [LINE_BYTES_MAX, 1]);
        assert_eq!(lines.last().map(String::as_str), Some("\u{fffd}"));
        assert!(stream.take_tail().len() <= TAIL_BYTES_MAX + 2);
        assert_eq!(stream.take_tail(), "");
    }
}
