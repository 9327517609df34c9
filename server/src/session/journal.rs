//! What of a session is on its way to the store. A frame that changes what a client may rely on (a turn's start and
//! end, a new epoch) is held back until it is written, and what follows it as well; tokens are not, and are written
//! several at once. Where the store can't be reached, nothing waits for it.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::Session;
use super::joined::shown;
use super::node::Node;
use super::outbox::Sequenced;
use super::store::{StoreError, digest};
use crate::event::{Event, TurnReport};

/// How long tokens gather before they are written: a second owner sends a turn's text anew, so they are of use only
/// to a client that comes back to the same turn at another node.
const GATHER: Duration = Duration::from_millis(100);

/// What is to be written besides the frames that have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// Nothing.
    Frames,
    /// The record: it has changed.
    Record,
    /// All that is known of the session: the store is behind.
    Whole,
}

/// A session's events on their way to the store.
pub(super) struct Journal {
    node: Arc<Node>,
    session: Weak<Session>,
    pub(super) fence: u64,
    /// How many writes were begun.
    pub(super) begun: u64,
    /// The resume token's digest.
    pub(super) token: String,
    /// Not yet written.
    pub(super) frames: Vec<Sequenced>,
    /// Not yet shown, each with its place among all that was taken.
    pub(super) held: VecDeque<(u64, Sequenced)>,
    /// How many events were taken.
    pub(super) taken: u64,
    pub(super) due: Due,
    pub(super) is_writing: bool,
    /// The store was away, and this session is still to catch up: until its turn comes it is as if it still were.
    pub(super) is_missed: bool,
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
            due: if fence == 1 { Due::Whole } else { Due::Frames },
            is_writing: false,
            is_missed: false,
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

    /// Whether something waits for the store.
    pub(super) fn is_behind(&self) -> bool {
        self.due == Due::Whole || !self.held.is_empty()
    }

    /// Whether the store does not take events at present.
    pub(super) fn is_away(&self) -> bool {
        self.is_missed || self.node.is_down()
    }

    /// The record is no longer what was written.
    pub(super) fn note_change(&mut self) {
        if !self.is_away() {
            self.due = self.due.max(Due::Record);
            self.start_writer();
            self.urgent.notify_one();
        }
    }

    /// The store has lost the session.
    pub(super) fn write_whole(&mut self) {
        self.due = Due::Whole;
        self.start_writer();
    }

    /// A new epoch: nothing of the old one is written any more.
    pub(super) fn begin_epoch(&mut self, token: &str) {
        self.token = digest(token);
        self.frames = Vec::new();
        self.due = Due::Whole;
    }

    /// Takes an event; gives it back if it can be shown at once.
    pub(super) fn take(&mut self, event: Sequenced) -> Option<Sequenced> {
        self.taken += 1;
        if self.held.is_empty() && self.is_away() {
            (self.due, self.is_missed) = (Due::Whole, true);
            self.frames = Vec::new();
            return Some(undurable(event));
        }
        let is_turning_point =
            matches!(*event.event, Event::TurnStarted { .. } | Event::TurnDone(_) | Event::EpochBegan { .. });
        if is_turning_point || matches!(*event.event, Event::Description { .. }) {
            self.due = self.due.max(Due::Record);
        }
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
        // Also where the store went away since: the call fails at once, and what is held is shown.
        if !self.is_writing
            && let Some(session) = self.session.upgrade()
        {
            self.is_writing = true;
            session.write_behind();
        }
    }

    pub(super) fn is_due(&self) -> bool {
        self.due > Due::Frames || !self.frames.is_empty()
    }

    /// Whether somebody waits for the writing.
    fn is_urgent(&self) -> bool {
        self.due > Due::Frames || !self.held.is_empty()
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
                let is_missed = self.lock().journal.as_ref().is_some_and(|journal| journal.is_missed);
                let _turn = if is_missed { node.catching_up.acquire().await.ok() } else { None };
                let Some((mut batch, taken)) = self.lock().next_batch() else { return };
                if let Some(record) = &mut batch.record {
                    record.visitor = self.shared.engine.descriptions.visitor(&self.id);
                    batch.seen = self.seen();
                }
                let written = node.call(node.store().write(&self.id, &batch)).await;
                if let Err(StoreError::Broken(error)) = &written {
                    tracing::warn!(session = &*shown(&self.id), error, "the session could not be written");
                }
                let mut state = self.lock();
                let goes_on = state.settle(&node, taken, &written);
                if self.shared.draining.is_cancelled() {
                    state.release_if_idle();
                }
                if !goes_on {
                    return;
                }
            }
        });
    }
}
