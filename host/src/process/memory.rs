//! How this process keeps the memory that it has freed.

/// Has freed buffers of up to so many bytes kept instead of given back, and as many bytes of them
/// together. By default the C library gives every large buffer back to the system, and the next call
/// of the same size pays for a fresh one page by page.
///
/// More than 32 MiB are not possible, and have no effect.
pub(crate) fn keep_freed_buffers(bytes_max: i32) {
    #[cfg(target_env = "gnu")]
    for parameter in [nix::libc::M_MMAP_THRESHOLD, nix::libc::M_TRIM_THRESHOLD] {
        // SAFETY: only sets a number; called before there is a second thread.
        unsafe { nix::libc::mallopt(parameter, bytes_max) };
    }
    #[cfg(not(target_env = "gnu"))]
    let _ = bytes_max;
}

/// Gives back to the system what is kept.
pub(crate) fn give_back_freed_buffers() {
    #[cfg(target_env = "gnu")]
    // SAFETY: touches what is not in use only.
    unsafe {
        nix::libc::malloc_trim(0);
    }
}
