//! Image files as they go out: smaller, and in the format that was asked for.

use std::io::Cursor;

use dirty_guest::{Bytes, Error, Result};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde::Deserialize;

/// Large images are first brought to so many times the wanted size in a quick way, then to the wanted
/// size in a good one.
const QUICK_FACTOR: u32 = 3;

/// The formats that can be written.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    Jpeg,
    Png,
    Webp,
}

/// How a thumbnail is to be written.
pub(crate) struct Output {
    /// None: what suits the image.
    format: Option<Format>,
    quality: u8,
}

impl Output {
    /// Checks the quality, which only a JPEG file has.
    pub(crate) fn new(format: Option<Format>, quality: u8) -> Result<Output> {
        if (1..=100).contains(&quality) {
            return Ok(Output { format, quality });
        }
        let message = format!("quality is {quality}, and may be 1 to 100");
        Err(Error::new("ValueError", message))
    }

    /// A file of the image within this width and height.
    pub(crate) fn encode(&self, image: &DynamicImage, width: u32, height: u32) -> Result<Bytes> {
        let small = resized(image, width, height);
        let transparent = small.color().has_alpha();
        let format = self.format.unwrap_or(match transparent {
            true => Format::Png,
            false => Format::Jpeg,
        });
        let mut file = Cursor::new(Vec::new());
        match format {
            Format::Jpeg => JpegEncoder::new_with_quality(&mut file, self.quality)
                .encode_image(&on_white(&small))?,
            Format::Png => small.write_to(&mut file, ImageFormat::Png)?,
            Format::Webp => small.write_to(&mut file, ImageFormat::WebP)?,
        }
        Ok(file.into_inner().into())
    }
}

/// The image within this width and height, with 8 bits a channel. It is not made larger.
fn resized(image: &DynamicImage, width: u32, height: u32) -> DynamicImage {
    let quick = |side: u32| side.saturating_mul(QUICK_FACTOR);
    let small = if image.width() <= width && image.height() <= height {
        image.clone()
    } else if image.width() > quick(width) && image.height() > quick(height) {
        let close = image.thumbnail(quick(width), quick(height));
        close.resize(width, height, FilterType::CatmullRom)
    } else {
        image.resize(width, height, FilterType::CatmullRom)
    };
    if small.color().has_alpha() {
        small.into_rgba8().into()
    } else {
        small.into_rgb8().into()
    }
}

/// JPEG has no transparency: what shows through is white.
fn on_white(image: &DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.to_rgb8();
    }
    let pixels = image.to_rgba8();
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [colours @ .., alpha] = pixels.get_pixel(x, y).0;
        let alpha = u16::from(alpha);
        Rgb(colours.map(|colour| {
            let mixed = u16::from(colour) * alpha + 255 * (255 - alpha);
            // At most 255, being a mean of such numbers.
            (mixed / 255) as u8
        }))
    })
}
