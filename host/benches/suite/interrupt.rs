//! Whoever interrupts a run finds none of its processes left.

use std::process::exit;
use std::thread;

use nix::sys::signal::{SigSet, Signal};

use super::error::Error;
use super::harness::processes;

const SIGNALS: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];
/// What a shell makes of a signal, its number added.
const EXIT_CODE_BASE: i32 = 128;

/// From now on these signals kill all that this process has started, and then end it. To be called
/// before there is another thread; what is started does not inherit it.
pub(crate) fn leave_nothing_behind() -> Result<(), Error> {
    let signals: SigSet = SIGNALS.into_iter().collect();
    let blocked = signals.thread_block();
    blocked.map_err(Error::system("wait for signals"))?;
    thread::spawn(move || {
        if let Ok(signal) = signals.wait() {
            for process in processes::descendants_of(std::process::id().cast_signed()) {
                process.kill();
            }
            exit(EXIT_CODE_BASE + signal as i32);
        }
    });
    Ok(())
}
