//! The fact guard: numbers, dates, Latin names and quoted terms must survive a conversion.
//!
//! A text is read into [`Fact`]s, each of which needs some keys: the number 30000 for 三萬 and for "30,000"
//! alike, year, month and day for a date of either calendar, the words of a name. A fact is lost when the
//! converted text, read generously, doesn't give all its keys.

mod date;
mod name;
mod number;
mod quote;
mod reading;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::ops::Range;

use reading::Reading;

/// What a fact is compared by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    /// A number.
    Number(super::numeral::Decimal),
    /// A share of a hundred.
    Percent(super::numeral::Decimal),
    /// A month of the year.
    Month(u32),
    /// A day of the month.
    Day(u32),
    /// A telephone number, or a figure too long for a number.
    Digits(String),
    /// A Latin word, lower case, letters and digits only.
    Word(String),
    /// A quoted term, folded.
    Term(String),
}

/// One fact of a text.
#[derive(Debug)]
struct Fact {
    /// Its bytes in the text.
    bytes: Range<usize>,
    /// What another text must give to have it too.
    keys: Vec<Key>,
}

/// The facts of `plain` that `converted` lost, as they stand in `plain`: in order, each once.
pub fn missing(plain: &str, converted: &str) -> Vec<String> {
    let facts = facts(&Reading::of(plain));
    if facts.is_empty() {
        return Vec::new();
    }
    let other = Reading::of(converted);
    let given = given(&other);
    let folded = quote::fold(converted);
    let mut lost: Vec<String> = Vec::new();
    let mut seen: HashSet<&str> = HashSet::new();
    let mut told = 0;
    for fact in &facts {
        let kept = fact.keys.iter().all(|key| match key {
            Key::Term(term) => folded.contains(term.as_str()),
            key => given.contains(key),
        });
        let words = plain[fact.bytes.clone()].trim();
        // What stands within a lost fact is lost with it.
        if !kept && fact.bytes.end > told {
            told = fact.bytes.end;
            if seen.insert(words) {
                lost.push(words.to_owned());
            }
        }
    }
    lost
}

/// The places of a text's quoted terms, in bytes, without their marks.
pub(super) fn quoted(text: &str) -> Vec<Range<usize>> {
    quote::facts(&Reading::of(text)).into_iter().map(|fact| fact.bytes).collect()
}

/// All facts that a text states.
fn facts(text: &Reading) -> Vec<Fact> {
    let mut facts = number::facts(text);
    facts.extend(name::facts(text));
    facts.extend(quote::facts(text));
    facts.sort_by_key(|fact| (fact.bytes.start, std::cmp::Reverse(fact.bytes.end)));
    facts
}

/// All keys that a text may be said to give.
fn given(text: &Reading) -> HashSet<Key> {
    let mut keys = number::given(text);
    keys.extend(name::given(text));
    keys
}

/// The facts that a text states and none of the given ones holds.
pub fn unsupported<'a>(said: &str, given: impl Iterator<Item = &'a str>) -> Vec<String> {
    let all: Vec<&str> = given.collect();
    missing(said, &all.join("\n"))
}
