//! Small pictures of large ones.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageError, ImageReader, Limits, Rgb, RgbImage,
};
use thiserror::Error;

/// What a thumbnail is.
pub(super) const CONTENT_TYPE: &str = "image/jpeg";

/// Pixels of the longest side of a thumbnail; a smaller picture keeps its size.
const LONGEST_SIDE: u32 = 320;

/// The most pixels of a picture: those of a good camera. Decoded they take 256 MiB at most.
const MAX_PIXELS: u64 = 32 * 1024 * 1024;

/// The longest side of a picture.
const MAX_SIDE: u32 = 20_000;

/// The most memory that decoding may take beside the pixels.
const MAX_MEMORY: u64 = 256 * 1024 * 1024;

const QUALITY: u8 = 80;

/// Why there is no thumbnail of some data.
#[derive(Debug, Error)]
pub(super) enum ScaleError {
    #[error("it is no picture in JPEG, PNG, WebP or GIF")]
    Unknown,
    #[error("the picture has more pixels, or takes more memory, than is allowed")]
    TooLarge,
    #[error("the picture is damaged")]
    Damaged(#[source] ImageError),
}

impl ScaleError {
    fn of(error: ImageError) -> Self {
        match error {
            ImageError::Unsupported(_) => Self::Unknown,
            ImageError::Limits(_) => Self::TooLarge,
            error => Self::Damaged(error),
        }
    }
}

/// The picture in `data` as a JPEG of at most 320 pixels on its longest side, turned as its
/// camera was held, on white where it is transparent. Of an animation, the first picture.
///
/// It takes long: for threads that may block. Size is looked at before anything is decoded.
pub(super) fn scale(data: &[u8]) -> Result<Vec<u8>, ScaleError> {
    let reader = ImageReader::new(Cursor::new(data)).with_guessed_format();
    let mut reader = reader.map_err(|error| ScaleError::of(error.into()))?;
    if reader.format().is_none() {
        return Err(ScaleError::Unknown);
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(ScaleError::of)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(ScaleError::TooLarge);
    }
    let orientation = decoder.orientation().map_err(ScaleError::of)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(ScaleError::of)?;
    if width.max(height) > LONGEST_SIDE {
        picture = picture.thumbnail(LONGEST_SIDE, LONGEST_SIDE);
    }
    picture.apply_orientation(orientation);
    encode(&on_white(&picture)).map_err(ScaleError::of)
}

/// JPEG knows no transparency.
fn on_white(picture: &DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let picture = picture.to_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0;
        let over = |colour: u8| {
            let (colour, alpha) = (u32::from(colour), u32::from(alpha));
            let mixed = (colour * alpha + 255 * (255 - alpha)) / 255;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        Rgb([over(red), over(green), over(blue)])
    })
}

fn encode(picture: &RgbImage) -> Result<Vec<u8>, ImageError> {
    let mut jpeg = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
    encoder.encode(picture, picture.width(), picture.height(), ExtendedColorType::Rgb8)?;
    Ok(jpeg)
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Rgba, RgbaImage};

    use super::*;

    fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut data = Cursor::new(Vec::new());
        picture.write_to(&mut data, format).unwrap();
        data.into_inner()
    }

    fn plain(width: u32, height: u32) -> DynamicImage {
        DynamicImage::ImageRgb8(RgbImage::from_pixel(width, height, Rgb([200, 30, 30])))
    }

    fn size(jpeg: &[u8]) -> (u32, u32) {
        assert_eq!(image::guess_format(jpeg).unwrap(), ImageFormat::Jpeg);
        let picture = image::load_from_memory(jpeg).unwrap();
        (picture.width(), picture.height())
    }

    #[test]
    fn the_longest_side_of_every_format_becomes_320() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
            let small = scale(&encoded(&plain(800, 400), format)).unwrap();
            assert_eq!(size(&small), (320, 160), "{format:?}");
        }
        assert_eq!(size(&scale(&encoded(&plain(10, 4_000), ImageFormat::Png)).unwrap()), (1, 320));
    }

    #[test]
    fn a_small_picture_keeps_its_size() {
        let small = scale(&encoded(&plain(32, 16), ImageFormat::Png)).unwrap();
        assert_eq!(size(&small), (32, 16));
    }

    #[test]
    fn what_is_transparent_becomes_white() {
        let clear = DynamicImage::ImageRgba8(RgbaImage::from_pixel(8, 8, Rgba([0, 0, 0, 0])));
        let jpeg = scale(&encoded(&clear, ImageFormat::Png)).unwrap();
        let picture = image::load_from_memory(&jpeg).unwrap().to_rgb8();
        assert!(picture.pixels().all(|pixel| pixel.0.iter().all(|colour| *colour > 250)));
    }

    #[test]
    fn what_is_no_picture_is_told_from_what_is_damaged() {
        for other in
            [&b""[..], b"<html></html>", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"BM"]
        {
            assert!(matches!(scale(other), Err(ScaleError::Unknown)), "{other:?}");
        }
        let whole = encoded(&plain(400, 400), ImageFormat::Png);
        assert!(matches!(scale(&whole[..40]), Err(ScaleError::Damaged(_))));
        assert!(matches!(scale(b"\x89PNG\r\n\x1a\nrubbish"), Err(ScaleError::Damaged(_))));
    }

    /// A picture of a few bytes that says it has so many pixels.
    fn bomb(width: u32, height: u32) -> Vec<u8> {
        let mut png = encoded(&plain(1, 1), ImageFormat::Png);
        png[16..20].copy_from_slice(&width.to_be_bytes());
        png[20..24].copy_from_slice(&height.to_be_bytes());
        let sum = crc(&png[12..29]);
        png[29..33].copy_from_slice(&sum.to_be_bytes());
        png
    }

    /// The checksum of a chunk of PNG.
    fn crc(data: &[u8]) -> u32 {
        !data.iter().fold(u32::MAX, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
                if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 }
            })
        })
    }

    #[test]
    fn a_decompression_bomb_is_not_decoded() {
        assert!(matches!(scale(&bomb(19_000, 19_000)), Err(ScaleError::TooLarge)));
        assert!(matches!(scale(&bomb(60_000, 1)), Err(ScaleError::TooLarge)));
        assert!(scale(&bomb(u32::MAX >> 1, u32::MAX >> 1)).is_err());
        // A GIF whose canvas is 65,535 by 65,535.
        let gif = b"GIF89a\xFF\xFF\xFF\xFF\x80\0\0\0\0\0\xFF\xFF\xFF,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
        assert!(scale(gif).is_err());
    }
}
