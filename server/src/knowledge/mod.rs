//! The house's documents: load, segment, index, search.
//!
//! Documents (`document`) come from `.json`, `.md` and `.txt` files (`load`), are cut into passages at
//! sentence ends (`passage`) and ranked by BM25 over segmented words (`index`); a question that asks what
//! something is puts the passages first that say so (`definition`). All of it is in memory and immutable.

mod definition;
mod document;
mod index;
mod load;
mod markdown;
mod passage;
mod plain;
mod sample;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::event::Source;
use crate::language::{Lang, words::terms};

pub use load::{LoadError, MAX_FILE_BYTES};
pub(crate) use passage::language;
pub use passage::{MAX_PASSAGE_CHARS, Passage};

use definition::Definitions;
use document::Document;
use index::{Index, Query};

/// The most passages that a search returns.
pub const MAX_PASSAGES: usize = 6;

/// How many of the best are looked at closely; the rest cannot come among the first six.
const CANDIDATES: usize = 64;

/// The least share of a question's information (the summed rarity of its words, those included that no
/// document holds) that a passage must hold to fit the question. Low on purpose: a visitor's words are
/// seldom the documents' words, and whoever answers from the passages refuses by itself; it keeps out
/// passages that share no more than a common word with the question.
const FIT: f32 = 0.06;

/// Added to the score of a passage that says what the thing in question is: it goes before all that only
/// mention it.
const DEFINES: f32 = 1.0;

/// A passage in the question's language goes before one in the other that matches as well.
const SAME_LANGUAGE: f32 = 1.1;

/// All documents, searchable. Immutable once loaded; share it by `Arc`.
#[derive(Debug, Default)]
pub struct Knowledge {
    passages: Vec<Held>,
    documents: usize,
    skipped: usize,
    index: Index,
    definitions: Definitions,
}

/// A passage as it is held.
#[derive(Debug)]
struct Held {
    file: Arc<str>,
    title: Arc<str>,
    text: Arc<str>,
    lang: Lang,
}

impl Knowledge {
    /// Loads every document below the directories (a path may be a file, too).
    pub fn load(dirs: &[PathBuf]) -> Result<Self, LoadError> {
        let mut documents = Vec::new();
        let mut skipped = 0;
        for dir in dirs {
            skipped += load::path(dir, &mut documents)?;
        }
        Ok(Self { skipped, ..Self::of(documents) })
    }

    /// The sample museum inside the binary.
    pub fn sample() -> Self {
        Self::of(sample::documents())
    }

    /// Indexes documents; of those with the same title and text the first is kept.
    fn of(mut documents: Vec<Document>) -> Self {
        let mut known = HashSet::new();
        documents.retain(|it| known.insert((Arc::clone(&it.title), it.text.clone())));
        let mut knowledge = Self { documents: documents.len(), ..Self::default() };
        for document in &documents {
            let heading = terms(&format!("{}\n{}", document.title, document.context));
            for (nth, text) in passage::cut(&document.text).into_iter().enumerate() {
                let id = knowledge.index.add(&heading, &terms(&text));
                if nth == 0 {
                    knowledge.definitions.add(id, document, &text);
                }
                knowledge.passages.push(Held {
                    file: Arc::clone(&document.file),
                    title: Arc::clone(&document.title),
                    lang: language(&text),
                    text: text.into(),
                });
            }
        }
        knowledge.index.finish();
        knowledge
    }

    /// How many passages are held.
    pub fn len(&self) -> usize {
        self.passages.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many documents (items of JSON lists, sections of the others) the passages come from.
    pub fn documents(&self) -> usize {
        self.documents
    }

    /// How many files below the directories were of a kind that is not read.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// The best passages for a question, best first: at most 6 and at most `max_chars` characters of text
    /// together. Empty when nothing fits. A score is the share of the best that BM25 could give to the
    /// question, so mostly 0 to 1; 1 more where the passage defines what the question asks for.
    pub fn search(&self, question: &str, max_chars: usize) -> Vec<Passage> {
        let ranked = self.rank(question);
        let mut found = Vec::new();
        let mut left = max_chars;
        for (id, score) in ranked {
            if found.len() == MAX_PASSAGES || left == 0 {
                break;
            }
            let held = &self.passages[id];
            let Some(text) = passage::fitting(&held.text, left) else { continue };
            left -= text.chars().count();
            let source = Source { title: Arc::clone(&held.title), file: Arc::clone(&held.file), score };
            found.push(Passage { source, text });
        }
        found
    }

    /// The passages that fit a question, best first, with their scores.
    fn rank(&self, question: &str) -> Vec<(usize, f32)> {
        let query = Query::new(&self.index, &terms(question));
        let lang = language(question);
        let defining = self.definitions.of(question);
        let mut ranked = query.best(CANDIDATES);
        ranked.retain(|&(id, _)| query.share(id) >= FIT);
        for &id in defining {
            if !ranked.iter().any(|&(it, _)| it == id) {
                ranked.push((id, query.score(id)));
            }
        }
        for (id, score) in &mut ranked {
            if self.passages[*id].lang == lang {
                *score *= SAME_LANGUAGE;
            }
            if defining.contains(id) {
                *score += DEFINES;
            }
        }
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked
    }
}
