//! How a worker calls the arbiter that has stopped to look into the ring. A counter of the kernel's
//! (eventfd(2)), which nobody reads: that it changes is enough, and costs less than a message.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use nix::sys::eventfd::{EfdFlags, EventFd};

/// One end's handle on it.
#[derive(Clone, Debug)]
pub(crate) struct Doorbell(Arc<OwnedFd>);

/// One that has not been rung.
pub(super) fn create() -> io::Result<OwnedFd> {
    let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
    Ok(EventFd::from_value_and_flags(0, flags)?.into())
}

impl Doorbell {
    pub(super) fn new(doorbell: OwnedFd) -> Doorbell {
        Doorbell(Arc::new(doorbell))
    }

    /// Wakes whoever waits for it to be readable, each time.
    pub(super) fn ring(&self) -> io::Result<()> {
        rustix::io::write(&self.0, &1_u64.to_ne_bytes())?;
        Ok(())
    }
}

impl From<Doorbell> for Arc<OwnedFd> {
    fn from(doorbell: Doorbell) -> Arc<OwnedFd> {
        doorbell.0
    }
}
