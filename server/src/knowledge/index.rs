//! The inverted index and its BM25 scores.
//!
//! Why not the `bm25` crate (2.3): its scorer hides the rarity of words, which the test for "nothing fits"
//! and a later fusion with embeddings need; it hashes words to 32 bits, walks each matching document's
//! words once per question word, and sorts all matches. Here each posting holds its finished
//! weight, so that a search adds up one list per question word: for 100,000 passages that is at most a few
//! million additions.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::float;
use crate::language::words::alike::alike;
use crate::language::words::is_character;

/// How soon repetitions of a word stop counting (BM25's k1; the customary value).
const K1: f32 = 1.2;
/// How much long passages are held back (BM25's b; the customary value).
const B: f32 = 0.75;
/// A word of the title counts like this many in the text.
const TITLE: f32 = 2.0;
/// A single Han character counts like this much of a word. (On two sets of questions about a real corpus,
/// characters raised recall of paraphrased questions from 7 to 11 of 14; weights of 0.2 to 1 did as well.)
const CHARACTER: f32 = 0.35;

/// A word of the same meaning counts like this much of the question's own.
const OF_MEANING: f32 = 0.7;

/// Which passages hold a word, and how much each says about it.
#[derive(Debug, Default)]
pub(super) struct Index {
    terms: HashMap<Box<str>, usize>,
    /// By term, in the order of passages. The number counts occurrences until `finish`, then it is BM25's
    /// weight without the word's rarity: 0 to `K1 + 1`.
    postings: Vec<Vec<(u32, f32)>>,
    /// By passage: its length in terms.
    lengths: Vec<f32>,
}

impl Index {
    /// Adds a passage; returns its number, counted from 0.
    pub(super) fn add(&mut self, title: &[String], text: &[String]) -> usize {
        let passage = u32::try_from(self.lengths.len()).unwrap_or(u32::MAX);
        let counted = title.iter().map(|term| (term, TITLE)).chain(text.iter().map(|term| (term, 1.0)));
        let mut length = 0.0;
        for (term, count) in counted {
            length += count;
            let at = self.terms.get(term.as_str()).copied().unwrap_or(self.postings.len());
            if at == self.postings.len() {
                self.terms.insert(term.as_str().into(), at);
                self.postings.push(Vec::new());
            }
            let postings = &mut self.postings[at];
            match postings.last_mut() {
                Some((last, sum)) if *last == passage => *sum += count,
                _ => postings.push((passage, count)),
            }
        }
        self.lengths.push(length);
        self.lengths.len() - 1
    }

    /// Turns counts into weights; call it once, after the last `add`.
    pub(super) fn finish(&mut self) {
        let mean = self.lengths.iter().sum::<f32>() / float(self.lengths.len().max(1));
        for (passage, weight) in self.postings.iter_mut().flatten() {
            let length = self.lengths[*passage as usize] / mean.max(1.0);
            *weight = *weight * (K1 + 1.0) / (*weight + K1 * (1.0 - B + B * length));
        }
    }

    fn postings(&self, term: &str) -> &[(u32, f32)] {
        self.terms.get(term).map_or(&[], |&at| &self.postings[at])
    }

    /// The same; for a word that no passage holds those of its meaning: there is no café, but a restaurant.
    fn postings_of_meaning(&self, term: &str) -> Cow<'_, [(u32, f32)]> {
        let own = self.postings(term);
        if !own.is_empty() {
            return Cow::Borrowed(own);
        }
        let mut found: BTreeMap<u32, f32> = BTreeMap::new();
        for &(passage, weight) in alike(term).flat_map(|it| self.postings(it)) {
            let most = found.entry(passage).or_default();
            *most = most.max(OF_MEANING * weight);
        }
        Cow::Owned(found.into_iter().collect())
    }

    /// How rare a word is that `holding` passages hold; the highest for one that none holds.
    fn rarity(&self, holding: usize) -> f32 {
        let (all, holding) = (float(self.lengths.len()), float(holding));
        (1.0 + (all - holding + 0.5) / (holding + 0.5)).ln()
    }
}

/// A word of a question.
struct Term<'a> {
    /// How much it says.
    rarity: f32,
    postings: Cow<'a, [(u32, f32)]>,
}

/// A question's words in the index.
pub(super) struct Query<'a> {
    index: &'a Index,
    /// The different words of the question.
    terms: Vec<Term<'a>>,
    /// The rarities' sum.
    information: f32,
}

impl<'a> Query<'a> {
    pub(super) fn new(index: &'a Index, words: &[String]) -> Self {
        let mut known: Vec<&str> = words.iter().map(String::as_str).collect();
        known.sort_unstable();
        known.dedup();
        let weighted = known.into_iter().map(|word| {
            let postings = index.postings_of_meaning(word);
            let weight = if is_character(word) { CHARACTER } else { 1.0 };
            Term { rarity: weight * index.rarity(postings.len()), postings }
        });
        let terms: Vec<_> = weighted.collect();
        let information = terms.iter().map(|term| term.rarity).sum();
        Self { index, terms, information }
    }

    /// The best passages with their scores, best first; only such that hold a word of the question.
    pub(super) fn best(&self, most: usize) -> Vec<(usize, f32)> {
        let mut sums = vec![0.0_f32; self.index.lengths.len()];
        for term in &self.terms {
            for &(passage, weight) in term.postings.iter() {
                sums[passage as usize] += term.rarity * weight;
            }
        }
        let highest = self.highest();
        top(sums.into_iter().enumerate().filter(|&(_, sum)| sum > 0.0), most)
            .into_iter()
            .map(|(passage, sum)| (passage, sum / highest))
            .collect()
    }

    /// A passage's score, 0 to 1.
    pub(super) fn score(&self, passage: usize) -> f32 {
        self.found(passage).map(|(term, weight)| term.rarity * weight).sum::<f32>() / self.highest()
    }

    /// The share of the question's information that a passage holds, 0 to 1.
    pub(super) fn share(&self, passage: usize) -> f32 {
        self.found(passage).map(|(term, _)| term.rarity).sum::<f32>()
            / self.information.max(f32::MIN_POSITIVE)
    }

    /// The question's words that a passage holds, each with its weight there.
    fn found(&self, passage: usize) -> impl Iterator<Item = (&Term<'a>, f32)> {
        self.terms.iter().filter_map(move |term| {
            let at = term.postings.binary_search_by_key(&passage, |&(it, _)| it as usize).ok()?;
            Some((term, term.postings[at].1))
        })
    }

    /// The score that no passage can pass.
    fn highest(&self) -> f32 {
        (self.information * (K1 + 1.0)).max(f32::MIN_POSITIVE)
    }
}

/// The highest of many, highest first; of equals those that come first. Most are looked at once and passed over.
pub(super) fn top(all: impl Iterator<Item = (usize, f32)>, most: usize) -> Vec<(usize, f32)> {
    let better = |a: &(usize, f32), b: &(usize, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    let mut kept = Vec::with_capacity(2 * most);
    let mut least = f32::NEG_INFINITY;
    for it in all {
        if it.1 <= least {
            continue;
        }
        kept.push(it);
        if kept.len() == 2 * most {
            kept.select_nth_unstable_by(most, better);
            kept.truncate(most);
            least = kept.iter().map(|it| it.1).fold(f32::INFINITY, f32::min);
        }
    }
    kept.sort_unstable_by(better);
    kept.truncate(most);
    kept
}
