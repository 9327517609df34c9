//! What of a session is on its way to the store. A frame that changes what a client may rely on (a turn's start and
//! end, a new epoch) is held back until it is written, and what follows it as well; tokens are not, and are written
//! several at once. Where the store can't be reached, nothing waits for it.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::Session;
use super::node::Node;
use super::outbox::Sequenced;
use super::state::State;
use super::store::{Batch, StoreError, digest};
use crate::event::{Event, TurnReport};

/// How long tokens gather before they are written: a second owner sends a turn's text anew, so they are of use only
/// to a client that comes back to the same turn at another node.
const GATHER: Duration = Duration::from_millis(100);

/// A session's events on their way to the store.
pub(super) struct Journal {
    node: Arc<Node>,
    session: Weak<Session>,
    fence: u64,
    /// How many writes were begun.
    begun: u64,
    /// The resume token's digest.
    token: String,
    /// Not yet written.
    frames: Vec<Sequenced>,
    /// Not yet shown, each with its place among all that was taken.
    held: VecDeque<(u64, Sequenced)>,
    /// How many events were taken.
    taken: u64,
    is_record_due: bool,
    is_whole_due: bool,
    is_writing: bool,
    /// Wakes the writer while tokens gather.
    urgent: Arc<Notify>,
}

impl Journal {
    /// Of a session that the store does not have yet, or, with a `fence` above 1, of one taken over.
    pub(super) fn new(node: Arc<Node>, session: Weak<Session>, fence: u64, token: &str) -> Self {
        Self {
            node,
            session,
            fence,
            begun: 0,
            token: digest(token),
            frames: Vec::new(),
            held: VecDeque::new(),
            taken: 0,
            is_record_due: false,
            is_whole_due: fence == 1,
            is_writing: false,
            urgent: Arc::default(),
        }
    }

    pub(super) fn fence(&self) -> u64 {
        self.fence
    }

    /// The first number that no client was shown yet.
    pub(super) fn first_held(&self) -> Option<u64> {
        self.held.iter().find_map(|(_, event)| event.seq)
    }

    /// Whether the store is behind.
    pub(super) fn is_behind(&self) -> bool {
        self.is_whole_due
    }

    /// The store has lost the session.
    pub(super) fn write_whole(&mut self) {
        self.is_whole_due = true;
        self.start_writer();
    }

    /// A new epoch: nothing of the old one is written any more.
    pub(super) fn begin_epoch(&mut self, token: &str) {
        self.token = digest(token);
        self.frames = Vec::new();
        self.is_whole_due = true;
    }

    /// Takes an event; gives it back if it can be shown at once.
    pub(super) fn take(&mut self, event: Sequenced) -> Option<Sequenced> {
        self.taken += 1;
        let is_down = self.node.is_down();
        if is_down && self.held.is_empty() {
            self.is_whole_due = true;
            self.frames = Vec::new();
            return Some(undurable(event));
        }
        let is_turning_point =
            matches!(*event.event, Event::TurnStarted { .. } | Event::TurnDone(_) | Event::EpochBegan { .. });
        self.is_record_due |= is_turning_point || matches!(*event.event, Event::Description { .. });
        if event.seq.is_some() {
            self.frames.push(event.clone());
        }
        self.start_writer();
        if is_turning_point || !self.held.is_empty() {
            self.held.push_back((self.taken, event));
            self.urgent.notify_one();
            return None;
        }
        Some(event)
    }

    fn start_writer(&mut self) {
        if !self.is_writing
            && !self.node.is_down()
            && let Some(session) = self.session.upgrade()
        {
            self.is_writing = true;
            session.write_behind();
        }
    }

    fn is_due(&self) -> bool {
        self.is_whole_due || self.is_record_due || !self.frames.is_empty()
    }

    /// Whether somebody waits for the writing.
    fn is_urgent(&self) -> bool {
        self.is_whole_due || self.is_record_due || !self.held.is_empty()
    }
}

/// The end of a turn that the store does not hold says so.
pub(super) fn undurable(event: Sequenced) -> Sequenced {
    match &*event.event {
        Event::TurnDone(report) => {
            let report = TurnReport { durable: Some(false), ..(**report).clone() };
            Sequenced { event: Arc::new(Event::TurnDone(Arc::new(report))), ..event }
        }
        _ => event,
    }
}

impl State {
    /// What is to be written next, and how many events it covers; none ends the writer.
    fn next_batch(&mut self) -> Option<(Batch, u64)> {
        let is_lost = self.is_lost();
        let journal = self.journal.as_mut()?;
        if is_lost || !journal.is_due() {
            journal.is_writing = false;
            return None;
        }
        let is_whole = std::mem::take(&mut journal.is_whole_due);
        let is_record_due = std::mem::take(&mut journal.is_record_due) || is_whole;
        journal.begun += 1;
        let mut batch = Batch {
            fence: journal.fence,
            number: journal.begun,
            token: journal.token.clone(),
            frames: std::mem::take(&mut journal.frames),
            first_seq: 0,
            record: None,
            seen: None,
            is_whole,
        };
        let taken = journal.taken;
        batch.first_seq = self.replay.first_seq().unwrap_or(self.seq() + 1);
        if is_whole {
            batch.frames = self.replay.all();
        } else {
            batch.frames.retain(|frame| frame.seq >= Some(batch.first_seq)); // some were too large to be kept
        }
        batch.record = is_record_due.then(|| self.record());
        Some((batch, taken))
    }

    /// Shows what waited for a writing; whether the writer goes on.
    fn settle(&mut self, taken: u64, written: &Result<(), StoreError>) -> bool {
        let Some(journal) = &mut self.journal else { return false };
        let shown = match written {
            Ok(()) => journal.held.iter().take_while(|(place, _)| *place <= taken).count(),
            Err(StoreError::Missing) => {
                journal.is_whole_due = true;
                0
            }
            Err(StoreError::Fenced) => {
                self.lose();
                return false;
            }
            Err(StoreError::Unavailable(_)) => {
                journal.is_whole_due = true;
                journal.is_writing = !journal.node.is_down(); // back already: nobody else would begin again
                journal.held.len()
            }
            Err(StoreError::Broken(_)) => {
                journal.is_whole_due = true;
                journal.is_writing = false; // until there is more to write
                journal.held.len()
            }
        };
        let (shown, goes_on) = (journal.held.drain(..shown).collect::<Vec<_>>(), journal.is_writing);
        for (_, event) in shown {
            let event = if written.is_ok() { event } else { undurable(event) };
            self.replace(&event);
            self.push_held(&event);
        }
        goes_on
    }
}

impl Session {
    /// Starts the task that writes what is due, until nothing is.
    fn write_behind(self: Arc<Self>) {
        let tasks = self.shared.tasks.clone();
        tasks.spawn(async move {
            let Some(node) = self.shared.node.clone() else { return };
            loop {
                let gathering = {
                    let state = self.lock();
                    let Some(journal) = &state.journal else { return };
                    (!journal.is_urgent()).then(|| Arc::clone(&journal.urgent))
                };
                if let Some(urgent) = gathering {
                    let _ = timeout(GATHER, urgent.notified()).await; // whichever comes first
                }
                let Some((mut batch, taken)) = self.lock().next_batch() else { return };
                if batch.record.is_some() {
                    batch.seen = self.seen();
                }
                let written = node.call(node.store().write(&self.id, &batch)).await;
                if let Err(StoreError::Broken(error)) = &written {
                    tracing::warn!(session = &*self.id, error, "the session could not be written");
                }
                let mut state = self.lock();
                let goes_on = state.settle(taken, &written);
                if self.shared.draining.is_cancelled() {
                    state.drain();
                }
                if !goes_on {
                    return;
                }
            }
        });
    }
}
