//! The components that the tests serve, built from source on first use.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use super::paths;

/// The demo app, as built from `examples/demo`.
pub(crate) fn demo_wasm() -> PathBuf {
    built("demo")
}

/// The app of the web examples, as built from `examples/web/text`.
pub(crate) fn text_wasm() -> PathBuf {
    built("text")
}

/// The app of `examples/embeddings`.
pub(crate) fn embeddings_wasm() -> PathBuf {
    built("embeddings")
}

/// The app of `examples/thumbnails`.
pub(crate) fn thumbnails_wasm() -> PathBuf {
    built("thumbnails")
}

/// The Rust app of the conformance suite, as built from `tests/conformance/apps/rust`.
pub(crate) fn conformance_wasm() -> PathBuf {
    built("conformance")
}

/// A guest of `tests/guests`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    built(name)
}

fn built(name: &str) -> PathBuf {
    let path = output_directory().join(name).with_extension("wasm");
    assert!(
        path.is_file(),
        "scripts/build-guests does not build {}",
        path.display()
    );
    path
}

/// Runs `scripts/build-guests` once per test process; cargo decides what there is to do, and
/// its locks keep several callers apart.
fn output_directory() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let script = paths::repository().join("scripts/build-guests");
        let output = Command::new(&script)
            .current_dir(paths::repository())
            .output()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", script.display()));
        assert!(
            output.status.success(),
            "scripts/build-guests failed ({}):\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        paths::repository().join("target/guests/out")
    })
}
