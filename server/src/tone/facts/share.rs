//! Parts of a whole: 三分之一, "two thirds", 七成五, 八折, 一半. A part that is a whole number of hundredths is
//! a percentage, so that "a quarter" and 25% are one.

use super::Key;
use super::number::{Read, digits, han};
use super::reading::Reading;
use crate::tone::numeral::{self, Decimal};

/// The English names of parts, from a half on.
const PARTS: [(&str, u32); 11] = [
    ("half", 2),
    ("halve", 2),
    ("third", 3),
    ("quarter", 4),
    ("fourth", 4),
    ("fifth", 5),
    ("sixth", 6),
    ("seventh", 7),
    ("eighth", 8),
    ("ninth", 9),
    ("tenth", 10),
];

/// The part at `i`.
pub(super) fn read(text: &Reading, i: usize) -> Option<Read> {
    in_figures(text, i)
        .or_else(|| in_chinese(text, i))
        .or_else(|| in_tenths(text, i))
        .or_else(|| half(text, i))
        .or_else(|| in_english(text, i))
}

/// A part, and the figures that may write it: 1/3.
fn part(of: u32, whole: u32, end: usize, telling: bool) -> Option<Read> {
    Some(Read {
        end,
        keys: vec![ratio(of, whole)?],
        also: [of, whole].into_iter().map(|n| Key::Number(Decimal::whole(n.into()))).collect(),
        telling,
        is_small: false,
    })
}

/// A share as it is compared.
pub(super) fn ratio(of: u32, whole: u32) -> Option<Key> {
    let hundredths = of.checked_mul(100)?;
    if hundredths.checked_rem(whole)? == 0 {
        return Some(Key::Percent(Decimal::whole((hundredths / whole).into())));
    }
    let (mut a, mut b) = (of, whole);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    Some(Key::Share(of / a, whole / a))
}

/// 1/3: two figures, which may be a part, a date or neither.
fn in_figures(text: &Reading, i: usize) -> Option<Read> {
    let apart = |c: char| c.is_ascii_digit() || matches!(c, '/' | '.');
    if !text.at(i).is_ascii_digit() || apart(text.before(i)) {
        return None;
    }
    let (of, slash) = digits(text, i)?;
    if text.at(slash) != '/' || !text.at(slash + 1).is_ascii_digit() {
        return None;
    }
    let (whole, end) = digits(text, slash + 1)?;
    if apart(text.at(end)) {
        return None;
    }
    let also = ratio(of.small()?, whole.small()?).into_iter().collect();
    Some(Read { keys: vec![Key::Number(of), Key::Number(whole)], also, ..Read::of(Key::Number(of), end) })
}

/// 三分之一, 3分之1, 千分之五
fn in_chinese(text: &Reading, i: usize) -> Option<Read> {
    let (whole, at) = match text.at(i) {
        '百' | '千' if text.reads(i + 1, "分之") => (if text.at(i) == '百' { 100 } else { 1000 }, i + 1),
        _ => count(text, i)?,
    };
    if !text.reads(at, "分之") {
        return None;
    }
    let (of, end) = count(text, at + 2)?;
    part(of, whole, end, true)
}

fn count(text: &Reading, i: usize) -> Option<(u32, usize)> {
    let (value, end) = if text.at(i).is_ascii_digit() { digits(text, i)? } else { han(text, i)? };
    Some((value.small()?, end))
}

/// 七成, 七成五, 8折, 八五折
fn in_tenths(text: &Reading, i: usize) -> Option<Read> {
    let (value, at) = count(text, i)?;
    match text.at(at) {
        '成' if (1..=9).contains(&value) && !"立為員果功本長績就熟分都".contains(text.at(at + 1)) =>
        {
            let more = numeral::han_digit(text.at(at + 1)).or_else(|| text.at(at + 1).to_digit(10));
            let percent = value * 10 + more.unwrap_or(0);
            part(percent, 100, at + 1 + usize::from(more.is_some()), true)
        }
        '折' if (1..=99).contains(&value) => {
            let percent = if value < 10 { value * 10 } else { value };
            let mut read = part(percent, 100, at + 1, true)?;
            read.also.extend(ratio(100 - percent, 100));
            Some(read)
        }
        _ => None,
    }
}

/// 一半, 半數
fn half(text: &Reading, i: usize) -> Option<Read> {
    (text.reads(i, "一半") || text.reads(i, "半數")).then(|| part(1, 2, i + 2, true))?
}

/// "one third", "two-thirds", "a quarter of", "half of"
fn in_english(text: &Reading, i: usize) -> Option<Read> {
    if !text.at(i).is_ascii_alphabetic() || text.before(i).is_ascii_alphanumeric() {
        return None;
    }
    let (first, end) = text.word(i);
    let named = |word: &str| PARTS.iter().find(|(name, _)| *name == word).map(|(_, whole)| *whole);
    let of = |end: usize| text.reads(text.skip_blanks(end), "of ");
    if first == "half" {
        return part(1, 2, end, of(end));
    }
    let count = if first == "a" { 1 } else { numeral::english(&[first.as_str()])?.0.small()? };
    if !matches!(text.at(end), ' ' | '-') || !(1..=9).contains(&count) {
        return None;
    }
    let (name, last) = text.word(end + 1);
    let many = name.strip_suffix('s').filter(|_| count > 1);
    let whole = named(many.unwrap_or(&name))?;
    // "a third party" states no part.
    part(count, whole, last, many.is_some() || of(last))
}
