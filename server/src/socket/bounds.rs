//! Where frames end, so that nothing behind a large one is read with it.
//!
//! The library's read buffer grows to a frame's length and stays so for the connection's life, with what was in it.
//! A fresh buffer can take its place only where it is empty: behind the last byte of a message. [`Bounds`] follows
//! the frames' headers, and from a large frame on lets nothing be read past any frame's end.

/// A frame's header is 2 bytes, then what they announce: up to 8 of length and 4 of mask.
const MAX_HEADER: usize = 14;

/// Follows the frames of one direction, byte by byte as they are read.
#[derive(Debug)]
pub(super) struct Bounds {
    header: [u8; MAX_HEADER],
    /// How many bytes of the header have come.
    known: usize,
    /// What is to come of the frame's payload.
    rest: u64,
    /// Longer frames are large.
    small: usize,
    /// A large frame has come.
    has_grown: bool,
    /// Further fragments of a message are to come.
    is_fragmented: bool,
}

impl Bounds {
    /// Frames that are longer than `small` bytes count as large.
    pub(super) const fn new(small: usize) -> Self {
        Self { header: [0; MAX_HEADER], known: 0, rest: 0, small, has_grown: false, is_fragmented: false }
    }

    /// Whether a large frame has grown the reader's buffer, and what was read ends where a frame does.
    pub(super) const fn is_behind_large(&self) -> bool {
        self.has_grown && self.known == 0 && self.rest == 0
    }

    /// Whether what was read ends where a message does.
    pub(super) const fn is_behind_message(&self) -> bool {
        self.known == 0 && self.rest == 0 && !self.is_fragmented
    }

    /// How many bytes may be read at once.
    pub(super) fn may_read(&self) -> usize {
        if !self.has_grown {
            usize::MAX
        } else if self.rest > 0 {
            usize::try_from(self.rest).unwrap_or(usize::MAX)
        } else {
            self.header_length() - self.known
        }
    }

    /// These bytes were read.
    pub(super) fn advance(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.rest > 0 {
                let taken = usize::try_from(self.rest).map_or(bytes.len(), |rest| rest.min(bytes.len()));
                self.rest -= taken as u64;
                bytes = &bytes[taken..];
                continue;
            }
            self.header[self.known] = bytes[0];
            self.known += 1;
            bytes = &bytes[1..];
            if self.known == self.header_length() {
                self.rest = self.payload_length();
                self.has_grown |= self.rest > self.small as u64;
                if self.header[0] & 0x08 == 0 {
                    self.is_fragmented = self.header[0] & 0x80 == 0; // not of a control frame
                }
                self.known = 0;
            }
        }
    }

    /// How long the header is, as far as that is known.
    fn header_length(&self) -> usize {
        if self.known < 2 {
            return 2;
        }
        let length = match self.header[1] & 0x7F {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if self.header[1] & 0x80 == 0 { 0 } else { 4 };
        2 + length + mask
    }

    fn payload_length(&self) -> u64 {
        let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        match self.header[1] & 0x7F {
            126 => number(&self.header[2..4]),
            127 => number(&self.header[2..10]),
            length => length.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A masked frame.
    fn frame(length: usize) -> Vec<u8> {
        let header = match length {
            0..126 => vec![0x82, 0x80 | u8::try_from(length).unwrap()],
            126..65_536 => [&[0x82, 0xFE][..], &u16::try_from(length).unwrap().to_be_bytes()].concat(),
            _ => [&[0x82, 0xFF][..], &(length as u64).to_be_bytes()].concat(),
        };
        [header, vec![0xFF; 4], vec![0x82; length]].concat()
    }

    #[test]
    fn small_frames_are_read_as_they_come() {
        let mut bounds = Bounds::new(512);
        bounds.advance(&[frame(0), frame(5), frame(512), vec![0x82]].concat());
        assert!(!bounds.is_behind_large());
        assert_eq!(bounds.may_read(), usize::MAX);
    }

    #[test]
    fn a_message_ends_with_its_last_fragment() {
        let mut bounds = Bounds::new(512);
        let [first, ping, last] = [0x02, 0x89, 0x80].map(|begin| [&[begin], &frame(3)[1..]].concat());
        for (frame, is_behind) in [(frame(3), true), (first, false), (ping, false), (last, true)] {
            bounds.advance(&frame[..4]);
            assert!(!bounds.is_behind_message());
            bounds.advance(&frame[4..]);
            assert_eq!(bounds.is_behind_message(), is_behind);
        }
    }

    #[test]
    fn from_a_large_frame_on_nothing_is_read_past_an_end() {
        let mut bounds = Bounds::new(512);
        let (small, large, behind) = (frame(3), frame(70_000), [frame(200), frame(0), frame(7)].concat());
        bounds.advance(&[&small[..], &large[..20]].concat());
        assert!(!bounds.is_behind_large());
        assert_eq!(bounds.may_read(), large.len() - 20);
        bounds.advance(&large[20..]);
        assert!(bounds.is_behind_large());
        let mut ends = Vec::new();
        let mut at = 0;
        while at < behind.len() {
            let taken = bounds.may_read();
            bounds.advance(&behind[at..at + taken]);
            at += taken;
            if bounds.is_behind_large() {
                ends.push(at);
            }
        }
        assert_eq!(ends, [208, 214, 227]);
    }
}
