//! A still of the visitor, on its way to a VLM: checked by its headers and stripped of all but the picture. Its
//! pixels are never decoded here.

mod jpeg;
mod png;
#[cfg(test)]
mod tests;
mod webp;

use std::fmt;

use bytes::Bytes;
use zeroize::Zeroize;

/// The longest side in pixels. A still of 512 is plenty; what decodes to more than a few dozen MiB is no still.
const MAX_SIDE: u32 = 4096;

/// A still: one whole JPEG, PNG or WebP picture without metadata. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    /// `image/jpeg`, `image/png` or `image/webp`.
    pub mime: &'static str,
    /// The file.
    pub bytes: Bytes,
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({}, {} bytes)", self.mime, self.bytes.len())
    }
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
    /// An animated WebP: none of its pictures stands for it.
    Animated,
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
            Self::Animated => f.write_str("The image is an animated WebP. Please send a single picture."),
            Self::Damaged => {
                f.write_str("The image is damaged, not complete, or of a rare kind of its format.")
            }
        }
    }
}

impl std::error::Error for ImageError {}

/// A picture's width, its height and its file without metadata.
type Picture = (u32, u32, Bytes);

impl Image {
    /// Checks a file by its first bytes and its headers, and leaves out what is not the picture: EXIF, XMP, texts,
    /// comments, colour profiles, what stands behind the picture's end. `mime`: what the client calls it. The file
    /// as it came is overwritten, if nobody else holds it.
    pub fn read(bytes: Bytes, mime: Option<&str>) -> Result<Self, ImageError> {
        let image = Self::stripped(&bytes, mime);
        if let Ok(mut received) = bytes.try_into_mut() {
            received.zeroize();
        }
        image
    }

    fn stripped(bytes: &Bytes, mime: Option<&str>) -> Result<Self, ImageError> {
        let found = kind(bytes).ok_or(ImageError::Unknown)?;
        if mime.is_some_and(|mime| !mime.eq_ignore_ascii_case(found)) {
            return Err(ImageError::Mislabelled { found });
        }
        let (width, height, bytes) = match found {
            "image/jpeg" => jpeg::strip(bytes).ok_or(ImageError::Damaged),
            "image/png" => png::strip(bytes.clone()).ok_or(ImageError::Damaged),
            _ => webp::strip(bytes.clone()),
        }?;
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
