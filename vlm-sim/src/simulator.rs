//! The state that all routes share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Router, middleware};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::config::{Config, InvalidConfig};
use crate::dice::{Dice, Visit};
use crate::ledger::{Ledger, Stats};
use crate::sessions::Sessions;
use crate::{chat, description, desk};

/// A description of the visitor.
pub(crate) const DESCRIPTION: &str = "/api/get-user-description";
/// All descriptions.
pub(crate) const POOL: &str = "/api/get-user-description/pool";
/// A description of a session's visitor, in the service's later form.
pub(crate) const VISUAL_CONTEXT: &str = "/visual-context/{id}";
/// How many sessions there are.
pub(crate) const SESSIONS: &str = "/sessions";
/// Whether the simulator is alive.
pub(crate) const HEALTH: &str = "/health";
/// The chat models.
pub(crate) const MODELS: &str = "/v1/models";
/// A chat.
pub(crate) const CHAT: &str = "/v1/chat/completions";
/// The books.
pub(crate) const STATS: &str = "/stats";

/// The largest request body in bytes: a conversation with some pictures of 2 MiB in base64.
const MAX_BODY: usize = 32 << 20;

/// A simulator. Cheap to clone; the clones share everything.
#[derive(Clone, Debug)]
pub struct Simulator(pub(crate) Arc<State>);

/// What the handlers work on.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) config: Config,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) sessions: Sessions,
    pub(crate) started: Instant,
    dice: Dice,
    gate: Option<Arc<Semaphore>>,
    /// How many chats there were: each one's id.
    chats: AtomicU64,
}

impl Simulator {
    /// Builds a simulator, unless a knob is set to what cannot be meant.
    pub fn new(config: Config) -> Result<Self, InvalidConfig> {
        config.validate()?;
        Ok(Self(Arc::new(State {
            ledger: Ledger::new(&[DESCRIPTION, POOL, VISUAL_CONTEXT, SESSIONS, HEALTH, MODELS, CHAT]),
            sessions: Sessions::default(),
            started: Instant::now(),
            dice: Dice::new(config.seed),
            gate: config.capacity.map(|calls| Arc::new(Semaphore::new(calls.min(Semaphore::MAX_PERMITS)))),
            chats: AtomicU64::new(0),
            config,
        })))
    }

    /// What was served until now; the same as `GET /stats`.
    pub fn stats(&self) -> Stats {
        self.0.ledger.stats()
    }

    /// The routes, for those who have a server already; the others call [`crate::serve`].
    pub fn router(&self) -> Router {
        let guarded = Router::new()
            .route(DESCRIPTION, get(description::latest))
            .route(POOL, get(desk::pool))
            .route(VISUAL_CONTEXT, get(description::visual_context))
            .route(SESSIONS, get(desk::sessions))
            .route(MODELS, get(desk::models))
            .route(CHAT, post(chat::complete).layer(DefaultBodyLimit::max(MAX_BODY)))
            .route_layer(middleware::from_fn_with_state(Arc::clone(&self.0), desk::require_token));
        Router::new()
            .route(HEALTH, get(desk::health))
            .route(STATS, get(desk::stats))
            .merge(guarded)
            .fallback(desk::no_route)
            .method_not_allowed_fallback(desk::no_method)
            .with_state(Arc::clone(&self.0))
    }
}

impl State {
    /// Decides about a description call, in the order of arrival.
    pub(crate) fn visit(&self, session: Option<&str>, nth: usize) -> Visit {
        if let Some(session) = session {
            self.sessions.see(session);
        }
        self.dice.visit(&self.config, session, nth)
    }

    /// Decides what all delays of a chat are multiplied by.
    pub(crate) fn chat_factor(&self) -> f64 {
        self.dice.chat(&self.config)
    }

    /// The number of a chat, from 1.
    pub(crate) fn chat_number(&self) -> u64 {
        self.chats.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Waits until the capacity allows one more call. The permit is kept until the call ends.
    pub(crate) async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        // Acquiring fails only on a closed semaphore; this one is never closed.
        match &self.gate {
            Some(gate) => Arc::clone(gate).acquire_owned().await.ok(),
            None => None,
        }
    }

    /// When a call's delays start to count: at its arrival, or when the capacity let it in.
    pub(crate) fn start(&self, arrival: Instant) -> Instant {
        if self.gate.is_some() { Instant::now() } else { arrival }
    }
}
