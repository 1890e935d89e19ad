//! A log file, which another program may rename: it can be opened anew under its own name.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use nix::libc::O_NONBLOCK;

use super::log_pipe::{self, LogPipe};

/// Of a file that does not exist yet: who may read logs often has a group.
const MODE: u32 = 0o640;

/// An open log file. Clones write to the same one, also after it was reopened.
#[derive(Debug, Clone)]
pub(super) struct LogFile {
    path: PathBuf,
    out: Arc<Mutex<Out>>,
}

/// Where lines go.
#[derive(Debug)]
enum Out {
    File(File),
    /// Such as `/dev/stdout` in a container.
    Pipe(LogPipe<File>),
}

impl LogFile {
    /// Opens it to append, and creates it if need be.
    pub(super) fn open(path: &Path) -> io::Result<LogFile> {
        let path = std::path::absolute(path)?;
        let out = Arc::new(Mutex::new(Out::open(&path)?));
        Ok(LogFile { path, out })
    }

    /// Opens it anew. On an error the log goes on where it went.
    pub(super) fn reopen(&self) -> io::Result<()> {
        let reopened = Out::open(&self.path)?;
        *self.out.lock().unwrap_or_else(PoisonError::into_inner) = reopened;
        Ok(())
    }
}

impl Out {
    fn open(path: &Path) -> io::Result<Out> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(MODE)
            // A pipe without a reader is an error then, instead of a host that waits for one.
            .custom_flags(O_NONBLOCK)
            .open(path)?;
        Ok(if log_pipe::is_needed_for(&file) {
            Out::Pipe(LogPipe::new(file))
        } else {
            Out::File(file)
        })
    }
}

/// Takes one line a call, as the log's subscriber writes it.
impl Write for LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match &mut *self.out.lock().unwrap_or_else(PoisonError::into_inner) {
            Out::File(file) => file.write(line),
            Out::Pipe(pipe) => pipe.write(line),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut *self.out.lock().unwrap_or_else(PoisonError::into_inner) {
            Out::File(file) => file.flush(),
            Out::Pipe(pipe) => pipe.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn lines_are_appended_to_the_file_and_after_a_rename_to_the_next() {
        let temp = tempfile::tempdir().unwrap();
        let (path, rotated) = (temp.path().join("log"), temp.path().join("log.1"));
        fs::write(&path, "before\n").unwrap();
        let log = LogFile::open(&path).unwrap();
        let mut writer = log.clone();
        writer.write_all(b"one\n").unwrap();
        fs::rename(&path, &rotated).unwrap();
        writer.write_all(b"two\n").unwrap();
        log.reopen().unwrap();
        writer.write_all(b"three\n").unwrap();
        assert_eq!(fs::read_to_string(&rotated).unwrap(), "before\none\ntwo\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o137, 0, "{mode:o}: the group may read, at most");
    }

    #[test]
    fn a_file_that_cannot_be_reopened_is_kept() {
        let temp = tempfile::tempdir().unwrap();
        let (path, rotated) = (temp.path().join("log"), temp.path().join("log.1"));
        let mut log = LogFile::open(&path).unwrap();
        fs::rename(&path, &rotated).unwrap();
        fs::create_dir(&path).unwrap();
        log.reopen().unwrap_err();
        log.write_all(b"still\n").unwrap();
        assert_eq!(fs::read_to_string(&rotated).unwrap(), "still\n");
    }

    #[test]
    fn a_pipe_that_nobody_reads_is_refused_rather_than_waited_for() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("pipe");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        LogFile::open(&path).unwrap_err();
    }
}
