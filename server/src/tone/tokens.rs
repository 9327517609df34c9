//! A description's tokens: English words, numbers, single Han characters and marks, folded for comparison,
//! each with its place in the original. One Han character is one token, so that the word lists of both
//! languages are lists of token sequences and no Chinese segmenter is needed.

mod fold;

use std::collections::HashMap;
use std::ops::Range;

use crate::language::is_han;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A run of letters, with apostrophes inside it.
    Word,
    /// A run of digits, perhaps with a decimal point.
    Number,
    /// One Han character.
    Han,
    /// Punctuation or a line break.
    Mark,
}

/// One token.
#[derive(Debug, Clone)]
pub(super) struct Token {
    /// Folded: lower case, half width, Traditional.
    pub(super) text: String,
    /// Its kind.
    pub(super) kind: Kind,
    /// Its bytes in the original.
    pub(super) bytes: Range<usize>,
}

impl Token {
    /// Whether it reads so.
    pub(super) fn is(&self, text: &str) -> bool {
        self.text == text
    }

    /// Whether it is one of these.
    pub(super) fn any(&self, texts: &[&str]) -> bool {
        texts.contains(&self.text.as_str())
    }

    /// Whether a sentence ends here.
    pub(super) fn ends_sentence(&self) -> bool {
        self.kind == Kind::Mark && self.any(&[".", "!", "?", "\n"])
    }

    /// Whether a clause ends here.
    pub(super) fn ends_clause(&self) -> bool {
        self.kind == Kind::Mark && (self.ends_sentence() || self.any(&[",", ";", ":", "(", ")", "—", "…"]))
    }
}

fn kind_of(c: char) -> Option<Kind> {
    if c == '\n' {
        Some(Kind::Mark)
    } else if c.is_whitespace() {
        None
    } else if is_han(c) || c == '〇' {
        Some(Kind::Han)
    } else if c.is_ascii_digit() {
        Some(Kind::Number)
    } else if c.is_alphabetic() || c == '_' {
        Some(Kind::Word)
    } else {
        Some(Kind::Mark)
    }
}

/// Longer descriptions are cut: a vision model's are capped far below, and what rules cost stays bounded for
/// whatever a client sends. In bytes.
const LONGEST: usize = 8_000;

/// A description, cut to a length that rules can bear.
pub(super) fn capped(text: &str) -> &str {
    let end = (0..=LONGEST.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

/// Cuts a text into tokens. Hyphens between letters are dropped ("old-fashioned" is two words), those
/// between digits stay (a range); "grandmother's" is two tokens, "isn't" one.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<(usize, char)> = text.char_indices().map(|(at, c)| (at, fold::fold(c))).collect();
    let ends = |i: usize| chars.get(i).map_or(text.len(), |(at, _)| *at);
    let at = |i: usize| chars.get(i).map_or('\0', |(_, c)| *c);
    let mut out = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let Some(kind) = kind_of(at(i)) else {
            i += 1;
            continue;
        };
        let start = i;
        i += 1;
        match kind {
            Kind::Word => {
                while is_word(at(i)) || (at(i) == '\'' && is_word(at(i + 1)) && !is_possessive(&chars, i)) {
                    i += 1;
                }
            }
            Kind::Number => {
                while at(i).is_ascii_digit()
                    || (at(i + 1).is_ascii_digit() && (at(i) == '.' || is_thousands(&chars, i)))
                {
                    i += 1;
                }
            }
            Kind::Mark if at(start) == '\'' && start > 0 && is_word(at(start - 1)) && at(i) == 's' => i += 1,
            Kind::Mark if at(start) == '-' && start > 0 && is_joint(at(start - 1), at(i)) => continue,
            Kind::Han | Kind::Mark => {}
        }
        let folded: String =
            chars[start..i].iter().map(|(_, c)| *c).filter(|c| *c != ',' || i == start + 1).collect();
        out.push(Token { text: folded, kind, bytes: ends(start)..ends(i) });
    }
    out
}

fn is_word(c: char) -> bool {
    kind_of(c) == Some(Kind::Word) && c != '\0'
}

fn is_possessive(chars: &[(usize, char)], apostrophe: usize) -> bool {
    let at = |i: usize| chars.get(i).map_or(' ', |(_, c)| *c);
    at(apostrophe + 1) == 's' && !is_word(at(apostrophe + 2))
}

fn is_thousands(chars: &[(usize, char)], comma: usize) -> bool {
    let digit = |i: usize| chars.get(i).is_some_and(|(_, c)| c.is_ascii_digit());
    chars[comma].1 == ',' && digit(comma + 1) && digit(comma + 2) && digit(comma + 3) && !digit(comma + 4)
}

fn is_joint(before: char, after: char) -> bool {
    (is_word(before) && (is_word(after) || after.is_ascii_digit()))
        || (before.is_ascii_digit() && is_word(after))
}

/// Phrases of both languages, each with what it means; the longest that fits a place wins, so that
/// "suit of armor" is no suit and 大學生 no 學生.
#[derive(Debug)]
pub(super) struct Lexicon<S> {
    by_first: HashMap<String, Vec<(Vec<String>, S)>>,
}

impl<S: Copy> Lexicon<S> {
    /// From rows of a meaning and its phrases, separated by commas. Of equal phrases the first row's counts.
    pub(super) fn new(rows: &[(S, &str)]) -> Self {
        let mut by_first: HashMap<String, Vec<(Vec<String>, S)>> = HashMap::new();
        for (sense, phrases) in rows {
            for phrase in phrases.split(',') {
                let words: Vec<String> = tokens(phrase).into_iter().map(|token| token.text).collect();
                if let Some(first) = words.first() {
                    by_first.entry(first.clone()).or_default().push((words, *sense));
                }
            }
        }
        for entries in by_first.values_mut() {
            entries.sort_by_key(|(words, _)| std::cmp::Reverse(words.len()));
        }
        Self { by_first }
    }

    /// The longest phrase that begins at a token: how many tokens it takes, and its meaning.
    pub(super) fn longest(&self, tokens: &[Token], at: usize) -> Option<(usize, S)> {
        let entries = self.by_first.get(&tokens.get(at)?.text)?;
        entries
            .iter()
            .find(|(words, _)| {
                tokens
                    .get(at..at + words.len())
                    .is_some_and(|here| here.iter().zip(words).all(|(t, w)| t.is(w)))
            })
            .map(|(words, sense)| (words.len(), *sense))
    }

    /// All phrases of a text from left to right, none overlapping.
    pub(super) fn find(&self, tokens: &[Token]) -> Vec<(Range<usize>, S)> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            if let Some((length, sense)) = self.longest(tokens, at) {
                found.push((at..at + length, sense));
                at += length;
            } else {
                at += 1;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        let found = tokens(text);
        assert_eq!(found.iter().map(|t| t.text.as_str()).collect::<Vec<_>>(), expect, "{text}");
    }

    #[test]
    fn cuts_both_languages() {
        check("An old-fashioned T-shirt.", &["an", "old", "fashioned", "t", "shirt", "."]);
        check("mid-40s, 60–70", &["mid", "40", "s", ",", "60", "-", "70"]);
        check("isn’t her grandmother's", &["isn't", "her", "grandmother", "'s"]);
        check("約７０岁，微笑", &["約", "70", "歲", ",", "微", "笑"]);
        check("1,000 or 7.7", &["1000", "or", "7.7"]);
        check("tone=child_friendly", &["tone", "=", "child_friendly"]);
    }

    #[test]
    fn the_longest_phrase_wins() {
        let lexicon = Lexicon::new(&[(1, "suit, 學生"), (2, "suit of armor, 大學生")]);
        let found = lexicon.find(&tokens("a suit, a suit of armor, 大學生"));
        assert_eq!(found.iter().map(|(_, sense)| *sense).collect::<Vec<_>>(), [1, 2, 2]);
    }
}
