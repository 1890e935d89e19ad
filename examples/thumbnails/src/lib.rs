//! Thumbnails as an app: an image file's bytes in, a small image file's bytes out.
//!
//! Images come from anywhere. What claims to be larger than the configuration allows is refused before
//! it is decoded, and what breaks a decoder breaks a copy of this app and nothing else. Reading is for
//! `source`, writing for `output`.

mod output;
mod source;

use dirty_guest::{Bytes, Error, Result};
use serde::{Deserialize, Serialize};

use crate::output::{Format, Output};
use crate::source::{Limits, Source};

/// The largest width and height of a thumbnail, in pixels.
const SIDE_MAX: u32 = 4096;

/// What the configuration allows.
struct Thumbnails {
    limits: Limits,
}

/// The `[config]` table. What is left out has the default value.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// How many pixels an image may have, in millions.
    megapixels_max: u32,
    /// How much memory an image may take when it is decoded, in MiB.
    decoded_mib_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            megapixels_max: 50,
            decoded_mib_max: 256,
        }
    }
}

/// What an image file says of itself.
#[derive(Serialize)]
struct Info {
    /// `jpeg`, `png` or `webp`.
    format: &'static str,
    /// In pixels, as it is to be seen, which is not always as it is stored.
    width: u32,
    height: u32,
    bytes: usize,
}

/// One of several thumbnails of one image.
#[derive(Serialize)]
struct Sized {
    /// The side that was asked for.
    size: u32,
    image: Bytes,
}

#[dirty_guest::app]
impl Thumbnails {
    fn init(config: Config) -> Self {
        Self {
            limits: Limits::new(config.megapixels_max, config.decoded_mib_max),
        }
    }

    /// What an image file says of itself; it is not decoded.
    pub fn info(&self, image: &Bytes) -> Result<Info> {
        let source = Source::open(image, &self.limits)?;
        let (width, height) = source.seen_size();
        Ok(Info {
            format: source.format(),
            width,
            height,
            bytes: image.len(),
        })
    }

    /// The image at a size that fits into `width` and `height`, upright, in its own proportions, and
    /// never larger than it was.
    pub fn thumbnail(
        &self,
        image: &Bytes,
        #[default(256)] width: u32,
        #[default(256)] height: u32,
        /// `jpeg`, `png` or `webp` (without loss); if left out, `png` for what may be transparent and
        /// else `jpeg`.
        format: Option<Format>,
        /// Of a JPEG file: 1 (small) to 100 (like the original).
        #[default(80)]
        quality: u8,
    ) -> Result<Bytes> {
        check_side("width", width)?;
        check_side("height", height)?;
        let output = Output::new(format, quality)?;
        let decoded = Source::open(image, &self.limits)?.decode()?;
        output.encode(&decoded, width, height)
    }

    /// Streams the image at several sizes, each the largest side in pixels. It is decoded once.
    pub fn sizes(
        &self,
        image: &Bytes,
        sizes: Vec<u32>,
        format: Option<Format>,
        #[default(80)] quality: u8,
    ) -> Result<impl Iterator<Item = Result<Sized>>> {
        sizes
            .iter()
            .try_for_each(|size| check_side("size", *size))?;
        let output = Output::new(format, quality)?;
        let decoded = Source::open(image, &self.limits)?.decode()?;
        Ok(sizes.into_iter().map(move |size| {
            let image = output.encode(&decoded, size, size)?;
            Ok(Sized { size, image })
        }))
    }
}

fn check_side(what: &str, pixels: u32) -> Result<()> {
    if (1..=SIDE_MAX).contains(&pixels) {
        return Ok(());
    }
    let message = format!("{what} is {pixels}, and may be 1 to {SIDE_MAX}");
    Err(Error::new("ValueError", message))
}

#[cfg(test)]
mod tests;
