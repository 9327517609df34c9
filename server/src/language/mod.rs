//! The two languages Rapport speaks, their sentences and their words.

pub mod calendar;
pub mod sentence;
pub mod simplified;
pub mod words;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// English or Traditional Chinese.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

    /// By a BCP 47 tag's language: `en-GB` is English, `zh` and `zh-TW` are Traditional Chinese here.
    fn from_str(tag: &str) -> Result<Self, ()> {
        match tag.split('-').next() {
            Some(language) if language.eq_ignore_ascii_case("en") => Ok(Self::En),
            Some(language) if language.eq_ignore_ascii_case("zh") => Ok(Self::ZhHant),
            _ => Err(()),
        }
    }
}

/// Whether a character is a Han ideograph.
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3134F}')
}

/// A cautious estimate without the model's tokenizer: a Han character is up to 1.5 tokens in small models,
/// other text 3 characters a token; 8 for a message's frame.
pub fn tokens(text: &str) -> usize {
    let (han, other) = text.chars().fold(
        (0, 0),
        |(han, other), c| {
            if is_han(c) { (han + 1, other) } else { (han, other + 1) }
        },
    );
    han * 3 / 2 + other / 3 + 8
}

/// As much of a text's begin as fits into so many tokens, estimated as by [`tokens`].
pub fn within(text: &str, most: usize) -> &str {
    let (mut han, mut other) = (0, 0);
    let end = text.char_indices().find(|(_, c)| {
        *(if is_han(*c) { &mut han } else { &mut other }) += 1;
        han * 3 / 2 + other / 3 + 8 > most
    });
    &text[..end.map_or(text.len(), |(at, _)| at)]
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
    fn tags_of_a_region_are_the_language() {
        for (tag, lang) in
            [("en", Lang::En), ("en-GB", Lang::En), ("zh-Hant", Lang::ZhHant), ("zh-TW", Lang::ZhHant)]
        {
            assert_eq!(tag.parse(), Ok(lang), "{tag}");
        }
        assert_eq!("fr".parse::<Lang>(), Err(()));
    }

    #[test]
    fn pieces_are_words_or_han_characters() {
        let cut = |text| pieces(text).collect::<Vec<_>>();
        assert_eq!(cut("It opened  in 1973."), ["It ", "opened  ", "in ", "1973."]);
        assert_eq!(cut("鐘高 7.7 公尺。ITRI院"), ["鐘", "高 ", "7.7 ", "公", "尺。", "ITRI", "院"]);
        assert_eq!(cut(" a"), [" a"]);
        assert!(cut("").is_empty());
    }
}
