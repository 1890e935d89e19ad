//! On which cores this process, and all that it starts from now on, may run.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use super::error::Error;

/// The cores that were allowed at the start.
pub(crate) struct Cores {
    all: CpuSet,
    last: usize,
}

impl Cores {
    /// Looks which there are.
    pub(crate) fn allowed() -> Result<Cores, Error> {
        let all = sched_getaffinity(Pid::from_raw(0));
        let all = all.map_err(Error::system("ask which cores may be used"))?;
        let last = numbers(&all).last().unwrap_or_default();
        Ok(Cores { all, last })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        numbers(&self.all).count()
    }

    /// One core for everything: what a wakeup across cores costs differs too much, from machine to
    /// machine and from run to run, to compare latencies.
    pub(crate) fn pin_to_one(&self) -> Result<(), Error> {
        let mut one = CpuSet::new();
        one.set(self.last).map_err(Error::system("name a core"))?;
        restrict(&one)
    }

    /// All cores again.
    pub(crate) fn let_run(&self) -> Result<(), Error> {
        restrict(&self.all)
    }
}

fn restrict(cores: &CpuSet) -> Result<(), Error> {
    sched_setaffinity(Pid::from_raw(0), cores).map_err(Error::system("choose cores"))
}

fn numbers(cores: &CpuSet) -> impl Iterator<Item = usize> {
    (0..CpuSet::count()).filter(|core| cores.is_set(*core).unwrap_or(false))
}
