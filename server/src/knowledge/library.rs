//! The documents that are being served, their embeddings, and what becomes of both when the files change.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::embedder::{Embedder, Keep, LibraryError, Progress, Refused, Told};
use super::watch::Watch;
use super::{Knowledge, LoadError, Passage, Sources};
use crate::llm::LlmError;

/// How soon passages that could not be embedded are tried again.
const RETRY: Duration = Duration::from_secs(10);

/// How long changed documents may be embedded before they are served; what lacks then is embedded afterwards.
const SOON: Duration = Duration::from_secs(3);

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
    sources: Sources,
    watch: Watch,
    embedder: Option<Arc<Embedder>>,
    current: RwLock<Arc<Knowledge>>,
    /// Why changed documents are not served; none: what is served is what lies there.
    stale: Mutex<Option<String>>,
    /// Searches that may begin.
    turns: Arc<Semaphore>,
    told: Told,
}

impl Library {
    /// Loads the documents.
    pub fn load(sources: impl Into<Sources>, embedder: Option<Embedder>) -> Result<Self, LoadError> {
        let sources = sources.into();
        let watch = Watch::over(sources.paths.clone()); // before they are read: what changes meanwhile is read again
        let knowledge = Knowledge::of_sources(&sources)?;
        Ok(Self { sources, watch, embedder: embedder.map(Arc::new), ..knowledge.into() })
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
            Some(embedder) => embedder.reach().await,
            None => Ok(()),
        }
    }

    /// The best passages for a question, as [`Knowledge::search`] finds them. It is done on a thread of its own:
    /// a search through many passages must not hold up who is being talked to.
    pub async fn search(&self, question: &str, max_chars: usize) -> Searched {
        let knowledge = self.current();
        let vector = match (&self.embedder, knowledge.dimension()) {
            (Some(embedder), Some(dimension)) => embedder.question(question, dimension).await,
            _ => None,
        };
        let is_degraded = self.embedder.is_some() && vector.is_none();
        let question = question.to_owned();
        let search = move || knowledge.search(&question, vector.as_deref(), max_chars);
        Searched { passages: self.in_turn(search).await, is_degraded }
    }

    /// Searches on a thread for that, as many at a time as there are cores: those who come later would only make
    /// those before them late. A search that nobody waits for any more has its turn until its end.
    pub async fn in_turn<T: Send + 'static>(&self, search: impl FnOnce() -> T + Send + 'static) -> T {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let search = move || {
            let _turn = turn;
            search()
        };
        blocking(search).await
    }

    /// Gives the passages the embeddings that are in the file; whether none is lacking then. Without embeddings
    /// nothing lacks. What can't be compared with what the server makes is an error.
    pub async fn recall(&self) -> Result<bool, LibraryError> {
        let Some(embedder) = &self.embedder else { return Ok(true) };
        let rows = embedder.rows(&self.current(), Keep::IfPossible).await?;
        embedder.check(&rows).await?;
        let is_whole = rows.is_whole();
        rows.give().await;
        Ok(is_whole)
    }

    /// Embeds what is not in the file yet, batch by batch, and tells how far it is. What was embedded before an
    /// error is kept.
    pub async fn embed(&self, keep: Keep, told: impl Fn(Progress)) -> Result<(), LibraryError> {
        let Some(embedder) = &self.embedder else { return Ok(()) };
        let mut rows = embedder.rows(&self.current(), keep).await?;
        if rows.is_whole() {
            embedder.check(&rows).await?; // else the first that is made shows it
        }
        let done = embedder.embed(&mut rows, keep, told).await;
        rows.give().await;
        done
    }

    /// The passages that the embeddings' server does not take.
    pub fn refused(&self) -> Vec<Refused> {
        self.embedder.as_ref().map_or_else(Vec::new, |embedder| embedder.refused(&self.current()))
    }

    /// Drops from the file what no document has any more, if that is most of it; returns how many vectors.
    pub async fn prune(&self) -> Result<u64, LibraryError> {
        match &self.embedder {
            Some(embedder) => embedder.prune(&self.current()).await,
            None => Ok(0),
        }
    }

    /// Embeds what lacks, and serves changed documents soon after they are seen, for as long as it is polled.
    /// `period`: how often the files are looked at; 0: never.
    pub async fn keep(&self, period: Duration) {
        let mut is_reloaded = false;
        loop {
            tokio::select! {
                () = self.watch.changed(period) => {}
                never = self.complete(is_reloaded) => match never {},
            }
            is_reloaded |= self.reload().await;
        }
    }

    /// Loads the documents anew and serves them, embedded as far as they soon can be; whether they could be loaded.
    async fn reload(&self) -> bool {
        let sources = self.sources.clone();
        let loaded = blocking(move || Knowledge::of_sources(&sources)).await;
        let reason = loaded.as_ref().err().map(LoadError::reason);
        *self.stale.lock().unwrap_or_else(PoisonError::into_inner) = reason;
        let knowledge = match loaded {
            Ok(knowledge) => Arc::new(knowledge),
            Err(error) => {
                tracing::error!(%error, "the changed documents are not served; those before them are");
                return false;
            }
        };
        if let Some(embedder) = &self.embedder
            && let Ok(mut rows) = embedder.rows(&knowledge, Keep::IfPossible).await
        {
            // Whatever hinders it is told when the rest is embedded.
            let _ = timeout(SOON, embedder.embed(&mut rows, Keep::IfPossible, |_| {})).await;
            rows.give().await;
        }
        knowledge.log("reloaded", self.current().skipped());
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let former = std::mem::replace(&mut *current, knowledge);
        drop(current);
        spawn_blocking(move || drop(former)); // that takes its time
        true
    }

    /// Embeds what lacks, and then does nothing. `prunes`: what is not served any more is dropped.
    async fn complete(&self, prunes: bool) -> Infallible {
        while let Err(error) = self.embed(Keep::IfPossible, |_| {}).await {
            self.told.warn(&error, "not all passages are embedded; the search goes by words where they lack");
            sleep(RETRY).await;
        }
        self.told.fine();
        if prunes && let Err(error) = self.prune().await {
            tracing::debug!(%error, "embeddings of former passages are not dropped");
        }
        std::future::pending().await
    }
}

impl From<Knowledge> for Library {
    fn from(knowledge: Knowledge) -> Self {
        // A search for each core.
        let turns = Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from));
        Self {
            sources: Sources::default(),
            watch: Watch::over(Vec::new()),
            embedder: None,
            current: RwLock::new(Arc::new(knowledge)),
            stale: Mutex::default(),
            turns: Arc::new(turns),
            told: Told::default(),
        }
    }
}

/// Does what blocks on a thread for that.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => std::future::pending().await, // the runtime ends, and whoever waits here with it
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[tokio::test]
    async fn a_search_that_nobody_waits_for_has_its_turn_until_its_end() {
        let library = Library::sample();
        let turns = library.turns.available_permits();
        let end = Arc::new(Barrier::new(turns + 1));
        for _ in 0..turns {
            let end = Arc::clone(&end);
            let mut search = Box::pin(library.in_turn(move || end.wait()));
            // It begins, and is given up.
            assert!(futures_util::poll!(&mut search).is_pending());
        }
        let left = library.turns.available_permits();
        let mut next = Box::pin(library.in_turn(|| ()));
        let next_waits = futures_util::poll!(&mut next).is_pending();
        blocking(move || end.wait()).await; // before anything is asserted: a panic would wait for those searches
        if next_waits {
            next.await;
        }
        assert!(left == 0 && next_waits, "{left} turns are left");
    }
}
