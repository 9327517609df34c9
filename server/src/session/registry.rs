//! All sessions, by id.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::state::State;
use super::{Attached, Knobs, Session, Shared};
use crate::event::Status;
use crate::observe::Metrics;
use crate::turn::Engine;

/// All sessions of a server.
pub struct Sessions {
    map: DashMap<Arc<str>, Arc<Session>>,
    rng: Mutex<fastrand::Rng>,
    shared: Arc<Shared>,
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
    pub fn new(
        engine: Engine,
        knobs: Knobs,
        metrics: Arc<Metrics>,
        tasks: TaskTracker,
        shutdown: CancellationToken,
    ) -> Arc<Self> {
        let rng = Mutex::new(knobs.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed));
        let (drivers, draining) = (TaskTracker::new(), CancellationToken::new());
        let shared = Arc::new(Shared { engine, knobs, metrics, tasks, drivers, draining, shutdown });
        Arc::new(Self { map: DashMap::new(), rng, shared })
    }

    /// What turns share.
    pub fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    /// Opens a session for a socket. With the right resume token it is the old one; else a new one, under
    /// the id asked for if nobody has it.
    pub fn open(&self, wanted: Option<&str>, resume: Option<&str>, last_seq: Option<u64>) -> Opened {
        if let (Some(id), Some(token)) = (wanted, resume)
            // The map's guard is held until the socket is attached, so that no sweep comes between.
            && let Some(session) = self.map.get(id).filter(|session| session.lock().has_token(token))
        {
            let attached = session.attach(Some(last_seq.unwrap_or(0)));
            return Opened { session: Arc::clone(&session), attached };
        }
        // A wrong token must not tell whether the session exists: the id is new in both cases.
        let wanted = wanted.filter(|_| resume.is_none()).map_or_else(random_id, Arc::from);
        let session = self.create(wanted);
        let attached = session.attach(None);
        session.prefetch_at_opening();
        Opened { session, attached }
    }

    fn create(&self, wanted: Arc<str>) -> Arc<Session> {
        let mut id = wanted;
        loop {
            match self.map.entry(Arc::clone(&id)) {
                Entry::Occupied(_) => id = random_id(),
                Entry::Vacant(vacant) => {
                    let rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner).fork();
                    let state = Mutex::new(State::new(&self.shared.knobs, rng));
                    let session = Arc::new(Session { id, shared: Arc::clone(&self.shared), state });
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
            session.lock().drain();
        }
        self.shared.drivers.close();
        self.shared.drivers.wait().await;
    }

    /// Whether messages are refused because the server restarts.
    pub fn is_draining(&self) -> bool {
        self.shared.draining.is_cancelled()
    }

    /// Ends every running turn; messages that wait are not begun.
    pub fn stop_turns(&self) {
        for session in &self.map {
            session.lock().stop_active(Status::Cancelled);
        }
    }

    /// Drops abandoned sessions, for as long as it is polled.
    pub async fn sweep(&self) {
        let ttl = self.shared.knobs.session_ttl;
        let mut tick =
            tokio::time::interval((ttl / 4).clamp(Duration::from_millis(50), Duration::from_secs(15)));
        loop {
            tick.tick().await;
            self.map.retain(|id, session| {
                let is_kept = !session.lock().is_abandoned(ttl);
                if !is_kept {
                    self.shared.engine.descriptions.remove(id);
                }
                is_kept
            });
        }
    }
}

/// 128 random bits in hex: nobody guesses a session or its resume token.
pub(super) fn random_id() -> Arc<str> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
        .iter()
        .fold(String::with_capacity(32), |mut id, byte| {
            let _ = write!(id, "{byte:02x}");
            id
        })
        .into()
}
