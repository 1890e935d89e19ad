//! Image files as they come in: what they are, whether they may be decoded, and their pixels.

use std::io::Cursor;

use dirty_guest::{Error, Result};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};

const MIB: u64 = 1 << 20;

/// What an image may take.
pub(crate) struct Limits {
    pixels_max: u64,
    decoded_bytes_max: u64,
}

impl Limits {
    /// From millions of pixels, and MiB.
    pub(crate) fn new(megapixels_max: u32, decoded_mib_max: u32) -> Limits {
        Limits {
            pixels_max: u64::from(megapixels_max) * 1_000_000,
            decoded_bytes_max: u64::from(decoded_mib_max) * MIB,
        }
    }

    /// A file of a few bytes may claim to be an image of terabytes.
    fn check(&self, (width, height): (u32, u32), decoded_bytes: u64) -> Result<()> {
        let pixels = u64::from(width) * u64::from(height);
        let (pixels_max, bytes_max) = (self.pixels_max, self.decoded_bytes_max);
        let excess = if pixels > pixels_max {
            format!("{pixels_max} pixels are allowed (`megapixels_max`)")
        } else if decoded_bytes > bytes_max {
            let mib_max = bytes_max / MIB;
            format!("it may take {mib_max} MiB of memory (`decoded_mib_max`)")
        } else {
            return Ok(());
        };
        let message = format!("the image says that it has {width}×{height} pixels, but {excess}");
        Err(Error::new("ImageTooLarge", message))
    }
}

/// A file whose beginning was read.
pub(crate) struct Source<'a> {
    format: &'static str,
    decoder: Box<dyn ImageDecoder + 'a>,
    orientation: Orientation,
}

impl<'a> Source<'a> {
    /// Reads what a file says of itself, and checks that against the limits.
    pub(crate) fn open(file: &'a [u8], limits: &Limits) -> Result<Source<'a>> {
        let mut reader = ImageReader::new(Cursor::new(file)).with_guessed_format()?;
        let format = match reader.format() {
            Some(ImageFormat::Jpeg) => "jpeg",
            Some(ImageFormat::Png) => "png",
            Some(ImageFormat::WebP) => "webp",
            _ => {
                let message = "these bytes are no JPEG, PNG or WebP file";
                return Err(Error::new("UnsupportedImage", message));
            }
        };
        let mut allowed = image::Limits::no_limits();
        allowed.max_alloc = Some(limits.decoded_bytes_max);
        reader.limits(allowed);
        let mut decoder = reader.into_decoder().map_err(broken)?;
        limits.check(decoder.dimensions(), decoder.total_bytes())?;
        // A camera that was held upright stores images that lie on their side, and says so. Where
        // that note is unreadable the image may still be a good one.
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        Ok(Source {
            format,
            decoder: Box::new(decoder),
            orientation,
        })
    }

    /// The kind of file.
    pub(crate) fn format(&self) -> &'static str {
        self.format
    }

    /// Width and height as it is to be seen.
    pub(crate) fn seen_size(&self) -> (u32, u32) {
        let (width, height) = self.decoder.dimensions();
        match self.orientation {
            Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH => (height, width),
            _ => (width, height),
        }
    }

    /// Its pixels, as they are to be seen.
    pub(crate) fn decode(self) -> Result<DynamicImage> {
        let mut decoded = DynamicImage::from_decoder(self.decoder).map_err(broken)?;
        decoded.apply_orientation(self.orientation);
        Ok(decoded)
    }
}

/// What a decoder does not like about a file.
#[track_caller]
fn broken(error: ImageError) -> Error {
    let kind = match error {
        ImageError::Limits(_) => "ImageTooLarge",
        ImageError::Unsupported(_) => "UnsupportedImage",
        _ => "BrokenImage",
    };
    Error::new(kind, error.to_string())
}
