//! Latin names: acronyms, words with figures or inner capitals, capitalised names; in Chinese text every
//! Latin word.

use std::collections::HashSet;

use super::reading::Reading;
use super::{Fact, Key, clock, date};
use crate::language::calendar::is_calendar_name;
use crate::language::is_han;
use crate::tone::numeral;

/// Capitalised within a sentence and still no name.
const COMMON: &[&str] = &[
    "i", "i'm", "i'll", "i've", "i'd", "a", "an", "the", "dr", "mr", "mrs", "ms", "prof", "ok", "vs", "am",
    "pm", "etc", "eg", "ie",
];
/// Words that stand inside a name.
const INNER: &[&str] = &["of", "and", "for", "the", "de", "von", "van", "&"];

/// Units and currencies: beside a figure no names, which a conversion may write in the other language.
const UNITS: &[&str] = &[
    "km", "cm", "mm", "nm", "um", "kg", "mg", "ml", "kmh", "kph", "mph", "kwh", "mwh", "gwh", "kw", "mw",
    "gw", "ghz", "mhz", "khz", "hz", "kb", "mb", "gb", "tb", "ms", "min", "hr", "hrs", "sec", "rpm", "fps",
    "ppm", "db", "mah", "kbps", "mbps", "gbps", "tbps", "sqm", "ft", "lb", "lbs", "oz", "nt", "us", "ntd",
    "twd", "usd", "eur", "jpy", "rmb", "cny",
];

/// How a word is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// In small letters.
    Small,
    /// With a capital in front.
    Capital,
    /// With capitals inside, or figures: never a common word.
    Marked,
    /// In figures only, or days of the week: it may be part of a name elsewhere (COVID 19), and is none.
    Figure,
}

/// A Latin word of a text.
struct Word {
    start: usize,
    end: usize,
    /// Letters and digits only, lower case.
    key: String,
    /// How it is written.
    shape: Shape,
    /// Begins a sentence.
    opens: bool,
    /// Beside an ideograph.
    han: bool,
    /// Beside a figure, as units and currencies are.
    counted: bool,
}

/// The Latin names of a text.
pub(super) fn facts(text: &Reading) -> Vec<Fact> {
    let words = words(text);
    // A stray ideograph ("in 新竹") makes no English text Chinese.
    let in_chinese = text.chars.iter().filter(|c| is_han(**c)).count() > words.len();
    let named: HashSet<&str> = words
        .iter()
        .filter(|w| w.shape == Shape::Marked || (w.shape == Shape::Capital && !w.opens))
        .map(|w| w.key.as_str())
        .collect();
    let is_name = |word: &Word| {
        if word.shape == Shape::Figure || (word.counted && UNITS.contains(&word.key.as_str())) {
            return false;
        }
        if COMMON.contains(&word.key.as_str())
            || word.key.len() == 1 && !word.han && word.shape != Shape::Marked
        {
            return false;
        }
        let figure = numeral::scale_word(&word.key).is_some() || word.key == "percent";
        word.shape == Shape::Marked
            || (in_chinese && !figure && word.key.len() > 1)
            || (word.shape == Shape::Capital
                && (!word.opens || named.contains(word.key.as_str()))
                && date::month(&word.key).is_none()
                && !is_calendar_name(&word.key))
    };
    let mut facts = Vec::new();
    let mut i = 0;
    while i < words.len() {
        if !is_name(&words[i]) {
            i += 1;
            continue;
        }
        let mut end = i + 1;
        loop {
            let adjacent = |k: usize| {
                words.get(k).is_some_and(|w| text.chars[words[k - 1].end..w.start].iter().all(|c| *c == ' '))
            };
            if adjacent(end) && is_name(&words[end]) {
                end += 1;
            } else if adjacent(end)
                && adjacent(end + 1)
                && INNER.contains(&words[end].key.as_str())
                && is_name(&words[end + 1])
                && words[end].key != "and"
            {
                end += 2;
            } else {
                break;
            }
        }
        let keys = words[i..end]
            .iter()
            .filter(|w| !INNER.contains(&w.key.as_str()))
            .map(|w| Key::Word(w.key.clone()))
            .collect();
        let bytes = text.bytes(words[i].start, words[end - 1].end);
        facts.push(Fact { bytes, keys, is_small: false });
        i = end;
    }
    facts
}

/// Every Latin word of a text, also the parts of hyphenated ones.
pub(super) fn given(text: &Reading) -> HashSet<Key> {
    let words = words(text);
    let mut keys: HashSet<Key> = words.iter().map(|word| Key::Word(word.key.clone())).collect();
    for pair in words.windows(2) {
        keys.insert(Key::Word(format!("{}{}", pair[0].key, pair[1].key)));
    }
    keys
}

fn words(text: &Reading) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut opens = true;
    let mut i = 0;
    while i < text.chars.len() {
        let c = text.at(i);
        if !is_latin(c) {
            if matches!(c, '.' | '!' | '?' | '\n' | '。' | '！' | '？' | ':' | '：' | ';') {
                opens = true;
            } else if is_han(c) {
                opens = false;
            }
            i += 1;
            continue;
        }
        let start = i;
        while is_latin(text.at(i))
            || (is_joint(text.at(i)) && is_latin(text.at(i + 1)) && is_latin(text.at(i - 1)))
        {
            i += 1;
        }
        let mut end = i;
        // "ITRI's"
        if end - start > 2 && text.at(end - 2) == '\'' && text.at(end - 1) == 's' {
            end -= 2;
        }
        let here = &text.chars[start..end];
        let letters = here.iter().filter(|c| c.is_alphabetic()).count();
        let inner_capital = here.iter().skip(1).any(|c| c.is_uppercase());
        let figures = here.iter().any(char::is_ascii_digit);
        if is_counted(here) && letters > 0 {
            opens = false;
            continue;
        }
        let shape = if letters == 0 || clock::is_weekdays(here) {
            Shape::Figure
        } else if inner_capital || figures {
            Shape::Marked
        } else if here[0].is_uppercase() {
            Shape::Capital
        } else {
            Shape::Small
        };
        words.push(Word {
            start,
            end,
            key: key(here),
            shape,
            opens,
            han: is_han(text.before(start)) || is_han(text.at(end)),
            counted: is_counted_by(text, start, end),
        });
        opens &= letters == 0 && !figures;
    }
    words
}

/// Letters and digits in lower case; of several acronyms ("LEDs") the one.
fn key(word: &[char]) -> String {
    let one = match word {
        [rest @ .., 's'] if rest.len() > 1 && rest.iter().all(char::is_ascii_uppercase) => rest,
        word => word,
    };
    one.iter().filter(|c| c.is_alphanumeric()).flat_map(|c| c.to_lowercase()).collect()
}

/// Whether a figure stands before a word (30 km), or a sum of money begins with it (NT$500, USD 30).
fn is_counted_by(text: &Reading, start: usize, end: usize) -> bool {
    let mut at = start;
    while at > 0 && text.at(at - 1) == ' ' {
        at -= 1;
    }
    let before = text.before(at);
    before.is_ascii_digit()
        || "十百千萬億".contains(before)
        || text.at(end) == '$'
        || text.at(text.skip_blanks(end)).is_ascii_digit()
}

/// "1970s", "3rd", "15th", "50kg": a figure with an ending, which the numbers look after.
fn is_counted(word: &[char]) -> bool {
    let figures = word.iter().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | '-')).count();
    let unit = &word[figures..];
    figures > 0 && (unit.iter().all(|c| c.is_lowercase()) || UNITS.contains(&key(unit).as_str()))
}

fn is_latin(c: char) -> bool {
    c.is_alphanumeric() && !is_han(c) && (c.is_ascii() || ('\u{c0}'..='\u{24f}').contains(&c))
}

fn is_joint(c: char) -> bool {
    matches!(c, '-' | '&' | '\'' | '+' | '_')
}
