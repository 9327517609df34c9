//! How far a negation reaches.

use super::{Cue, Scopes, Standing, VERBS};

/// Words that end what "no" and "without" deny: they deny one thing.
const PREPOSITIONS: &[&str] = &[
    "in", "with", "at", "on", "inside", "near", "beside", "behind", "wearing", "who", "standing", "sitting",
    "holding", "next", "carrying", "walking", "over", "under", "from", "is", "are", "dressed", "against",
];
/// Behind these a preposition belongs to what is denied ("not dressed in a suit").
const OPENERS: &[&str] = &["dressed", "clad", "clothed", "be", "seen", "someone"];

impl Scopes<'_> {
    pub(super) fn mark_denied(&mut self) {
        for (range, cue) in self.cues.clone() {
            if !matches!(cue, Cue::Not | Cue::No) || self.is_apart(range.start) {
                continue;
            }
            let end = if self.is_han(range.start) {
                self.end_of_chinese(range.end, cue)
            } else {
                self.end_of_english(range.end)
            };
            self.mark(range.start..end, Standing::Denied);
        }
    }

    fn end_of_english(&self, start: usize) -> usize {
        let mut at = start;
        while at < self.tokens.len() {
            if self.is(at, &[","]) && self.lists_on(at) {
                at += 1;
                continue;
            }
            let opened = at == start || self.before(at, OPENERS);
            if self.breaks_clause(at)
                || self.is(at, &["just", "only", "yet", "instead"])
                || (self.is(at, PREPOSITIONS) && !opened)
            {
                return at;
            }
            at += 1;
        }
        at
    }

    /// Whether the list goes on behind this comma: "no suit, tie, or badge".
    fn lists_on(&self, comma: usize) -> bool {
        for i in comma + 1..(comma + 8).min(self.tokens.len()) {
            if self.is(i, &["or", "nor"]) {
                return true;
            }
            if self.tokens[i].ends_sentence()
                || self.is(i, VERBS)
                || self.is(i, PREPOSITIONS)
                || self.is(i, &["but", "and", "just", "only", "he", "she", "the", "they", ";", ":"])
            {
                return false;
            }
        }
        false
    }

    fn end_of_chinese(&self, start: usize, cue: Cue) -> usize {
        for at in start..self.tokens.len() {
            let contrast = self.is(at, &["但", "卻", "而", "只", "僅"]) && at > start;
            let noun = cue == Cue::No && self.is(at, &["的"]);
            let judged = cue == Cue::Not && at > start + 12;
            let worn = self.is(at, &["、"]) && (self.is(at + 2, &["著"]) || self.pair(at + 1, "身", "穿"));
            if self.tokens[at].ends_clause() || worn || contrast || noun || judged {
                return at;
            }
        }
        self.tokens.len()
    }
}
