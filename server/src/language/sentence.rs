//! Sentence boundaries of both languages, in whole texts and in streams.
//!
//! A sentence ends behind `。！？!?…`, behind a `.` that white space or the text's end follows, and at a
//! newline (headings, list items). Closing quotes and brackets stay with the sentence that they close, an
//! opening one begins the next. No end: abbreviations and initials (`abbreviation`), decimals, dots inside
//! URLs, the three dots `...`, a list's number (`1. `), and an end inside a sentence that goes on with a comma.
//!
//! Whole texts and streams share one scanner that reads each character once, so a stream's sentences never
//! depend on where its deltas were cut, and a megabyte without an end costs a megabyte's reading.

mod abbreviation;
mod clause;
#[cfg(test)]
mod tests;

use abbreviation::Dot;

use super::is_han;

/// Cuts a stream of deltas into sentences.
///
/// A sentence is known to have ended when the character behind it (and behind its closing quotes and white
/// space) has come; the last one comes from [`Sentences::finish`].
#[derive(Debug, Default)]
pub struct Sentences {
    /// The sentence begun: all that was pushed and not yet returned.
    buffer: String,
    scanner: Scanner,
}

impl Sentences {
    /// Takes a delta and returns the sentences that it completed, each with the white space behind it.
    pub fn push(&mut self, delta: &str) -> Vec<String> {
        let from = self.buffer.len();
        self.buffer.push_str(delta);
        let mut sentences = Vec::new();
        let mut start = 0;
        for (offset, c) in delta.char_indices() {
            if let Some(end) = self.scanner.step(&self.buffer, from + offset, c) {
                sentences.push(self.buffer[start..end].to_owned());
                start = end;
            }
        }
        self.buffer.drain(..start);
        self.scanner.cut(start);
        sentences
    }

    /// What was begun and not ended; nothing when that is only white space (which happens only if all that
    /// was pushed was white space).
    pub fn finish(self) -> Option<String> {
        (!self.buffer.trim().is_empty()).then_some(self.buffer)
    }
}

/// A text's sentences, each with the white space behind it; together they are the text (a text of only
/// white space has none).
pub fn split(text: &str) -> Vec<&str> {
    let mut scanner = Scanner::default();
    let mut sentences = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        if let Some(end) = scanner.step(text, at, c) {
            sentences.push(&text[start..end]);
            start = end;
        }
    }
    if !text[start..].trim().is_empty() {
        sentences.push(&text[start..]);
    }
    sentences
}

/// Reads a text one character at a time and tells where sentences end.
#[derive(Debug, Default)]
struct Scanner {
    /// Where the sentence begun has its first character that is no white space, in bytes of the text given
    /// to `step`.
    start: usize,
    /// Whether the sentence has anything but white space.
    begun: bool,
    /// Inside a URL, where `.`, `!` and `?` are characters like others.
    in_url: bool,
    /// Whether an odd number of straight double quotes has come in this paragraph.
    quoted: bool,
    /// The possible end that was met and is not decided.
    end: Option<End>,
}

/// A possible end: what has been read since the last character of the sentence proper.
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools)] // independent facts, no states
struct End {
    /// Holds one of `。！？!?…`, or a newline.
    strong: bool,
    /// Holds a full-width mark, behind which nothing needs to follow.
    wide: bool,
    newline: bool,
    /// How many `.` in a row.
    dots: usize,
    dot: Dot,
    /// A closing quote or bracket has followed.
    closed: bool,
    /// White space has followed.
    spaced: bool,
    /// Where a straight quote stands that may close this sentence or open the next.
    quote: Option<(usize, char)>,
}

impl Scanner {
    /// Takes the character `c` at byte `at` of `text`; returns where a sentence has ended, at or before `at`.
    fn step(&mut self, text: &str, at: usize, c: char) -> Option<usize> {
        let Some(mut end) = self.end.take() else {
            self.inside(text, at, c);
            return None;
        };
        if let Some((quote_at, quote)) = end.quote.take() {
            let opens = c.is_alphanumeric() && (quote == '\'' || !self.quoted);
            if opens {
                let cut = self.decide(end, quote_at, quote);
                self.inside(text, quote_at, quote);
                // The quote is part of a sentence now, and so is the letter behind it.
                self.inside(text, at, c);
                return cut;
            }
            end.closed = true;
            if quote == '"' {
                self.quoted = false;
            }
        }
        if c.is_whitespace() {
            end.spaced = true;
            end.newline |= c == '\n';
        } else if !end.spaced && is_mark(c) {
            end.add(c, Dot::Plain);
        } else if !end.spaced && is_closer(c) {
            end.closed = true;
        } else if !end.spaced && matches!(c, '"' | '\'') {
            end.quote = Some((at, c));
        } else {
            let cut = self.decide(end, at, c);
            self.inside(text, at, c);
            return cut;
        }
        self.end = Some(end);
        None
    }

    /// A character that belongs to the sentence begun, or may end it.
    fn inside(&mut self, text: &str, at: usize, c: char) {
        if c.is_whitespace() {
            self.in_url = false;
            if c == '\n' && self.begun {
                self.end = Some(End { spaced: true, newline: true, ..End::default() });
            }
            return;
        }
        if is_mark(c) && self.begun {
            let mut end = End::default();
            let dot = if c == '.' { abbreviation::judge(&text[self.start..at]) } else { Dot::Plain };
            end.add(c, dot);
            self.end = Some(end);
            return;
        }
        if !self.begun {
            self.begun = true;
            self.start = at;
        }
        if c == '"' {
            self.quoted = !self.quoted;
        }
        if self.in_url {
            self.in_url = !is_han(c) && !is_closer(c) && c.is_ascii();
        } else if c == '/' {
            self.in_url = text[self.start..at].ends_with(":/");
        }
    }

    /// Whether the possible end is one, now that `next` is known to follow at byte `at`.
    fn decide(&mut self, end: End, at: usize, next: char) -> Option<usize> {
        if !end.is_end(next, self.in_url) {
            return None;
        }
        self.begun = false;
        self.in_url = false;
        if end.newline {
            self.quoted = false;
        }
        Some(at)
    }

    /// The text's first `bytes` were taken away.
    fn cut(&mut self, bytes: usize) {
        self.start = self.start.saturating_sub(bytes);
        if let Some(End { quote: Some((at, _)), .. }) = &mut self.end {
            *at -= bytes;
        }
    }
}

impl End {
    fn add(&mut self, mark: char, dot: Dot) {
        if mark == '.' {
            self.dots += 1;
            self.dot = dot;
        } else {
            self.strong = true;
            self.wide |= !mark.is_ascii();
        }
    }

    fn is_end(self, next: char, in_url: bool) -> bool {
        if self.newline {
            return true;
        }
        if self.closed && (next.is_lowercase() || next == '的') {
            return false; // "Why?" she said.
        }
        if matches!(next, '，' | '、' | '；' | '：' | ',' | ';' | ':') {
            return false;
        }
        if self.wide {
            return true;
        }
        if self.strong {
            return self.spaced
                || !(in_url || next.is_ascii_alphanumeric() && !next.is_ascii_uppercase() || next == '=');
        }
        self.spaced && self.dots == 1 && self.dot.ends_before(next)
    }
}

/// Whether a character may end a sentence.
pub(crate) fn is_mark(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '!' | '?' | '…' | '.' | '｡' | '．')
}

/// Whether a character closes a quotation or a bracket.
pub(crate) fn is_closer(c: char) -> bool {
    matches!(
        c,
        '」' | '』' | '）' | ')' | '”' | '’' | '】' | '》' | '〉' | '〕' | '］' | ']' | '｝' | '}' | '»'
    )
}
