//! Dates of both calendars. A date is year, month and day, wherever each stands.

use super::Key;
use super::reading::Reading;
use crate::language::calendar::MONTHS;
use crate::tone::numeral::Decimal;

/// The number of an English month, also abbreviated.
pub(super) fn month(word: &str) -> Option<u32> {
    let fits = |full: &str| {
        full == word || (word.len() == 3 && full.starts_with(word)) || (word == "sept" && full == "september")
    };
    MONTHS.iter().position(|full| fits(full)).and_then(|i| u32::try_from(i + 1).ok())
}

/// A date in figures at `i` (1973-07-01, 1973/7/1, 1973.07.01): its keys and its end.
pub(super) fn in_figures(text: &Reading, i: usize) -> Option<(Vec<Key>, usize)> {
    let (year, at) = figure(text, i, 4)?;
    let mark = text.at(at);
    if !(1000..=2999).contains(&year) || !matches!(mark, '-' | '/' | '.') {
        return None;
    }
    let (month, at) = figure(text, at + 1, 2)?;
    if text.at(at) != mark {
        return None;
    }
    let (day, end) = figure(text, at + 1, 2)?;
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day) && !text.at(end).is_ascii_digit();
    valid.then(|| (vec![number(year), Key::Month(month), Key::Day(day)], end))
}

/// "July 1, 1973", "1 July 1973", "July 1973": its keys and its end.
pub(super) fn in_english(text: &Reading, i: usize) -> Option<(Vec<Key>, usize)> {
    if text.before(i).is_ascii_alphanumeric() {
        return None;
    }
    let mut keys = Vec::new();
    let mut at = i;
    if text.at(at).is_ascii_digit() {
        let (day, end) = figure(text, at, 2)?;
        let end = text.skip_blanks(ordinal(text, end));
        let end = if text.reads(end, "of ") { end + 3 } else { end };
        if !(1..=31).contains(&day) {
            return None;
        }
        keys.push(Key::Day(day));
        at = end;
    }
    let (word, end) = text.word(at);
    let capital = text.at(at).is_ascii_uppercase();
    let month = month(&word).filter(|_| capital)?;
    keys.push(Key::Month(month));
    let mut last = end + usize::from(text.at(end) == '.' && word.len() <= 4);
    if keys.len() == 1
        && let Some((day, end)) = figure(text, text.skip_blanks(last), 2)
        && (1..=31).contains(&day)
        && !text.at(end).is_ascii_digit()
    {
        keys.push(Key::Day(day));
        last = ordinal(text, end);
    }
    let next = text.skip_blanks(last + usize::from(text.at(last) == ','));
    if let Some((year, end)) = figure(text, next, 4)
        && (1000..=2999).contains(&year)
        && !text.at(end).is_ascii_digit()
    {
        keys.push(number(year));
        last = end;
    }
    (keys.len() > 1).then_some((keys, last))
}

fn ordinal(text: &Reading, at: usize) -> usize {
    let (word, end) = text.word(at);
    if matches!(word.as_str(), "st" | "nd" | "rd" | "th") { end } else { at }
}

/// The year that 民國 counts from.
pub(super) const MINGUO: u32 = 1911;

/// A year as key.
pub(super) fn number(year: u32) -> Key {
    Key::Number(Decimal::whole(u128::from(year)))
}

/// A figure of at most so many digits, and its end.
fn figure(text: &Reading, start: usize, most: usize) -> Option<(u32, usize)> {
    let mut end = start;
    let mut value = 0;
    while end - start < most && text.at(end).is_ascii_digit() {
        value = value * 10 + text.at(end).to_digit(10)?;
        end += 1;
    }
    (end > start).then_some((value, end))
}
