//! Putting a component where it is wanted, such that nobody sees half of it, and what was there stays
//! until it is whole.

use std::fs::{self, File, Permissions};
use std::io::{self, Seek};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::process::temporary::{self, TemporaryFile};

/// How a file is called that is not whole yet.
const UNFINISHED_PREFIX: &str = ".dirty-build-";
const WASM_MAGIC: &[u8] = b"\0asm";
const MODE: u32 = 0o644;

/// Copies `built` to `output`, whose directory is made if need be. Returns the size in bytes.
pub(super) fn publish(built: &Path, output: &Path) -> io::Result<u64> {
    let directory = directory_of(output);
    fs::create_dir_all(directory)?;
    let mut source = File::open(built)?;
    // What a killed command has left: empty, or the beginning of a component.
    temporary::remove_abandoned_files(directory, UNFINISHED_PREFIX, |beginning| {
        beginning.is_empty() || beginning.starts_with(WASM_MAGIC)
    });
    let mut made = TemporaryFile::make(directory, UNFINISHED_PREFIX)?;
    let bytes = io::copy(&mut source, &mut *made.file)?;
    made.file.rewind()?;
    made.file.set_permissions(Permissions::from_mode(MODE))?;
    made.name.persist(output)?;
    Ok(bytes)
}

/// The directory that a file lies in.
pub(crate) fn directory_of(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_old_file_is_replaced_as_a_whole_or_stays() {
        let place = tempfile::tempdir().unwrap();
        let (built, output) = (place.path().join("a"), place.path().join("b/c.wasm"));
        assert!(publish(&built, &output).is_err());
        assert!(!output.exists());
        fs::write(&built, "new").unwrap();
        assert_eq!(publish(&built, &output).unwrap(), 3);
        fs::write(&built, "newer").unwrap();
        let left = output.with_file_name(".dirty-build-x");
        fs::write(left, b"\0asm and half of the rest").unwrap();
        assert_eq!(publish(&built, &output).unwrap(), 5);
        assert_eq!(fs::read(&output).unwrap(), b"newer");
        assert_eq!(fs::metadata(&output).unwrap().mode_bits(), MODE);
        let left = fs::read_dir(output.parent().unwrap()).unwrap();
        assert_eq!(left.count(), 1);
    }

    trait ModeBits {
        fn mode_bits(&self) -> u32;
    }

    impl ModeBits for fs::Metadata {
        fn mode_bits(&self) -> u32 {
            self.permissions().mode() & 0o777
        }
    }
}
