//! The log's way into a pipe or a socket whose reader may have stopped reading. Lines that do not
//! fit are dropped and counted, because whoever logs has calls to serve.
//!
//! What other processes write to the same pipe is theirs to answer for. Files and terminals do
//! not need this.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Written at once at most: what a pipe that polls as writable takes without blocking (`PIPE_BUF`).
const PIECE_BYTES_MAX: usize = 4096;

/// How long all writes within [`PERIOD`] may wait together. A reader that is only slow gets
/// everything as long as this suffices.
const WAIT_MAX: Duration = Duration::from_millis(100);

/// After this time [`WAIT_MAX`] is available again, so that a reader that never quite stops
/// reading does not hold up more than a small part of the time either.
const PERIOD: Duration = Duration::from_secs(1);

/// Whether writing to this can block for as long as somebody else pleases.
pub(super) fn is_needed_for(out: &impl AsFd) -> bool {
    let kind = out
        .as_fd()
        .try_clone_to_owned()
        .and_then(|fd| File::from(fd).metadata())
        .map(|found| found.file_type());
    kind.is_ok_and(|kind| kind.is_fifo() || kind.is_socket())
}

/// Writes lines to a pipe or a socket, and drops them rather than wait long.
#[derive(Debug)]
pub(super) struct LogPipe<W> {
    out: W,
    patience: Patience,
    /// Lines that were dropped since something was written last.
    lost: u64,
    /// The beginning of the first lost line has been written.
    cut: bool,
}

impl<W: Write + AsFd> LogPipe<W> {
    pub(super) fn new(out: W) -> LogPipe<W> {
        LogPipe {
            out,
            patience: Patience::new(),
            lost: 0,
            cut: false,
        }
    }

    /// Writes as much of the line as goes out in time, and returns how many bytes that were.
    fn write_in_time(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        while written < line.len() {
            if !is_writable(&self.out, Duration::ZERO)? && !self.patience.wait_for(&self.out)? {
                break;
            }
            let end = line.len().min(written + PIECE_BYTES_MAX);
            match self.out.write(&line[written..end]) {
                Ok(0) => break,
                Ok(bytes) => written += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Somebody else made it non-blocking, and was faster.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }

    /// Says how many lines are missing here. To be called when there is room for it.
    fn report(&mut self) -> io::Result<()> {
        let line_end = if self.cut { "\n" } else { "" };
        let lost = self.lost;
        let report = format!(
            "{line_end}dirty: lines of the log lost because standard error was not read: {lost}\n"
        );
        self.out.write_all(report.as_bytes())?;
        self.lost = 0;
        self.cut = false;
        Ok(())
    }
}

/// Takes one line a call, as the log's subscriber writes it, and always the whole of it.
impl<W: Write + AsFd> Write for LogPipe<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.lost > 0 {
            if !is_writable(&self.out, Duration::ZERO)? {
                self.lost += 1;
                return Ok(line.len());
            }
            self.report()?;
        }
        let written = self.write_in_time(line)?;
        if written < line.len() {
            self.lost = 1;
            self.cut = written > 0;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// What is left of [`WAIT_MAX`] in this [`PERIOD`].
#[derive(Debug)]
struct Patience {
    since: Instant,
    left: Duration,
}

impl Patience {
    fn new() -> Patience {
        Patience {
            since: Instant::now(),
            left: WAIT_MAX,
        }
    }

    /// Waits as long as it may; true if something can be written.
    fn wait_for(&mut self, out: &impl AsFd) -> io::Result<bool> {
        let now = Instant::now();
        if now.duration_since(self.since) >= PERIOD {
            *self = Patience::new();
        }
        let writable = is_writable(out, self.left);
        self.left = self.left.saturating_sub(now.elapsed());
        writable
    }
}

/// Waits until something can be written, or until writing would fail at once.
fn is_writable(out: &impl AsFd, patience: Duration) -> io::Result<bool> {
    let end = Instant::now() + patience;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
        match poll(&mut [PollFd::new(out.as_fd(), PollFlags::POLLOUT)], timeout) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::{PipeReader, PipeWriter, Read};
    use std::net::Shutdown;
    use std::os::unix::net::UnixStream;

    /// Larger than any pipe of these tests.
    const PIPE_BYTES_MAX: usize = 1 << 20;
    /// For what takes [`WAIT_MAX`] at most, on a busy machine.
    const SOON: Duration = Duration::from_secs(10);

    fn full_pipe(line: &[u8]) -> (PipeReader, LogPipe<PipeWriter>, u64) {
        let (reader, writer) = io::pipe().unwrap();
        let (pipe, lines) = full(writer, line);
        (reader, pipe, lines)
    }

    fn full<W: Write + AsFd>(out: W, line: &[u8]) -> (LogPipe<W>, u64) {
        let mut pipe = LogPipe::new(out);
        let mut lines = 0;
        while pipe.lost == 0 {
            pipe.write_all(line).unwrap();
            lines += 1;
        }
        (pipe, lines)
    }

    /// All that is in the pipe, which has something in it.
    fn drain(reader: &mut PipeReader) -> String {
        let mut bytes = vec![0; PIPE_BYTES_MAX];
        let len = reader.read(&mut bytes).unwrap();
        bytes.truncate(len);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_full_pipe_costs_lines_and_hardly_any_time() {
        let line = [&[b'x'; 99][..], b"\n"].concat();
        let started = Instant::now();
        let (mut reader, mut pipe, mut lines) = full_pipe(&line);
        for _ in 0..10_000 {
            pipe.write_all(&line).unwrap();
            lines += 1;
        }
        assert!(started.elapsed() < SOON, "{:?}", started.elapsed());

        let kept = drain(&mut reader).matches('\n').count() as u64;
        assert_eq!(pipe.lost, lines - kept);
        pipe.write_all(b"next\n").unwrap();
        let report = format!("was not read: {}\nnext\n", lines - kept);
        let end = drain(&mut reader);
        assert!(end.ends_with(&report), "{end}");
        pipe.write_all(b"and so on\n").unwrap();
        assert_eq!(drain(&mut reader), "and so on\n");
    }

    #[test]
    fn a_line_that_is_cut_ends_before_the_report() {
        let line = [&[b'x'; PIPE_BYTES_MAX][..], b"\n"].concat();
        let (mut reader, mut pipe, lines) = full_pipe(&line);
        assert_eq!((lines, pipe.lost, pipe.cut), (1, 1, true));
        assert!(!drain(&mut reader).contains('\n'));
        pipe.write_all(b"next\n").unwrap();
        let end = drain(&mut reader);
        assert!(end.starts_with("\ndirty: "), "{end}");
        assert!(end.ends_with(": 1\nnext\n"), "{end}");
    }

    #[test]
    fn all_the_waiting_of_a_second_is_limited_together() {
        let (_reader, writer) = io::pipe().unwrap();
        let mut pipe = LogPipe::new(writer);
        pipe.write_in_time(&[b'x'; PIPE_BYTES_MAX]).unwrap();
        // The system counts in milliseconds.
        assert!(pipe.patience.left <= Duration::from_millis(1));
        // In the next second there is as much again.
        pipe.patience.since -= PERIOD;
        let started = Instant::now();
        assert!(!pipe.patience.wait_for(&pipe.out).unwrap());
        assert!(started.elapsed() >= WAIT_MAX / 2);
    }

    #[test]
    fn a_reader_that_reads_gets_everything() {
        let (mut reader, writer) = io::pipe().unwrap();
        let mut pipe = LogPipe::new(writer);
        let line = [&[b'y'; 3 * PIECE_BYTES_MAX][..], b"\n"].concat();
        for _ in 0..100 {
            pipe.write_all(&line).unwrap();
            assert_eq!(drain(&mut reader).as_bytes(), line);
        }
        assert_eq!(pipe.lost, 0);
    }

    #[test]
    fn without_a_reader_writing_fails_at_once() {
        // A socket, because shut down it has no reader in a process either that another test forks
        // meanwhile, and that has a copy of it for a moment.
        let (reader, writer) = UnixStream::pair().unwrap();
        let (mut pipe, _) = full(writer, &[b'x'; PIECE_BYTES_MAX]);
        reader.shutdown(Shutdown::Both).unwrap();
        let error = pipe.write_all(b"next\n").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn pipes_and_sockets_need_it_and_files_do_not() {
        let (_reader, writer) = io::pipe().unwrap();
        assert!(is_needed_for(&writer));
        let (socket, _other) = UnixStream::pair().unwrap();
        assert!(is_needed_for(&socket));
        assert!(!is_needed_for(&tempfile::tempfile().unwrap()));
        assert!(!is_needed_for(&File::open("/dev/null").unwrap()));
    }
}
