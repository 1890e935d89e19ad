//! What a process is called: its title is what `ps` shows in place of the command line, and, cut
//! to 15 bytes, what `top` shows.
//!
//! The kernel can be told to find the command line in other memory (`PR_SET_MM_MAP`, which needs no
//! privilege, but a kernel that is built with checkpoint/restore). Then the arguments stay as they
//! are for whoever asks for them. Where that is refused, a process that has no use for its arguments
//! writes its title over them. A title is a comfort: nothing here fails for the lack of one.

use std::ffi::CString;
use std::fs;
use std::io;

use nix::sys::prctl;
use rustix::process::{PrctlMmMap, configure_virtual_memory_map};

use super::inspect;

/// The kernel keeps so much of a process's name.
const NAME_BYTES_MAX: usize = 15;

/// An argument that says nothing. It makes the arguments of a mold long enough for the title of a
/// worker, which has a number in addition.
pub(crate) const ROOM: &str = "                        ";

/// Titles a process whose arguments may still be asked for.
pub(crate) fn set(title: &str) {
    set_name(title);
    // What could not be done is not worth a word; see above.
    let _ = point_to(title);
}

/// Titles a process that has one thread and asks for its arguments no more.
pub(crate) fn set_over_arguments(title: &str) {
    Arguments::find().title(title);
}

/// Where a process has its arguments. To find them takes longer than to make a copy of a small
/// process, and in a copy they are in the same place.
#[derive(Debug)]
pub(crate) struct Arguments(Option<Layout>);

impl Arguments {
    /// Those of this process.
    pub(crate) fn find() -> Arguments {
        Arguments(Layout::read().ok())
    }

    /// Titles the process that found them, or a copy of it: one that has one thread and asks for
    /// its arguments no more.
    pub(crate) fn title(&self, title: &str) {
        set_name(title);
        if let Some(layout) = &self.0
            && layout.point_to(title).is_err()
        {
            // SAFETY: the kernel says that the command line is there. This process has one thread,
            // and nothing in it refers to its arguments: std copies them whenever it is asked.
            unsafe { write_over(layout.arg_start, layout.arg_end, title) };
        }
    }
}

/// The name alone, as `top` shows it.
pub(crate) fn set_name(title: &str) {
    let cut = &title[..title.floor_char_boundary(NAME_BYTES_MAX)];
    if let Ok(name) = CString::new(cut) {
        // Fails for no name.
        let _ = prctl::set_name(&name);
    }
}

/// Has the kernel find the command line elsewhere, if nothing can interfere.
fn point_to(title: &str) -> io::Result<()> {
    if inspect::thread_count()? != 1 {
        // Another thread could move the end of the heap, which is written back here.
        return Err(io::ErrorKind::Unsupported.into());
    }
    Layout::read()?.point_to(title)
}

/// Writes a title over a command line, and cuts it if it does not fit.
///
/// # Safety
/// The memory from `start` to `end` can be written to, and nothing else refers to it.
unsafe fn write_over(start: u64, end: u64, title: &str) {
    let bytes = end.saturating_sub(start) as usize;
    if bytes > 0 {
        // SAFETY: as the caller promises.
        let arguments = unsafe { std::slice::from_raw_parts_mut(start as *mut u8, bytes) };
        lay_out(arguments, title);
    }
}

/// A line that does not end with a zero byte has been written over: so the kernel sees it, and
/// then shows what is before the first one.
fn lay_out(arguments: &mut [u8], title: &str) {
    let cut = title.floor_char_boundary(arguments.len() - 1);
    arguments.fill(0);
    arguments[..cut].copy_from_slice(&title.as_bytes()[..cut]);
    if let [_, .., last] = &mut arguments[cut..] {
        *last = b'.';
    }
}

/// Where the parts of this process are in its memory.
#[derive(Debug)]
struct Layout {
    start_code: u64,
    end_code: u64,
    start_stack: u64,
    start_data: u64,
    end_data: u64,
    start_brk: u64,
    arg_start: u64,
    arg_end: u64,
    env_start: u64,
    env_end: u64,
}

impl Layout {
    fn read() -> io::Result<Layout> {
        let stat = fs::read_to_string("/proc/self/stat")?;
        Layout::parse(&stat).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Fields as proc_pid_stat(5) numbers them, from 1. The second is the name in parentheses,
    /// which may hold anything.
    fn parse(stat: &str) -> Option<Layout> {
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse().ok();
        Some(Layout {
            start_code: field(26)?,
            end_code: field(27)?,
            start_stack: field(28)?,
            start_data: field(45)?,
            end_data: field(46)?,
            start_brk: field(47)?,
            arg_start: field(48)?,
            arg_end: field(49)?,
            env_start: field(50)?,
            env_end: field(51)?,
        })
    }

    /// Has the kernel find the command line in memory that is never freed. A process is titled
    /// twice in its life at most.
    fn point_to(&self, title: &str) -> io::Result<()> {
        let text = CString::new(title)?.into_bytes_with_nul();
        let bytes = text.len() as u64;
        let start = Box::leak(text.into_boxed_slice()).as_ptr() as u64;
        self.move_arguments(start, start + bytes)
    }

    /// Has the kernel show the arguments of this process from `start` to `end`. Nothing may
    /// allocate between here and the call.
    fn move_arguments(&self, start: u64, end: u64) -> io::Result<()> {
        // SAFETY: with 0 it changes nothing and returns where the heap ends.
        let brk = unsafe { nix::libc::syscall(nix::libc::SYS_brk, 0) };
        let map = PrctlMmMap {
            start_code: self.start_code,
            end_code: self.end_code,
            start_data: self.start_data,
            end_data: self.end_data,
            start_brk: self.start_brk,
            brk: brk as u64,
            start_stack: self.start_stack,
            arg_start: start,
            arg_end: end,
            env_start: self.env_start,
            env_end: self.env_end,
            auxv: std::ptr::null_mut(),
            auxv_size: 0,
            exe_fd: -1,
        };
        // SAFETY: everything is as the kernel has it but the arguments, which it reads on behalf of
        // others only and never writes.
        unsafe { configure_virtual_memory_map(&map) }?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::process::hop::WorkerId;
    use std::io::Read;
    use std::os::fd::AsFd;

    use nix::sys::signal::{Signal, kill};
    use nix::sys::wait::waitpid;
    use nix::unistd::{ForkResult, Pid, fork, pause, write};

    /// What others see of a copy of this process that has titled itself.
    fn seen(title_itself: impl FnOnce()) -> String {
        let (mut done, told) = io::pipe().unwrap();
        // SAFETY: the copy writes to memory and makes system calls, and does nothing that could
        // need a lock of a thread that it has not.
        match unsafe { fork() }.unwrap() {
            ForkResult::Child => {
                title_itself();
                let _ = write(told.as_fd(), b"x");
                loop {
                    pause();
                }
            }
            ForkResult::Parent { child } => {
                done.read_exact(&mut [0]).unwrap();
                let line = command_line(child);
                kill(child, Signal::SIGKILL).unwrap();
                waitpid(child, None).unwrap();
                line
            }
        }
    }

    fn command_line(pid: Pid) -> String {
        fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap()
    }

    #[test]
    fn a_title_that_is_elsewhere_is_seen() {
        let layout = Layout::read().unwrap();
        // On the heap: the kernel shows no memory that belongs to a file.
        let title = b"dirty: arbiter\0".to_vec();
        let start = title.as_ptr() as u64;
        let seen = seen(|| {
            // If it is refused, the old line is seen.
            let _ = layout.move_arguments(start, start + title.len() as u64);
        });
        assert_eq!(seen, "dirty: arbiter\0");
    }

    #[test]
    fn a_title_over_the_arguments_is_seen_without_their_rest() {
        let layout = Layout::read().unwrap();
        assert!(layout.arg_end - layout.arg_start > 20, "{layout:?}");
        // SAFETY: only the copy's memory is written to, and it has one thread.
        let seen = seen(|| unsafe { write_over(layout.arg_start, layout.arg_end, "dirty: ä #1") });
        assert_eq!(seen, "dirty: ä #1\0");
    }

    #[test]
    fn a_title_is_cut_to_what_it_is_written_over() {
        for (bytes, expected) in [
            (1, &b"\0"[..]),
            (2, b"d\0"),
            (3, b"d\0."),
            (4, "dä\0".as_bytes()),
            (5, "dä\0.".as_bytes()),
            (6, "dä\0\0.".as_bytes()),
        ] {
            let mut arguments = vec![b'x'; bytes];
            lay_out(&mut arguments, "dä");
            assert_eq!(arguments, expected, "{bytes}");
        }
    }

    #[test]
    fn a_molds_arguments_have_room_for_the_title_of_any_worker() {
        let mold = "dirty: mold \0".len() + "__dirty-mold\0".len() + ROOM.len();
        let worker = crate::worker::title("", WorkerId(u64::MAX)).len();
        assert!(worker <= mold, "{worker} of {mold}");
    }

    #[test]
    fn a_process_without_a_second_thread_alone_is_moved() {
        // The tests' own process has several.
        std::thread::scope(|scope| {
            scope.spawn(|| assert!(point_to("dirty: test").is_err()));
        });
    }
}
