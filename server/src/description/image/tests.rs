use std::io::Cursor;

use bytes::Bytes;
use image::{DynamicImage, ImageFormat, RgbImage};
use img_parts::png::PngChunk;

use super::*;

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, marker], &length[..], content].concat()
}

/// A JPEG by its structure: segments, two scans, its end, and something behind.
fn jpeg_of(width: u16, height: u16) -> Vec<u8> {
    let [h, w] = [height.to_be_bytes(), width.to_be_bytes()];
    [
        vec![0xFF, 0xD8],
        segment(0xE0, b"JFIF\0\x01\x02 secret thumbnail"),
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

fn chunk(kind: &[u8], content: &[u8]) -> Vec<u8> {
    PngChunk::new(kind.try_into().unwrap(), Bytes::copy_from_slice(content)).encoder().bytes().to_vec()
}

fn png_of(width: u32, height: u32) -> Vec<u8> {
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

fn riff(id: &[u8], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_le_bytes();
    [id, &length, content, &[0][..content.len() % 2]].concat()
}

fn webp_of(width: u16, height: u16) -> Vec<u8> {
    let [w, h] = [width.to_le_bytes(), height.to_le_bytes()];
    let frame = [&[0, 0, 0, 0x9d, 0x01, 0x2a][..], &w, &h, &[1, 2]].concat();
    let body = [
        b"WEBP".to_vec(),
        riff(b"VP8X", &[8, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        riff(b"VP8 ", &frame),
        riff(b"EXIF", b"secret"),
    ]
    .concat();
    riff(b"RIFF", &body)
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
    for bytes in [&b""[..], b"text called .png", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a\0\0"]
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

#[test]
fn what_hides_beside_the_picture_is_refused_or_left_out() {
    let is_told =
        |file: &[u8]| read(file).is_ok_and(|it| String::from_utf8_lossy(&it.bytes).contains("secret"));
    let frame = segment(0xC0, &[8, 0, 48, 0, 64, 1, 1, 0x11, 0]);
    let scan = [segment(0xDA, &[1, 1, 0, 0, 63, 0]), vec![1, 0xFF, 0xD9]].concat();
    let with = |hidden: &[u8]| [&[0xFF, 0xD8][..], hidden, &frame, &scan].concat();
    assert!(!is_told(&with(b"secret between segments")));
    assert!(!is_told(&with(b"\xFF\xE1\0\x08Exif\0\0secret behind a short length")));
    for marker in [0x02, 0xBF, 0xC8, 0xCC, 0xDC, 0xDE, 0xDF, 0xF0, 0xFD] {
        assert_eq!(read(&with(&segment(marker, b"secret"))), Err(ImageError::Damaged), "{marker:x}");
    }
    assert_eq!(
        read(&[&[0xFF, 0xD8][..], &frame, &[0xFF, 0xD9]].concat()),
        Err(ImageError::Damaged),
        "no scan"
    );

    let png = |header: &[u8], middle: &[u8], end: &[u8]| {
        let header = [b"\0\0\0\x05\0\0\0\x05\x08\x02\0\0\0", header].concat();
        let parts = [chunk(b"IHDR", &header), middle.to_vec(), chunk(b"IDAT", &[1]), chunk(b"IEND", end)];
        [b"\x89PNG\r\n\x1a\n".to_vec(), parts.concat()].concat()
    };
    assert!(read(&png(b"", &[chunk(b"PLTE", &[7; 768]), chunk(b"tRNS", &[7; 256])].concat(), b"")).is_ok());
    assert!(read(&png(b"", &[], b"secret")).is_err());
    assert!(read(&png(b"secret", &[], b"")).is_err());
    assert!(read(&png(b"", &chunk(b"PLTE", &[7; 3]).repeat(2), b"")).is_err());
    assert!(read(&png(b"", &chunk(b"PLTE", &[7; 771]), b"")).is_err());
    assert!(read(&png(b"", &chunk(b"tRNS", &[7; 257]), b"")).is_err());

    let webp = |parts: &[Vec<u8>]| riff(b"RIFF", &[b"WEBP".to_vec(), parts.concat()].concat());
    assert_eq!(read(&webp(&[riff(b"VP8L", &[0x11, 0, 0, 0, 0, 1])])), Err(ImageError::Damaged));
    let animated = [riff(b"VP8X", &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0]), riff(b"ANIM", &[0; 6])];
    assert_eq!(read(&webp(&animated)), Err(ImageError::Animated));
}

#[test]
fn nobody_learns_a_picture_from_a_log() {
    assert_eq!(format!("{:?}", read(&png_of(1, 1)).unwrap()), "Image(image/png, 60 bytes)");
}

/// A picture with edges and gradients, in a format.
fn picture(format: ImageFormat) -> Vec<u8> {
    let picture = RgbImage::from_fn(67, 45, |x, y| {
        let [x, y] = [x, y].map(|it| u8::try_from(it).unwrap());
        image::Rgb([x * 3, y * 5, if x > 30 && y > 20 { 250 } else { x ^ y }])
    });
    let mut file = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture).write_to(&mut file, format).unwrap();
    file.into_inner()
}

fn decoded(file: &[u8]) -> RgbImage {
    image::load_from_memory(file).unwrap().into_rgb8()
}

#[test]
fn the_pixels_stay_what_they_are() {
    let jpeg = picture(ImageFormat::Jpeg);
    let insert = |at: usize, part: &[u8]| [&jpeg[..at], part, &jpeg[at..]].concat();
    let scan = jpeg.windows(2).position(|marker| marker == [0xFF, 0xDA]).unwrap();
    let comment = segment(0xFE, b"secret");
    // The colours are RGB as they stand there: another picture, which Adobe's segment alone tells.
    let without_jfif = &jpeg[2 + 2 + usize::from(jpeg[5])..];
    let adobe = segment(0xEE, b"Adobe\0\x64\0\0\0\0\0secret");
    let rgb = [&[0xFF, 0xD8][..], &adobe, without_jfif].concat();
    assert_ne!(decoded(&rgb), decoded(&jpeg));
    let png = picture(ImageFormat::Png);
    let animated =
        [&png[..33], &chunk(b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0]), &chunk(b"tEXt", b"a\0secret"), &png[33..]]
            .concat();
    let webp = picture(ImageFormat::WebP);
    let behind_end = [&jpeg[..jpeg.len() - 2], &[0xFF, 0xFF], &jpeg[jpeg.len() - 2..], b"secret"].concat();
    for (file, name) in [
        (jpeg.clone(), "jpeg"),
        (insert(2, &[&comment[..], &segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0secret")].concat()), "xmp"),
        (insert(scan, &[&[0xFF, 0xFF], &comment[..], &[0xFF]].concat()), "fill bytes"),
        (behind_end, "fill bytes in a scan"),
        (rgb, "adobe"),
        (png, "png"),
        (animated, "apng"),
        (webp, "webp"),
    ] {
        let image = read(&file).unwrap();
        assert_eq!(decoded(&image.bytes), decoded(&file), "{name}");
        assert!(!String::from_utf8_lossy(&image.bytes).contains("secret"), "{name}");
    }
}

#[test]
fn a_picture_that_lies_on_its_side_stays_so() {
    use image::ImageDecoder;

    let jpeg = picture(ImageFormat::Jpeg);
    let entry = |tag: u16, value: u16| {
        [&tag.to_le_bytes()[..], &[3, 0, 1, 0, 0, 0], &value.to_le_bytes(), &[0, 0]].concat()
    };
    let little =
        [b"II*\0\x08\0\0\0\x02\0".to_vec(), entry(0x0100, 9), entry(0x0112, 6), b"\0\0\0\0secret".to_vec()];
    let exif = segment(0xE1, &[b"Exif\0\0".to_vec(), little.concat()].concat());
    let file = [&jpeg[..2], &exif, &jpeg[2..]].concat();
    let stripped = read(&file).unwrap();
    assert!(!String::from_utf8_lossy(&stripped.bytes).contains("secret"));
    for file in [&file[..], &stripped.bytes] {
        let mut decoder = image::codecs::jpeg::JpegDecoder::new(Cursor::new(file)).unwrap();
        assert_eq!(decoder.orientation().unwrap(), image::metadata::Orientation::Rotate90);
    }
    assert_eq!(read(&stripped.bytes), Ok(stripped), "it is kept again");
}
