//! The documents that are being served, their embeddings, and what becomes of both when the files change.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tokio::sync::{Notify, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

use super::store::{Key, Maker, Row, key};
use super::vectors::{Vectors, quantized};
use super::{Knowledge, LoadError, Passage, Store, StoreError, load};
use crate::llm::LlmError;
use crate::llm::embeddings::{Embeddings, Side};

/// How many passages are embedded in one call: enough to keep a server busy, soon enough done to be kept.
const BATCH: usize = 32;

/// How long a question's embedding may take; then the search goes by words alone.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(3);

/// So many questions in a row that could not be embedded, and nobody waits for the next ones ...
const FAILURES: u32 = 2;
/// ... for so long.
const PAUSE: Duration = Duration::from_secs(5);

/// After a change the files are let be for so long: whoever writes now may write on.
const SETTLED: Duration = Duration::from_secs(1);

/// How soon passages that could not be embedded are tried again.
const RETRY: Duration = Duration::from_secs(10);

/// What embeds, and where that is kept.
#[derive(Debug)]
pub struct Embedder {
    client: Embeddings,
    store: Store,
    failures: AtomicU32,
    failed_at: Mutex<Option<Instant>>,
}

impl Embedder {
    /// Nothing is asked or opened yet.
    pub fn new(client: Embeddings, store: Store) -> Self {
        Self { client, store, failures: AtomicU32::new(0), failed_at: Mutex::new(None) }
    }

    /// A question's vector; none if it can't be had soon.
    async fn question(&self, text: &str) -> Option<Vec<f32>> {
        let failed_at = *self.failed_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_down = self.failures.load(Ordering::Relaxed) >= FAILURES;
        if is_down && failed_at.is_some_and(|at| at.elapsed() < PAUSE) {
            return None;
        }
        let error = match timeout(QUESTION_TIMEOUT, self.client.embed(Side::Query, &[text])).await {
            Ok(Ok(vectors)) => {
                self.failures.store(0, Ordering::Relaxed);
                return vectors.into_iter().next();
            }
            Ok(Err(error)) => error,
            Err(_) => LlmError::Stalled(QUESTION_TIMEOUT),
        };
        tracing::warn!(%error, "a question is not embedded; the search goes by words");
        self.failures.fetch_add(1, Ordering::Relaxed);
        *self.failed_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        None
    }

    async fn maker(&self) -> Result<Maker, LlmError> {
        let model = self.client.model().await?.to_owned();
        Ok(Maker { model, prefix: self.client.prefix(Side::Passage).await?.to_owned() })
    }
}

/// Whether embeddings are to be kept in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Else it is an error: that is what they are made for.
    Always,
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

/// What a search brings.
#[derive(Debug, Default)]
pub struct Searched {
    /// The passages, best first.
    pub passages: Vec<Passage>,
    /// The search went by words alone although there are embeddings.
    pub is_degraded: bool,
}

/// The documents that are being served.
#[derive(Debug)]
pub struct Library {
    /// Where they come from; none: they are inside the binary.
    paths: Vec<PathBuf>,
    embedder: Option<Embedder>,
    current: RwLock<Arc<Knowledge>>,
    /// Why changed documents are not served; none: what is served is what lies there.
    stale: Mutex<Option<String>>,
    /// Searches that may begin.
    turns: Semaphore,
    reloaded: Notify,
}

impl Library {
    /// Loads the documents below the paths.
    pub fn load(paths: Vec<PathBuf>, embedder: Option<Embedder>) -> Result<Self, LoadError> {
        let current = RwLock::new(Arc::new(Knowledge::load(&paths)?));
        Ok(Self {
            paths,
            embedder,
            current,
            stale: Mutex::default(),
            turns: turns(),
            reloaded: Notify::new(),
        })
    }

    /// The sample museum inside the binary.
    pub fn sample() -> Self {
        Knowledge::sample().into()
    }

    /// What is served now.
    pub fn current(&self) -> Arc<Knowledge> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Why changed documents are not served, where that is so.
    pub fn stale(&self) -> Option<String> {
        self.stale.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether questions and passages are embedded.
    pub fn is_embedding(&self) -> bool {
        self.embedder.is_some()
    }

    /// Whether the embeddings' server answers at all.
    pub async fn reach(&self) -> Result<(), LlmError> {
        match &self.embedder {
            Some(embedder) => embedder.client.reach().await,
            None => Ok(()),
        }
    }

    /// The best passages for a question, as [`Knowledge::search`] finds them. It is done on a thread of its own:
    /// a search through many passages must not hold up who is being talked to.
    pub async fn search(&self, question: &str, max_chars: usize) -> Searched {
        let knowledge = self.current();
        let vector = match &self.embedder {
            Some(embedder) if knowledge.embedded() > 0 => embedder.question(question).await,
            _ => None,
        };
        let is_degraded = self.embedder.is_some() && vector.is_none();
        let question = question.to_owned();
        let search = move || knowledge.search(&question, vector.as_deref(), max_chars);
        Searched { passages: self.in_turn(search).await, is_degraded }
    }

    /// Searches on a thread for that, as many at a time as there are cores: those who come later would only make
    /// those before them late.
    pub async fn in_turn<T: Send + 'static>(&self, search: impl FnOnce() -> T + Send + 'static) -> T {
        let _turn = self.turns.acquire().await;
        blocking(search).await
    }

    /// Gives the passages the embeddings that are in the file; whether none is lacking then. Without embeddings
    /// nothing lacks.
    pub async fn recall(&self) -> Result<bool, LibraryError> {
        let Some(embedder) = &self.embedder else { return Ok(true) };
        let knowledge = self.current();
        let rows = Rows::stored(embedder, &knowledge).await?;
        let is_whole = rows.lacking().next().is_none();
        rows.give(&knowledge).await;
        Ok(is_whole)
    }

    /// Embeds what is not in the file yet, batch by batch, and tells how far it is. What was embedded before an
    /// error is kept.
    pub async fn embed(&self, keep: Keep, told: impl Fn(Progress)) -> Result<(), LibraryError> {
        match &self.embedder {
            Some(embedder) => embed(embedder, &self.current(), keep, told).await,
            None => Ok(()),
        }
    }

    /// Drops from the file what no document has any more, if that is most of it; returns how many vectors.
    pub async fn prune(&self) -> Result<u64, LibraryError> {
        let Some(embedder) = &self.embedder else { return Ok(0) };
        let (store, knowledge) = (embedder.store.clone(), self.current());
        let prune = move || store.prune(&knowledge.embeddable().map(|text| key(&text)).collect::<Vec<_>>());
        Ok(blocking(prune).await?)
    }

    /// Embeds what lacks, and serves changed documents as soon as they are seen and embedded, for as long as it is
    /// polled. `period`: how often the files are looked at; 0: never.
    pub async fn keep(&self, period: Duration) {
        let embed = async {
            loop {
                while !self.complete(&self.current()).await {
                    sleep(RETRY).await;
                }
                self.reloaded.notified().await;
            }
        };
        let watch = async {
            if period.is_zero() || self.paths.is_empty() {
                return std::future::pending().await;
            }
            let mut known = self.fingerprint().await;
            loop {
                sleep(period).await;
                let seen = self.fingerprint().await;
                if seen == known {
                    continue;
                }
                sleep(period.min(SETTLED)).await;
                if self.fingerprint().await == seen {
                    known = seen;
                    self.reload().await;
                }
            }
        };
        let ((), ()) = tokio::join!(embed, watch);
    }

    /// Loads the documents anew and serves them, embedded as far as can be.
    async fn reload(&self) {
        let paths = self.paths.clone();
        let loaded = blocking(move || Knowledge::load(&paths)).await;
        let reason = loaded.as_ref().err().map(LoadError::reason);
        *self.stale.lock().unwrap_or_else(PoisonError::into_inner) = reason;
        match loaded {
            Ok(knowledge) => {
                let knowledge = Arc::new(knowledge);
                self.complete(&knowledge).await;
                knowledge.log("reloaded");
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = knowledge;
                self.reloaded.notify_one();
            }
            Err(error) => {
                tracing::error!(%error, "the changed documents are not served; those before them are");
            }
        }
    }

    /// Embeds what lacks; whether nothing does then.
    async fn complete(&self, knowledge: &Arc<Knowledge>) -> bool {
        let Some(embedder) = &self.embedder else { return true };
        let told = |progress: Progress| {
            tracing::debug!(done = progress.done, all = progress.all, "passages embedded");
        };
        match embed(embedder, knowledge, Keep::IfPossible, told).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "not all passages are embedded; the search goes by words where they lack");
                false
            }
        }
    }

    /// Tells a change of the files below the paths: names, sizes and times.
    async fn fingerprint(&self) -> Vec<(PathBuf, u64, Option<SystemTime>)> {
        let paths = self.paths.clone();
        blocking(move || {
            let of_file = |path: PathBuf| {
                let metadata = std::fs::metadata(&path).ok()?;
                Some((path, metadata.len(), metadata.modified().ok()))
            };
            load::files(&paths).into_iter().filter_map(of_file).collect()
        })
        .await
    }
}

impl From<Knowledge> for Library {
    fn from(knowledge: Knowledge) -> Self {
        let current = RwLock::new(Arc::new(knowledge));
        let stale = Mutex::default();
        Self { paths: Vec::new(), embedder: None, current, stale, turns: turns(), reloaded: Notify::new() }
    }
}

/// A search for each core.
fn turns() -> Semaphore {
    Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from))
}

/// Passages' vectors, as far as there are any.
struct Rows {
    texts: Vec<String>,
    keys: Vec<Key>,
    found: Vec<Option<Row>>,
    maker: Maker,
}

impl Rows {
    /// Those in the file.
    async fn stored(embedder: &Embedder, knowledge: &Arc<Knowledge>) -> Result<Self, LibraryError> {
        let maker = embedder.maker().await?;
        let (store, knowledge) = (embedder.store.clone(), Arc::clone(knowledge));
        let read = move || {
            let texts: Vec<_> = knowledge.embeddable().collect();
            let keys: Vec<_> = texts.iter().map(|text| key(text)).collect();
            let mut found = store.read(&maker, &keys)?;
            let found = keys.iter().map(|key| found.remove(key)).collect();
            Ok::<_, StoreError>(Self { texts, keys, found, maker })
        };
        Ok(blocking(read).await?)
    }

    /// The numbers of those that lack.
    fn lacking(&self) -> impl Iterator<Item = usize> {
        self.found.iter().enumerate().filter(|(_, row)| row.is_none()).map(|(at, _)| at)
    }

    /// Lets the passages be found by what there is.
    async fn give(self, knowledge: &Arc<Knowledge>) {
        let knowledge = Arc::clone(knowledge);
        let give = move || {
            let numbered = self.found.into_iter().zip(0..).filter_map(|(row, at)| Some((at, row?)));
            knowledge.set_vectors(Vectors::new(&numbered.collect::<Vec<_>>()));
        };
        blocking(give).await;
    }
}

async fn embed(
    embedder: &Embedder,
    knowledge: &Arc<Knowledge>,
    keep: Keep,
    told: impl Fn(Progress),
) -> Result<(), LibraryError> {
    let mut rows = Rows::stored(embedder, knowledge).await?;
    let lacking: Vec<usize> = rows.lacking().collect();
    let all = rows.found.len();
    let mut new = 0;
    told(Progress { done: all - lacking.len(), all, new });
    let mut result = Ok(());
    for batch in lacking.chunks(BATCH) {
        match embed_batch(embedder, &mut rows, batch).await {
            Ok(()) => {}
            Err(LibraryError::Store(error)) if keep == Keep::IfPossible => {
                tracing::warn!(%error, "embeddings are made, but not kept: the next start makes them again");
            }
            Err(error) => {
                result = Err(error);
                break;
            }
        }
        new += batch.len();
        told(Progress { done: all - lacking.len() + new, all, new });
    }
    rows.give(knowledge).await;
    result
}

async fn embed_batch(embedder: &Embedder, rows: &mut Rows, batch: &[usize]) -> Result<(), LibraryError> {
    let texts: Vec<&str> = batch.iter().map(|&at| &*rows.texts[at]).collect();
    let vectors = embedder.client.embed(Side::Passage, &texts).await?;
    let keyed = batch.iter().zip(vectors).map(|(&at, vector)| (rows.keys[at], quantized(&vector)));
    let keyed: Vec<_> = keyed.collect();
    for (&at, (_, row)) in batch.iter().zip(&keyed) {
        rows.found[at] = Some(row.clone());
    }
    let (store, maker) = (embedder.store.clone(), rows.maker.clone());
    Ok(blocking(move || store.write(&maker, &keyed)).await?)
}

/// Does what blocks on a thread for that.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
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
