//! Ages told by number: "in her late seventies", "8-year-old", 約七十多歲, 六、七十歲.

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

const APPROXIMATE: &[&str] = &[
    "around",
    "about",
    "approximately",
    "approx",
    "roughly",
    "maybe",
    "perhaps",
    "possibly",
    "probably",
    "likely",
    "circa",
    "some",
    "say",
    "at",
    "least",
    "most",
    "just",
    "exactly",
    "between",
    "anywhere",
    "from",
    "apparently",
];
const AT_LEAST: &[&str] = &["over", "above", "past", "beyond"];
const AT_MOST: &[&str] = &["under", "below"];
const ALMOST: &[&str] = &["nearly", "almost", "approaching", "nearing"];
const SEEMS: &[&str] =
    &["is", "be", "looks", "look", "appears", "appear", "seems", "turned", "he's", "she's"];
/// What may stand behind a bare number that is an age; a noun would make it a count.
const FOLLOWS: &[&str] = &[
    "with", "in", "wearing", "who", "and", "or", "is", "standing", "sitting", "holding", "smiling", "at",
    "on", "looking", "walking", "carrying", "dressed", "by", "has", "stands", "sits", "smiles", "wears",
    "but", "years",
];
/// What is old without being a visitor.
const THINGS: &[&str] = &[
    "building",
    "painting",
    "statue",
    "tree",
    "clock",
    "vase",
    "temple",
    "car",
    "jacket",
    "bag",
    "artifact",
    "artefact",
    "bicycle",
    "house",
    "church",
    "exhibit",
    "relic",
    "machine",
    "computer",
    "tradition",
    "photo",
    "whisky",
    "wine",
    "history",
    "institute",
    "museum",
    "camera",
    "coin",
    "sword",
    "map",
    "book",
    "pot",
    "bronze",
];
const FASHION: &[&str] = &[
    "style", "styled", "music", "band", "fashion", "retro", "era", "vintage", "movie", "film", "rock", "hip",
    "pop", "themed", "theme", "inspired", "decor", "disco", "hits", "song", "songs", "outfit", "look",
    "design", "jacket", "shirt", "t", "poster", "cartoon", "game", "arcade", "sitcom", "show", "logo", "cap",
];

/// All ages of a description, left to right. `is_person`: whether a person is named at a token.
pub(super) fn ages(tokens: &[Token], is_person: &dyn Fn(usize) -> bool) -> Vec<Age> {
    let mut found: Vec<Age> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let age = decade(tokens, at)
            .or_else(|| chinese(tokens, at))
            .or_else(|| english(tokens, at, is_person))
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

const DECADES: [&str; 10] = [
    "teens",
    "twenties",
    "thirties",
    "forties",
    "fifties",
    "sixties",
    "seventies",
    "eighties",
    "nineties",
    "hundreds",
];

/// A decade's first year and the token behind it.
fn decade_word(tokens: &[Token], at: usize) -> Option<(u32, usize)> {
    let token = tokens.get(at)?;
    if let Some(i) = DECADES.iter().position(|word| token.is(word)) {
        return Some((u32::try_from(i).ok()? * 10 + 10, at + 1));
    }
    let (value, end) = number(tokens, at)?;
    let plural = is(tokens, end, &["s", "'s"])
        || (is(tokens, end, &["'"]) && is(tokens, end + 1, &["s"]))
        || is(tokens, end, &["something", "ish"]);
    let length = if is(tokens, end, &["'"]) { 2 } else { 1 };
    (plural && value.is_multiple_of(10) && (10..=100).contains(&value)).then_some((value, end + length))
}

/// `[early|mid|late] [to late] sixties`: its years and the token behind it.
fn qualified_decade(tokens: &[Token], start: usize) -> Option<(u32, u32, usize, bool)> {
    let part = |at: usize| {
        Some(match tokens.get(at)?.text.as_str() {
            "early" | "low" => (0, 3),
            "mid" | "middle" => (4, 6),
            "late" | "upper" | "high" => (7, 9),
            _ => return None,
        })
    };
    let mut at = start;
    let mut years: Option<(u32, u32)> = None;
    while let Some((from, to)) = part(at) {
        years = Some(years.map_or((from, to), |(first, _)| (first, to)));
        at += 1;
        if is(tokens, at, &["to", "or", "and", "-", "/"]) && part(at + 1).is_some() {
            at += 1;
        }
    }
    let (decade, end) = decade_word(tokens, at)?;
    let teens = tokens[at].is("teens");
    let (from, to) = match (teens, years) {
        (true, None) => (13, 17),
        (true, Some((0, _))) => (13, 15),
        (true, Some((4, 6))) => (15, 16),
        (true, Some(_)) => (17, 19),
        (false, years) => years.map_or((decade, decade + 9), |(from, to)| (decade + from, decade + to)),
    };
    Some((from, to, end, years.is_some() || is(tokens, end - 1, &["something", "ish"])))
}

/// "in her late seventies", "mid-40s", "in his thirties or forties"; "an 80s band" is none.
fn decade(tokens: &[Token], at: usize) -> Option<Age> {
    let (from, mut to, mut end, qualified) = qualified_decade(tokens, at)?;
    let owned = before(tokens, at, &["his", "her", "their", "its", "my", "your"]);
    let the = before(tokens, at, &["the"]);
    let mut start = at - usize::from(owned || the);
    let guessed = |i: usize| {
        before(tokens, i, SEEMS)
            || before(tokens, i, &["likely", "probably", "somewhere", "to", "possibly", "are"])
    };
    let inside = before(tokens, start, &["in", "into"]);
    start -= usize::from(inside);
    let accepted =
        owned || if the { inside && guessed(start) } else { qualified || (inside && guessed(start)) };
    if !accepted {
        return None;
    }
    // "thirties or forties", "late teens to early twenties"
    if is(tokens, end, &["or", "to", "-", "and", "~", "/"]) {
        let mut next = end + 1;
        while is(tokens, next, &["in", "his", "her", "their"]) {
            next += 1;
        }
        if let Some((_, last, after, _)) = qualified_decade(tokens, next) {
            (to, end) = (last, after);
        }
    }
    if is(tokens, end, FASHION) {
        return None;
    }
    Some(Age { tokens: start..end, from, to, stands_alone: false })
}

/// "8-year-old", "aged 66", "a child of about five", "between 60 and 70".
fn english(tokens: &[Token], at: usize, is_person: &dyn Fn(usize) -> bool) -> Option<Age> {
    let (mut from, mut end) = number(tokens, at)?;
    let mut to = from;
    if is(tokens, end, &["to", "-", "or", "and", "~", "/"])
        && let Some((last, after)) = number(tokens, end + 1)
        && last > from
        && (!is(tokens, end, &["and"]) || before(tokens, at, &["between"]))
    {
        (to, end) = (last, after);
    }
    let mut start = at;
    let mut vague = false;
    while before(tokens, start, APPROXIMATE) && at - start < 4 {
        start -= 1;
        vague = true;
    }
    if before(tokens, start, &["than"]) && start >= 2 {
        let upper = is(tokens, start - 2, &["younger", "less", "fewer"]);
        let negated = start >= 3 && is(tokens, start - 3, &["no", "not"]);
        (from, to) =
            if upper == negated { (from, to + 5) } else { (from.saturating_sub(5), to.saturating_sub(1)) };
        start -= 2 + usize::from(negated);
        vague = true;
    } else if before(tokens, start, AT_LEAST) {
        (from, to) = (from + 1, to + 5);
        start -= 1;
        vague = true;
    } else if before(tokens, start, AT_MOST) || (before(tokens, start, &["yet"]) && start >= 2) {
        (from, to) = (from.saturating_sub(5), to.saturating_sub(1));
        start -= 1;
        vague = true;
    } else if before(tokens, start, ALMOST) {
        (from, to) = (from.saturating_sub(2), to);
        start -= 1;
        vague = true;
    }
    let (suffix, months) = suffix(tokens, end);
    let determined =
        before(tokens, start, &["a", "an", "the", "another", "her", "his", "one", "two", "three"]);
    let stands_alone = suffix > 0 && (determined || is(tokens, end + 1, &["olds"]));
    if months {
        (from, to) = (from / 52, to / 12);
    }
    if suffix > 0 {
        end += suffix;
        if is(tokens, end, THINGS)
            || is(tokens, end + 1, THINGS)
                && !is_person(end)
                && !tokens[end].ends_clause()
                && !is(tokens, end, FOLLOWS)
        {
            return None;
        }
        if is(tokens, end - 1, &["plus", "+", "over", "above", "older"]) {
            (from, to) = (from, to + 5);
        }
        return Some(Age { tokens: start..end, from, to, stands_alone });
    }
    let named = before(tokens, start, &["aged", "age", "ages"])
        || (before(tokens, start, &["of", ":"]) && start >= 2 && is(tokens, start - 2, &["age", "aged"]));
    if named {
        start -= if before(tokens, start, &["of", ":"]) { 2 } else { 1 };
        return Some(Age { tokens: start..end, from, to, stands_alone: false });
    }
    if to > 110 || from == 0 {
        return None;
    }
    let closed = tokens.get(end).is_none_or(|t| t.ends_clause() || t.any(FOLLOWS));
    let apposed = before(tokens, start, &[",", "("])
        && start >= 2
        && is_person(start - 2)
        && tokens.get(end).is_none_or(|t| t.any(&[",", ")", ".", ";"]));
    let of = before(tokens, start, &["of"]) && start >= 2 && is_person(start - 2);
    let seems = before(tokens, start, SEEMS) || before(tokens, start, &["be"]);
    if closed && (vague || apposed || of || seems) {
        return Some(Age { tokens: start..end, from, to, stands_alone: false });
    }
    None
}

/// What says that a number was an age: how many tokens it takes, and whether it counts months or less.
fn suffix(tokens: &[Token], at: usize) -> (usize, bool) {
    let mut i = at;
    if is(tokens, i, &["or"]) && is(tokens, i + 1, &["so"]) {
        i += 2;
    }
    if is(tokens, i, &["plus", "+"]) {
        i += 1;
    }
    let months = is(tokens, i, &["month", "months", "week", "weeks", "day", "days"]);
    let unit = months || is(tokens, i, &["year", "years", "yr", "yrs"]);
    if unit && is(tokens, i + 1, &["old", "olds", "young"]) {
        return (i + 2 - at, months);
    }
    if unit && is(tokens, i + 1, &["of"]) && is(tokens, i + 2, &["age"]) {
        return (i + 3 - at, months);
    }
    if is(tokens, i, &["yo", "yrsold", "yearold"]) {
        return (i + 1 - at, false);
    }
    if is(tokens, i, &["y"]) && is(tokens, i + 1, &["o"]) {
        return (i + 2 - at, false);
    }
    if is(tokens, i, &["y"]) && is(tokens, i + 1, &["/"]) && is(tokens, i + 2, &["o"]) {
        return (i + 3 - at, false);
    }
    if is(tokens, i, &["or", "and"]) && is(tokens, i + 1, &["older", "over", "above"]) {
        return (i + 2 - at, false);
    }
    (0, false)
}

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
fn chinese(tokens: &[Token], at: usize) -> Option<Age> {
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
