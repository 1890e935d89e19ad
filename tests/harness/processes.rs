//! Processes as /proc shows them: who made whom, threads, descriptors, memory, signals.

use std::collections::BTreeMap;
use std::fs;
use std::ops::RangeInclusive;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, SysconfVar, sysconf};
use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};

/// A process, told apart from a later one of the same number by when it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    start_ticks: u64,
}

/// The fields of /proc/PID/stat that matter here.
struct Stat {
    state: char,
    parent: i32,
    start_ticks: u64,
}

fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may contain anything; the state follows it.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    Some(Stat {
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        start_ticks: fields.get(19)?.parse().ok()?,
    })
}

fn has_ended(state: char) -> bool {
    matches!(state, 'Z' | 'X')
}

impl Process {
    /// The process that has this number now.
    pub(crate) fn of(pid: i32) -> Option<Process> {
        let stat = stat(pid)?;
        (!has_ended(stat.state)).then_some(Process {
            pid,
            start_ticks: stat.start_ticks,
        })
    }

    /// Whether it runs still; one that only waits to be reaped does not.
    pub(crate) fn is_alive(self) -> bool {
        Process::of(self.pid) == Some(self)
    }

    /// The process that made it; none if it has ended.
    pub(crate) fn parent(self) -> Option<i32> {
        let stat = stat(self.pid)?;
        (stat.start_ticks == self.start_ticks).then_some(stat.parent)
    }

    /// Kills this process, and no other that has its number by now. False if it has ended.
    pub(crate) fn kill(self) -> bool {
        let pid = rustix::process::Pid::from_raw(self.pid).expect("a process number");
        let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) else {
            return false;
        };
        // The descriptor is that of whoever had the number a moment ago.
        self.is_alive() && pidfd_send_signal(&pidfd, rustix::process::Signal::KILL).is_ok()
    }
}

/// The living processes that this one made, in the order of their numbers.
pub(crate) fn children_of(pid: i32) -> Vec<i32> {
    let mut children: Vec<i32> = all_pids()
        .filter(|child| {
            stat(*child).is_some_and(|stat| stat.parent == pid && !has_ended(stat.state))
        })
        .collect();
    children.sort_unstable();
    children
}

/// The living processes that descend from this one, without itself.
pub(crate) fn descendants_of(pid: i32) -> Vec<Process> {
    let mut found = Vec::new();
    let mut to_visit = vec![pid];
    while let Some(next) = to_visit.pop() {
        for child in children_of(next) {
            to_visit.push(child);
            found.extend(Process::of(child));
        }
    }
    found
}

/// The processes below this one, itself included, that have ended and were not reaped.
pub(crate) fn zombies_of(pid: i32) -> Vec<i32> {
    let mut parents: Vec<i32> = descendants_of(pid).iter().map(|child| child.pid).collect();
    parents.push(pid);
    all_pids()
        .filter(|child| {
            stat(*child).is_some_and(|stat| has_ended(stat.state) && parents.contains(&stat.parent))
        })
        .collect()
}

/// The process that made this one.
pub(crate) fn parent_of(pid: i32) -> i32 {
    stat(pid)
        .unwrap_or_else(|| panic!("process {pid} has ended"))
        .parent
}

fn all_pids() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").expect("/proc is mounted");
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// A process's command line as `ps` shows it, its parts apart by spaces.
pub(crate) fn command_line(pid: i32) -> String {
    let line = fs::read_to_string(format!("/proc/{pid}/cmdline"));
    let line = line.unwrap_or_else(|error| panic!("process {pid}: {error}"));
    line.trim_end_matches('\0').replace('\0', " ")
}

/// A process's name as `top` shows it.
pub(crate) fn short_name(pid: i32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm"));
    let name = name.unwrap_or_else(|error| panic!("process {pid}: {error}"));
    name.trim_end().to_owned()
}

/// How many threads a process has.
pub(crate) fn thread_count(pid: i32) -> usize {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    tasks
        .unwrap_or_else(|error| panic!("process {pid}: {error}"))
        .count()
}

/// What a process has open, by descriptor: a path, `socket:[INODE]`, `anon_inode:[KIND]` …
pub(crate) fn open_descriptors(pid: i32) -> BTreeMap<i32, String> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd"));
    let entries = entries.unwrap_or_else(|error| panic!("process {pid}: {error}"));
    entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let number = path.file_name()?.to_str()?.parse().ok()?;
            let target = fs::read_link(&path).ok()?;
            Some((number, target.to_string_lossy().into_owned()))
        })
        .collect()
}

/// The share of memory that a process has to answer for (PSS), in bytes: what is shared by N
/// processes counts an N-th for each.
pub(crate) fn proportional_memory(pid: i32) -> u64 {
    rollup(pid, |field| field == "Pss:")
}

/// The share of a process in memory that no file backs, in bytes, counted likewise.
pub(crate) fn proportional_anonymous_memory(pid: i32) -> u64 {
    rollup(pid, |field| field == "Pss_Anon:")
}

/// The memory that only this process uses, in bytes, without pages of files that it has not changed:
/// which of those a process has mapped alone depends on how the kernel came to cache them.
pub(crate) fn private_memory(pid: i32) -> u64 {
    rollup(pid, |field| field == "Private_Dirty:")
}

/// The most memory that a process has had resident so far, in bytes; what is shared counts too.
pub(crate) fn peak_memory(pid: i32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status"));
    let text = text.unwrap_or_else(|error| panic!("process {pid}: {error}"));
    let kib = text.lines().find_map(|line| {
        let value = line.strip_prefix("VmHWM:")?;
        value.split_whitespace().next()?.parse::<u64>().ok()
    });
    kib.expect("a process has memory") * 1024
}

fn rollup(pid: i32, wanted: impl Fn(&str) -> bool) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"));
    let text = text.unwrap_or_else(|error| panic!("process {pid}: {error}"));
    let kib: u64 = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            words.next().filter(|field| wanted(field))?;
            words.next()?.parse::<u64>().ok()
        })
        .sum();
    kib * 1024
}

/// Whether a process waits for something to happen, and computes nothing.
pub(crate) fn is_asleep(pid: i32) -> bool {
    stat(pid).is_some_and(|stat| stat.state == 'S')
}

/// Whether a worker waits inside a call, for a timer or the like: there it waits with epoll, and
/// between calls in a read of its socket.
pub(crate) fn waits_in_a_call(pid: i32) -> bool {
    let channel = fs::read_to_string(format!("/proc/{pid}/wchan")).unwrap_or_default();
    channel.contains("ep_poll") || channel.contains("epoll")
}

/// The numbers that the system keeps of a process, in proc_pid_stat(5), from this place on.
fn stat_fields(pid: i32, places: RangeInclusive<usize>) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"));
    let text = text.unwrap_or_else(|error| panic!("process {pid}: {error}"));
    let (_, rest) = text.rsplit_once(')').expect("a name");
    // What follows the name is the third field.
    rest.split_whitespace()
        .skip(places.start() - 3)
        .take(places.count())
        .map(|number| number.parse().expect("a number"))
        .collect()
}

/// How often a process has got a page of memory, without reading from a disk.
pub(crate) fn page_faults(pid: i32) -> u32 {
    stat_fields(pid, 10..=10)[0]
}

/// Processor time that a process has used, user and system; exact to some 10 ms.
pub(crate) fn cpu_time(pid: i32) -> Duration {
    let ticks: u32 = stat_fields(pid, 14..=15).iter().sum();
    let per_second = sysconf(SysconfVar::CLK_TCK)
        .expect("the system knows it")
        .expect("it is a number");
    Duration::from_secs(1) * ticks / u32::try_from(per_second).expect("a few hundred at most")
}

/// Sends a signal to one process. It is no error if that has just ended.
pub(crate) fn signal(pid: i32, signal: Signal) {
    match kill(Pid::from_raw(pid), signal) {
        Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
        Err(error) => panic!("cannot send {signal} to {pid}: {error}"),
    }
}

/// Sends a signal to every process of the group that a process belongs to.
pub(crate) fn signal_group_of(pid: i32, signal: Signal) {
    let group = nix::unistd::getpgid(Some(Pid::from_raw(pid))).expect("the process lives");
    assert_ne!(
        group,
        nix::unistd::getpgrp(),
        "process {pid} is in the tests' own group"
    );
    nix::sys::signal::killpg(group, signal).expect("the group exists");
}
