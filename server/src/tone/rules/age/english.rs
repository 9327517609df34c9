//! English ages: decades, years, approximations.

use super::{Age, before, is, number};
use crate::tone::tokens::Token;

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
pub(super) fn decade(tokens: &[Token], at: usize) -> Option<Age> {
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
pub(super) fn age(tokens: &[Token], at: usize, is_person: &dyn Fn(usize) -> bool) -> Option<Age> {
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
