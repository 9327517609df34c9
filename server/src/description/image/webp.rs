//! WebP: made the simple format, a frame and nothing else.

use bytes::Bytes;
use img_parts::riff::{RiffChunk, RiffContent};
use img_parts::webp::{CHUNK_ANIM, CHUNK_VP8, CHUNK_VP8L, WebP};

use super::{ImageError, Picture};

pub(super) fn strip(bytes: Bytes) -> Result<Picture, ImageError> {
    let webp = WebP::from_bytes(bytes).map_err(|_| ImageError::Damaged)?;
    if webp.chunks().iter().any(|chunk| chunk.id() == CHUNK_ANIM) {
        return Err(ImageError::Animated);
    }
    simple(&webp).ok_or(ImageError::Damaged)
}

fn simple(webp: &WebP) -> Option<Picture> {
    let frame = webp.chunks().iter().find(|chunk| [CHUNK_VP8, CHUNK_VP8L].contains(&chunk.id()))?.clone();
    let data = frame.content().data()?;
    let is_signed = if frame.id() == CHUNK_VP8 {
        data.get(3..6) == Some(b"\x9D\x01\x2A")
    } else {
        data.first() == Some(&0x2F)
    };
    if !is_signed {
        return None;
    }
    let content = RiffContent::List { kind: Some(*b"WEBP"), subchunks: vec![frame] };
    let simple = WebP::new(RiffChunk::new(*b"RIFF", content)).ok()?;
    let (width, height) = simple.dimensions()?;
    (width > 0 && height > 0).then(|| (width, height, simple.encoder().bytes()))
}
