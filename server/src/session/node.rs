//! This node among others that share a store: its heartbeat, and what is done for its sessions from time to time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::Session;
use super::outbox::GivenUp;
use super::registry::Sessions;
use super::store::{Reply, Store, StoreError};

/// How long anything waits for the store. A visitor notices no more of it.
const PATIENCE: Duration = Duration::from_millis(250);

/// How often a node says that it lives, and looks whether a store that was away is back.
const BEAT: Duration = Duration::from_millis(300);

/// How many sessions are kept from running out in one call.
const TOUCHED_AT_ONCE: usize = 500;

/// How many sessions are written whole at one time behind an outage.
const CATCHING_UP: usize = 8;

/// What becomes of new sessions while the store can't be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreOutage {
    /// They are served by this node alone, and written once the store is back.
    Memory,
    /// They are refused (close code 1013).
    Refuse,
}

impl StoreOutage {
    /// All, as flags name them.
    pub const NAMES: [(&str, Self); 2] = [("memory", Self::Memory), ("refuse", Self::Refuse)];
}

/// A node's access to the store that it shares with others.
pub(super) struct Node {
    store: Box<dyn Store>,
    outage: StoreOutage,
    /// Where others find this node, if that is not where it listens.
    advertise: Option<String>,
    is_down: AtomicBool,
    /// Lets a few sessions at a time be written whole behind an outage: all at once would be the next one.
    pub(super) catching_up: Semaphore,
}

impl Node {
    pub(super) fn new(store: Box<dyn Store>, outage: StoreOutage, advertise: Option<String>) -> Self {
        let (is_down, catching_up) = (AtomicBool::new(false), Semaphore::new(CATCHING_UP));
        Self { store, outage, advertise, is_down, catching_up }
    }

    pub(super) fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Whether the last call got no answer. Nothing is asked of the store then but the next beat.
    pub(super) fn is_down(&self) -> bool {
        self.is_down.load(Ordering::Relaxed)
    }

    /// Whether a session that is not here can't be begun now.
    pub(super) fn refuses(&self) -> bool {
        self.is_down() && self.outage == StoreOutage::Refuse
    }

    /// Waits for the store's answer, within reason.
    pub(super) async fn call<T>(&self, reply: Reply<'_, T>) -> Result<T, StoreError> {
        if self.is_down() {
            return Err(StoreError::Unavailable("the store is away".into()));
        }
        self.ask(reply).await
    }

    async fn ask<T>(&self, reply: Reply<'_, T>) -> Result<T, StoreError> {
        let late = || Err(StoreError::Unavailable(format!("no answer within {} ms", PATIENCE.as_millis())));
        let answer = timeout(PATIENCE, reply).await.unwrap_or_else(|_| late());
        if let Err(StoreError::Unavailable(why)) = &answer
            && !self.is_down.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(why, "the store is away: sessions go on in memory");
        }
        answer
    }
}

impl Sessions {
    /// Says that this node lives and does what the store needs, for as long as it is polled. `listens`: where the
    /// node listens.
    pub async fn keep_stored(&self, listens: Option<SocketAddr>) {
        let Some(node) = &self.shared.node else { return std::future::pending().await };
        let address = node.advertise.clone().unwrap_or_else(|| match listens {
            Some(address) if !address.ip().is_unspecified() => address.to_string(),
            // Nobody is found at 0.0.0.0.
            _ => {
                tracing::warn!(
                    "other nodes can't find this one: a client that comes back to one of them has its turn begun \
                     again; say --advertise HOST:PORT"
                );
                String::new()
            }
        });
        let touch_every = self.shared.knobs.session_ttl / 3;
        let mut touched = Instant::now();
        let mut is_told = false;
        let mut tick = interval(BEAT);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let Ok(taken) = node.ask(node.store().beat(&address)).await else { continue };
            if !std::mem::replace(&mut is_told, true) {
                tracing::info!(address, "sessions are shared with other nodes");
            }
            for (fence, id) in taken {
                let session = self.map.get(&*id).map(|session| Arc::clone(&session));
                if let Some(session) = session {
                    session.lose_to(fence);
                }
            }
            let is_back = node.is_down.swap(false, Ordering::Relaxed);
            if is_back {
                tracing::info!("the store is back");
                self.each(Session::catch_up);
            }
            // What an outage has left of the sessions there is not known.
            if touched.elapsed() >= touch_every || is_back {
                touched = Instant::now();
                self.touch(node).await;
            }
        }
    }

    /// Whether the store answers; none if sessions are kept in memory only. An error says why it doesn't.
    pub async fn reach_store(&self) -> Option<Result<(), String>> {
        let node = self.shared.node.as_ref()?;
        let answer = node.call(node.store().exists("-")).await; // any id: it is the answer that counts
        Some(answer.map(drop).map_err(|error| error.to_string()))
    }

    /// Whether new sessions are refused, because the store is away.
    pub fn refuses_new(&self) -> bool {
        self.shared.node.as_ref().is_some_and(|node| node.refuses())
    }

    /// Says that this node lives no longer: its sessions are free at once.
    pub async fn leave_store(&self) {
        if let Some(node) = &self.shared.node {
            let _ = node.call(node.store().leave()).await; // else it is missed soon enough
        }
    }

    async fn touch(&self, node: &Node) {
        let mut used = Vec::new();
        self.each(|session| {
            used.extend(session.fence_in_use().map(|fence| (Arc::clone(&session.id), fence)));
        });
        for some in used.chunks(TOUCHED_AT_ONCE) {
            let Ok(found) = node.call(node.store().touch(some)).await else { return };
            for ((id, fence), found) in some.iter().zip(found) {
                let session = self.map.get(id).map(|session| Arc::clone(&session));
                match (session, found) {
                    (Some(session), Err(StoreError::Missing)) => session.write_whole(),
                    (Some(session), Err(StoreError::Fenced)) => session.lose_to(fence + 1),
                    (Some(session), Err(StoreError::Collided)) => session.lock().lose(GivenUp::Collided),
                    _ => {}
                }
            }
        }
    }

    /// Does something with each session, without a map's guard.
    fn each(&self, mut what: impl FnMut(&Arc<Session>)) {
        let mut sessions: Vec<_> = self.map.iter().map(|session| Arc::clone(&session)).collect();
        sessions.sort_unstable_by(|a, b| a.id.cmp(&b.id)); // as tests are to be repeated
        sessions.iter().for_each(&mut what);
    }
}

impl Session {
    /// Another node owns the session by a higher fence: nothing more is said of it here.
    fn lose_to(&self, fence: u64) {
        let mut state = self.lock();
        if state.journal.as_ref().is_some_and(|journal| journal.fence() < fence) {
            state.lose(GivenUp::Replaced);
        }
    }

    /// Writes what the store has missed.
    fn catch_up(self: &Arc<Self>) {
        if let Some(journal) = &mut self.lock().journal
            && journal.is_behind()
        {
            journal.write_whole();
        }
    }

    fn write_whole(&self) {
        if let Some(journal) = &mut self.lock().journal {
            journal.write_whole();
        }
    }

    /// The fence of a session that must not run out.
    fn fence_in_use(&self) -> Option<u64> {
        let state = self.lock();
        state.journal.as_ref().filter(|_| state.is_in_use()).map(|journal| journal.fence())
    }
}
