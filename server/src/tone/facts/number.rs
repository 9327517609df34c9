//! Figures: digits with thousands separators, Chinese numerals, English number words, percentages, telephone
//! numbers, and what makes a number part of a date.

use std::collections::HashSet;

use super::reading::Reading;
use super::{Fact, Key, clock, date, share, spelled, telephone};
use crate::tone::numeral::{self, Decimal};

/// What a single Chinese numeral counts; before anything else it is often part of a word (三星, 四川, 二極體).
const MEASURES: &str = "年月日號位名個件項座間家次倍成歲樓層公億萬千百種所大級段章篇張台部輛艘架條隻頭顆棟期屆代吋寸尺米平坪噸克瓦度秒分時小週周天人國州縣市區版本步面等";
/// Figures in fixed phrases.
const PHRASES: [&str; 18] = [
    "萬一",
    "十分",
    "千萬別",
    "三番兩次",
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

/// Up to this, a number by itself is a word like any other: 三個重點, "two ways".
const COUNTING: u32 = 12;

/// A figure that was read: where it ends and what it says.
pub(super) struct Read {
    /// Behind its last character.
    pub(super) end: usize,
    /// What it says.
    pub(super) keys: Vec<Key>,
    /// What it may be taken for besides.
    pub(super) also: Vec<Key>,
    /// Whether a text that has it states a fact; "one" and 一 hardly ever do.
    pub(super) telling: bool,
    /// Whether it only counts or orders a few.
    pub(super) is_small: bool,
}

impl Read {
    /// A figure that says one thing.
    pub(super) fn of(key: Key, end: usize) -> Self {
        Self { end, keys: vec![key], also: Vec::new(), telling: true, is_small: false }
    }
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
                date.is_small = false;
            } else if read.telling {
                facts.push(Fact { bytes, keys: read.keys, is_small: read.is_small });
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
            keys.extend(read.also);
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
    if !may_begin(text, i) {
        return None;
    }
    if let Some((digits, end)) = telephone::read(text, i) {
        return Some(Read::of(Key::Digits(digits), end));
    }
    if let Some((keys, end)) = date::in_figures(text, i).or_else(|| date::in_english(text, i)) {
        return Some(Read { keys, ..Read::of(Key::Month(0), end) });
    }
    if let Some(phrase) = PHRASES.iter().find(|phrase| text.reads(i, phrase)) {
        let end = i + phrase.chars().count();
        if !(*phrase == "十分" && matches!(text.at(end), '鐘' | '之')) {
            return Some(Read { keys: Vec::new(), telling: false, ..Read::of(Key::Month(0), end) });
        }
    }
    if let Some(read) = clock::read(text, i).or_else(|| share::read(text, i)) {
        return Some(read);
    }
    if text.reads(i, "民國") {
        let (year, end) = digits(text, i + 2).or_else(|| han(text, i + 2))?;
        let year = year.small()?.checked_add(date::MINGUO)?;
        return Some(Read::of(date::number(year), end + usize::from(text.at(end) == '年')));
    }
    if text.reads(i, "百分之") {
        let (value, end) = digits(text, i + 3).or_else(|| han(text, i + 3))?;
        return Some(Read::of(Key::Percent(value), end));
    }
    if c.is_ascii_digit() {
        let Some((value, end)) = digits(text, i) else { return Some(long(text, i)) };
        // Figures of a name ("5G", "V2X") are the name's.
        return Some(version(text, i, end).unwrap_or_else(|| figure(text, i, value, end, true)));
    }
    if c.is_ascii_alphabetic() {
        return spelled::read(text, i);
    }
    let (value, end) = han(text, i)?;
    if matches!(text.before(i), '幾' | '數') && "十百千萬億".contains(c) {
        return Some(Read { keys: Vec::new(), telling: false, ..Read::of(Key::Month(0), end) });
    }
    if let Some(read) = about(text, i, end) {
        return Some(read);
    }
    let single = end == i + 1;
    let measured = MEASURES.contains(text.at(end)) || is_ordinal(text, i, end) || is_bound(text, end);
    let telling = !single || (measured && !matches!(c, '一' | '零' | '百' | '千')) || text.at(end) == '月';
    Some(figure(text, i, value, end, telling))
}

/// Whether a figure can begin here: most places are told by one look, and cost no more.
fn may_begin(text: &Reading, i: usize) -> bool {
    let c = text.at(i);
    if c.is_ascii_alphabetic() {
        if text.before(i).is_ascii_alphanumeric() {
            return false;
        }
        let (word, _) = text.word(i);
        return matches!(word.as_str(), "a" | "half")
            || numeral::english(&[word.as_str()]).is_some()
            || numeral::ordinal(&word).is_some()
            || (c.is_ascii_uppercase() && (date::month(&word).is_some() || clock::is_weekday(&word)));
    }
    c.is_ascii_digit() || matches!(c, '+' | '(' | '民') || clock::begins_with(c) || numeral::is_numeral(c)
}

/// 第三代; 第二， only lists.
fn is_ordinal(text: &Reading, i: usize, end: usize) -> bool {
    text.before(i) == '第' && text.at(end).is_alphanumeric()
}

/// 三到五: what follows is the range's other bound.
fn is_bound(text: &Reading, end: usize) -> bool {
    let other = text.at(end + 1);
    matches!(text.at(end), '到' | '至' | '-' | '~')
        && (numeral::han_digit(other).is_some() || other.is_ascii_digit())
}

/// 兩三天, 三五個: one number or the other, and no 23.
fn about(text: &Reading, i: usize, end: usize) -> Option<Read> {
    let low = numeral::han_digit(text.at(i)).filter(|_| end == i + 2)?;
    let high = numeral::han_digit(text.at(i + 1))?;
    let follows = high == low + 1 || (low, high) == (3, 5);
    (low > 0 && follows && MEASURES.contains(text.at(end)) && text.at(end) != '年').then(|| Read {
        keys: [low, high].map(|n| Key::Number(Decimal::whole(n.into()))).to_vec(),
        is_small: true,
        ..Read::of(Key::Month(0), end)
    })
}

/// A number with what stands behind it: 月, 日, 年代, 個半, %.
pub(super) fn figure(text: &Reading, i: usize, value: Decimal, end: usize, telling: bool) -> Read {
    let small = value.small();
    let behind = text.skip_blanks(end);
    let is_small = small.is_some_and(|value| value <= COUNTING) || text.before(i) == '第';
    let plain = Read { telling, ..Read::of(Key::Number(value), end) };
    match (text.at(behind), small) {
        ('%', _) => percent(text, value, behind + 1),
        ('月', Some(month @ 1..=12)) => Read { telling, ..Read::of(Key::Month(month), behind + 1) },
        ('日' | '號', Some(day @ 1..=31)) if text.before(i) == '月' => {
            Read { telling, ..Read::of(Key::Day(day), behind + 1) }
        }
        ('年', Some(1000..)) if text.at(behind + 1) == '代' => Read { end: behind + 2, ..plain },
        ('年', Some(year)) if text.at(behind + 1) == '代' && year < 100 && year.is_multiple_of(10) => {
            let century = if year <= 20 { 2000 } else { 1900 };
            Read { also: plain.keys, ..Read::of(date::number(century + year), behind + 2) }
        }
        // 113年6月 counts from 1911.
        ('年', Some(year @ 1..=200))
            if part(text, behind + 1).is_some_and(|(_, end)| text.at(end) == '月') =>
        {
            Read { also: plain.keys, ..Read::of(date::number(year + date::MINGUO), behind + 1) }
        }
        ('年' | '月' | '日', _) if behind == end && text.at(end + 1) != '半' => {
            Read { end: end + 1, is_small, ..plain }
        }
        ('個' | '年' | '倍' | '天' | '月' | '坪', _) if text.at(behind + 1) == '半' => {
            with_half(value, behind + 2).unwrap_or(plain)
        }
        _ if text.word(behind).0 == "percent" => percent(text, value, text.word(behind).1),
        _ => Read { is_small, ..plain },
    }
}

/// 20%; "20% off" leaves 80%.
fn percent(text: &Reading, value: Decimal, end: usize) -> Read {
    let off = text.word(text.skip_blanks(end)).0 == "off";
    let left = value.small().filter(|_| off).and_then(|off| share::ratio(100_u32.checked_sub(off)?, 100));
    Read { also: left.into_iter().collect(), ..Read::of(Key::Percent(value), end) }
}

/// A number and a half.
pub(super) fn with_half(value: Decimal, end: usize) -> Option<Read> {
    Some(Read::of(Key::Number(value.and_a_half()?), end))
}

/// 1.2.3
fn version(text: &Reading, i: usize, end: usize) -> Option<Read> {
    if !(text.at(end) == '.' && text.at(end + 1).is_ascii_digit()) || text.chars[i..end].contains(&',') {
        return None;
    }
    let mut end = end;
    while text.at(end).is_ascii_digit() || (text.at(end) == '.' && text.at(end + 1).is_ascii_digit()) {
        end += 1;
    }
    Some(Read::of(Key::Digits(text.chars[i..end].iter().collect()), end))
}

/// Digits with thousands separators and a unit behind: 1,000; 249.8億; "1.5 million".
pub(super) fn digits(text: &Reading, start: usize) -> Option<(Decimal, usize)> {
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
    Read::of(Key::Digits(digits), end)
}

/// The Chinese number at `i`; 三萬餘 and 六千多 too.
pub(super) fn han(text: &Reading, i: usize) -> Option<(Decimal, usize)> {
    let window = text.chars.get(i..(i + 48).min(text.chars.len()))?;
    numeral::chinese(window).map(|(value, length)| (value, i + length))
}
