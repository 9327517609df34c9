//! A text laid out for reading: its characters folded to half width, with their places.

/// Folded characters with their byte offsets.
#[derive(Debug)]
pub(super) struct Reading {
    /// Half width, case kept.
    pub(super) chars: Vec<char>,
    /// Byte offset of each character, and the text's length at the end.
    offsets: Vec<usize>,
}

impl Reading {
    /// Reads a text.
    pub(super) fn of(text: &str) -> Self {
        let mut chars = Vec::with_capacity(text.len());
        let mut offsets = Vec::with_capacity(text.len() + 1);
        for (offset, c) in text.char_indices() {
            chars.push(half_width(c));
            offsets.push(offset);
        }
        offsets.push(text.len());
        Self { chars, offsets }
    }

    /// The character at a place; a blank beyond the end.
    pub(super) fn at(&self, i: usize) -> char {
        self.chars.get(i).copied().unwrap_or(' ')
    }

    /// The character before a place; a blank at the start.
    pub(super) fn before(&self, i: usize) -> char {
        i.checked_sub(1).map_or(' ', |i| self.at(i))
    }

    /// The bytes of a run of characters.
    pub(super) fn bytes(&self, start: usize, end: usize) -> std::ops::Range<usize> {
        let last = self.offsets.len() - 1;
        self.offsets[start.min(last)]..self.offsets[end.min(last)]
    }

    /// The first place from `i` on that is no blank.
    pub(super) fn skip_blanks(&self, mut i: usize) -> usize {
        while i < self.chars.len() && matches!(self.chars[i], ' ' | '\u{a0}') {
            i += 1;
        }
        i
    }

    /// Whether these characters stand here.
    pub(super) fn reads(&self, i: usize, text: &str) -> bool {
        text.chars().enumerate().all(|(k, c)| self.chars.get(i + k) == Some(&c))
    }

    /// The run of ASCII letters from `i`, in lower case, and its end.
    pub(super) fn word(&self, i: usize) -> (String, usize) {
        let mut end = i;
        while self.at(end).is_ascii_alphabetic() {
            end += 1;
        }
        (self.chars.get(i..end).unwrap_or_default().iter().map(char::to_ascii_lowercase).collect(), end)
    }
}

/// One character in half width; all dashes that join figures are one.
pub(super) fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' | '\u{202f}' | '\u{2009}' => ' ',
        '‐' | '‑' | '–' | '−' => '-',
        '’' => '\'',
        c => c,
    }
}
