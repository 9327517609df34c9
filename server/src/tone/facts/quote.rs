//! Quoted terms: 「…」『…』《…》〈…〉“…” and "…". The marks may change, the words may not.

use super::reading::{Reading, half_width};
use super::{Fact, Key};

const PAIRS: [(char, char); 6] =
    [('「', '」'), ('『', '』'), ('《', '》'), ('〈', '〉'), ('“', '”'), ('"', '"')];
/// Longer quotations are speech, which a persona may put in its own words.
const LONGEST: usize = 40;

/// The text as quoted terms are compared: letters, digits and ideographs only, lower case.
pub(super) fn fold(text: &str) -> impl Iterator<Item = char> {
    text.chars().map(half_width).filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

/// The quoted terms of a text.
pub(super) fn facts(text: &Reading) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut i = 0;
    while i < text.chars.len() {
        let Some((_, close)) = PAIRS.iter().find(|(open, _)| *open == text.chars[i]) else {
            i += 1;
            continue;
        };
        let window = &text.chars[i + 1..(i + 2 + LONGEST).min(text.chars.len())];
        if let Some(length) = window.iter().position(|c| c == close) {
            let term: String = fold(&window[..length].iter().collect::<String>()).collect();
            if !term.is_empty() {
                let bytes = text.bytes(i + 1, i + 1 + length);
                facts.push(Fact { bytes, keys: vec![Key::Term(term)], is_small: false });
            }
            // Inner quotations are terms of their own; a straight mark closes and doesn't open.
            i += if *close == '"' { length + 2 } else { 1 };
        } else {
            i += 1;
        }
    }
    facts
}
