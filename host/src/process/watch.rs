//! Waiting with tokio for a descriptor to be readable.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A descriptor of its own for the same file, which tokio watches. Needs a tokio runtime.
pub(crate) fn readable(file: &impl AsFd) -> io::Result<AsyncFd<OwnedFd>> {
    let own = file.as_fd().try_clone_to_owned()?;
    // SAFETY: an `OwnedFd` is one descriptor, the same all its life, and `AsyncFd` owns it.
    let watched = unsafe { AsyncFd::register_with_interest(own, Interest::READABLE) };
    watched.map_err(io::Error::from)
}
