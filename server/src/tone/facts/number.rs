//! Figures: digits with thousands separators, Chinese numerals, English number words, percentages, telephone
//! numbers, and what makes a number part of a date.

use std::collections::HashSet;

use super::reading::Reading;
use super::{Fact, Key, date};
use crate::tone::numeral::{self, Decimal};

/// What a single Chinese numeral counts; before anything else it is often part of a word (三星, 四川, 二極體).
const MEASURES: &str = "年月日號位名個件項座間家次倍成歲樓層公億萬千百種所大級段章篇張台部輛艘架條隻頭顆棟期屆代吋寸尺米平坪噸克瓦度秒分時小週周天人國州縣市區版本步面等";
/// Figures in fixed phrases.
const PHRASES: [&str; 18] = [
    "萬一",
    "十分",
    "千萬別",
    "百分之百",
    "一一",
    "七七八八",
    "三三兩兩",
    "五花八門",
    "四面八方",
    "千萬要",
    "一二",
    "亂七八糟",
    "十足",
    "百貨",
    "百姓",
    "四通八達",
    "兩岸",
    "千里",
];

/// A number that was read: where it ends and what it says.
struct Read {
    end: usize,
    keys: Vec<Key>,
    /// Whether a text that has it states a fact; "one" and 一 hardly ever do.
    telling: bool,
}

/// The figures that a text states.
pub(super) fn facts(text: &Reading) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    let mut i = 0;
    while i < text.chars.len() {
        if let Some(read) = read(text, i) {
            let bytes = text.bytes(i, read.end);
            let goes_on = matches!(
                (text.before(i), read.keys.as_slice()),
                ('年', [Key::Month(_)]) | ('月', [Key::Day(_)])
            );
            if let Some(date) = facts.last_mut().filter(|date| goes_on && date.bytes.end == bytes.start) {
                // 1973年7月1日 is one fact.
                date.bytes.end = bytes.end;
                date.keys.extend(read.keys);
            } else if read.telling {
                facts.push(Fact { bytes, keys: read.keys });
            }
            i = read.end.max(i + 1);
        } else {
            i = next(text, i);
        }
    }
    facts
}

/// Everything that figures of a text may be taken for.
pub(super) fn given(text: &Reading) -> HashSet<Key> {
    let mut keys = HashSet::new();
    let mut i = 0;
    while i < text.chars.len() {
        if let Some(read) = read(text, i) {
            keys.extend(read.keys);
            // The parts too: the day within a date is a number as well, 三萬 may be wanted as 3.
            let mut at = i;
            while at < read.end {
                if let Some((key, end)) = part(text, at) {
                    keys.extend(key);
                    at = end.max(at + 1);
                } else {
                    at += 1;
                }
            }
            i = read.end.max(i + 1);
        } else {
            i = next(text, i);
        }
    }
    keys
}

/// The next place where a figure can begin: behind the letters of a word.
fn next(text: &Reading, i: usize) -> usize {
    if text.at(i).is_ascii_alphabetic() { text.word(i).1 } else { i + 1 }
}

fn part(text: &Reading, at: usize) -> Option<(Vec<Key>, usize)> {
    let (value, end) = digits(text, at).or_else(|| han(text, at))?;
    let mut keys = vec![Key::Number(value)];
    if let Some(small) = value.small() {
        keys.extend([Key::Month(small), Key::Day(small)]);
    }
    Some((keys, end))
}

fn read(text: &Reading, i: usize) -> Option<Read> {
    let c = text.at(i);
    let telling = true;
    if let Some((digits, end)) = telephone(text, i) {
        return Some(Read { end, keys: vec![Key::Digits(digits)], telling });
    }
    if let Some((keys, end)) = date::in_figures(text, i).or_else(|| date::in_english(text, i)) {
        return Some(Read { end, keys, telling });
    }
    if text.reads(i, "民國") {
        let (year, end) = digits(text, i + 2).or_else(|| han(text, i + 2))?;
        let year = year.small()?.checked_add(date::MINGUO)?;
        let end = end + usize::from(text.at(end) == '年');
        return Some(Read { end, keys: vec![date::number(year)], telling });
    }
    if text.reads(i, "百分之") {
        let (value, end) = digits(text, i + 3).or_else(|| han(text, i + 3))?;
        return Some(Read { end, keys: vec![Key::Percent(value)], telling });
    }
    if PHRASES.iter().any(|phrase| text.reads(i, phrase)) {
        return None;
    }
    if c.is_ascii_digit() {
        // Figures inside a name ("5G", "V2X") are the name's.
        let Some((value, end)) = digits(text, i) else { return Some(long(text, i)) };
        return Some(figure(text, i, value, end, telling));
    }
    if c.is_ascii_alphabetic() && !text.before(i).is_ascii_alphanumeric() {
        return words(text, i);
    }
    let (value, end) = han(text, i)?;
    let single = end == i + 1;
    let measured = MEASURES.contains(text.at(end));
    let telling = if single { measured && !matches!(c, '一' | '零' | '百' | '千') } else { true };
    Some(figure(text, i, value, end, telling || (single && text.at(end) == '月')))
}

/// A number with what stands behind it: 月, 日, 成, %.
fn figure(text: &Reading, i: usize, value: Decimal, end: usize, telling: bool) -> Read {
    let small = value.small();
    let behind = text.skip_blanks(end);
    let (keys, end) = match (text.at(behind), small) {
        ('%', _) => (vec![Key::Percent(value)], behind + 1),
        ('月', Some(month @ 1..=12)) => (vec![Key::Month(month)], behind + 1),
        ('日' | '號', Some(day @ 1..=31)) if text.before(i) == '月' => (vec![Key::Day(day)], behind + 1),
        ('成', Some(tenths @ 1..=9))
            if !matches!(text.at(behind + 1), '立' | '為' | '員' | '果' | '功' | '本' | '長') =>
        {
            (vec![Key::Percent(Decimal::whole(u128::from(tenths) * 10))], behind + 1)
        }
        ('年' | '月' | '日', _) if behind == end => (vec![Key::Number(value)], end + 1),
        _ if text.word(behind).0 == "percent" => (vec![Key::Percent(value)], text.word(behind).1),
        _ => (vec![Key::Number(value)], end),
    };
    Read { end, keys, telling }
}

/// Digits with thousands separators and a unit behind: 1,000; 249.8億; "1.5 million".
fn digits(text: &Reading, start: usize) -> Option<(Decimal, usize)> {
    let mut end = start;
    let mut figures = String::new();
    let mut point = false;
    while end - start < 40 {
        let c = text.at(end);
        let digit = text.at(end + 1).is_ascii_digit();
        if c.is_ascii_digit() {
            figures.push(c);
        } else if c == '.' && digit && !point && !figures.is_empty() {
            point = true;
            figures.push('.');
        } else if !(c == ',' && !point && is_group(text, end)) {
            break;
        }
        end += 1;
    }
    let value = Decimal::parse(&figures)?;
    if text.at(end).is_ascii_digit() {
        return None;
    }
    let (unit, after) = scale(text, end);
    let Some(power) = unit else { return Some((value, end)) };
    let mut value = value.shifted(power)?;
    let mut end = after;
    // 3億5,000萬
    if power > 4
        && text.at(end).is_ascii_digit()
        && let Some((rest, last)) = digits(text, end)
        && let Some(sum) = value.plus(rest)
    {
        (value, end) = (sum, last);
    }
    Some((value, end))
}

fn scale(text: &Reading, end: usize) -> (Option<u32>, usize) {
    let at = text.skip_blanks(end);
    if text.at(at) == '餘' || text.at(at) == '多' {
        let power = numeral::group_unit(text.at(at + 1));
        return (power, at + 2);
    }
    if let Some(power) = numeral::group_unit(text.at(at)) {
        return (Some(power), at + 1);
    }
    match text.at(at) {
        '千' if !matches!(text.at(at + 1), '瓦' | '公' | '克' | '米' | '赫' | '伏') => {
            let group = numeral::group_unit(text.at(at + 1));
            (Some(3 + group.unwrap_or(0)), at + 1 + usize::from(group.is_some()))
        }
        '百' => {
            let group = numeral::group_unit(text.at(at + 1));
            (Some(2 + group.unwrap_or(0)), at + 1 + usize::from(group.is_some()))
        }
        _ => {
            let (word, after) = text.word(at);
            (numeral::scale_word(&word), after)
        }
    }
}

fn is_group(text: &Reading, comma: usize) -> bool {
    (1..=3).all(|k| text.at(comma + k).is_ascii_digit()) && !text.at(comma + 4).is_ascii_digit()
}

/// A run of digits too long for a number.
fn long(text: &Reading, i: usize) -> Read {
    let mut end = i;
    while text.at(end).is_ascii_digit() || (text.at(end) == ',' && text.at(end + 1).is_ascii_digit()) {
        end += 1;
    }
    let digits = text.chars[i..end].iter().filter(|c| c.is_ascii_digit()).collect();
    Read { end, keys: vec![Key::Digits(digits)], telling: true }
}

/// The Chinese number at `i`; 三萬餘 and 六千多 too.
fn han(text: &Reading, i: usize) -> Option<(Decimal, usize)> {
    let window = text.chars.get(i..(i + 48).min(text.chars.len()))?;
    numeral::chinese(window).map(|(value, length)| (value, i + length))
}

/// English number words. "one", "a hundred" alone and ordinals are no facts.
fn words(text: &Reading, i: usize) -> Option<Read> {
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
    if text.at(end).is_ascii_alphanumeric() {
        return None;
    }
    let telling = value.small().is_none_or(|value| value > 1) && borrowed[0] != "a";
    Some(figure(text, i, value, end, telling))
}

/// A telephone number at `i`: its digits, the country code 886 read as 0, and its end.
fn telephone(text: &Reading, i: usize) -> Option<(String, usize)> {
    let first = text.at(i);
    let zero = first == '0' && text.at(i + 1).is_ascii_digit();
    let bracket = first == '(' && text.at(i + 1) == '0';
    if !(first == '+' || bracket || zero) || text.before(i).is_ascii_digit() || text.before(i) == '.' {
        return None;
    }
    let mut digits = String::new();
    let mut end = i;
    for at in i..i + 24 {
        let c = text.at(at);
        if c.is_ascii_digit() {
            digits.push(c);
            end = at + 1;
        } else if !(matches!(c, '-' | '(' | ')' | ' ') || at == i) {
            break;
        }
    }
    if !(8..=15).contains(&digits.len()) || text.at(end).is_ascii_digit() {
        return None;
    }
    let national = digits
        .strip_prefix("886")
        .filter(|_| first == '+')
        .map(|rest| format!("0{}", rest.trim_start_matches('0')));
    Some((national.unwrap_or(digits), end))
}
