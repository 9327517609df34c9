//! The two languages Rapport speaks, their sentences and their words.

pub mod sentence;
pub mod simplified;
pub mod words;

use std::str::FromStr;

/// English or Traditional Chinese.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English.
    En,
    /// Traditional Chinese, as written in Taiwan.
    ZhHant,
}

impl Lang {
    /// The language of a text: Han characters decide.
    pub fn of(text: &str) -> Self {
        if text.chars().any(is_han) { Self::ZhHant } else { Self::En }
    }

    /// The BCP 47 tag, as on the wire and in prompts' file names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::ZhHant => "zh-Hant",
        }
    }
}

impl FromStr for Lang {
    type Err = ();

    fn from_str(tag: &str) -> Result<Self, ()> {
        [Self::En, Self::ZhHant].into_iter().find(|lang| lang.as_str() == tag).ok_or(())
    }
}

/// Whether a character is a Han ideograph.
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3134F}')
}

/// Whether a character silently turns the direction of writing: never wanted in text from outside.
pub fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Cuts a text into pieces to stream: words with the white space behind them, and single Han characters
/// with the punctuation behind them.
pub fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let is_end: fn(char) -> bool =
            if is_han(first) { |c| is_han(c) || c.is_alphanumeric() } else { is_han };
        let mut end = rest.len();
        let mut spaced = false;
        for (at, c) in rest.char_indices().skip(1) {
            if is_end(c) || (spaced && !c.is_whitespace()) {
                end = at;
                break;
            }
            spaced |= c.is_whitespace();
        }
        let (piece, behind) = rest.split_at(end);
        rest = behind;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_words_or_han_characters() {
        let cut = |text| pieces(text).collect::<Vec<_>>();
        assert_eq!(cut("It opened  in 1973."), ["It ", "opened  ", "in ", "1973."]);
        assert_eq!(cut("鐘高 7.7 公尺。ITRI院"), ["鐘", "高 ", "7.7 ", "公", "尺。", "ITRI", "院"]);
        assert_eq!(cut(" a"), [" a"]);
        assert!(cut("").is_empty());
    }
}
