//! What embeds questions and passages, and what it remembers of that.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::library::blocking;
use super::rows::Rows;
use super::store::{Key, Maker, Row, Stored, key};
use super::vectors::quantized;
use super::{Held, Knowledge, Store, StoreError};
use crate::llm::LlmError;
use crate::llm::embeddings::{Embeddings, Side};

/// How many passages are embedded in one call: enough to keep a server busy, soon enough done to be kept.
const BATCH: usize = 32;

/// How long a question's embedding may take; then the search goes by words alone.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(3);

/// So much of a question is embedded, in characters: no model reads much more.
const QUESTION_CHARS: usize = 1_000;

/// So many questions in a row that could not be embedded, and nobody waits for the next ones ...
const FAILURES: u32 = 2;
/// ... for so long.
const PAUSE: Duration = Duration::from_secs(5);

/// What embeds, and where that is kept.
#[derive(Debug)]
pub struct Embedder {
    client: Embeddings,
    store: Store,
    /// Questions in a row that the server could not embed, and when the last was.
    failures: Mutex<(u32, Option<Instant>)>,
    /// Passages' vectors that are not in the file, because it can't be written.
    unkept: Mutex<HashMap<Key, Row>>,
    /// Texts that the server does not take, and its words for that.
    refused: Mutex<HashMap<Key, String>>,
    of_questions: Told,
    of_file: Told,
}

impl Embedder {
    /// Nothing is asked or opened yet.
    pub fn new(client: Embeddings, store: Store) -> Self {
        let (failures, unkept, refused) = (Mutex::default(), Mutex::default(), Mutex::default());
        let (of_questions, of_file) = (Told::default(), Told::default());
        Self { client, store, failures, unkept, refused, of_questions, of_file }
    }

    /// Whether the server answers at all.
    pub(super) async fn reach(&self) -> Result<(), LlmError> {
        self.client.reach().await
    }

    /// A question's vector, to be compared with those of so many dimensions; none if it can't be had soon.
    pub(super) async fn question(&self, text: &str, dimension: usize) -> Option<Vec<f32>> {
        let is_paused = |(failures, at): (u32, Option<Instant>)| {
            failures >= FAILURES && at.is_some_and(|at| at.elapsed() < PAUSE)
        };
        if is_paused(*locked(&self.failures)) {
            return None;
        }
        let end = text.char_indices().nth(QUESTION_CHARS).map_or(text.len(), |(at, _)| at);
        let embedded = timeout(QUESTION_TIMEOUT, self.client.embed(Side::Query, &[&text[..end]])).await;
        let error = match embedded.unwrap_or(Err(LlmError::Stalled(QUESTION_TIMEOUT))) {
            Ok(vectors) => {
                *locked(&self.failures) = (0, None);
                let vector = vectors.into_iter().next()?;
                if let Err(error) = self.comparable(dimension, vector.len()) {
                    self.of_questions.warn(&error, "no question can be compared; the search goes by words");
                    return None;
                }
                self.of_questions.fine();
                return Some(vector);
            }
            Err(error) => error,
        };
        self.of_questions.warn(&error, "a question is not embedded; the search goes by words");
        if is_down(&error) {
            let mut failures = locked(&self.failures);
            *failures = (failures.0 + 1, Some(Instant::now()));
        }
        None
    }

    async fn maker(&self) -> Result<Maker, LlmError> {
        let model = self.client.model().await?.to_owned();
        Ok(Maker { model, prefix: self.client.prefix(Side::Passage).await?.to_owned() })
    }

    /// The passages' vectors that there are. A file that can't be read is an error if it is to be kept in all cases.
    pub(super) async fn rows(&self, knowledge: &Arc<Knowledge>, keep: Keep) -> Result<Rows, LibraryError> {
        let maker = self.maker().await?;
        let (store, knowledge) = (self.store.clone(), Arc::clone(knowledge));
        let read = move || {
            let texts: Vec<_> = knowledge.embeddable().collect();
            let keys: Vec<_> = texts.iter().map(|text| key(text)).collect();
            let stored = if keep == Keep::Anew { Ok(Stored::default()) } else { store.read(&maker, &keys) };
            let (found, dimension) = (vec![None; keys.len()], None);
            (Rows { knowledge, texts, keys, found, maker, dimension, is_anew: keep == Keep::Anew }, stored)
        };
        let (mut rows, stored) = blocking(read).await;
        let stored = match stored {
            Err(error @ StoreError::Unusable { .. }) if keep == Keep::IfPossible => {
                self.of_file.warn(&error, "the index is not read; what is made is kept in memory");
                Stored::default()
            }
            stored => stored?,
        };
        let unkept = locked(&self.unkept);
        rows.dimension = stored.dimension.or_else(|| unkept.values().next().map(|row| row.len()));
        for (key, found) in rows.keys.iter().zip(&mut rows.found) {
            *found = stored.rows.get(key).or_else(|| unkept.get(key)).cloned(); // equal texts share one
        }
        drop(unkept);
        Ok(rows)
    }

    /// Whether the server's vectors can be compared with those there are; nothing if it can't be asked now.
    pub(super) async fn check(&self, rows: &Rows) -> Result<(), LibraryError> {
        let Some(dimension) = rows.dimension else { return Ok(()) };
        match timeout(QUESTION_TIMEOUT, self.client.embed(Side::Query, &["?"])).await {
            Ok(Ok(vectors)) => self.comparable(dimension, vectors.first().map_or(dimension, Vec::len)),
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }

    fn comparable(&self, stored: usize, made: usize) -> Result<(), LibraryError> {
        if stored == made {
            return Ok(());
        }
        Err(self.store.other("dimension", &stored.to_string(), &made.to_string()).into())
    }

    /// Embeds what lacks, batch by batch, keeps it and tells how far it is. What was embedded before an error, or
    /// before this is dropped, is kept in the rows.
    pub(super) async fn embed(
        &self,
        rows: &mut Rows,
        keep: Keep,
        told: impl Fn(Progress),
    ) -> Result<(), LibraryError> {
        let lacking: Vec<usize> = {
            let refused = locked(&self.refused);
            rows.lacking().filter(|&at| !refused.contains_key(&rows.keys[at])).collect()
        };
        let mut progress = Progress { done: rows.done(), all: rows.found.len(), new: 0 };
        told(progress);
        let mut is_kept = self.keep(rows, keep).await?; // what could not be before
        for batch in lacking.chunks(BATCH) {
            for (at, vector) in self.batch(rows, batch).await? {
                self.comparable(*rows.dimension.get_or_insert(vector.len()), vector.len())?;
                let row = quantized(&vector);
                locked(&self.unkept).insert(rows.keys[at], row.clone());
                rows.found[at] = Some(row);
                progress.new += 1;
                progress.done += 1;
            }
            // Where it can't be written, that is not tried for each batch.
            is_kept = is_kept && self.keep(rows, keep).await?;
            told(progress);
        }
        Ok(())
    }

    /// Writes into the file what is not there; whether that could be done.
    async fn keep(&self, rows: &mut Rows, keep: Keep) -> Result<bool, LibraryError> {
        let unkept: Vec<_> = locked(&self.unkept).iter().map(|(key, row)| (*key, row.clone())).collect();
        if unkept.is_empty() {
            return Ok(true);
        }
        let (store, maker, anew) = (self.store.clone(), rows.maker.clone(), rows.is_anew);
        let (written, unkept) = blocking(move || (store.write(&maker, &unkept, anew), unkept)).await;
        match written {
            Ok(()) => {
                rows.is_anew = false;
                let mut left = locked(&self.unkept);
                for (key, _) in &unkept {
                    left.remove(key);
                }
                drop(left);
                self.of_file.fine();
                Ok(true)
            }
            Err(error @ StoreError::Unusable { .. }) if keep == Keep::IfPossible => {
                self.of_file
                    .warn(&error, "embeddings are made, but not kept: the next start makes them again");
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The vectors of passages. One that the server does not take is remembered and left out.
    async fn batch(&self, rows: &Rows, batch: &[usize]) -> Result<Vec<(usize, Vec<f32>)>, LibraryError> {
        let texts: Vec<&str> = batch.iter().map(|&at| &*rows.texts[at]).collect();
        let error = match self.client.embed(Side::Passage, &texts).await {
            Ok(vectors) => return Ok(batch.iter().copied().zip(vectors).collect()),
            Err(error) if is_about_text(&error) => error,
            Err(error) => return Err(error.into()),
        };
        let mut embedded = Vec::new();
        let mut refused = Vec::new();
        for &at in batch {
            match self.client.embed(Side::Passage, &[&rows.texts[at]]).await {
                Ok(vectors) => embedded.extend(vectors.into_iter().map(|vector| (at, vector))),
                Err(LlmError::Refused { message, status, .. }) if is_refusal(status) => {
                    refused.push((at, message));
                }
                Err(error) => return Err(error.into()),
            }
        }
        if embedded.is_empty() && self.client.embed(Side::Passage, &["?"]).await.is_err() {
            return Err(error.into()); // it takes nothing: that is no matter of these texts
        }
        for (at, reason) in refused {
            let held = &rows.knowledge.passages[at];
            tracing::warn!(file = %held.file, title = %held.title, reason, "a passage is not embedded: its text is refused");
            locked(&self.refused).insert(rows.keys[at], reason);
        }
        Ok(embedded)
    }

    /// The passages that the server does not take, each with its words for that.
    pub(super) fn refused(&self, knowledge: &Knowledge) -> Vec<Refused> {
        let refused = locked(&self.refused);
        if refused.is_empty() {
            return Vec::new();
        }
        let texts = knowledge.embeddable().zip(&knowledge.passages);
        let of_one = |(text, held): (String, &Held)| {
            let reason = refused.get(&key(&text))?.clone();
            Some(Refused { file: Arc::clone(&held.file), title: Arc::clone(&held.title), reason })
        };
        texts.filter_map(of_one).collect()
    }

    /// Drops what no passage has any more: from the file, if that is most of it, and from memory. Returns how many
    /// vectors the file lost.
    pub(super) async fn prune(self: &Arc<Self>, knowledge: &Arc<Knowledge>) -> Result<u64, LibraryError> {
        let (embedder, knowledge) = (Arc::clone(self), Arc::clone(knowledge));
        let prune = move || {
            let keys: Vec<_> = knowledge.embeddable().map(|text| key(&text)).collect();
            let kept: HashSet<_> = keys.iter().collect();
            locked(&embedder.unkept).retain(|key, _| kept.contains(key));
            locked(&embedder.refused).retain(|key, _| kept.contains(key));
            embedder.store.prune(&keys)
        };
        Ok(blocking(prune).await?)
    }
}

/// Whether a server is ill, not only of another mind about one text.
fn is_down(error: &LlmError) -> bool {
    match error {
        LlmError::Unreachable { .. } | LlmError::Away { .. } | LlmError::Stalled(_) => true,
        LlmError::Refused { status, .. } => matches!(status, 429 | 500..),
        LlmError::Cut | LlmError::Garbage(_) | LlmError::Empty => false,
    }
}

/// Whether a server refuses a text, not whoever sends it.
fn is_about_text(error: &LlmError) -> bool {
    matches!(error, LlmError::Refused { status, .. } if is_refusal(*status))
}

fn is_refusal(status: u16) -> bool {
    matches!(status, 400..500) && !matches!(status, 401 | 403 | 404 | 408 | 429)
}

fn locked<T>(it: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells a trouble once, and again when it is another one: it may last for days.
#[derive(Debug, Default)]
pub(super) struct Told {
    last: Mutex<Option<String>>,
}

impl Told {
    pub(super) fn warn(&self, error: &impl fmt::Display, what: &'static str) {
        let told = error.to_string();
        let mut last = locked(&self.last);
        if last.as_deref() != Some(&*told) {
            tracing::warn!(error = told, "{what}");
            *last = Some(told);
        }
    }

    /// It is over.
    pub(super) fn fine(&self) {
        *locked(&self.last) = None;
    }
}

/// Whether embeddings are to be kept in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Else it is an error: that is what they are made for.
    Always,
    /// As always, but what the file has is made anew; it is dropped when the first passages are embedded, not before.
    Anew,
    /// Documents may lie where nothing can be written; they are served all the same.
    IfPossible,
}

/// How far the embedding is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Passages that have their vectors.
    pub done: usize,
    /// All passages.
    pub all: usize,
    /// How many of those done were embedded now, not found in the file.
    pub new: usize,
}

/// A passage that the embeddings' server does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its file.
    pub file: Arc<str>,
    /// Its title.
    pub title: Arc<str>,
    /// The server's words.
    pub reason: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.file, self.title, self.reason)
    }
}

/// Why passages are not embedded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LibraryError {
    /// The embeddings' server.
    Embeddings(LlmError),
    /// The file they are kept in.
    Store(StoreError),
}

impl From<LlmError> for LibraryError {
    fn from(error: LlmError) -> Self {
        Self::Embeddings(error)
    }
}

impl From<StoreError> for LibraryError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for LibraryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embeddings(error) => write!(f, "embeddings: {error}"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LibraryError {}
