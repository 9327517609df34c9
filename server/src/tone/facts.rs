//! The fact guard: numbers, dates, Latin names and quoted terms must survive a conversion.
//!
//! A text is read into [`Fact`]s, each of which needs some keys: the number 30000 for 三萬 and for "30,000"
//! alike, year, month and day for a date of either calendar, the words of a name. A fact is lost when the
//! converted text, read generously, doesn't give all its keys.

mod address;
mod clock;
mod date;
mod name;
mod number;
mod quote;
mod reading;
mod share;
mod spelled;
mod telephone;
#[cfg(test)]
mod tests;
mod unsupported;
mod watch;

use std::collections::HashSet;
use std::ops::Range;

use crate::language::sentence;
use reading::Reading;
pub use unsupported::unsupported;
pub use watch::Watch;

/// What a fact is compared by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    /// A number.
    Number(super::numeral::Decimal),
    /// A share of a hundred.
    Percent(super::numeral::Decimal),
    /// A part that is no whole number of hundredths, in lowest terms.
    Share(u32, u32),
    /// Minutes past noon or midnight.
    Time(u32),
    /// Monday is 1.
    Weekday(u32),
    /// A month of the year.
    Month(u32),
    /// A day of the month.
    Day(u32),
    /// A telephone number, or a figure too long for a number.
    Digits(String),
    /// A Latin word, lower case, letters and digits only.
    Word(String),
    /// An e-mail address or URL.
    Address(String),
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
    /// Whether it only counts or orders a few: 三個重點, 第二.
    is_small: bool,
}

/// The facts of `plain` that `converted` lost, as they stand in `plain`: in order, each once.
pub fn missing(plain: &str, converted: &str) -> Vec<String> {
    let mut watch = Watch::over(plain);
    watch.push(converted);
    watch.finish()
}

/// The places of a text's quoted terms, in bytes, without their marks.
pub(super) fn quoted(text: &str) -> Vec<Range<usize>> {
    quote::facts(&Reading::of(text)).into_iter().map(|fact| fact.bytes).collect()
}

/// All facts that a text states, in order.
fn facts(text: &str) -> Vec<Fact> {
    let whole = Reading::of(text);
    let addresses = address::facts(&whole);
    let mut facts = name::facts(&whole);
    facts.extend(quote::facts(&whole));
    // Sentence by sentence, as a conversion is read: a figure never goes on in the next one.
    let mut start = 0;
    for sentence in sentence::split(text) {
        facts.extend(number::facts(&Reading::of(sentence)).into_iter().map(|mut fact| {
            fact.bytes = start + fact.bytes.start..start + fact.bytes.end;
            fact
        }));
        start += sentence.len();
    }
    facts.retain(|fact| {
        !addresses.iter().any(|it| it.bytes.start <= fact.bytes.start && fact.bytes.end <= it.bytes.end)
    });
    facts.extend(addresses);
    facts.sort_by_key(|fact| (fact.bytes.start, std::cmp::Reverse(fact.bytes.end)));
    facts
}

/// All keys that a text may be said to give, without terms.
fn given(text: &Reading) -> HashSet<Key> {
    let mut keys = number::given(text);
    keys.extend(name::given(text));
    keys.extend(address::given(text));
    keys
}
