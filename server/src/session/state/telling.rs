//! What a session tells: to its socket, again to the next one, and to the store.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Recent, State};
use crate::event::{ErrorEvent, Event, HistoryMessage};
use crate::session::journal::undurable;
use crate::session::outbox::{self, GivenUp, Outbox, Sequenced};

/// How many message ids are known again when they are repeated.
const MAX_RECENT: usize = 32;

/// Whom a new listener may be beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::session) enum Beside {
    /// It takes the place of those who listen.
    Nobody,
    /// They go on.
    Others,
}

/// What a client that comes back knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::session) struct Known {
    /// The last sequence number.
    pub(in crate::session) seq: u64,
    /// The owner of the session that gave it, if it says so.
    pub(in crate::session) owner: Option<u64>,
}

/// What a new socket is told first.
#[derive(Debug)]
pub struct Attached {
    /// The session.
    pub session_id: Arc<str>,
    /// Proves that a client may come back to this session.
    pub resume_token: Arc<str>,
    /// The visitor epoch.
    pub epoch: u64,
    /// The session's last sequence number.
    pub last_seq: u64,
    /// Which owner of the session this is, counted from 1; none where sessions have none.
    pub owner: Option<u64>,
    /// Whether the client missed nothing.
    pub resumed: bool,
    /// What the client can't be sent again frame by frame.
    pub snapshot: Option<Snapshot>,
    /// A turn runs: its end is still to come.
    pub is_replying: bool,
    /// What follows.
    pub outbox: Arc<Outbox>,
}

/// A session's past, for a client that missed some of it.
#[derive(Debug)]
pub struct Snapshot {
    /// Questions and plain answers, oldest first.
    pub history: Vec<HistoryMessage>,
    /// The running turn and its text so far.
    pub turn: Option<(Arc<str>, String)>,
}

impl State {
    pub(in crate::session) fn attach(
        &mut self,
        id: &Arc<str>,
        outbound_queue: usize,
        known: Option<Known>,
        beside: Beside,
    ) -> Attached {
        let same = known.filter(|known| self.is_same_tale(*known));
        let missed = same.and_then(|known| self.replay.after(known.seq, self.seq));
        let resumed = missed.is_some();
        let mut missed = missed.unwrap_or_default();
        if let Some(held) = self.journal.as_ref().and_then(|journal| journal.first_held()) {
            missed.retain(|event| event.seq < Some(held)); // the rest follows once it is written
        }
        let snapshot_seq = if resumed { 0 } else { self.seq };
        let outbox = Arc::new(Outbox::new(outbound_queue, missed, snapshot_seq));
        if beside == Beside::Nobody {
            self.give_up(GivenUp::Replaced);
        }
        self.outboxes.push(Arc::clone(&outbox));
        let snapshot = known.filter(|_| !resumed).map(|_| Snapshot {
            history: self.history(),
            turn: self
                .active
                .as_ref()
                .map(|active| (Arc::clone(&active.running.turn_id), active.text.clone())),
        });
        Attached {
            session_id: Arc::clone(id),
            resume_token: Arc::clone(&self.resume_token),
            epoch: self.epoch,
            last_seq: self.seq,
            owner: self.fence(),
            resumed,
            snapshot,
            is_replying: self.active.is_some(),
            outbox,
        }
    }

    /// Attaches a listener that is told the last turn from its start, beside others; none if that is not known.
    pub(in crate::session) fn attach_to_last_turn(
        &mut self,
        id: &Arc<str>,
        outbound_queue: usize,
    ) -> Option<Attached> {
        // What a former owner told of a turn that is begun again is void: it is told from that beginning.
        let seq = if self.restarts() { self.seq } else { self.replay.last_start()? - 1 };
        let known = Known { seq, owner: None };
        Some(self.attach(id, outbound_queue, Some(known), Beside::Others))
    }

    pub(in crate::session) fn detach(&mut self, outbox: &Arc<Outbox>) {
        self.retain_outboxes(|current| !Arc::ptr_eq(current, outbox));
    }

    /// Gives all sockets up.
    pub(in crate::session) fn give_up(&mut self, why: GivenUp) {
        self.retain_outboxes(|outbox| {
            outbox.give_up(why);
            false
        });
    }

    fn retain_outboxes(&mut self, is_kept: impl FnMut(&Arc<Outbox>) -> bool) {
        let before = self.outboxes.len();
        self.outboxes.retain(is_kept);
        if self.outboxes.is_empty() && before > 0 {
            self.outboxes = Vec::new();
            self.detached_at = Instant::now();
        }
    }

    /// Gives the sockets up if nothing is left to do: the server restarts.
    pub(in crate::session) fn release_if_idle(&self) {
        let is_told = self.journal.as_ref().is_none_or(|journal| journal.first_held().is_none());
        if !self.is_driven && is_told {
            self.outboxes.iter().for_each(|outbox| outbox.give_up(GivenUp::Drained));
        }
    }

    /// Numbers an event and queues it for those who listen.
    pub(in crate::session) fn emit(&mut self, event: Event) {
        if self.is_lost {
            return;
        }
        self.seq += 1;
        let event = Sequenced::new(self.seq, event);
        if let (Event::Token { text, .. }, Some(active)) = (&*event.event, &mut self.active) {
            active.text.push_str(text);
        }
        self.note(&event);
        self.replay.push(event.clone());
        self.show(event);
    }

    /// Shows an event as soon as the client may rely on it.
    pub(in crate::session) fn show(&mut self, event: Sequenced) {
        let event = match &mut self.journal {
            Some(journal) => journal.take(event),
            None => Some(event),
        };
        if let Some(event) = event {
            self.correct_durability(&event);
            self.push(event);
        }
    }

    /// What is sent again says what was said at first: a turn's end may not be in the store, other than was hoped.
    pub(in crate::session) fn correct_durability(&mut self, event: &Sequenced) {
        let Event::TurnDone(report) = &*event.event else { return };
        if report.durable != Some(false) {
            return;
        }
        self.replay.replace(event);
        let mut done = self.recent.iter_mut().filter_map(|recent| recent.done.as_mut());
        if let Some(done) = done.find(|done| done.seq == event.seq) {
            done.clone_from(event);
        }
    }

    /// Pushes an event that was held back, but to those that were given a snapshot that holds it.
    pub(in crate::session) fn push_held(&mut self, event: &Sequenced) {
        self.retain_outboxes(|outbox| outbox.knows(event) || outbox.push(event.clone()));
    }

    /// Remembers what came of a message that had an id.
    pub(in crate::session) fn note(&mut self, event: &Sequenced) {
        match &*event.event {
            Event::TurnStarted { id: Some(id), .. } => {
                if let Some(recent) = self.recent.iter_mut().find(|recent| recent.id == *id) {
                    recent.started = Some(event.clone());
                    recent.is_begun = true;
                }
            }
            Event::TurnDone(report) => {
                let of_turn = |recent: &&mut Recent| {
                    let started = recent.started.as_ref().map(|started| &*started.event);
                    matches!(started, Some(Event::TurnStarted { turn_id, .. }) if *turn_id == report.turn_id)
                };
                if let Some(recent) = self.recent.iter_mut().find(of_turn) {
                    recent.done = Some(event.clone());
                    self.trim_recent();
                }
            }
            _ => {}
        }
    }

    pub(in crate::session) fn push(&mut self, event: Sequenced) {
        if let [outbox] = &*self.outboxes {
            if !outbox.push(event) {
                self.retain_outboxes(|_| false);
            }
        } else {
            self.retain_outboxes(|outbox| outbox.push(event.clone()));
        }
    }

    /// Whether a message id was seen before; if so, its turn's frames are sent again, but for those that are still
    /// to be sent at first.
    pub(in crate::session) fn repeat(&mut self, id: &str) -> bool {
        let Some(recent) = self.recent.iter().find(|recent| *recent.id == *id) else { return false };
        let held = self.journal.as_ref().and_then(|journal| journal.first_held());
        let frames = [recent.started.clone(), recent.done.clone()];
        let is_gone = recent.is_begun && recent.done.is_none() && !self.is_answering(id);
        for frame in frames.into_iter().flatten() {
            if held.is_none() || frame.seq < held {
                self.push(frame);
            } else if self.outboxes.iter().any(|outbox| outbox.knows(&frame)) {
                self.push(undurable(frame)); // as far as is known
            }
        }
        if is_gone {
            self.emit(Event::Error(Box::new(ErrorEvent {
                code: "answer_gone".into(),
                message: "This message was answered, and its answer is kept no more. Please ask again."
                    .into(),
                retryable: false,
                retry_after: None,
                turn_id: None,
                id: Some(Arc::from(id)),
            })));
        }
        true
    }

    pub(in crate::session) fn remember_id(&mut self, id: Option<&str>) {
        let Some(id) = id else { return };
        if self.recent.len() == MAX_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(Recent { id: Arc::from(id), is_begun: false, started: None, done: None });
    }

    /// Drops the oldest frames kept for repetitions until the rest is small enough.
    pub(in crate::session) fn trim_recent(&mut self) {
        let size = |recent: &Recent| recent.done.as_ref().map_or(0, |done| outbox::size(&done.event));
        let mut bytes: usize = self.recent.iter().map(size).sum();
        for oldest in &mut self.recent {
            if bytes <= self.replay.limit() {
                break;
            }
            bytes -= size(oldest);
            oldest.done = None; // the id stays known
        }
    }
}
