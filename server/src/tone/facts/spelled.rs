//! English number words and ordinals.

use super::Key;
use super::number::{Read, figure, with_half};
use super::reading::Reading;
use crate::tone::numeral::{self, Decimal};

/// The number spelled out at `i`.
pub(super) fn read(text: &Reading, i: usize) -> Option<Read> {
    number(text, i).or_else(|| ordinal(text, i))
}

/// English number words. "one", "a hundred" alone and ordinals are no facts.
fn number(text: &Reading, i: usize) -> Option<Read> {
    let mut ends = Vec::new();
    let mut found = Vec::new();
    let mut at = i;
    while found.len() < 12 {
        let (word, end) = text.word(at);
        if word.is_empty() {
            break;
        }
        found.push(word);
        ends.push(end);
        at = match text.at(end) {
            ' ' | '-' => end + 1,
            _ => break,
        };
    }
    let borrowed: Vec<&str> = found.iter().map(String::as_str).collect();
    let (value, length) = numeral::english(&borrowed)?;
    let end = ends[length - 1];
    // "twenty-first"
    if found.get(length).is_some_and(|next| numeral::ordinal(next).is_some_and(|n| n < 10))
        && value.small().is_some_and(|n| n >= 20 && n.is_multiple_of(10))
    {
        return None;
    }
    if text.at(end).is_ascii_alphanumeric() {
        return None;
    }
    if text.reads(end, " and a half")
        && let Some(read) = with_half(value, end + 11)
    {
        return Some(read);
    }
    let telling = value.small().is_none_or(|value| value > 1) && borrowed[0] != "a";
    Some(figure(text, i, value, end, telling))
}

/// "third floor", "twenty-first century".
fn ordinal(text: &Reading, i: usize) -> Option<Read> {
    let (word, mut end) = text.word(i);
    let mut value = numeral::ordinal(&word);
    if value.is_none() && matches!(text.at(end), '-' | ' ') {
        let tens =
            numeral::english(&[word.as_str()])?.0.small().filter(|n| *n >= 20 && n.is_multiple_of(10))?;
        let (unit, last) = text.word(end + 1);
        value = numeral::ordinal(&unit).filter(|unit| *unit < 10).map(|unit| tens + unit);
        end = last;
    }
    let value = value?;
    let next = text.word(text.skip_blanks(end)).0;
    Some(Read {
        telling: value > 2 && !next.is_empty() && next != "party",
        is_small: true,
        ..Read::of(Key::Number(Decimal::whole(value.into())), end)
    })
}
