//! Sockets that a service manager has opened for this process. Whether they are of any use is not
//! decided here.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

/// Copies of the sockets that were passed to this process, close-on-exec as are the originals from
/// now on. The originals stay open, because nobody here can know who else uses their numbers.
///
/// # Errors
/// The variables that announce them are wrong, or what they announce is not open.
pub(crate) fn passed_sockets() -> io::Result<Vec<OwnedFd>> {
    sd_notify::listen_fds()?
        .map(|number| {
            // SAFETY: it is open, for its flags have just been set, and it is borrowed for this
            // one call.
            let passed = unsafe { BorrowedFd::borrow_raw(number) };
            passed.try_clone_to_owned()
        })
        .collect()
}
