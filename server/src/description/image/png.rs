//! PNG: the chunks of the picture and no others. Of an animated PNG that is its default picture.

use bytes::Bytes;
use img_parts::png::Png;

use super::Picture;

/// What is the picture; all else (texts, times, profiles, animation) is not.
const CHUNKS: [[u8; 4]; 5] = [*b"IHDR", *b"PLTE", *b"tRNS", *b"IDAT", *b"IEND"];

pub(super) fn strip(bytes: Bytes) -> Option<Picture> {
    let mut png = Png::from_bytes(bytes).ok()?;
    let (width, height) = png.dimensions()?;
    png.chunks_mut().retain(|chunk| CHUNKS.contains(&chunk.kind()));
    let lengths = |kind| png.chunks_by_type(kind).map(|chunk| chunk.contents().len());
    // As long as the format lets them be: a longer one hides something.
    let is_single = |kind, most| lengths(kind).count() <= 1 && lengths(kind).all(|length| length <= most);
    let is_whole = png.chunks().first().is_some_and(|chunk| chunk.kind() == *b"IHDR")
        && lengths(*b"IHDR").eq([13])
        && is_single(*b"PLTE", 3 * 256)
        && is_single(*b"tRNS", 256)
        && lengths(*b"IDAT").any(|length| length > 0)
        && lengths(*b"IEND").eq([0])
        && png.chunks().last().is_some_and(|chunk| chunk.kind() == *b"IEND")
        && width > 0
        && height > 0;
    is_whole.then(|| (width, height, png.encoder().bytes()))
}
