//! JPEG: copies the segments that make the picture, and the scans between them up to the end marker. Own code, because
//! img-parts takes all behind the first scan as one piece, whatever is hidden there.
//!
//! Of metadata only what the picture can't do without is written anew: how its colours are coded (JFIF, Adobe) and
//! which side is up (EXIF's orientation).

use super::Picture;

/// JFIF 1.1 with square pixels and no thumbnail: says that the colours are coded as Y, Cb and Cr.
const JFIF: &[u8] = b"\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0";

/// What of Adobe's segment is its own: `Adobe`, a version, flags, and how the colours are coded. Its header says 14.
const ADOBE: usize = 12;

pub(super) fn strip(bytes: &[u8]) -> Option<Picture> {
    let (start, mut rest) = bytes.split_at_checked(2)?;
    let mut stripped = Vec::with_capacity(bytes.len());
    stripped.extend_from_slice(start);
    let mut size = None;
    let (mut is_scan, mut has_scan) = (false, false);
    let mut known = Known::default();
    loop {
        // Scans hold no marker but restarts and escaped bytes; behind other segments comes the next one's marker.
        let at = memchr::memchr(0xFF, rest)?;
        if at > 0 && !is_scan {
            return None;
        }
        stripped.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let marker = *rest.get(1)?;
        match marker {
            0xFF => {
                rest = &rest[1..]; // a fill byte
                continue;
            }
            0x00 | 0xD0..=0xD7 if is_scan => {
                stripped.extend_from_slice(&rest[..2]);
                rest = &rest[2..];
                continue;
            }
            0xD9 => {
                stripped.extend_from_slice(&rest[..2]);
                return size.filter(|_| has_scan).map(|(width, height)| (width, height, stripped.into()));
            }
            _ => {}
        }
        let number = |from: usize| Some(u16::from_be_bytes([*rest.get(from)?, *rest.get(from + 1)?]));
        let end = 2 + usize::from(number(2)?);
        let segment = rest.get(..end)?;
        let content = segment.get(4..)?;
        is_scan = false;
        match marker {
            // The kinds of frames in use; a second header could have another size than the one that is checked.
            0xC0..=0xC2 if size.is_none() => {
                let (height, width) = (number(5)?, number(7)?);
                if width == 0 || height == 0 {
                    return None;
                }
                size = Some((width.into(), height.into()));
                stripped.extend_from_slice(segment);
            }
            // Tables of Huffman codes and quantization, and the restart interval.
            0xC4 | 0xDB | 0xDD => stripped.extend_from_slice(segment),
            0xDA => {
                (is_scan, has_scan) = (true, true);
                stripped.extend_from_slice(segment);
            }
            0xE0..=0xEF => known.write(marker, content, &mut stripped),
            0xFE => {} // a comment
            _ => return None,
        }
        rest = &rest[end..];
    }
}

/// Which application segments were written already: one of each kind.
#[derive(Default)]
struct Known {
    jfif: bool,
    orientation: bool,
    adobe: bool,
}

impl Known {
    /// Writes what the picture needs of an application segment.
    fn write(&mut self, marker: u8, content: &[u8], out: &mut Vec<u8>) {
        if marker == 0xE0 && content.starts_with(b"JFIF\0") && !self.jfif {
            self.jfif = true;
            out.extend_from_slice(JFIF);
        }
        if marker == 0xE1
            && !self.orientation
            && let Some(orientation) = content.strip_prefix(b"Exif\0\0").and_then(orientation)
        {
            self.orientation = true;
            out.extend_from_slice(&exif(orientation));
        }
        if marker == 0xEE && content.starts_with(b"Adobe") && content.len() >= ADOBE && !self.adobe {
            self.adobe = true;
            out.extend_from_slice(b"\xFF\xEE\0\x0E");
            out.extend_from_slice(&content[..ADOBE]);
        }
    }
}

/// The orientation in a TIFF structure, if it has one and that is another than upright.
fn orientation(tiff: &[u8]) -> Option<u8> {
    let is_little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes = [*tiff.get(at)?, *tiff.get(at + 1)?];
        Some(if is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let long = |at: usize| {
        let (first, second) = (u32::from(short(at)?), u32::from(short(at + 2)?));
        usize::try_from(if is_little { second << 16 | first } else { first << 16 | second }).ok()
    };
    let directory = long(4)?;
    let entries = usize::from(short(directory)?);
    let mut entry = (0..entries).map(|nth| directory.saturating_add(2 + 12 * nth));
    let at = entry.find(|at| short(*at) == Some(0x0112) && short(at + 2) == Some(3))?;
    short(at + 8).and_then(|value| u8::try_from(value).ok()).filter(|value| (2..=8).contains(value))
}

/// A segment of EXIF that holds an orientation and nothing else.
fn exif(orientation: u8) -> Vec<u8> {
    let mut segment = b"\xFF\xE1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    segment.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0]);
    segment
}
