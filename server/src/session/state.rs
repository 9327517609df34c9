//! A session's state, behind its lock.

mod owner;
mod queue;
mod telling;
mod writing;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Knobs;
use super::joined::is_key;
use super::journal::Journal;
use super::limit::RateLimit;
use super::outbox::{Outbox, Sequenced};
use super::registry::random_id;
use super::replay::Replay;
use super::store::{Running, Takeover};
use crate::event::{Event, HistoryMessage};
use crate::turn::Stop;
use crate::turn::admission::Place;
pub(super) use queue::Job;
pub use telling::{Attached, Snapshot};
pub(super) use telling::{Beside, Known};

pub(super) struct State {
    epoch: u64,
    seq: u64,
    /// What later owners went on from.
    takeovers: Vec<Takeover>,
    resume_token: Arc<str>,
    /// The sockets that hear of the session, or other listeners.
    outboxes: Vec<Arc<Outbox>>,
    detached_at: Instant,
    active: Option<Active>,
    jobs: VecDeque<Job>,
    /// The driver runs.
    pub(super) is_driven: bool,
    pub(super) seat: Seat,
    turns: u64,
    history: VecDeque<HistoryMessage>,
    recent: VecDeque<Recent>,
    /// The visitor's appearance was not yet spoken of.
    mention_due: bool,
    rng: fastrand::Rng,
    rate: RateLimit,
    image_rate: RateLimit,
    pub(super) replay: Replay,
    /// The way to the store, if there is one. Boxed: most servers have none.
    pub(super) journal: Option<Box<Journal>>,
    /// Another owner goes on with the session.
    is_lost: bool,
}

/// The driver's place among the running turns.
#[derive(Default)]
pub(super) enum Seat {
    /// It needs none.
    #[default]
    None,
    /// It is to take this one. Boxed: most sessions idle.
    Kept(Box<Place>),
    /// It has one.
    Taken,
}

impl Seat {
    /// The place that the driver is to take, if there is one.
    pub(super) fn take(&mut self) -> Option<Box<Place>> {
        match std::mem::replace(self, Self::Taken) {
            Self::Kept(place) => Some(place),
            other => {
                *self = other;
                None
            }
        }
    }
}

struct Active {
    running: Running,
    stop: Arc<Stop>,
    text: String,
}

/// A message that had an id of its own, so that a repetition is known.
#[derive(Debug)]
struct Recent {
    id: Arc<str>,
    /// Its turn has begun. Before, only this node knows of the message.
    is_begun: bool,
    started: Option<Sequenced>,
    done: Option<Sequenced>,
}

impl State {
    pub(super) fn new(knobs: &Knobs, rng: fastrand::Rng) -> Self {
        Self {
            epoch: 1,
            seq: 0,
            takeovers: Vec::new(),
            resume_token: random_id(),
            outboxes: Vec::new(),
            detached_at: Instant::now(),
            active: None,
            jobs: VecDeque::new(),
            is_driven: false,
            seat: Seat::None,
            turns: 0,
            history: VecDeque::new(),
            recent: VecDeque::new(),
            mention_due: knobs.mention_first,
            rng,
            rate: RateLimit::per_minute(knobs.messages_per_minute),
            image_rate: RateLimit::per_minute(knobs.images_per_minute),
            replay: Replay::new(knobs.replay_bytes),
            journal: None,
            is_lost: false,
        }
    }

    /// Of a session that is known by its key alone.
    pub(super) fn joined(knobs: &Knobs, rng: fastrand::Rng, key: &Arc<str>) -> Self {
        Self { resume_token: Arc::clone(key), ..Self::new(knobs, rng) }
    }

    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    pub(super) fn history(&self) -> Vec<HistoryMessage> {
        self.history.iter().cloned().collect()
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) fn has_token(&self, token: &str) -> bool {
        *self.resume_token == *token
    }

    pub(super) fn resume_token(&self) -> Arc<str> {
        Arc::clone(&self.resume_token)
    }

    /// Whether nobody has come back for so long, and nothing is left to do.
    pub(super) fn is_abandoned(&self, ttl: Duration) -> bool {
        self.outboxes.is_empty() && !self.is_driven && (self.is_lost || self.detached_at.elapsed() >= ttl)
    }

    pub(super) fn take_rate(&self) -> Result<(), Duration> {
        self.rate.take()
    }

    pub(super) fn rate_left(&self) -> Option<(u32, u32)> {
        self.rate.left()
    }

    pub(super) fn take_image_rate(&self) -> Result<(), Duration> {
        self.image_rate.take()
    }

    /// Ends the visitor epoch: nothing of this visitor is left, only the sequence goes on.
    pub(super) fn begin_epoch(&mut self, knobs: &Knobs) {
        self.epoch += 1;
        if !is_key(&self.resume_token) {
            self.resume_token = random_id();
        }
        self.history = VecDeque::new();
        // What waits is of the epoch that begins: it is known again when it is repeated.
        self.recent = std::mem::take(&mut self.recent).into_iter().filter(|it| !it.is_begun).collect();
        self.replay.clear();
        self.mention_due = knobs.mention_first;
        let (epoch, last_seq, resume_token) = (self.epoch, self.seq, Arc::clone(&self.resume_token));
        if let Some(journal) = &mut self.journal {
            journal.begin_epoch(&resume_token);
        }
        let event = Arc::new(Event::EpochBegan { epoch, last_seq, resume_token });
        self.show(Sequenced { seq: None, from_seq: None, event });
    }
}
