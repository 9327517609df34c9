//! All sessions, by id.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use futures_util::{StreamExt, stream};
#[cfg(not(test))]
use getrandom::fill;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

#[cfg(test)]
use super::cluster::fill; // so that a simulation can be repeated
use super::joined::shown;
use super::journal::Journal;
use super::node::{Node, StoreOutage};
use super::outbox::GivenUp;
use super::state::{Beside, Job, Known, Seat, State};
use super::store::{Claimed, Kept, RedisStore, StoreError, digest, hex};
use super::{Attached, Knobs, Session, Shared};
use crate::event::Status;
use crate::observe::Metrics;
use crate::turn::Engine;

/// How many sessions the sweep erases from the store at one time.
const ERASED_AT_ONCE: usize = 32;

/// All sessions of a server.
pub struct Sessions {
    pub(super) map: DashMap<Arc<str>, Arc<Session>>,
    rng: Mutex<fastrand::Rng>,
    pub(super) shared: Arc<Shared>,
}

/// Where sessions are kept besides this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreKnobs {
    /// Redis' URL.
    pub url: String,
    /// What all keys begin with.
    pub prefix: String,
    /// Where other nodes find this one: `HOST:PORT`; by default where it listens.
    pub advertise: Option<String>,
    /// What becomes of new sessions while the store is away.
    pub outage: StoreOutage,
}

/// Which session a client wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Its id.
    pub id: Option<&'a str>,
    /// The resume token of one that it comes back to.
    pub resume: Option<&'a str>,
    /// The last sequence number that it knows.
    pub last_seq: Option<u64>,
    /// Which owner of the session had told it so, counted from 1; where sessions have owners.
    pub owner: Option<u64>,
}

/// Where a client's session is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located {
    /// Here, or nowhere yet: [`Sessions::open`] opens it.
    Here,
    /// Here a new one is opened: the id asked for is somebody's.
    Taken,
    /// Its turn runs at the node with this address.
    Elsewhere(String),
    /// Nobody knows: the store is away.
    Unknown,
}

/// A session and what its new socket is told.
pub struct Opened {
    /// The session.
    pub session: Arc<Session>,
    /// What its socket is told first, and the queue of what follows.
    pub attached: Attached,
}

impl Sessions {
    /// An empty registry. Turns run on `tasks`, are counted in `metrics`, and are not begun after `shutdown`.
    /// An error says that the store's URL can't be read. With a store, needs a runtime.
    pub fn new(
        engine: Engine,
        knobs: Knobs,
        store: Option<StoreKnobs>,
        metrics: Arc<Metrics>,
        tasks: TaskTracker,
        shutdown: CancellationToken,
    ) -> Result<Arc<Self>, String> {
        let node = store.map(|store| {
            let StoreKnobs { url, prefix, advertise, outage } = store;
            let (name, ttl) = (random_id().to_string(), engine.knobs.description_ttl);
            let store = RedisStore::new(&url, prefix, name, knobs.session_ttl, ttl)
                .map_err(|error| error.to_string())?;
            Ok::<_, String>(Arc::new(Node::new(Box::new(store), outage, advertise)))
        });
        Ok(Self::at_node(engine, knobs, node.transpose()?, metrics, tasks, shutdown))
    }

    /// An empty registry, at a node if there are others.
    pub(super) fn at_node(
        engine: Engine,
        knobs: Knobs,
        node: Option<Arc<Node>>,
        metrics: Arc<Metrics>,
        tasks: TaskTracker,
        shutdown: CancellationToken,
    ) -> Arc<Self> {
        let rng = Mutex::new(knobs.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed));
        let (drivers, draining) = (TaskTracker::new(), CancellationToken::new());
        let shared = Arc::new(Shared { engine, knobs, metrics, tasks, drivers, draining, shutdown, node });
        Arc::new(Self { map: DashMap::new(), rng, shared })
    }

    /// What turns share.
    pub fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    /// Finds a client's session, and takes it over where another node had it. To be called before [`Sessions::open`].
    /// `is_relayed`: another node has sent the client here, so here it stays.
    pub async fn locate(&self, wanted: &Wanted<'_>, is_relayed: bool) -> Located {
        let Some(node) = &self.shared.node else { return Located::Here };
        match (wanted.id, wanted.resume) {
            (Some(id), Some(token)) => {
                if self.is_still_ours(node, id, token, wanted).await {
                    return Located::Here;
                }
                let token_digest = digest(token);
                match node.call(node.store().claim(id, &token_digest, !is_relayed)).await {
                    Ok(Claimed::Unknown) => {
                        // What was lost here and is nowhere else is gone.
                        self.map.remove_if(id, |_, session| session.lock().is_lost());
                        Located::Here
                    }
                    Ok(Claimed::Elsewhere(address)) => Located::Elsewhere(address),
                    Ok(Claimed::Ours(kept)) => {
                        self.restore(node, id, token, &kept, wanted.last_seq.unwrap_or(0));
                        Located::Here
                    }
                    Err(StoreError::Broken(error)) => {
                        tracing::warn!(session = &*shown(id), error, "the session could not be read");
                        Located::Here // as one that is unknown
                    }
                    Err(_) => Located::Unknown,
                }
            }
            _ if node.refuses() => Located::Unknown,
            (Some(id), None) => match node.call(node.store().exists(id)).await {
                Ok(true) => Located::Taken,
                _ if node.refuses() => Located::Unknown,
                _ => Located::Here,
            },
            (None, _) => Located::Here,
        }
    }

    /// Whether this node holds the session and, as far as can be known, no other has taken it.
    async fn is_still_ours(&self, node: &Node, id: &str, token: &str, wanted: &Wanted<'_>) -> bool {
        let Some(session) = self.map.get(id).map(|session| Arc::clone(&session)) else { return false };
        let (fence, is_ahead) = {
            let state = session.lock();
            let Some(journal) = state.journal.as_ref().filter(|_| !state.is_lost()) else { return false };
            if !state.has_token(token) {
                return false;
            }
            // It was heard elsewhere since.
            if wanted.owner > Some(journal.fence()) {
                return false;
            }
            (journal.fence(), Some(state.seq()) < wanted.last_seq)
        };
        let held = node.call(node.store().touch(&[(Arc::clone(session.id()), fence)])).await;
        match held.as_deref() {
            Ok([Err(StoreError::Fenced)]) => {
                session.lock().lose(GivenUp::Replaced);
                false
            }
            // A client that has heard more has heard it elsewhere.
            Err(_) => !is_ahead,
            _ => true,
        }
    }

    /// Puts a session that was another's among this node's, and begins its turn again if it has not ended.
    fn restore(&self, node: &Arc<Node>, id: &str, token: &str, kept: &Kept, last_seq: u64) {
        let id: Arc<str> = Arc::from(id);
        // What this node knew is of its time as a former owner: perhaps of a visitor who was forgotten since.
        self.shared.engine.descriptions.begin_anew(&id, kept.record.visitor);
        let state = State::restore(&self.shared.knobs, self.fork_rng(), token, kept, last_seq);
        let session = self.new_session(Arc::clone(&id), state, Some((node, kept.fence)));
        match self.map.entry(Arc::clone(&id)) {
            // Two sockets came at once, and the answer to the other one's claim was quicker.
            Entry::Occupied(held) if held.get().lock().fence() > Some(kept.fence) => return,
            Entry::Occupied(mut held) => held.insert(Arc::clone(&session)).lock().lose(GivenUp::Replaced),
            Entry::Vacant(vacant) => drop(vacant.insert(Arc::clone(&session))),
        }
        if let Some(seen) = &kept.seen {
            self.shared.engine.descriptions.recall(&id, Arc::clone(&seen.text), seen.age);
        }
        if let Some(running) = kept.record.running.clone() {
            let mut state = session.lock();
            // It was let in where it began.
            if let Some(admission) = &self.shared.engine.admission {
                state.seat = Seat::Kept(Box::new(admission.force()));
            }
            session.enqueue(&mut state, Job::Restart(running));
        }
    }

    pub(super) fn new_session(
        &self,
        id: Arc<str>,
        state: State,
        stored: Option<(&Arc<Node>, u64)>,
    ) -> Arc<Session> {
        Arc::new_cyclic(|session| {
            let mut state = state;
            state.journal = stored.map(|(node, fence)| {
                Box::new(Journal::new(Arc::clone(node), Weak::clone(session), fence, &state.resume_token()))
            });
            Session { id, shared: Arc::clone(&self.shared), state: Mutex::new(state) }
        })
    }

    pub(super) fn fork_rng(&self) -> fastrand::Rng {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).fork()
    }

    /// Opens a session for a socket. With the right resume token it is the old one; else a new one, under
    /// the id asked for if nobody has it. None: another node has taken it since it was located, and its client is
    /// to come again.
    pub fn open(&self, wanted: &Wanted<'_>) -> Option<Opened> {
        if let (Some(id), Some(token)) = (wanted.id, wanted.resume)
            // The map's guard is held until the socket is attached, so that no sweep comes between.
            && let Some(session) = self.map.get(id).filter(|session| session.lock().has_token(token))
        {
            let known = Known { seq: wanted.last_seq.unwrap_or(0), owner: wanted.owner };
            let attached = session.attach(Some(known), Beside::Nobody)?;
            return Some(Opened { session: Arc::clone(&session), attached });
        }
        // A wrong token must not tell whether the session exists: the id is new in both cases.
        let id = wanted.id.filter(|_| wanted.resume.is_none()).map_or_else(random_id, Arc::from);
        let session = self.create(id);
        let attached = session.attach(None, Beside::Nobody)?;
        session.prefetch_at_opening();
        Some(Opened { session, attached })
    }

    fn create(&self, wanted: Arc<str>) -> Arc<Session> {
        let mut id = wanted;
        loop {
            match self.map.entry(Arc::clone(&id)) {
                Entry::Occupied(_) => id = random_id(),
                Entry::Vacant(vacant) => {
                    let state = State::new(&self.shared.knobs, self.fork_rng());
                    let session =
                        self.new_session(id, state, self.shared.node.as_ref().map(|node| (node, 1)));
                    vacant.insert(Arc::clone(&session));
                    return session;
                }
            }
        }
    }

    /// How many sessions there are.
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// How many tasks run for them.
    pub fn tasks(&self) -> usize {
        self.shared.tasks.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Takes no more messages, and gives each socket up once its session has nothing to do. Resolves when all
    /// turns that were taken are played, whether their clients are there or not.
    pub async fn drain(&self) {
        self.shared.draining.cancel();
        // A message is taken under its session's lock: behind this loop none is that was not told of the drain.
        for session in &self.map {
            session.lock().release_if_idle();
        }
        self.shared.drivers.close();
        self.shared.drivers.wait().await;
    }

    /// Resolves when messages begin to be refused because the server restarts.
    pub fn draining(&self) -> impl Future<Output = ()> + Send + use<> {
        self.shared.draining.clone().cancelled_owned()
    }

    /// Whether messages are refused because the server restarts.
    pub fn is_draining(&self) -> bool {
        self.shared.draining.is_cancelled()
    }

    /// Leaves running turns to whoever owns their sessions next, if there is a store by which that is possible.
    pub fn hand_over(&self) {
        if self.shared.node.as_ref().is_some_and(|node| !node.is_down()) {
            for session in &self.map {
                session.lock().hand_over();
            }
        }
    }

    /// Ends every running turn; messages that wait are not begun.
    pub fn stop_turns(&self) {
        for session in &self.map {
            session.lock().stop_active(Status::Cancelled);
        }
    }

    /// Ends a session that is taken off the map; by which fence the store is to erase it.
    pub(super) fn forsake(&self, id: &str, session: &Session) -> Option<u64> {
        let mut state = session.lock();
        let fence = state.fence();
        state.lose(GivenUp::Replaced); // what is still being written must not bring it back
        drop(state);
        self.shared.engine.descriptions.remove(id);
        fence
    }

    /// Drops abandoned sessions, for as long as it is polled.
    pub async fn sweep(&self) {
        let ttl = self.shared.knobs.session_ttl;
        let mut tick =
            tokio::time::interval((ttl / 4).clamp(Duration::from_millis(50), Duration::from_secs(15)));
        loop {
            tick.tick().await;
            let mut dropped = Vec::new();
            self.map.retain(|id, session| {
                let is_kept = !session.lock().is_abandoned(ttl);
                if !is_kept {
                    let fence = self.forsake(id, session);
                    dropped.extend(fence.map(|fence| (Arc::clone(id), fence)));
                }
                is_kept
            });
            dropped.sort_unstable(); // as tests are to be repeated
            if let Some(node) = &self.shared.node {
                let erased =
                    stream::iter(dropped).for_each_concurrent(ERASED_AT_ONCE, async |(id, fence)| {
                        let _ = node.call(node.store().erase(&id, fence)).await; // else it expires by itself
                    });
                erased.await;
            }
        }
    }
}

/// 128 random bits in hex: nobody guesses a session or its resume token.
pub(crate) fn random_id() -> Arc<str> {
    let mut bytes = [0; 16];
    fill(&mut bytes).expect("the operating system gives random bytes");
    hex(&bytes).into()
}
