//! What of a session goes to the store next, and what comes of it.

use super::State;
use crate::session::journal::{Due, undurable};
use crate::session::node::Node;
use crate::session::outbox::GivenUp;
use crate::session::store::{Batch, StoreError};

impl State {
    /// What is to be written next, and how many events it covers; none ends the writer.
    pub(in crate::session) fn next_batch(&mut self) -> Option<(Batch, u64)> {
        let is_lost = self.is_lost();
        let journal = self.journal.as_mut()?;
        if is_lost || !journal.is_due() {
            journal.is_writing = false;
            return None;
        }
        let due = std::mem::replace(&mut journal.due, Due::Frames);
        journal.is_missed = false;
        journal.begun += 1;
        let mut batch = Batch {
            fence: journal.fence,
            number: journal.begun,
            token: journal.token.clone(),
            frames: std::mem::take(&mut journal.frames),
            first_seq: 0,
            record: None,
            seen: None,
            is_whole: due == Due::Whole,
        };
        let taken = journal.taken;
        batch.first_seq = self.replay.first_seq().unwrap_or(self.seq() + 1);
        if batch.is_whole {
            batch.frames = self.replay.all();
        } else {
            batch.frames.retain(|frame| frame.seq >= Some(batch.first_seq)); // some were too large to be kept
        }
        batch.record = (due > Due::Frames).then(|| self.record());
        Some((batch, taken))
    }

    /// Shows what waited for a writing; whether the writer goes on.
    pub(in crate::session) fn settle(
        &mut self,
        node: &Node,
        taken: u64,
        written: &Result<(), StoreError>,
    ) -> bool {
        let Some(journal) = &mut self.journal else { return false };
        let shown = match written {
            Ok(()) => journal.held.iter().take_while(|(place, _)| *place <= taken).count(),
            Err(StoreError::Missing) => {
                journal.due = Due::Whole;
                0
            }
            Err(StoreError::Fenced) => {
                self.lose(GivenUp::Replaced);
                return false;
            }
            Err(StoreError::Collided) => {
                self.lose(GivenUp::Collided);
                return false;
            }
            Err(StoreError::Unavailable(_)) => {
                (journal.due, journal.is_missed) = (Due::Whole, true);
                journal.is_writing = !node.is_down(); // back already: nobody else would begin again
                journal.held.len()
            }
            Err(StoreError::Broken(_)) => {
                journal.due = Due::Whole;
                journal.is_writing = false; // until there is more to write
                journal.held.len()
            }
        };
        let (shown, goes_on) = (journal.held.drain(..shown).collect::<Vec<_>>(), journal.is_writing);
        for (_, event) in shown {
            let event = if written.is_ok() { event } else { undurable(event) };
            self.correct_durability(&event);
            self.push_held(&event);
        }
        goes_on
    }
}
