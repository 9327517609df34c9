//! The two languages Rapport speaks, their sentences and their words.

pub mod sentence;
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
