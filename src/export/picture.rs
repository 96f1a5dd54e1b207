//! Photos for PDF pages: JPEG bytes go in as they are, PNG is decoded; turned upright by the camera's own note.
//!
//! TIFF and HEIC are not drawn: they travel beside the document with their hashes.

use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::{Filter, Pdf, Ref};

/// Most pixels of a picture that is decoded here; 50 million are a 7000 by 7000 scan and 150 MB.
const PIXELS_MAX: u64 = 50_000_000;

/// A picture that a PDF can carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    width_px: u32,
    height_px: u32,
    /// 1 gray, 3 red-green-blue, 4 inverted cyan-magenta-yellow-black as JPEG cameras write it.
    n_colors: u8,
    /// EXIF orientation, 1 to 8.
    orientation: u32,
    bytes: Vec<u8>,
    filter: Filter,
}

impl Picture {
    /// Reads a JPEG or PNG; `None` for everything else, damaged files too.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xFF, 0xD8, 0xFF, ..] => jpeg(bytes),
            [0x89, b'P', b'N', b'G', ..] => png(bytes),
            _ => None,
        }
    }

    /// Width and height as people see it, in pixels.
    pub fn size_px(&self) -> (u32, u32) {
        if self.orientation >= 5 { (self.height_px, self.width_px) } else { (self.width_px, self.height_px) }
    }

    /// Largest width and height inside a box, sides in proportion.
    pub fn fit(&self, box_width: f32, box_height: f32) -> (f32, f32) {
        let (width, height) = self.size_px();
        let (width, height) = (width.max(1) as f32, height.max(1) as f32);
        let scale = (box_width / width).min(box_height / height);
        (width * scale, height * scale)
    }

    /// Puts the stored picture upright in the unit square (EXIF 2.32, tag Orientation).
    pub(super) fn upright_matrix(&self) -> [f32; 6] {
        match self.orientation {
            2 => [-1.0, 0.0, 0.0, 1.0, 1.0, 0.0],
            3 => [-1.0, 0.0, 0.0, -1.0, 1.0, 1.0],
            4 => [1.0, 0.0, 0.0, -1.0, 0.0, 1.0],
            5 => [0.0, -1.0, -1.0, 0.0, 1.0, 1.0],
            6 => [0.0, -1.0, 1.0, 0.0, 0.0, 1.0],
            7 => [0.0, 1.0, 1.0, 0.0, 0.0, 0.0],
            8 => [0.0, 1.0, -1.0, 0.0, 1.0, 0.0],
            _ => [1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
        }
    }

    /// Writes the picture object.
    pub(super) fn write(&self, pdf: &mut Pdf, id: Ref) {
        let mut object = pdf.image_xobject(id, &self.bytes);
        object.filter(self.filter);
        object.width(i32::try_from(self.width_px).unwrap_or(1));
        object.height(i32::try_from(self.height_px).unwrap_or(1));
        match self.n_colors {
            1 => object.color_space().device_gray(),
            4 => object.color_space().device_cmyk(),
            _ => object.color_space().device_rgb(),
        }
        object.bits_per_component(8);
        if self.n_colors == 4 {
            object.decode([1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
        }
    }
}

/// Walks the segments of a JPEG to its frame header, which has the size and the number of colors.
fn jpeg(bytes: &[u8]) -> Option<Picture> {
    let mut at = 2usize;
    loop {
        let [0xFF, marker, high, low] = *bytes.get(at..at + 4)? else {
            return None;
        };
        // SOF0 to SOF15 without the tables DHT (C4), JPG (C8) and DAC (CC).
        if (0xC0..=0xCF).contains(&marker) && !matches!(marker, 0xC4 | 0xC8 | 0xCC) {
            let [bits, h1, h0, w1, w0, n_colors] = *bytes.get(at + 4..at + 10)? else {
                return None;
            };
            let (height_px, width_px) = (u32::from(h1) << 8 | u32::from(h0), u32::from(w1) << 8 | u32::from(w0));
            let is_drawable = bits == 8 && width_px > 0 && height_px > 0 && matches!(n_colors, 1 | 3 | 4);
            return is_drawable.then(|| Picture {
                width_px,
                height_px,
                n_colors,
                orientation: orientation(bytes),
                bytes: bytes.to_vec(),
                filter: Filter::DctDecode,
            });
        }
        at += 2 + (usize::from(high) << 8 | usize::from(low)).max(2);
    }
}

fn orientation(bytes: &[u8]) -> u32 {
    exif::Reader::new()
        .read_from_container(&mut Cursor::new(bytes))
        .ok()
        .and_then(|found| found.get_field(exif::Tag::Orientation, exif::In::PRIMARY)?.value.get_uint(0))
        .filter(|turn| (1..=8).contains(turn))
        .unwrap_or(1)
}

/// Decodes a PNG; transparency is laid on white, as a sheet of paper does.
fn png(bytes: &[u8]) -> Option<Picture> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().ok()?;
    let (width_px, height_px) = (reader.info().width, reader.info().height);
    if u64::from(width_px) * u64::from(height_px) > PIXELS_MAX {
        return None;
    }
    let mut pixels = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut pixels).ok()?;
    pixels.truncate(frame.buffer_size());
    let on_white = |value: u8, alpha: u8| {
        let mixed = (u32::from(value) * u32::from(alpha) + 255 * (255 - u32::from(alpha)) + 127) / 255;
        u8::try_from(mixed).unwrap_or(255)
    };
    let (n_colors, plain) = match frame.color_type {
        png::ColorType::Grayscale => (1, pixels),
        png::ColorType::Rgb => (3, pixels),
        png::ColorType::GrayscaleAlpha => (1, pixels.chunks_exact(2).map(|p| on_white(p[0], p[1])).collect()),
        png::ColorType::Rgba => {
            (3, pixels.chunks_exact(4).flat_map(|p| [0, 1, 2].map(|i| on_white(p[i], p[3]))).collect())
        }
        png::ColorType::Indexed => return None,
    };
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    packed.write_all(&plain).ok()?;
    let bytes = packed.finish().ok()?;
    Some(Picture { width_px, height_px, n_colors, orientation: 1, bytes, filter: Filter::FlateDecode })
}

#[cfg(test)]
mod tests {
    use super::Picture;
    use crate::export::page::{LETTER, Page, document};

    fn small_png(color: png::ColorType, pixel: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 4, 2);
        encoder.set_color(color);
        encoder.write_header().unwrap().write_image_data(&pixel.repeat(8)).unwrap();
        bytes
    }

    #[test]
    fn a_png_of_every_color_kind_is_drawn() {
        for (color, pixel) in [
            (png::ColorType::Grayscale, vec![9]),
            (png::ColorType::GrayscaleAlpha, vec![9, 0]),
            (png::ColorType::Rgb, vec![1, 2, 3]),
            (png::ColorType::Rgba, vec![1, 2, 3, 128]),
        ] {
            let picture = Picture::read(&small_png(color, &pixel)).unwrap();
            assert_eq!((picture.size_px(), picture.fit(100.0, 100.0)), ((4, 2), (100.0, 50.0)));
            let mut page = Page::new(LETTER);
            page.picture((40.0, 40.0), (100.0, 50.0), picture);
            let pdf = document("t", LETTER, vec![page]);
            assert!(pdf.windows(13).any(|w| w == b"/Subtype /Ima" || w == b"/Width 4\n  /H"), "no image in the PDF");
        }
    }

    #[test]
    fn damaged_and_foreign_files_are_no_picture() {
        let good = small_png(png::ColorType::Rgb, &[1, 2, 3]);
        for bytes in [&b"GIF89a"[..], &[], &[0xFF, 0xD8, 0xFF, 0xE0, 0, 2], &good[..good.len() / 2]] {
            assert_eq!(Picture::read(bytes), None);
        }
    }

    #[test]
    fn a_jpeg_says_its_size_in_its_frame_header() {
        let head = [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xC0, 0, 17, 8, 0, 3, 0, 7, 3, 0, 0];
        assert_eq!(Picture::read(&head).unwrap().size_px(), (7, 3));
    }
}
