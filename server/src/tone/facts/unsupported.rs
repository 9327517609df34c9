//! The guard the other way round, for an answer that was generated in a tone: what it states and nobody gave.

use super::{Fact, Key, Watch, facts};

/// Shorter quotations, in characters, are a manner of speaking.
const SHORTEST_TERM: usize = 4;

/// The facts of `said` that none of `sources` (the passages, the question) gives, as they stand in `said`: in order,
/// each once. `is_translated`: the passages are in another language.
///
/// Not told: small numbers that only count or order (三個重點, 第二), which a speaker makes up rightly; and
/// names and quoted terms that were translated.
pub fn unsupported<'a>(
    said: &str,
    is_translated: bool,
    sources: impl IntoIterator<Item = &'a str>,
) -> Vec<String> {
    let is_told = |fact: &Fact| {
        !fact.is_small
            && fact.keys.iter().all(|key| match key {
                Key::Word(word) => !is_translated || word.contains(|c: char| c.is_ascii_digit()),
                Key::Term(term) => !is_translated && term.chars().count() >= SHORTEST_TERM,
                _ => true,
            })
    };
    let stated = facts(said).into_iter().filter(is_told).map(|fact| {
        let words = said[fact.bytes.clone()].trim().to_owned();
        (fact, words)
    });
    let mut watch = Watch::of(stated);
    for source in sources {
        watch.push(source);
        watch.push("\n\n"); // no fact goes from one source into the next
    }
    watch.finish()
}
