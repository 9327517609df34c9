//! Chinese ages: 歲 and 旬, approximations and ranges.

use super::{Age, is, number};
use crate::tone::numeral;
use crate::tone::tokens::{Kind, Token};

/// A Chinese or Arabic number before 歲: its years and the token behind it. 七八 is 7 to 8, 六七十 60 to 79.
fn han_number(tokens: &[Token], at: usize) -> Option<(u32, u32, usize)> {
    if tokens.get(at)?.kind == Kind::Number {
        let (value, end) = number(tokens, at)?;
        return Some((value, value, end));
    }
    let char_at = |i: usize| tokens.get(i).and_then(|t| t.text.chars().next()).unwrap_or(' ');
    let mut run: Vec<char> = Vec::new();
    let mut end = at;
    while run.len() < 8 {
        let c = char_at(end);
        let listed = c == '、' && !run.is_empty() && numeral::han_digit(char_at(end + 1)).is_some();
        if numeral::han_digit(c).is_some() || c == '十' || c == '百' {
            run.push(c);
        } else if !listed {
            break;
        }
        end += 1;
    }
    let digit = |i: usize| run.get(i).and_then(|c| numeral::han_digit(*c));
    let (from, to) = match (run.as_slice(), digit(0), digit(1)) {
        ([_, _], Some(a), Some(b)) if b == a + 1 => (a, b),
        ([_, _, '十'], Some(a), Some(b)) => (a * 10, b * 10 + 9),
        ([.., '十', _, _], ..) => {
            let n = run.len();
            let tens = numeral::chinese(&run[..n - 2])?.0.small()?;
            (tens + digit(n - 2)?, tens + digit(n - 1)?)
        }
        _ => {
            let (value, length) = numeral::chinese(&run)?;
            if length != run.len() {
                return None;
            }
            let value = value.small()?;
            (value, value)
        }
    };
    Some((from, to, end))
}

const VAGUE: &[&str] = &["多", "餘", "幾", "來", "許"];

/// 約七十多歲, 60歲至70歲, 年約三十, 二十出頭, 未滿十八, 七旬.
pub(super) fn age(tokens: &[Token], at: usize) -> Option<Age> {
    let (mut from, mut to, mut end) = han_number(tokens, at)?;
    let two = |i: usize, a: &str, b: &str| is(tokens, i, &[a]) && is(tokens, i + 1, &[b]);
    let mut sure = false;
    let mut year = |from: &mut u32, to: &mut u32, end: &mut usize| {
        if is(tokens, *end, &["來"]) {
            *to = *from + 3;
            *end += 1;
        } else if is(tokens, *end, VAGUE) {
            *to = *from + 9;
            *end += 1;
        }
        if two(*end, "出", "頭") {
            *to = *from + 3;
            *end += 2;
            sure = true;
        }
        if is(tokens, *end, &["歲"]) && !is(tokens, *end + 1, &["月"]) {
            *end += 1;
            sure = true;
        } else if is(tokens, *end, &["週", "周"]) && is(tokens, *end + 1, &["歲"]) {
            *end += 2;
            sure = true;
        } else if is(tokens, *end, &["旬"]) && *from < 12 {
            (*from, *to) = (*from * 10, *from * 10 + 9);
            *end += 1;
            sure = true;
        }
        if two(*end, "出", "頭") {
            *to = *from + 3;
            *end += 2;
        }
    };
    year(&mut from, &mut to, &mut end);
    if is(tokens, end, &["到", "至", "~", "-", "或", "、", "與", "和", "—"])
        && let Some((next, last, after)) = han_number(tokens, end + 1)
        && next > from
    {
        let (mut next, mut last, mut after) = (next, last, after);
        year(&mut next, &mut last, &mut after);
        (to, end) = (last, after);
    }
    if two(end, "個", "月") {
        return Some(Age { tokens: at..end + 2, from: 0, to: 2, stands_alone: false });
    }
    let (start, bound, told) = prefix(tokens, at);
    if !(sure || told && !is(tokens, end, &["人", "個", "年", "分", "公", "米", "位", "名", "點"])) {
        return None;
    }
    (from, to) = match bound {
        Bound::None => (from, to),
        Bound::Below => (from.saturating_sub(5), to.saturating_sub(1)),
        Bound::Almost => (from.saturating_sub(2), to),
        Bound::Above => (from + 1, to + 5),
    };
    if two(end, "以", "上") {
        (to, end) = (to + 5, end + 2);
    } else if two(end, "以", "下") || two(end, "以", "內") {
        (from, to, end) = (from.saturating_sub(5), to.saturating_sub(1), end + 2);
    } else if two(end, "左", "右") || two(end, "上", "下") {
        end += 2;
    }
    Some(Age { tokens: start..end, from, to, stands_alone: false })
}

#[derive(Clone, Copy)]
enum Bound {
    None,
    Below,
    Almost,
    Above,
}

/// What stands before a Chinese age: where it starts, how it bounds, and whether it says by itself that the
/// number is an age.
fn prefix(tokens: &[Token], at: usize) -> (usize, Bound, bool) {
    const PREFIXES: [(&str, Bound, bool); 28] = [
        ("年紀大約", Bound::None, true),
        ("年齡大約", Bound::None, true),
        ("年紀約", Bound::None, true),
        ("年齡約", Bound::None, true),
        ("年齡", Bound::None, true),
        ("年紀", Bound::None, true),
        ("年約", Bound::None, true),
        ("年僅", Bound::None, true),
        ("年近", Bound::Almost, true),
        ("年過", Bound::Above, true),
        ("年逾", Bound::Above, true),
        ("已屆", Bound::None, true),
        ("未滿", Bound::Below, true),
        ("不滿", Bound::Below, false),
        ("不到", Bound::Below, false),
        ("未及", Bound::Below, false),
        ("小於", Bound::Below, false),
        ("不超過", Bound::Below, false),
        ("低於", Bound::Below, false),
        ("將近", Bound::Almost, false),
        ("接近", Bound::Almost, false),
        ("超過", Bound::Above, false),
        ("大於", Bound::Above, false),
        ("大約", Bound::None, false),
        ("約莫", Bound::None, false),
        ("至少", Bound::None, false),
        ("約", Bound::None, false),
        ("近", Bound::Almost, false),
    ];
    for (words, bound, told) in PREFIXES {
        let length = words.chars().count();
        if let Some(start) = at.checked_sub(length)
            && words.chars().zip(&tokens[start..at]).all(|(c, t)| t.text.starts_with(c))
        {
            return (start, bound, told);
        }
    }
    (at, Bound::None, false)
}
