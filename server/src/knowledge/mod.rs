//! The house's documents: load, segment, index, search.
//!
//! Documents (`document`) come from JSON, Markdown, text, HTML and PDF files (`load`; `apart`: in a process of their own), are cut into passages at
//! sentence ends (`passage`) and ranked (`rank`) by BM25 over segmented words (`index`) and, where there are
//! embeddings, by their nearness in meaning (`vectors`); a question that asks what something is puts the passages
//! first that say so (`definition`). A [`Knowledge`] is in memory and immutable; the [`Library`] holds the current
//! one, has it embedded (`embedder`, `rows`), keeps that in a file (`store`) and replaces it when the documents change
//! (`watch`).

mod apart;
mod definition;
mod document;
mod duplicate;
mod embedder;
mod html;
mod index;
mod library;
mod load;
mod markdown;
mod passage;
mod pdf;
mod plain;
mod rank;
mod rows;
mod sample;
mod store;
mod suggest;
#[cfg(test)]
mod tests;
mod vectors;
mod watch;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use crate::event::Source;
use crate::language::{Lang, words::terms};

pub use apart::read_apart;
pub use embedder::{Embedder, Keep, LibraryError, Progress, Refused};
pub use library::{Library, Searched};
pub use load::{LoadError, MAX_FILE_BYTES, Skipped, Sources};
pub(crate) use passage::language;
pub use passage::{MAX_PASSAGE_CHARS, Passage};
pub use store::{Store, StoreError};
pub use suggest::Suggestions;

use definition::Definitions;
use document::Document;
use duplicate::Seen;
use index::Index;
use load::Found;
use rank::Ranked;
use vectors::Vectors;

/// The most passages that a search returns.
pub const MAX_PASSAGES: usize = 6;

/// All documents, searchable. Immutable once loaded but for its vectors, which may come later; share it by `Arc`.
#[derive(Debug, Default)]
pub struct Knowledge {
    passages: Vec<Held>,
    /// Of each document, its file and title.
    titles: Vec<(Arc<str>, Arc<str>)>,
    skipped: Vec<Skipped>,
    ignored: BTreeMap<String, usize>,
    merged: usize,
    index: Index,
    definitions: Definitions,
    suggestions: Suggestions,
    /// What they mean; set once it is known.
    vectors: RwLock<Arc<Vectors>>,
}

/// A passage as it is held.
#[derive(Debug)]
struct Held {
    file: Arc<str>,
    title: Arc<str>,
    text: Arc<str>,
    lang: Lang,
    /// Which of its document's passages it is, counted from 1.
    position: u32,
}

impl Knowledge {
    /// Loads every document below the directories (a path may be a file, too).
    pub fn load(dirs: &[PathBuf]) -> Result<Self, LoadError> {
        Self::of_sources(&dirs.to_vec().into())
    }

    fn of_sources(sources: &Sources) -> Result<Self, LoadError> {
        Ok(Self::of(Found::load(sources)?))
    }

    /// The sample museum inside the binary.
    pub fn sample() -> Self {
        Self::of(sample::documents())
    }

    /// Indexes documents; of passages that say the same the first is kept.
    fn of(Found { documents, skipped, ignored, .. }: Found) -> Self {
        let suggestions = Suggestions::of(&documents);
        let named = |it: &Document| (Arc::clone(&it.file), Arc::clone(&it.title));
        let mut knowledge = Self {
            titles: documents.iter().map(named).collect(),
            skipped,
            ignored,
            suggestions,
            ..Self::default()
        };
        // A passage's headings are those of all documents that say the same.
        let mut passages: Vec<(&Document, String, Vec<String>)> = Vec::new();
        let mut seen = Seen::default();
        for document in &documents {
            let heading = format!("{}\n{}", document.title, document.context);
            for (nth, text) in passage::cut(&document.text).into_iter().enumerate() {
                if let Some(same) = seen.same(&document.title, &text) {
                    knowledge.merged += 1;
                    let (first, _, headings) = &mut passages[same];
                    if first.title != document.title {
                        headings.push(heading.clone());
                    }
                    continue;
                }
                knowledge.passages.push(Held {
                    file: Arc::clone(&document.file),
                    title: Arc::clone(&document.title),
                    lang: language(&text),
                    text: text.as_str().into(),
                    position: u32::try_from(nth + 1).unwrap_or(u32::MAX),
                });
                passages.push((document, text, vec![heading.clone()]));
            }
        }
        for (document, text, headings) in passages {
            let id = knowledge.index.add(&terms(&headings.join("\n")), &terms(&text));
            if knowledge.passages[id].position == 1 {
                knowledge.definitions.add(id, document, &text);
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

    /// How many documents (items of JSON lists, pages of PDF files, sections of the others) the passages come from.
    pub fn documents(&self) -> usize {
        self.titles.len()
    }

    /// How much there is, for people.
    pub fn size(&self) -> String {
        let count =
            |number: usize, one: &str| format!("{number} {one}{}", if number == 1 { "" } else { "s" });
        format!("{} in {}", count(self.documents(), "document"), count(self.len(), "passage"))
    }

    /// What a visitor may ask first.
    pub fn suggestions(&self) -> &Suggestions {
        &self.suggestions
    }

    /// How many passages can be found by their meaning.
    pub fn embedded(&self) -> usize {
        self.vectors().len()
    }

    /// The files that should be documents and can't be read, and items of lists that say nothing.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// How many files can't be read.
    pub fn skipped_files(&self) -> usize {
        self.skipped.iter().filter(|it| it.item.is_none()).count()
    }

    /// How many files below the directories are of a kind that is not read, by extension (without its dot).
    pub fn ignored(&self) -> &BTreeMap<String, usize> {
        &self.ignored
    }

    /// The documents' files and titles, in their order, each once.
    pub fn titles(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut seen = HashSet::new();
        let all = self.titles.iter().map(|(file, title)| (&**file, &**title));
        all.filter(move |it| seen.insert(*it))
    }

    /// The vectors' dimension; none if there are none.
    fn dimension(&self) -> Option<usize> {
        self.vectors().dimension()
    }

    /// How many passages say what an earlier one says, and are found as that.
    pub fn merged(&self) -> usize {
        self.merged
    }

    /// Tells operators what is served, and what is not but for what they know.
    pub(crate) fn log(&self, what: &'static str, known: &[Skipped]) {
        for skipped in self.skipped.iter().filter(|it| !known.contains(it)) {
            let (file, item, reason) = (skipped.path.display(), skipped.item, &skipped.reason);
            tracing::warn!(%file, item, reason, "{} is not served", if item.is_some() { "an item" } else { "a file" });
        }
        tracing::info!(documents = self.documents(), passages = self.len(), "knowledge {what}");
    }

    /// The best passages for a question, best first: at most 6 and at most `max_chars` characters of text
    /// together. Empty when nothing fits. `vector`: the question's embedding. A score is mostly 0 to 1; 1 more
    /// where the passage defines what the question asks for.
    pub fn search(&self, question: &str, vector: Option<&[f32]>, max_chars: usize) -> Vec<Passage> {
        let mut found = Vec::new();
        let mut left = max_chars;
        for Ranked { id, score, nearness } in rank::rank(self, question, vector) {
            if found.len() == MAX_PASSAGES || left == 0 {
                break;
            }
            let held = &self.passages[id];
            let Some(text) = passage::fitting(&held.text, left) else { continue };
            left -= text.chars().count();
            let source = Source { title: Arc::clone(&held.title), file: Arc::clone(&held.file), score };
            found.push(Passage { source, text, position: held.position, nearness });
        }
        found
    }

    /// What is embedded of each passage, in their order: a passage without its title often names nothing.
    fn embeddable(&self) -> impl Iterator<Item = String> {
        self.passages.iter().map(|held| format!("{}\n{}", held.title, held.text))
    }

    fn vectors(&self) -> Arc<Vectors> {
        Arc::clone(&self.vectors.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_vectors(&self, vectors: Vectors) {
        *self.vectors.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(vectors);
    }
}

/// A count as a float; counts of passages are far below where that is inexact.
#[allow(clippy::cast_precision_loss)]
fn float(count: usize) -> f32 {
    count as f32
}
