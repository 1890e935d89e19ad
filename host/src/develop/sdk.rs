//! The SDKs, which the binary carries as source: what apps are made with is of the same version as
//! what serves them, and needs neither a network nor a checkout.
//!
//! They are laid out as in the repository, because they refer to each other and to the contract by
//! relative paths. What it costs is some 250 KB of the binary.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::Builder;

/// Each file's path and content.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/sdk_files.rs"));

/// The repository's manifest, of whose workspace the SDK's crates inherit.
const MANIFEST: &str = "Cargo.toml";

/// Where a project has the Rust SDK, as `dirty new` writes it.
pub(super) const VENDORED: &str = "vendor/dirty";
/// The crate in it that apps depend on.
pub(super) const VENDORED_CRATE: &str = "vendor/dirty/guest-sdk/rust";

/// What the crates need, by how paths begin.
const RUST: [&str; 3] = ["LICENSE-", "guest-sdk/rust", "wit/"];
const RUST_MEMBERS: [&str; 2] = ["guest-sdk/rust", "guest-sdk/rust-macros"];
/// What the builder of Python components needs.
const PYTHON: [&str; 2] = ["guest-sdk/python/", "wit/"];

/// So much of a hash tells versions apart.
const HASH_BYTES: usize = 8;

/// An SDK could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the SDK to {}: {source}", path.display())]
pub(crate) struct SdkError {
    path: PathBuf,
    source: io::Error,
}

/// Writes the Rust SDK to `project`, if it is not there.
pub(super) fn vendor_rust(project: &Path) -> Result<(), SdkError> {
    let place = project.join(VENDORED);
    let files = files(&RUST).map(|(path, bytes)| (path, bytes.to_vec()));
    let manifest = (MANIFEST, workspace_manifest().into_bytes());
    write_once(&place, files.chain([manifest]))
}

/// The directory that has the Python SDK, in the cache.
pub(super) fn python(cache_dir: &Path) -> Result<PathBuf, SdkError> {
    let mut hash = Sha256::new();
    for (path, bytes) in files(&PYTHON) {
        for part in [path.as_bytes(), bytes] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
    }
    let hash = hash.finalize();
    let name: String = hash[..HASH_BYTES]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let place = cache_dir.join(format!("sdk-{name}"));
    let files = files(&PYTHON).map(|(path, bytes)| (path, bytes.to_vec()));
    write_once(&place, files)?;
    Ok(place.join("guest-sdk/python"))
}

fn files(prefixes: &[&'static str]) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    let wanted = move |path: &str| prefixes.iter().any(|prefix| path.starts_with(prefix));
    FILES.iter().copied().filter(move |(path, _)| wanted(path))
}

/// The repository's manifest, without what is not of the SDK.
fn workspace_manifest() -> String {
    let (_, text) = FILES
        .iter()
        .find(|(path, _)| *path == MANIFEST)
        .expect("the build script lists it");
    let text = str::from_utf8(text).expect("cargo has read it");
    let mut manifest: toml::Table = text.parse().expect("cargo has read it");
    manifest.retain(|key, _| key == "workspace");
    if let Some(workspace) = manifest
        .get_mut("workspace")
        .and_then(|it| it.as_table_mut())
    {
        workspace.retain(|key, _| ["resolver", "package", "lints"].contains(&key));
        workspace.insert("members".to_owned(), RUST_MEMBERS.to_vec().into());
    }
    format!(
        "# What an app needs of the repository of dirty: the SDK's crates and the contract. Written by\n\
         # `dirty new`; where it is missing `dirty build` writes that of its own version.\n{manifest}"
    )
}

/// Writes the files below `place` if there is nothing yet, such that nobody sees half of them.
fn write_once<'f>(
    place: &Path,
    files: impl Iterator<Item = (&'f str, Vec<u8>)>,
) -> Result<(), SdkError> {
    if place.exists() {
        return Ok(());
    }
    let written = || {
        let parent = place.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent)?;
        let unfinished = Builder::new().prefix(".unfinished-").tempdir_in(parent)?;
        let whole = unfinished.path().join("whole");
        for (path, bytes) in files {
            let file = whole.join(path);
            fs::create_dir_all(file.parent().unwrap_or(&whole))?;
            fs::write(file, bytes)?;
        }
        match fs::rename(&whole, place) {
            // Another process was faster.
            Err(_) if place.exists() => Ok(()),
            renamed => renamed,
        }
    };
    written().map_err(|source| SdkError {
        path: place.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_crates_are_whole_and_inherit_from_their_workspace() {
        let project = tempfile::tempdir().unwrap();
        vendor_rust(project.path()).unwrap();
        let root = project.path().join(VENDORED);
        for file in [
            "LICENSE-MIT",
            "guest-sdk/rust/src/lib.rs",
            "guest-sdk/rust-macros/Cargo.toml",
            "wit/deps/keyvalue/keyvalue.wit",
        ] {
            assert!(root.join(file).is_file(), "{file}");
        }
        assert!(!root.join("guest-sdk/python").exists());
        let text = fs::read_to_string(root.join(MANIFEST)).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let workspace = manifest["workspace"].as_table().unwrap();
        let version = workspace["package"]["version"].as_str();
        assert_eq!(version, Some(env!("CARGO_PKG_VERSION")));
        assert_eq!(workspace["members"].as_array().unwrap().len(), 2);
        assert!(!text.contains("host"), "{text}");
    }

    #[test]
    fn what_is_there_is_left_as_it_is() {
        let cache = tempfile::tempdir().unwrap();
        let python_sdk = python(cache.path()).unwrap();
        let file = python_sdk.join("dirty_build/__main__.py");
        fs::write(&file, "# mine").unwrap();
        assert_eq!(python(cache.path()).unwrap(), python_sdk);
        assert_eq!(fs::read(&file).unwrap(), b"# mine");
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let place = tempfile::NamedTempFile::new().unwrap();
        let message = python(place.path()).unwrap_err().to_string();
        assert!(
            message.contains(place.path().to_str().unwrap()),
            "{message}"
        );
    }
}
