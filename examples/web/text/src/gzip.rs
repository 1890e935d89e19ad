//! gzip in memory, with errors that say who is to blame. Input is a client's, and may be a bomb.

use std::io::{Read, Write};

use dirty_guest::{Error, Result};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

const LEVEL_MAX: u32 = 9;

/// Packs data at a level from 0 to 9.
pub(crate) fn compress(data: &[u8], level: u32) -> Result<Vec<u8>> {
    if level > LEVEL_MAX {
        let message = format!("level is {level}, and may be {LEVEL_MAX} at most");
        return Err(Error::new("ValueError", message));
    }
    let mut packer = GzEncoder::new(Vec::new(), Compression::new(level));
    packer.write_all(data)?;
    Ok(packer.finish()?)
}

/// Unpacks a gzip file, unless it contains more bytes than `unpacked_max`.
pub(crate) fn decompress(data: &[u8], unpacked_max: usize) -> Result<Vec<u8>> {
    let mut unpacked = Vec::new();
    // One byte more than allowed is enough to know.
    let limit = u64::try_from(unpacked_max)?.saturating_add(1);
    MultiGzDecoder::new(data)
        .take(limit)
        .read_to_end(&mut unpacked)
        .map_err(|error| Error::new("ValueError", "the data is no gzip file").caused_by(error))?;
    if unpacked.len() > unpacked_max {
        let message = format!("the data unpacks to more than {unpacked_max} bytes");
        return Err(Error::new("ValueError", message));
    }
    Ok(unpacked)
}
