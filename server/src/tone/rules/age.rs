//! Ages told by number: "in her late seventies", "8-year-old", 約七十多歲, 六、七十歲.

mod chinese;
mod english;

use std::ops::Range;

use crate::tone::numeral;
use crate::tone::tokens::{Kind, Token};

/// An age as a description tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Age {
    /// Its tokens, with the words around the number that belong to it.
    pub(super) tokens: Range<usize>,
    /// The youngest it can mean, in years.
    pub(super) from: u32,
    /// The oldest it can mean, in years.
    pub(super) to: u32,
    /// Whether it can stand for a person by itself ("a 12-year-old").
    pub(super) stands_alone: bool,
}

/// All ages of a description, left to right. `is_person`: whether a person is named at a token.
pub(super) fn ages(tokens: &[Token], is_person: &dyn Fn(usize) -> bool) -> Vec<Age> {
    let mut found: Vec<Age> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let age = english::decade(tokens, at)
            .or_else(|| chinese::age(tokens, at))
            .or_else(|| english::age(tokens, at, is_person))
            .filter(|age| age.from <= 120);
        if let Some(age) = age {
            at = age.tokens.end.max(at + 1);
            found.push(age);
        } else {
            at += 1;
        }
    }
    found
}

fn is(tokens: &[Token], at: usize, texts: &[&str]) -> bool {
    tokens.get(at).is_some_and(|token| token.any(texts))
}

fn before(tokens: &[Token], at: usize, texts: &[&str]) -> bool {
    at.checked_sub(1).is_some_and(|at| is(tokens, at, texts))
}

/// A number of years in digits or English words at a token, and the token behind it.
fn number(tokens: &[Token], at: usize) -> Option<(u32, usize)> {
    let token = tokens.get(at)?;
    match token.kind {
        Kind::Number => Some((numeral::Decimal::parse(token.text.split('.').next()?)?.small()?, at + 1)),
        Kind::Word => {
            let words: Vec<&str> = tokens[at..].iter().take(6).map(|t| t.text.as_str()).collect();
            if words[0] == "a" {
                return None;
            }
            let (value, length) = numeral::english(&words)?;
            Some((value.small()?, at + length))
        }
        Kind::Han | Kind::Mark => None,
    }
}
