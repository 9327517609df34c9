//! The guard as a stream: what is still to be found gets less with every sentence that has come.

use std::collections::HashSet;

use super::reading::Reading;
use super::{Fact, Key, facts, given, quote};
use crate::language::sentence::Sentences;

/// Watches a conversion as it streams for the facts of its plain text.
///
/// A sentence is read when it has ended, so what is left for the end is the last sentence. The result doesn't
/// depend on where deltas were cut.
#[derive(Debug)]
pub struct Watch {
    /// Its facts with their words, in order.
    facts: Vec<(Fact, String)>,
    /// Keys that haven't come yet, without terms.
    wanted: HashSet<Key>,
    /// Terms that haven't come yet, folded.
    terms: Vec<String>,
    /// The sentence begun.
    sentences: Sentences,
    /// What came, folded, so far as a term may still begin in it.
    folded: String,
}

impl Watch {
    /// Over a conversion of `plain`.
    pub fn over(plain: &str) -> Self {
        Self::of(facts(plain).into_iter().map(|fact| {
            let words = plain[fact.bytes.clone()].trim().to_owned();
            (fact, words)
        }))
    }

    /// For these facts, each with its words.
    pub(super) fn of(facts: impl Iterator<Item = (Fact, String)>) -> Self {
        let facts: Vec<_> = facts.collect();
        let (mut wanted, mut terms) = (HashSet::new(), Vec::new());
        for key in facts.iter().flat_map(|(fact, _)| &fact.keys) {
            match key {
                Key::Term(term) if terms.contains(term) => {}
                Key::Term(term) => terms.push(term.clone()),
                key => drop(wanted.insert(key.clone())),
            }
        }
        Self { facts, wanted, terms, sentences: Sentences::default(), folded: String::new() }
    }

    /// Takes a delta of the conversion.
    pub fn push(&mut self, delta: &str) {
        if !self.terms.is_empty() {
            self.folded.extend(quote::fold(delta));
        }
        if self.wanted.is_empty() && self.terms.is_empty() {
            return;
        }
        for sentence in self.sentences.push(delta) {
            self.read(&sentence);
        }
    }

    /// The facts that were lost, as they stand in the plain text: in order, each once.
    pub fn finish(mut self) -> Vec<String> {
        if let Some(sentence) = std::mem::take(&mut self.sentences).finish() {
            self.read(&sentence);
        }
        let mut lost: Vec<String> = Vec::new();
        let mut told = 0;
        for (fact, words) in &self.facts {
            let kept = fact.keys.iter().all(|key| match key {
                Key::Term(term) => !self.terms.contains(term),
                key => !self.wanted.contains(key),
            });
            // What stands within a lost fact is lost with it.
            if !kept && fact.bytes.end > told {
                told = fact.bytes.end;
                if !lost.contains(words) {
                    lost.push(words.clone());
                }
            }
        }
        lost
    }

    fn read(&mut self, sentence: &str) {
        if !self.wanted.is_empty() {
            for key in given(&Reading::of(sentence)) {
                self.wanted.remove(&key);
            }
        }
        if !self.terms.is_empty() {
            let folded = &self.folded;
            self.terms.retain(|term| !folded.contains(term.as_str()));
            // A term may have begun at the end of what came.
            let longest = self.terms.iter().map(String::len).max().unwrap_or(0);
            let keep =
                (0..=self.folded.len().saturating_sub(longest)).rev().find(|at| folded.is_char_boundary(*at));
            self.folded.drain(..keep.unwrap_or(0));
        }
    }
}
