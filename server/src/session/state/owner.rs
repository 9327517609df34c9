//! A session as it goes from owner to owner.

use std::sync::Arc;

use super::{Known, State};
use crate::event::Status;
use crate::session::Knobs;
use crate::session::outbox::GivenUp;
use crate::session::store::{Kept, Record, Takeover};

/// A client may have heard so many frames more than the store was told; who claims more is not believed. A turn has
/// fewer, even if every token was a frame.
const MAX_UNWRITTEN: u64 = 100_000;

/// How many takeovers are remembered: more within one client's absence are hardly the client's concern.
const MAX_TAKEOVERS: usize = 8;

impl State {
    /// A session that was another node's, or this one's before its end. `last_seq`: the last number that the client
    /// knows; it may have heard more than was written.
    pub(in crate::session) fn restore(
        knobs: &Knobs,
        rng: fastrand::Rng,
        resume_token: &str,
        kept: &Kept,
        last_seq: u64,
    ) -> Self {
        let Kept { record, frames, .. } = kept;
        let mut state = Self {
            epoch: record.epoch,
            resume_token: Arc::from(resume_token),
            turns: record.turns,
            history: record.history.iter().cloned().collect(),
            mention_due: record.mention_due,
            ..Self::new(knobs, rng)
        };
        for id in &record.ids {
            state.remember_id(Some(id));
            state.recent.back_mut().into_iter().for_each(|recent| recent.is_begun = true);
        }
        for frame in frames {
            state.note(frame);
            state.replay.push(frame.clone());
        }
        state.seq = frames.last().and_then(|frame| frame.seq).unwrap_or_default().max(record.seq);
        if (1..=MAX_UNWRITTEN).contains(&last_seq.saturating_sub(state.seq)) {
            // Of a turn that runs, tokens: it is begun again. Else turns that are not kept: the client is given a
            // snapshot, because nothing else would tell it that they are gone.
            state.seq = if record.running.is_some() { last_seq } else { last_seq + 1 };
            state.replay.clear();
        }
        state.takeovers.clone_from(&record.takeovers);
        if state.takeovers.len() == MAX_TAKEOVERS {
            state.takeovers.remove(0);
        }
        state.takeovers.push(Takeover { owner: kept.fence, seq: state.seq });
        state
    }

    /// What the store keeps of the session besides its frames.
    pub(in crate::session) fn record(&self) -> Record {
        Record {
            epoch: self.epoch,
            seq: self.seq,
            turns: self.turns,
            mention_due: self.mention_due,
            history: self.history(),
            ids: self.recent.iter().filter(|it| it.is_begun).map(|recent| Arc::clone(&recent.id)).collect(),
            running: self.active.as_ref().map(|active| active.running.clone()),
            takeovers: self.takeovers.clone(),
            visitor: 0, // the cache of descriptions knows
        }
    }

    /// The session is not this node's any more: nothing more is said, the sockets are given up, and what runs is
    /// stopped.
    pub(in crate::session) fn lose(&mut self, why: GivenUp) {
        self.is_lost = true;
        self.jobs.clear();
        self.stop_active(Status::Cancelled);
        self.give_up(why);
    }

    /// Leaves a running turn to the next owner, who begins it again; not that of a visitor who is to be forgotten.
    pub(in crate::session) fn hand_over(&mut self) {
        if self.active.is_some() && !self.is_forgetting() {
            self.is_lost = true;
            self.jobs.clear();
            self.stop_active(Status::Cancelled);
            self.give_up(GivenUp::Drained);
        }
    }

    /// Whether what a client knows is what this session has told: owners that did not know of each other may have
    /// given the same numbers to different events. A client that names no owner is believed.
    pub(in crate::session) fn is_same_tale(&self, known: Known) -> bool {
        let Some(theirs) = known.owner else { return true };
        let mut later = self.takeovers.iter().filter(|takeover| takeover.owner > theirs);
        let is_known = self.takeovers.len() < MAX_TAKEOVERS || self.takeovers[0].owner <= theirs;
        is_known && later.all(|takeover| known.seq <= takeover.seq)
    }

    /// The fence that the session is held by, if it is.
    pub(in crate::session) fn fence(&self) -> Option<u64> {
        self.journal.as_ref().filter(|_| !self.is_lost).map(|journal| journal.fence())
    }

    pub(in crate::session) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Whether the session must not run out.
    pub(in crate::session) fn is_in_use(&self) -> bool {
        !self.is_lost && (!self.outboxes.is_empty() || self.is_driven)
    }
}
