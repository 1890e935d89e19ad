//! Waiting with tokio for a descriptor to be readable, or writable.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A descriptor of its own for the same file, which tokio watches. Needs a tokio runtime.
pub(crate) fn readable(file: &impl AsFd) -> io::Result<AsyncFd<OwnedFd>> {
    readable_owned(file.as_fd().try_clone_to_owned()?)
}

/// This descriptor, which tokio watches from now on. Needs a tokio runtime.
pub(crate) fn readable_owned(own: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is one descriptor, the same all its life.
    unsafe { watch(own, Interest::READABLE) }
}

/// The same of a descriptor that others use, too.
pub(crate) fn readable_shared(own: Arc<OwnedFd>) -> io::Result<AsyncFd<Arc<OwnedFd>>> {
    // SAFETY: as above, and it lives as long as any reference.
    unsafe { watch(own, Interest::READABLE) }
}

/// A descriptor of its own for the same file, which tokio watches. Needs a tokio runtime.
pub(crate) fn writable(file: &impl AsFd) -> io::Result<AsyncFd<OwnedFd>> {
    let own = file.as_fd().try_clone_to_owned()?;
    // SAFETY: as above.
    unsafe { watch(own, Interest::WRITABLE) }
}

/// # Safety
/// `own` is the same descriptor all its life, and open as long.
unsafe fn watch<T: AsRawFd>(own: T, interest: Interest) -> io::Result<AsyncFd<T>> {
    // SAFETY: so the caller says, and `AsyncFd` owns it.
    let watched = unsafe { AsyncFd::register_with_interest(own, interest) };
    watched.map_err(io::Error::from)
}
