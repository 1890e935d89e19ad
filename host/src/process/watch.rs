//! Waiting with tokio for a descriptor to be readable, or writable.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A descriptor of its own for the same file, which tokio watches. Needs a tokio runtime.
pub(crate) fn readable(file: &impl AsFd) -> io::Result<AsyncFd<OwnedFd>> {
    readable_owned(file.as_fd().try_clone_to_owned()?)
}

/// This descriptor, which tokio watches from now on. Needs a tokio runtime.
pub(crate) fn readable_owned(own: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    watch(own, Interest::READABLE)
}

/// A descriptor of its own for the same file, which tokio watches. Needs a tokio runtime.
pub(crate) fn writable(file: &impl AsFd) -> io::Result<AsyncFd<OwnedFd>> {
    watch(file.as_fd().try_clone_to_owned()?, Interest::WRITABLE)
}

fn watch(own: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is one descriptor, the same all its life, and `AsyncFd` owns it.
    let watched = unsafe { AsyncFd::register_with_interest(own, interest) };
    watched.map_err(io::Error::from)
}
