//! How this process keeps the memory that it has freed.

/// Freed memory up to this is kept for what comes next, in bytes.
#[cfg(target_env = "gnu")]
const KEPT_BYTES: i32 = 8 << 20;

/// Has freed buffers of up to a few MiB kept instead of given back. By default the C library gives
/// every large buffer back to the system, and the next call of the same size pays for a fresh one
/// page by page.
pub(crate) fn keep_freed_buffers() {
    #[cfg(target_env = "gnu")]
    for parameter in [nix::libc::M_MMAP_THRESHOLD, nix::libc::M_TRIM_THRESHOLD] {
        // SAFETY: only sets a number; called before there is a second thread.
        unsafe { nix::libc::mallopt(parameter, KEPT_BYTES) };
    }
}
