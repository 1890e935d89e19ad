//! Reading and writing, tested natively on images that are made here.
#![allow(clippy::unwrap_used)]

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};

use super::*;

fn app() -> Thumbnails {
    Thumbnails::init(Config::default())
}

/// The left half red, the right half blue, with this much alpha.
fn halves(width: u32, height: u32, alpha: u8) -> DynamicImage {
    RgbaImage::from_fn(width, height, |x, _| {
        let red = x < width / 2;
        Rgba([
            if red { 255 } else { 0 },
            0,
            if red { 0 } else { 255 },
            alpha,
        ])
    })
    .into()
}

fn file(image: &DynamicImage, format: ImageFormat) -> Bytes {
    let mut file = std::io::Cursor::new(Vec::new());
    image.write_to(&mut file, format).unwrap();
    file.into_inner().into()
}

fn decoded(file: &Bytes) -> DynamicImage {
    image::load_from_memory(file).unwrap()
}

/// A JPEG file with a note of how the camera was held.
fn held(image: &DynamicImage, orientation: u8) -> Bytes {
    let jpeg = file(&image.to_rgb8().into(), ImageFormat::Jpeg);
    #[rustfmt::skip]
    let note = [
        0xff, 0xe1, 0, 34, b'E', b'x', b'i', b'f', 0, 0, b'M', b'M', 0, 42, 0, 0, 0, 8,
        0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0,
    ];
    [&jpeg[..2], &note, &jpeg[2..]].concat().into()
}

fn kind_of<T>(result: Result<T>) -> String {
    let error = result.err().unwrap();
    error.kind().to_owned()
}

#[test]
fn proportions_stay_and_nothing_grows() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let opaque = DynamicImage::from(halves(400, 200, 255).to_rgb8());
        let large = file(&opaque, format);
        for (width, height, expected) in [
            (100, 100, (100, 50)),
            (10, 300, (10, 5)),
            (399, 200, (399, 200)),
            (4096, 4096, (400, 200)),
        ] {
            let small = app().thumbnail(&large, width, height, None, 80).unwrap();
            let small = decoded(&small);
            assert_eq!((small.width(), small.height()), expected, "{format:?}");
        }
    }
}

#[test]
fn an_image_is_seen_as_the_camera_was_held() {
    let lying = held(&halves(64, 32, 255), 6);
    let info = app().info(&lying).unwrap();
    assert_eq!((info.format, info.width, info.height), ("jpeg", 32, 64));
    let upright = app()
        .thumbnail(&lying, 16, 16, Some(Format::Png), 80)
        .unwrap();
    let upright = decoded(&upright).to_rgb8();
    assert_eq!(upright.dimensions(), (8, 16));
    // What was left is above after a turn to the right.
    assert!(upright.get_pixel(4, 2).0[0] > 200, "red");
    assert!(upright.get_pixel(4, 13).0[2] > 200, "blue");
}

#[test]
fn transparency_stays_or_becomes_white() {
    let glass = file(&halves(64, 64, 0), ImageFormat::Png);
    let kept = app().thumbnail(&glass, 8, 8, None, 80).unwrap();
    assert!(kept.starts_with(b"\x89PNG"));
    assert_eq!(decoded(&kept).to_rgba8().get_pixel(2, 2).0[3], 0);
    let flat = app()
        .thumbnail(&glass, 8, 8, Some(Format::Jpeg), 95)
        .unwrap();
    assert!(
        decoded(&flat)
            .to_rgb8()
            .pixels()
            .all(|pixel| pixel.0.iter().all(|c| *c > 250))
    );
}

#[test]
fn a_small_file_of_a_huge_image_is_refused_unread() {
    let mut bomb = file(&halves(1, 1, 255), ImageFormat::Png).into_vec();
    // Width and height in the header, whose check sum then has to be made anew.
    bomb[16..24].copy_from_slice(&[0, 0, 0xc3, 0x50, 0, 0, 0xc3, 0x50]);
    let sum = crc32(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&sum.to_be_bytes());
    let bomb = Bytes::from(bomb);
    let refused = app().thumbnail(&bomb, 8, 8, None, 80).err().unwrap();
    assert_eq!(refused.kind(), "ImageTooLarge");
    assert!(refused.message().contains("50000×50000"), "{refused}");
    assert!(refused.message().contains("megapixels_max"), "{refused}");

    let small_memory = Thumbnails {
        limits: Limits::new(50, 1),
    };
    let image = file(&halves(1024, 1024, 255), ImageFormat::Png);
    assert_eq!(
        kind_of(small_memory.thumbnail(&image, 8, 8, None, 80)),
        "ImageTooLarge"
    );
}

/// The check sum of PNG.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
        })
    })
}

#[test]
fn what_is_wrong_has_its_kind() {
    let image = file(&halves(64, 64, 255), ImageFormat::Png);
    let cut: Bytes = image[..image.len() / 2].into();
    let none = Bytes::from(b"this is no image");
    assert_eq!(
        kind_of(app().thumbnail(&cut, 8, 8, None, 80)),
        "BrokenImage"
    );
    assert_eq!(kind_of(app().info(&none)), "UnsupportedImage");
    assert_eq!(kind_of(app().info(&Bytes::default())), "UnsupportedImage");
    for (width, height, quality) in [(0, 8, 80), (8, 5000, 80), (8, 8, 0), (8, 8, 101)] {
        let result = app().thumbnail(&image, width, height, None, quality);
        assert_eq!(kind_of(result), "ValueError");
    }
    assert_eq!(
        kind_of(app().sizes(&image, vec![8, 0], None, 80).map(|_| ())),
        "ValueError"
    );
}

#[test]
fn several_sizes_are_streamed() {
    let image = file(&halves(64, 64, 255), ImageFormat::Png);
    let app = app();
    let sizes = app.sizes(&image, vec![32, 8], Some(Format::Webp), 80);
    let sides: Vec<_> = sizes
        .unwrap()
        .map(|sized| {
            let sized = sized.unwrap();
            (sized.size, decoded(&sized.image).width())
        })
        .collect();
    assert_eq!(sides, [(32, 32), (8, 8)]);
}
