//! A still of the visitor, on its way to a VLM: checked by its headers and stripped of all but the picture. Its
//! pixels are never decoded here.

use std::fmt;

use bytes::Bytes;
use img_parts::png::{Png, PngChunk};
use img_parts::riff::{RiffChunk, RiffContent};
use img_parts::webp::{CHUNK_VP8, CHUNK_VP8L, WebP};

/// The longest side in pixels. A still of 512 is plenty; what decodes to more than a few dozen MiB is no still.
const MAX_SIDE: u32 = 4096;

/// What of a PNG is the picture; all else (texts, times, profiles) is metadata.
const PNG_CHUNKS: [[u8; 4]; 5] = [*b"IHDR", *b"PLTE", *b"tRNS", *b"IDAT", *b"IEND"];

/// A still: one whole JPEG, PNG or WebP picture without metadata. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// `image/jpeg`, `image/png` or `image/webp`.
    pub mime: &'static str,
    /// The file.
    pub bytes: Bytes,
}

/// Why bytes are no still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageError {
    /// They don't begin as a JPEG, PNG or WebP file does.
    Unknown,
    /// They are not of the type that the client names.
    Mislabelled {
        /// What they are.
        found: &'static str,
    },
    /// Too many pixels.
    TooLarge {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// The file breaks off or breaks its format's rules.
    Damaged,
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("An image must be a JPEG, PNG or WebP file."),
            Self::Mislabelled { found } => write!(f, "The image is {found}, not what its `mime` says."),
            Self::TooLarge { width, height } => write!(
                f,
                "The image has {width} x {height} pixels; at most {MAX_SIDE} a side are taken. Please scale it down."
            ),
            Self::Damaged => f.write_str("The image is damaged or not complete."),
        }
    }
}

impl std::error::Error for ImageError {}

impl Image {
    /// Checks a file by its first bytes and its headers, and leaves out what is not the picture: EXIF, XMP, texts,
    /// comments, colour profiles, what stands behind the picture's end. `mime`: what the client calls it.
    pub fn read(bytes: Bytes, mime: Option<&str>) -> Result<Self, ImageError> {
        let found = kind(&bytes).ok_or(ImageError::Unknown)?;
        if mime.is_some_and(|mime| !mime.eq_ignore_ascii_case(found)) {
            return Err(ImageError::Mislabelled { found });
        }
        let (width, height, bytes) = match found {
            "image/jpeg" => jpeg(&bytes),
            "image/png" => png(bytes),
            _ => webp(bytes),
        }
        .ok_or(ImageError::Damaged)?;
        if width > MAX_SIDE || height > MAX_SIDE {
            return Err(ImageError::TooLarge { width, height });
        }
        Ok(Self { mime: found, bytes })
    }
}

/// By the magic bytes.
fn kind(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\xFF\xD8\xFF") {
        Some("image/jpeg")
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some("image/webp")
    } else {
        None
    }
}

type Picture = (u32, u32, Bytes);

/// Copies the segments that make the picture, and the scans between them up to the end marker. Own code, because
/// img-parts takes all behind the first scan as one piece, whatever is hidden there.
fn jpeg(bytes: &[u8]) -> Option<Picture> {
    let (start, mut rest) = bytes.split_at_checked(2)?;
    let mut stripped = start.to_vec();
    let mut size = None;
    loop {
        // Scans hold no marker but restarts and escaped bytes.
        let at = memchr::memchr(0xFF, rest)?;
        let marker = *rest.get(at + 1)?;
        match marker {
            0xFF => rest = &rest[at + 1..], // a fill byte
            0x00 | 0xD0..=0xD7 => {
                stripped.extend_from_slice(&rest[..at + 2]);
                rest = &rest[at + 2..];
            }
            0xD9 => {
                stripped.extend_from_slice(&rest[..at + 2]);
                return size.map(|(width, height)| (width, height, stripped.into()));
            }
            _ => {
                let number = |from: usize| Some(u16::from_be_bytes([*rest.get(from)?, *rest.get(from + 1)?]));
                let end = at + 2 + usize::from(number(at + 2)?);
                let segment = rest.get(..end)?;
                // A second frame header could have another size than the one that is checked.
                if matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC) {
                    let (height, width) = (number(at + 5)?, number(at + 7)?);
                    let is_first = size.replace((width.into(), height.into())).is_none();
                    if !is_first || width == 0 || height == 0 {
                        return None;
                    }
                }
                let is_metadata = matches!(marker, 0xE0..=0xEF | 0xFE);
                stripped.extend_from_slice(if is_metadata { &rest[..at] } else { segment });
                rest = &rest[end..];
            }
        }
    }
}

fn png(bytes: Bytes) -> Option<Picture> {
    let mut png = Png::from_bytes(bytes).ok()?;
    let (width, height) = png.dimensions()?;
    png.chunks_mut().retain(|chunk| PNG_CHUNKS.contains(&chunk.kind()));
    let count = |kind| png.chunks().iter().filter(|chunk| chunk.kind() == kind).count();
    let is = |chunk: Option<&PngChunk>, kind| chunk.is_some_and(|chunk| chunk.kind() == kind);
    let is_whole = count(*b"IHDR") == 1
        && is(png.chunks().first(), *b"IHDR")
        && count(*b"IDAT") > 0
        && is(png.chunks().last(), *b"IEND")
        && width > 0
        && height > 0;
    is_whole.then(|| (width, height, png.encoder().bytes()))
}

/// Makes it the simple format: a frame and nothing else.
fn webp(bytes: Bytes) -> Option<Picture> {
    let webp = WebP::from_bytes(bytes).ok()?;
    let frame = webp.chunks().iter().find(|chunk| [CHUNK_VP8, CHUNK_VP8L].contains(&chunk.id()))?.clone();
    let content = RiffContent::List { kind: Some(*b"WEBP"), subchunks: vec![frame] };
    let simple = WebP::new(RiffChunk::new(*b"RIFF", content)).ok()?;
    let (width, height) = simple.dimensions()?;
    Some((width, height, simple.encoder().bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A JPEG by its structure: segments, one scan, its end, and something behind.
    fn jpeg_of(width: u16, height: u16) -> Vec<u8> {
        let segment = |marker: u8, content: &[u8]| {
            let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
            [&[0xFF, marker], &length[..], content].concat()
        };
        let [h, w] = [height.to_be_bytes(), width.to_be_bytes()];
        [
            vec![0xFF, 0xD8],
            segment(0xE0, b"JFIF\0"),
            segment(0xE1, b"Exif\0\0GPS secret"),
            segment(0xDB, &[7; 65]),
            segment(0xC0, &[8, h[0], h[1], w[0], w[1], 1, 1, 0x11, 0]),
            segment(0xFE, b"secret comment"),
            segment(0xDA, &[1, 1, 0, 0, 63, 0]),
            vec![1, 2, 0xFF, 0x00, 3, 0xFF, 0xD0, 4],
            segment(0xFE, b"secret between scans"),
            segment(0xDA, &[1, 1, 0, 0, 63, 0]),
            vec![5, 6, 0xFF, 0xD9],
            b"secret behind the end".to_vec(),
        ]
        .concat()
    }

    fn png_of(width: u32, height: u32) -> Vec<u8> {
        let chunk = |kind: &[u8; 4], content: &[u8]| {
            PngChunk::new(*kind, Bytes::copy_from_slice(content)).encoder().bytes().to_vec()
        };
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
        [
            b"\x89PNG\r\n\x1a\n".to_vec(),
            chunk(b"IHDR", &header),
            chunk(b"tEXt", b"Comment\0secret"),
            chunk(b"IDAT", &[1, 2, 3]),
            chunk(b"IEND", &[]),
            b"secret behind the end".to_vec(),
        ]
        .concat()
    }

    fn webp_of(width: u16, height: u16) -> Vec<u8> {
        let [w, h] = [width.to_le_bytes(), height.to_le_bytes()];
        let frame = [&[0, 0, 0, 0x9d, 0x01, 0x2a][..], &w, &h, &[1, 2]].concat();
        let chunk = |id: &[u8; 4], content: &[u8]| {
            let length = u32::try_from(content.len()).unwrap().to_le_bytes();
            [&id[..], &length, content, &[0][..content.len() % 2]].concat()
        };
        let body = [
            b"WEBP".to_vec(),
            chunk(b"VP8X", &[8, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            chunk(b"VP8 ", &frame),
            chunk(b"EXIF", b"secret"),
        ]
        .concat();
        chunk(b"RIFF", &body)
    }

    fn read(bytes: &[u8]) -> Result<Image, ImageError> {
        Image::read(Bytes::copy_from_slice(bytes), None)
    }

    #[test]
    fn only_the_picture_is_kept() {
        for (file, mime) in [
            (jpeg_of(640, 480), "image/jpeg"),
            (png_of(640, 480), "image/png"),
            (webp_of(640, 480), "image/webp"),
        ] {
            let image = read(&file).unwrap();
            assert_eq!(image.mime, mime);
            let text = String::from_utf8_lossy(&image.bytes);
            assert!(!text.contains("secret") && !text.contains("Exif"), "{mime}: {text:?}");
            assert!(image.bytes.len() < file.len());
            assert_eq!(read(&image.bytes), Ok(image), "what is left is whole");
        }
    }

    #[test]
    fn scans_stay_as_they_are() {
        let image = read(&jpeg_of(640, 480)).unwrap();
        let has = |part: &[u8]| image.bytes.windows(part.len()).any(|window| window == part);
        assert!(has(&[1, 2, 0xFF, 0x00, 3, 0xFF, 0xD0, 4, 0xFF, 0xDA]));
        assert!(image.bytes.ends_with(&[5, 6, 0xFF, 0xD9]));
    }

    #[test]
    fn a_bomb_is_known_by_its_header() {
        let too_large = |width, height| Err(ImageError::TooLarge { width, height });
        assert_eq!(read(&png_of(50_000, 50_000)), too_large(50_000, 50_000));
        assert_eq!(read(&jpeg_of(65_500, 10)), too_large(65_500, 10));
        assert_eq!(read(&webp_of(10, 16_000)), too_large(10, 16_000));
        assert!(read(&png_of(4096, 4096)).is_ok());
        assert!(read(&png_of(u32::MAX, 1)).is_err());
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        for bytes in
            [&b""[..], b"text called .png", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a\0\0"]
        {
            assert_eq!(read(bytes), Err(ImageError::Unknown), "{bytes:?}");
        }
        let mislabelled = Image::read(png_of(1, 1).into(), Some("image/jpeg"));
        assert_eq!(mislabelled, Err(ImageError::Mislabelled { found: "image/png" }));
        assert_eq!(read(&png_of(0, 5)), Err(ImageError::Damaged));
        let (small, huge) = (jpeg_of(64, 48), jpeg_of(9000, 9000));
        let frame = huge.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
        let two_frames = [&small[..2], &huge[frame..frame + 11], &small[2..]].concat();
        assert!(read(&two_frames).is_err());
    }

    #[test]
    fn no_prefix_of_a_file_is_a_picture_or_a_panic() {
        for file in [jpeg_of(640, 480), png_of(640, 480), webp_of(640, 480)] {
            let whole = read(&file).unwrap();
            for length in 0..file.len() {
                if let Ok(image) = read(&file[..length]) {
                    assert_eq!(image, whole, "{length}"); // only what stood behind the end was cut
                }
            }
            for at in 0..file.len() {
                for value in [0, 0x7F, 0xD9, 0xFF] {
                    let mut file = file.clone();
                    file[at] = value;
                    let _ = read(&file);
                }
            }
        }
    }
}
