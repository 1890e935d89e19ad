//! What /proc tells of a process: its threads, its open descriptors, its private memory.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::{Pid, geteuid};

use super::pidfd::Pidfd;

/// How many threads this process has.
pub(crate) fn thread_count() -> io::Result<usize> {
    Ok(fs::read_dir("/proc/self/task")?.count())
}

/// What a descriptor refers to.
#[derive(Debug)]
pub(crate) struct Target {
    /// A path, `socket:[INODE]`, `anon_inode:[KIND]` …
    pub name: String,
    /// Device and inode, where it is a path: files are renamed and replaced while they are open.
    file: Option<(u64, u64)>,
}

impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        match (self.file, other.file) {
            (None, None) => self.name == other.name,
            (ours, theirs) => ours == theirs,
        }
    }
}

impl Target {
    fn of(link: &Path) -> io::Result<Target> {
        let name = fs::read_link(link)?.to_string_lossy().into_owned();
        let file = match name.starts_with('/') {
            true => fs::metadata(link).ok().map(|file| (file.dev(), file.ino())),
            false => None,
        };
        Ok(Target { name, file })
    }
}

/// What this process has open: each descriptor and what it refers to.
pub(crate) fn open_descriptors() -> io::Result<BTreeMap<i32, Target>> {
    let mut open = BTreeMap::new();
    for entry in fs::read_dir("/proc/self/fd")? {
        let path = entry?.path();
        let number = path
            .file_name()
            .and_then(|name| name.to_str()?.parse().ok());
        // The descriptor that reads this directory is closed again by now: no link to read.
        if let (Some(number), Ok(target)) = (number, Target::of(&path)) {
            open.insert(number, target);
        }
    }
    // This listing's own descriptor was open while it was read.
    open.retain(|_, Target { name, .. }| !(name.starts_with("/proc/") && name.ends_with("/fd")));
    Ok(open)
}

/// Private memory of a process in bytes (what would be freed if it ended), from
/// /proc/PID/smaps_rollup; none once it has ended.
pub(crate) fn private_memory_bytes(pid: i32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let kib: u64 = rollup
        .lines()
        .filter(|line| line.starts_with("Private_"))
        .filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok())
        .sum();
    Some(kib << 10)
}

/// Whether this process lives, is this user's, and runs a host: the same executable as this one,
/// or one of the same name, which another version may have replaced.
pub(crate) fn is_fellow_host(pid: i32) -> bool {
    let probe = || {
        // It keeps the number from meaning two processes between the looks at it.
        let pidfd = Pidfd::open(Pid::from_raw(pid)).ok()?;
        let process = Path::new("/proc").join(pid.to_string());
        let owned = fs::metadata(&process).ok()?.uid() == geteuid().as_raw();
        let theirs = fs::read_link(process.join("exe")).ok()?;
        let ours = fs::read_link("/proc/self/exe").ok()?;
        let host = program_name(&theirs)? == program_name(&ours)?;
        Some(owned && host && !pidfd.has_ended())
    };
    probe().unwrap_or(false)
}

/// The name of an executable, as /proc links to it.
fn program_name(link: &Path) -> Option<&str> {
    let name = link.file_name()?.to_str()?;
    // So the kernel marks a file that was replaced.
    Some(name.strip_suffix(" (deleted)").unwrap_or(name))
}

/// How much of what was written to this socket its peer has not read, as the kernel counts it
/// (with its own bookkeeping); none if it does not say.
pub(crate) fn unread_bytes(socket: &impl AsFd) -> Option<i32> {
    let mut bytes: nix::libc::c_int = 0;
    // SAFETY: the descriptor is open, and TIOCOUTQ writes one int through the pointer.
    let done = unsafe {
        nix::libc::ioctl(
            socket.as_fd().as_raw_fd(),
            nix::libc::TIOCOUTQ,
            &raw mut bytes,
        )
    };
    (done == 0).then_some(bytes)
}

/// Whether this thread may run on one processor core only.
pub(crate) fn has_one_core() -> bool {
    // Where it cannot be known there are probably more.
    sched_getaffinity(Pid::from_raw(0)).is_ok_and(|cores| {
        let mut all = (0..CpuSet::count()).filter(|core| cores.is_set(*core) == Ok(true));
        all.next().is_some() && all.next().is_none()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    #[test]
    fn an_opened_file_is_listed_and_the_listing_itself_is_not() {
        let file = fs::File::open("/dev/zero").unwrap();
        let open = open_descriptors().unwrap();
        let target = open.get(&file.as_raw_fd()).unwrap();
        assert_eq!(target.name, "/dev/zero");
        assert!(!open.values().any(|target| target.name.ends_with("/fd")));
    }

    #[test]
    fn an_open_file_stays_the_same_when_another_takes_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let [name, other] = ["name", "other"].map(|name| directory.path().join(name));
        let file = fs::File::create(&name).unwrap();
        let before = open_descriptors().unwrap();
        let replacement = fs::File::create(&other).unwrap();
        fs::rename(&other, &name).unwrap();
        let after = open_descriptors().unwrap();
        let number = file.as_raw_fd();
        assert!(after[&number].name.ends_with("(deleted)"));
        assert_eq!(before[&number], after[&number]);
        assert_ne!(before[&number], after[&replacement.as_raw_fd()]);
    }

    #[test]
    fn a_process_has_private_memory_and_a_dead_one_has_none() {
        assert!(private_memory_bytes(std::process::id() as i32).unwrap() > 4096);
        assert_eq!(private_memory_bytes(i32::MAX), None);
        assert!(thread_count().unwrap() >= 1);
    }

    #[test]
    fn a_fellow_host_runs_the_same_program_and_lives() {
        assert!(is_fellow_host(std::process::id() as i32));
        let mut other = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        assert!(!is_fellow_host(other.id() as i32), "another program");
        other.kill().unwrap();
        other.wait().unwrap();
        assert!(!is_fellow_host(i32::MAX));
        assert!(!is_fellow_host(0));
        assert_eq!(program_name(Path::new("/a/dirty (deleted)")), Some("dirty"));
    }

    #[test]
    fn what_a_peer_has_not_read_is_counted() {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        assert_eq!(unread_bytes(&ours), Some(0));
        ours.write_all(&[0; 1000]).unwrap();
        assert!(unread_bytes(&ours).unwrap() >= 1000);
        theirs.read_exact(&mut [0; 1000]).unwrap();
        assert_eq!(unread_bytes(&ours), Some(0));
    }
}
