//! Finding and reading the configuration file. What is in it is for [`crate::config`].

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::config::ParsedFile;

/// What is read where no file is named, if it exists.
pub(super) const DEFAULT: &str = "dirty.toml";

/// No configuration is this long; some other file might be.
const BYTES_MAX: u64 = 1 << 20;

/// A configuration file and where it was.
pub(super) struct Loaded {
    pub(super) path: PathBuf,
    pub(super) file: ParsedFile,
}

/// Reads `given`, or `./dirty.toml` if it exists.
///
/// # Errors
/// A named file that does not exist, and whatever cannot be read or is wrong in a file.
pub(super) fn load(given: Option<&Path>) -> Result<Option<Loaded>, Failure> {
    let path = given.unwrap_or(Path::new(DEFAULT));
    let failed = |source| Failure::ReadConfig {
        path: path.to_owned(),
        source,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if given.is_none() && error.kind() == io::ErrorKind::NotFound => {
            return Ok(None);
        }
        Err(error) => return Err(failed(error)),
    };
    let mut text = String::new();
    let length = file.take(BYTES_MAX + 1).read_to_string(&mut text);
    if length.map_err(failed)? as u64 > BYTES_MAX {
        return Err(Failure::ConfigTooLarge {
            path: path.to_owned(),
            bytes_max: BYTES_MAX,
        });
    }
    Ok(Some(Loaded {
        path: path.to_owned(),
        file: ParsedFile::parse(&text, path)?,
    }))
}
