//! Running a program of the user's to its end, in as much time as it may take, and with what it
//! prints cut to a few KiB. What for, and what follows from its end, is not known here.

use std::convert::Infallible;
use std::fs::File;
use std::future::pending;
use std::io::{self, PipeWriter, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getpid};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::time;

use super::child;
use super::hop::Exit;
use super::pidfd::Pidfd;
use super::reaper::{Awaited, Reaper};

/// So much of what a program prints is kept, of its output and its errors each.
pub(crate) const OUTPUT_BYTES_MAX: usize = 4096;

/// How long a killed program may take to end. Only one that hangs in the kernel takes longer; the
/// reaper sees to it then.
const KILLED_WAIT: Duration = Duration::from_secs(1);

/// What came of a program.
#[derive(Debug)]
pub(crate) struct Ran {
    /// How it ended.
    pub end: End,
    /// The beginning of its standard output.
    pub stdout: Vec<u8>,
    /// The beginning of its standard error.
    pub stderr: Vec<u8>,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself, or by a signal of somebody else's.
    Exited(Exit),
    /// It took too long, and was killed with every process of its group.
    TimedOut,
}

/// Runs a program, whose name, arguments and environment are set, with `input` as its standard input.
/// It gets a process group and nothing of ours: no descriptor, no signal disposition or mask. Once it
/// has ended it is not waited for others that hold its output. If the future is dropped it is killed.
///
/// # Errors
/// It cannot be started.
pub(crate) async fn run(
    mut command: Command,
    input: &[u8],
    timeout: Duration,
    reaper: &Reaper,
) -> io::Result<Ran> {
    let (mut stdout, their_stdout) = Collector::new()?;
    let (mut stderr, their_stderr) = Collector::new()?;
    command
        .stdin(file_with(input)?)
        .stdout(their_stdout)
        .stderr(their_stderr)
        .process_group(0);
    let arbiter = getpid();
    // SAFETY: between fork and exec only system calls are made, and nothing is allocated.
    unsafe { command.pre_exec(move || child::become_foreign(arbiter)) };
    let mut running = Running::start(&mut command, reaper)?;
    // It holds the ends of the pipes that are the program's.
    drop(command);
    let collecting = async {
        tokio::join!(stdout.fill(), stderr.fill());
        pending::<Infallible>().await
    };
    let end = tokio::select! {
        end = running.end(timeout) => end?,
        never = collecting => match never {},
    };
    Ok(Ran {
        end,
        stdout: stdout.finish(),
        stderr: stderr.finish(),
    })
}

/// A file without a name. Other than a pipe it takes any input without waiting for who reads it.
fn file_with(input: &[u8]) -> io::Result<File> {
    let mut file = File::from(memfd_create("input", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(input)?;
    file.rewind()?;
    Ok(file)
}

/// A program that was started, and that leads a process group.
struct Running {
    child: Awaited,
    pidfd: Pidfd,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It was not reaped, so its number is still its own.
    Running,
    /// It was reaped, or left to the reaper.
    Over,
}

impl Running {
    fn start(command: &mut Command, reaper: &Reaper) -> io::Result<Running> {
        let pid = Pid::from_raw(command.spawn()?.id() as i32);
        let child = reaper.awaited(pid);
        let pidfd = Pidfd::open(pid).inspect_err(|_| kill_group(pid))?;
        Ok(Running {
            child,
            pidfd,
            state: State::Running,
        })
    }

    async fn end(&mut self, timeout: Duration) -> io::Result<End> {
        let end = match time::timeout(timeout, self.child.end(&self.pidfd)).await {
            Ok(exit) => End::Exited(exit?),
            Err(_) => {
                kill_group(self.child.pid());
                // Whether it took longer or not, nothing more is to be done here.
                let _ = time::timeout(KILLED_WAIT, self.child.end(&self.pidfd)).await;
                End::TimedOut
            }
        };
        self.state = State::Over;
        Ok(end)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.state == State::Running {
            kill_group(self.child.pid());
            // Here and now: the reaper may be about to end, too.
            let _ = waitpid(self.child.pid(), None);
        }
    }
}

/// Kills every process of the group that this one leads, which was not reaped yet: so the number
/// is no other group's.
fn kill_group(leader: Pid) {
    // Fails only if there is no such group, or none of it is ours to kill.
    let _ = killpg(leader, Signal::SIGKILL);
}

/// Reads what a program prints, and keeps the beginning.
struct Collector {
    pipe: pipe::Receiver,
    kept: Vec<u8>,
}

impl Collector {
    fn new() -> io::Result<(Collector, PipeWriter)> {
        let (ours, theirs) = io::pipe()?;
        let collector = Collector {
            pipe: pipe::Receiver::from_owned_fd(OwnedFd::from(ours))?,
            kept: Vec::new(),
        };
        Ok((collector, theirs))
    }

    /// Reads to the end of the stream.
    async fn fill(&mut self) {
        let mut buf = [0; OUTPUT_BYTES_MAX];
        while let Ok(bytes @ 1..) = self.pipe.read(&mut buf).await {
            self.keep(&buf[..bytes]);
        }
    }

    /// What there is, and what has not been read yet.
    fn finish(mut self) -> Vec<u8> {
        let mut buf = [0; OUTPUT_BYTES_MAX];
        while self.kept.len() < OUTPUT_BYTES_MAX
            && let Ok(bytes @ 1..) = rustix::io::read(&self.pipe, &mut buf)
        {
            self.keep(&buf[..bytes]);
        }
        self.kept
    }

    fn keep(&mut self, read: &[u8]) {
        let room = OUTPUT_BYTES_MAX - self.kept.len();
        self.kept.extend_from_slice(&read[..read.len().min(room)]);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::process::hop::ExitStatus;
    use crate::process::reaper::Strangers;
    use std::time::Instant;

    use nix::sys::signal::{SigHandler, SigSet, kill, signal};
    use tokio::runtime::{Builder, LocalOptions};

    /// Signals 32 and 33, which the C library lets nobody touch.
    const OF_THE_C_LIBRARY: u64 = 3 << 31;

    /// Longer than any test takes.
    const LONG: Duration = Duration::from_secs(600);

    fn on_runtime<T>(test: impl AsyncFnOnce(Reaper) -> T) -> T {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default())
            .unwrap();
        runtime.block_on(async { test(Reaper::start(Strangers::LeftAlone).unwrap()).await })
    }

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn ran(script: &str, input: &str, timeout: Duration) -> Ran {
        on_runtime(async |reaper| {
            run(sh(script), input.as_bytes(), timeout, &reaper)
                .await
                .unwrap()
        })
    }

    #[track_caller]
    fn assert_ended(ran: &Ran, expected: ExitStatus) {
        let End::Exited(exit) = ran.end else {
            panic!("{ran:?}");
        };
        assert_eq!(exit.status, expected, "{ran:?}");
    }

    fn pid(text: &[u8]) -> Pid {
        Pid::from_raw(std::str::from_utf8(text).unwrap().trim().parse().unwrap())
    }

    #[track_caller]
    fn wait_for_end_of(pid: Pid) {
        let end = Instant::now() + Duration::from_secs(30);
        let stat = format!("/proc/{pid}/stat");
        // A killed one may stay listed until whoever inherits it reaps it.
        while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            assert!(Instant::now() < end, "{pid} lives on");
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }

    #[test]
    fn input_output_and_end() {
        let ran = ran("cat; echo wrong >&2; exit 3", "the input", LONG);
        assert_ended(&ran, ExitStatus::Code(3));
        assert_eq!(ran.stdout, b"the input");
        assert_eq!(ran.stderr, b"wrong\n");
        let killed = super::tests::ran("kill -KILL $$", "", LONG);
        assert_ended(&killed, ExitStatus::Signal(9));
    }

    #[test]
    fn input_that_is_not_read_is_no_trouble() {
        let ran = ran("true", &"x".repeat(1 << 20), LONG);
        assert_ended(&ran, ExitStatus::Code(0));
    }

    #[test]
    fn output_is_cut_and_does_not_stop_who_prints() {
        let script = "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; exit 7";
        let ran = ran(script, "", LONG);
        assert_ended(&ran, ExitStatus::Code(7));
        assert_eq!(ran.stdout, [0; OUTPUT_BYTES_MAX]);
        assert_eq!(ran.stderr, [0; OUTPUT_BYTES_MAX]);
    }

    #[test]
    fn what_is_left_in_the_background_is_neither_waited_for_nor_killed() {
        let ran = ran("sleep 1000 & echo $!", "", LONG);
        assert_ended(&ran, ExitStatus::Code(0));
        let background = pid(&ran.stdout);
        kill(background, Signal::SIGKILL).unwrap();
        wait_for_end_of(background);
    }

    #[test]
    fn too_long_a_run_ends_for_the_whole_group() {
        let script = "sleep 1000 & echo $!; trap '' TERM; wait";
        let ran = ran(script, "", Duration::from_millis(300));
        assert_eq!(ran.end, End::TimedOut);
        wait_for_end_of(pid(&ran.stdout));
    }

    #[test]
    fn a_run_that_is_dropped_is_killed_and_reaped() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pid");
        let script = format!(
            "echo $$ >{0}.new; mv {0}.new {0}; read x </dev/zero",
            file.display()
        );
        on_runtime(async |reaper| {
            let run = run(sh(&script), b"", LONG, &reaper);
            let started = async {
                while !file.exists() {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                ran = run => panic!("{ran:?}"),
                () = started => {}
            }
        });
        let pid = pid(&std::fs::read(&file).unwrap());
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    }

    #[test]
    fn a_program_that_is_missing_is_an_error() {
        let error = on_runtime(async |reaper| {
            let command = Command::new("/no/such/program");
            run(command, b"", LONG, &reaper).await.unwrap_err()
        });
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn nothing_of_ours_is_inherited() {
        // SAFETY: ignoring a signal installs no handler.
        unsafe { signal(Signal::SIGUSR2, SigHandler::SigIgn) }.unwrap();
        SigSet::from_iter([Signal::SIGUSR1]).thread_block().unwrap();
        // SAFETY: the descriptor that it takes is open.
        let open = unsafe { nix::libc::dup(0) };
        assert!(open > 2, "without close-on-exec");
        let script = "grep -E '^Sig(Blk|Ign):' /proc/self/status; ls /proc/self/fd; \
                      cut -d' ' -f5 /proc/$$/stat; echo $$";
        let ran = ran(script, "", LONG);
        let text = String::from_utf8(ran.stdout).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let [blocked, ignored, "0", "1", "2", "3", group, shell] = lines[..] else {
            panic!("3 is `ls` reading the directory: {lines:?}");
        };
        for mask in [blocked, ignored] {
            let bits = mask.split_once('\t').unwrap().1;
            let bits = u64::from_str_radix(bits, 16).unwrap();
            assert_eq!(bits & !OF_THE_C_LIBRARY, 0, "{mask}");
        }
        assert_eq!(group, shell);
    }
}
