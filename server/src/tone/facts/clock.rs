//! Times of day and days of the week. Times are compared on a twelve-hour dial: "17:00" is said as 下午五點
//! and as "five" alike.

use super::Key;
use super::number::{Read, digits, han};
use super::reading::Reading;
use crate::language::calendar::WEEKDAYS;
use crate::tone::numeral::{self, Decimal};

/// What says which half of the day an hour is in.
const PARTS_OF_DAY: [&str; 10] =
    ["上午", "下午", "早上", "晚上", "中午", "凌晨", "傍晚", "清晨", "午後", "夜間"];
/// What may stand before a day of the week.
const WEEK: [&str; 4] = ["星期", "禮拜", "週", "周"];

/// Whether a Chinese time or day of the week may begin with it, apart from numerals.
pub(super) fn begins_with(c: char) -> bool {
    "上下早晚中凌傍清午夜星禮週周半".contains(c)
}

/// Whether an English word in lower case names a day of the week, also abbreviated or of many.
pub(super) fn is_weekday(word: &str) -> bool {
    let one = word.strip_suffix('s').unwrap_or(word);
    WEEKDAYS.iter().any(|day| *day == one || (word.len() >= 3 && day.starts_with(word)))
}

/// The time or day of the week at `i`.
pub(super) fn read(text: &Reading, i: usize) -> Option<Read> {
    on_a_display(text, i)
        .or_else(|| in_english(text, i))
        .or_else(|| in_chinese(text, i))
        .or_else(|| weekday_in_english(text, i))
        .or_else(|| weekday_in_chinese(text, i))
}

/// A time, with the figures it may be said in besides.
fn time(hour: u32, minute: u32, end: usize) -> Option<Read> {
    if hour > 24 || minute > 59 {
        return None;
    }
    let figures = [hour, hour % 12, hour % 12 + 12, minute];
    Some(Read {
        end,
        keys: vec![Key::Time((hour % 12) * 60 + minute)],
        also: figures.into_iter().map(|n| Key::Number(Decimal::whole(n.into()))).collect(),
        telling: true,
        is_small: false,
    })
}

/// 09:00
fn on_a_display(text: &Reading, i: usize) -> Option<Read> {
    if !text.at(i).is_ascii_digit() || text.before(i).is_ascii_digit() || text.before(i) == ':' {
        return None;
    }
    let (hour, colon) = two_digits(text, i)?;
    let (minute, end) = two_digits(text, colon + 1)?;
    let valid = text.at(colon) == ':' && end == colon + 3 && !matches!(text.at(end), '0'..='9' | ':');
    valid.then(|| time(hour, minute, half_of_day(text, end).unwrap_or(end)))?
}

/// "9 a.m.", "5:30 pm", "nine a.m."
fn in_english(text: &Reading, i: usize) -> Option<Read> {
    if text.before(i).is_ascii_alphanumeric() || text.before(i) == '.' {
        return None;
    }
    let (hour, end) = if text.at(i).is_ascii_digit() {
        two_digits(text, i)?
    } else {
        let (word, end) = text.word(i);
        (numeral::english(&[word.as_str()])?.0.small()?, end)
    };
    let end = half_of_day(text, end)?;
    (1..=12).contains(&hour).then(|| time(hour, 0, end))?
}

/// The end of an a.m. or p.m. behind `at`.
fn half_of_day(text: &Reading, at: usize) -> Option<usize> {
    let at = text.skip_blanks(at);
    let half = |c: char| matches!(c.to_ascii_lowercase(), 'a' | 'p');
    if !half(text.at(at)) {
        return None;
    }
    let dotted = usize::from(text.at(at + 1) == '.');
    let end = at + 2 + dotted;
    let valid = text.at(end - 1).eq_ignore_ascii_case(&'m') && !text.at(end).is_ascii_alphanumeric();
    valid.then(|| end + usize::from(dotted == 1 && text.at(end) == '.'))
}

/// 下午五點半, 9點30分, 十點整; 三點 by itself may be points of an argument.
fn in_chinese(text: &Reading, i: usize) -> Option<Read> {
    let part = PARTS_OF_DAY.iter().find(|part| text.reads(i, part));
    let start = part.map_or(i, |_| text.skip_blanks(i + 2));
    if !(part.is_some()
        || text.at(i).is_ascii_digit()
        || numeral::han_digit(text.at(i)).is_some()
        || text.at(i) == '十')
    {
        return None;
    }
    if part.is_some()
        && let Some(read) = on_a_display(text, start)
    {
        return Some(read);
    }
    let (hour, at) = number(text, start)?;
    let hour = hour.small().filter(|hour| *hour <= 24)?;
    let mark = text.skip_blanks(at);
    if !matches!(text.at(mark), '點' | '時') {
        return None;
    }
    let behind = text.skip_blanks(mark + 1);
    match text.at(behind) {
        '半' => return time(hour, 30, behind + 1),
        '整' | '鐘' => return time(hour, 0, behind + 1),
        _ => {}
    }
    if let Some((minute, end)) = number(text, behind) {
        let unit = text.at(end);
        let minute = minute.small().filter(|minute| unit == '分' || *minute >= 10);
        if let Some(minute) = minute {
            return time(hour, minute, end + usize::from(unit == '分'));
        }
    }
    if part.is_some() {
        return time(hour, 0, mark + 1);
    }
    // Perhaps a time: it gives one and states a number.
    let Read { also: mut keys, keys: time, .. } = time(hour, 0, mark + 1)?;
    keys.extend(time);
    let number = Key::Number(Decimal::whole(hour.into()));
    (text.at(mark) == '點').then_some(Read {
        end: mark + 1,
        keys: vec![number],
        also: keys,
        telling: hour > 1,
        is_small: true,
    })
}

fn number(text: &Reading, i: usize) -> Option<(Decimal, usize)> {
    if text.at(i).is_ascii_digit() { digits(text, i) } else { han(text, i) }
}

fn two_digits(text: &Reading, i: usize) -> Option<(u32, usize)> {
    let first = text.at(i).to_digit(10)?;
    match text.at(i + 1).to_digit(10) {
        Some(_) if text.at(i + 2).is_ascii_digit() => None,
        Some(second) => Some((first * 10 + second, i + 2)),
        None => Some((first, i + 1)),
    }
}

fn days(days: Vec<u32>, end: usize) -> Read {
    let keys = days.into_iter().map(Key::Weekday).collect();
    Read { end, keys, also: Vec::new(), telling: true, is_small: false }
}

/// "Monday", "Mondays"; "Mon" only beside a mark (Mon–Fri, "Sat."): "Sun" is a word and a company too.
fn weekday_in_english(text: &Reading, i: usize) -> Option<Read> {
    if !text.at(i).is_ascii_uppercase() || text.before(i).is_ascii_alphanumeric() {
        return None;
    }
    let (word, end) = text.word(i);
    let one = word.strip_suffix('s').unwrap_or(&word);
    let day = WEEKDAYS.iter().position(|day| {
        let is_short = (3..=5).contains(&word.len()) && day.starts_with(word.as_str());
        *day == one
            || (is_short && (matches!(text.at(end), '-' | '.' | '/') || matches!(text.before(i), '-' | '/')))
    })?;
    Some(days(vec![u32::try_from(day + 1).ok()?], end))
}

/// "Mon-Fri", which is no name.
pub(super) fn is_weekdays(word: &[char]) -> bool {
    let is_day = |part: &[char]| {
        let part: String = part.iter().map(char::to_ascii_lowercase).collect();
        part.len() >= 3 && WEEKDAYS.iter().any(|day| day.starts_with(&part))
    };
    word.contains(&'-') && word.split(|c| *c == '-').all(is_day)
}

/// 星期三, 週六、日, 週一至五; not 每週一次.
fn weekday_in_chinese(text: &Reading, i: usize) -> Option<Read> {
    let week = WEEK.iter().find(|week| text.reads(i, week))?;
    let mut at = i + week.chars().count();
    let mut found = vec![weekday(text, at)?];
    at += 1;
    while matches!(text.at(at), '至' | '到' | '、' | '-' | '~' | '和' | '及')
        && let Some(day) = weekday(text, at + 1)
    {
        found.push(day);
        at += 2;
    }
    Some(days(found, at))
}

fn weekday(text: &Reading, at: usize) -> Option<u32> {
    let day = match text.at(at) {
        '日' | '天' => 7,
        c => numeral::han_digit(c).or_else(|| c.to_digit(10)).filter(|day| (1..=6).contains(day))?,
    };
    let counts = "次天個回場小堂節班集趟日年月週期度位件項";
    (!counts.contains(text.at(at + 1))).then_some(day)
}
