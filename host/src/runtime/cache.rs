//! Compiled components on disk. Compiling takes seconds, mapping what was compiled takes a
//! fraction of a millisecond.
//!
//! What is mapped is machine code: it is loaded only from a directory that belongs to this user
//! and that nobody else can write, where this program has put it under the hash of the component
//! and of the engine's configuration.

use std::fs::{self, DirBuilder, File, FileTimes};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::contract::{ContractError, check_header};
use crate::process::temporary::{self, TemporaryFile};

/// What was not used for so long is removed when something new is compiled.
const UNUSED_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// How the names of files begin that are still written.
const UNFINISHED_PREFIX: &str = ".new-";

/// A component's magic number and version, and a little more to show of what is none.
const HEADER_BYTES: u64 = 16;

/// Why a component could not be compiled or found in the cache.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CacheError {
    /// The component cannot be read.
    #[error("cannot read the component {}: {source}", .path.display())]
    Read {
        /// The component's file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is something else.
    #[error("{} cannot be an app: {source}", .path.display())]
    Contract {
        /// The component's file.
        path: PathBuf,
        /// In what way.
        source: ContractError,
    },
    /// wasmtime refuses it.
    #[error("cannot compile {}: {reason}", .path.display())]
    Compile {
        /// The component's file.
        path: PathBuf,
        /// wasmtime's words.
        reason: String,
    },
    /// The directory cannot be used.
    #[error("cannot use the directory of compiled components {}: {source}", .path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else could have put code there.
    #[error(
        "the directory of compiled components {} must be a directory of your own that nobody \
         else can write (mode 0700); name another with `cache_dir`", .0.display()
    )]
    Unsafe(PathBuf),
}

impl CacheError {
    /// Whether the same would happen again with the same component and configuration.
    pub(crate) fn is_permanent(&self) -> bool {
        match self {
            CacheError::Contract { .. } | CacheError::Compile { .. } | CacheError::Unsafe(_) => {
                true
            }
            CacheError::Read { source, .. } | CacheError::Directory { source, .. } => {
                needs_mending(source)
            }
        }
    }
}

/// Whether somebody has to change something in the file system first.
fn needs_mending(error: &io::Error) -> bool {
    use io::ErrorKind::{
        AlreadyExists, InvalidInput, IsADirectory, NotADirectory, NotFound, PermissionDenied,
        ReadOnlyFilesystem,
    };
    matches!(
        error.kind(),
        AlreadyExists
            | InvalidInput
            | IsADirectory
            | NotADirectory
            | NotFound
            | PermissionDenied
            | ReadOnlyFilesystem
    )
}

/// A component's place in the cache.
#[derive(Debug)]
pub(crate) struct Entry {
    component: PathBuf,
    wasm: Vec<u8>,
    dir: PathBuf,
    compiled: PathBuf,
}

/// Reads a component and looks for it in the cache.
pub(crate) fn look_up(engine: &Engine, component: &Path, dir: &Path) -> Result<Entry, CacheError> {
    let path = || component.to_owned();
    let wasm = read(component)?;
    own_directory(dir)?;
    // What a killed compiler has left. The directory is the cache's own, so any content will do.
    temporary::remove_abandoned_files(dir, UNFINISHED_PREFIX, |_| true);
    let mut key = Key(Sha256::new());
    key.write(&wasm);
    engine.precompile_compatibility_hash().hash(&mut key);
    let name: String = key
        .0
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(Entry {
        component: path(),
        wasm,
        compiled: dir.join(name + ".cwasm"),
        dir: dir.to_owned(),
    })
}

/// Reads a component. What is none is found out by its first bytes, however long it is.
fn read(component: &Path) -> Result<Vec<u8>, CacheError> {
    let path = || component.to_owned();
    let failed = |source| CacheError::Read {
        path: path(),
        source,
    };
    let refused = |source| CacheError::Contract {
        path: path(),
        source,
    };
    if !fs::metadata(component).map_err(failed)?.is_file() {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file");
        return Err(failed(source));
    }
    let mut file = File::open(component).map_err(failed)?;
    let mut wasm = Vec::new();
    (&mut file)
        .take(HEADER_BYTES)
        .read_to_end(&mut wasm)
        .map_err(failed)?;
    check_header(&wasm).map_err(refused)?;
    file.read_to_end(&mut wasm).map_err(failed)?;
    Ok(wasm)
}

impl Entry {
    /// The compiled component's file, if it is there.
    pub(crate) fn compiled(&self) -> Option<&Path> {
        let file = File::open(&self.compiled).ok()?;
        // A time of last use; without it the entry is only removed earlier.
        let _ = file.set_times(FileTimes::new().set_modified(SystemTime::now()));
        Some(&self.compiled)
    }

    /// Where the compiled component's file is, or would be.
    pub(crate) fn place(&self) -> &Path {
        &self.compiled
    }

    /// Removes the compiled component, which is of no use. No error if it is not there.
    pub(crate) fn remove(&self) -> Result<(), CacheError> {
        match fs::remove_file(&self.compiled) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(CacheError::Directory {
                path: self.dir.clone(),
                source: error,
            }),
            _ => Ok(()),
        }
    }

    /// Compiles the component into its place.
    pub(crate) fn compile(&self, engine: &Engine) -> Result<(), CacheError> {
        let code =
            engine
                .precompile_component(&self.wasm)
                .map_err(|error| CacheError::Compile {
                    path: self.component.clone(),
                    reason: format!("{error:#}"),
                })?;
        remove_old_entries(&self.dir);
        self.write(&code).map_err(|source| CacheError::Directory {
            path: self.dir.clone(),
            source,
        })
    }

    fn write(&self, code: &[u8]) -> io::Result<()> {
        let mut made = TemporaryFile::make(&self.dir, UNFINISHED_PREFIX)?;
        made.file.write_all(code)?;
        // Before the name: after a crash the name must not stand for half a file.
        made.file.sync_all()?;
        made.name.persist(&self.compiled)?;
        Ok(())
    }
}

/// Maps a compiled component.
pub(super) fn map(engine: &Engine, compiled: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the file comes from `Entry`: it lies in a directory that `own_directory` has found
    // to be writable by this user alone, this program has written it completely before it got
    // its name, and its name has the hash of the engine's configuration.
    unsafe { Component::deserialize_file(engine, compiled) }
}

/// Makes the directory, or checks that the one that is there is this user's alone.
pub(crate) fn own_directory(dir: &Path) -> Result<(), CacheError> {
    let failed = |source| CacheError::Directory {
        path: dir.to_owned(),
        source,
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(failed)?;
    let found = fs::symlink_metadata(dir).map_err(failed)?;
    let ours = rustix::process::geteuid().as_raw();
    if found.is_dir() && found.uid() == ours && found.mode() & 0o077 == 0 {
        Ok(())
    } else {
        Err(CacheError::Unsafe(dir.to_owned()))
    }
}

/// Removes what was not used for long. Whatever goes wrong here harms nobody.
fn remove_old_entries(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if !name.as_encoded_bytes().ends_with(b".cwasm") {
            continue;
        }
        let modified = entry.metadata().and_then(|found| found.modified());
        if modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > UNUSED_MAX)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

struct Key(Sha256);

impl Hasher for Key {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        unreachable!("the key is read from the digest")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const COMPONENT: &str = "(component)";

    fn file(dir: &Path, text: &str) -> PathBuf {
        let path = dir.join("app.wasm");
        fs::write(&path, wat::parse_str(text).unwrap()).unwrap();
        path
    }

    #[test]
    fn a_compiled_component_is_found_again_and_another_one_is_not() {
        let temp = tempfile::tempdir().unwrap();
        let engine = super::super::engine().unwrap();
        let (wasm, cache) = (file(temp.path(), COMPONENT), temp.path().join("a/cache"));
        let entry = look_up(&engine, &wasm, &cache).unwrap();
        assert_eq!(entry.compiled(), None);
        entry.compile(&engine).unwrap();
        map(
            &engine,
            look_up(&engine, &wasm, &cache).unwrap().compiled().unwrap(),
        )
        .unwrap();
        file(temp.path(), "(component (core module))");
        assert_eq!(look_up(&engine, &wasm, &cache).unwrap().compiled(), None);
        assert_eq!(fs::metadata(&cache).unwrap().mode() & 0o777, 0o700);
        assert_eq!(
            fs::read_dir(&cache).unwrap().count(),
            1,
            "nothing unfinished is left"
        );
    }

    #[test]
    fn a_truncated_file_is_not_mapped_and_can_be_compiled_anew() {
        let temp = tempfile::tempdir().unwrap();
        let engine = super::super::engine().unwrap();
        let (wasm, cache) = (file(temp.path(), COMPONENT), temp.path().join("cache"));
        let entry = look_up(&engine, &wasm, &cache).unwrap();
        entry.compile(&engine).unwrap();
        let whole = fs::read(&entry.compiled).unwrap();
        for len in [0, 1, 63, 64, whole.len() / 2, whole.len() - 1] {
            fs::write(&entry.compiled, &whole[..len]).unwrap();
            assert!(map(&engine, &entry.compiled).is_err(), "{len} bytes");
        }
        entry.remove().unwrap();
        assert_eq!(entry.compiled(), None);
        entry.remove().unwrap();
        entry.compile(&engine).unwrap();
        map(&engine, entry.compiled().unwrap()).unwrap();
    }

    #[test]
    fn what_a_killed_compiler_has_left_goes_and_what_is_being_written_stays() {
        let temp = tempfile::tempdir().unwrap();
        let engine = super::super::engine().unwrap();
        let (wasm, cache) = (file(temp.path(), COMPONENT), temp.path().join("cache"));
        look_up(&engine, &wasm, &cache).unwrap();
        let left = cache.join(".new-000000");
        fs::write(&left, "half").unwrap();
        let written = TemporaryFile::make(&cache, UNFINISHED_PREFIX).unwrap();
        look_up(&engine, &wasm, &cache).unwrap();
        assert!(!left.exists() && written.name.exists());
    }

    #[test]
    fn a_directory_that_others_can_write_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let engine = super::super::engine().unwrap();
        let wasm = file(temp.path(), COMPONENT);
        let shared = temp.path().join("shared");
        fs::create_dir(&shared).unwrap();
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(
            look_up(&engine, &wasm, &shared),
            Err(CacheError::Unsafe(_))
        ));
        let link = temp.path().join("link");
        std::os::unix::fs::symlink(temp.path(), &link).unwrap();
        assert!(matches!(
            look_up(&engine, &wasm, &link),
            Err(CacheError::Unsafe(_))
        ));
    }

    #[test]
    fn a_file_that_is_no_component_and_one_that_is_missing_are_told_apart() {
        let temp = tempfile::tempdir().unwrap();
        let engine = super::super::engine().unwrap();
        let path = temp.path().join("app.wasm");
        let error = look_up(&engine, &path, temp.path()).unwrap_err();
        assert!(matches!(error, CacheError::Read { .. }) && error.is_permanent());
        for endless_or_none in [Path::new("/dev/zero"), temp.path()] {
            let error = look_up(&engine, endless_or_none, temp.path()).unwrap_err();
            assert!(matches!(error, CacheError::Read { .. }) && error.is_permanent());
        }
        fs::write(&path, "text").unwrap();
        let error = look_up(&engine, &path, temp.path()).unwrap_err();
        assert!(matches!(error, CacheError::Contract { .. }) && error.is_permanent());
    }
}
