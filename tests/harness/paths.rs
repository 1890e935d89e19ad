//! Where things are: the checkout, the directory that cargo builds into, the binary under test.

use std::path::{Path, PathBuf};

/// The binary under test.
pub(crate) const DIRTY: &str = env!("CARGO_BIN_EXE_dirty");

/// The root of the checkout.
pub(crate) fn repository() -> PathBuf {
    let host = Path::new(env!("CARGO_MANIFEST_DIR"));
    host.parent()
        .expect("the crate lies in the checkout")
        .to_path_buf()
}

/// The directory that cargo builds into, `target` unless the caller chose another.
pub(crate) fn target() -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    scratch
        .parent()
        .expect("cargo's scratch directory lies in the target directory")
        .to_path_buf()
}

/// Where every host of the tests keeps its compiled components, so that each is compiled once.
pub(crate) fn compile_cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled")
}

/// A new directory whose path is short enough for sockets in it.
pub(crate) fn short_temp_dir() -> tempfile::TempDir {
    tempfile::Builder::new()
        .prefix("dt")
        .tempdir_in("/tmp")
        .expect("a directory in /tmp")
}
