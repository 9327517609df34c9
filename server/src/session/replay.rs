//! The frames of the present visitor epoch that can be sent again: the newest, bounded in bytes.

use std::collections::VecDeque;

use super::outbox::{self, Sequenced};
use crate::event::Event;

/// The newest events of a visitor epoch, each with its number.
#[derive(Debug)]
pub(super) struct Replay {
    events: VecDeque<Sequenced>,
    bytes: usize,
    limit: usize,
}

impl Replay {
    /// `limit`: how many bytes are kept.
    pub(super) fn new(limit: usize) -> Self {
        Self { events: VecDeque::new(), bytes: 0, limit }
    }

    /// How many bytes are kept.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Keeps an event; the oldest go where there is no room for it.
    pub(super) fn push(&mut self, event: Sequenced) {
        self.bytes += outbox::size(&event.event);
        self.events.push_back(event);
        while self.bytes > self.limit
            && let Some(oldest) = self.events.pop_front()
        {
            self.bytes -= outbox::size(&oldest.event);
        }
    }

    /// Puts an event in place of the one with its number, if that is kept.
    pub(super) fn replace(&mut self, event: &Sequenced) {
        if let Ok(at) = self.events.binary_search_by_key(&event.seq, |kept| kept.seq) {
            self.events[at] = event.clone();
        }
    }

    /// The oldest number that is kept.
    pub(super) fn first_seq(&self) -> Option<u64> {
        self.events.front()?.seq
    }

    /// Where the last turn begins, if that is kept.
    pub(super) fn last_start(&self) -> Option<u64> {
        let is_start = |event: &&Sequenced| matches!(*event.event, Event::TurnStarted { .. });
        self.events.iter().rev().find(is_start)?.seq
    }

    /// All that is kept.
    pub(super) fn all(&self) -> Vec<Sequenced> {
        self.events.iter().cloned().collect()
    }

    /// What came behind a sequence number; none if that is not known in full. `seq` is the session's last one.
    pub(super) fn after(&self, last_seq: u64, seq: u64) -> Option<Vec<Sequenced>> {
        let missed = usize::try_from(seq.checked_sub(last_seq)?).ok()?;
        let kept = self.events.len().checked_sub(missed)?;
        Some(self.events.range(kept..).cloned().collect())
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.limit);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn token(seq: u64, length: usize) -> Sequenced {
        Sequenced::new(seq, Event::Token { turn_id: Arc::from("t1"), text: "x".repeat(length) })
    }

    fn numbers(replay: &Replay, last_seq: u64, seq: u64) -> Option<Vec<u64>> {
        replay.after(last_seq, seq).map(|events| events.iter().filter_map(|event| event.seq).collect())
    }

    #[test]
    fn what_was_missed_is_known_as_long_as_there_is_room() {
        let mut replay = Replay::new(1000);
        assert_eq!(numbers(&replay, 0, 0), Some(vec![]));
        for seq in 1..=3 {
            replay.push(token(seq, 200));
        }
        assert_eq!(numbers(&replay, 3, 3), Some(vec![]));
        assert_eq!(numbers(&replay, 1, 3), Some(vec![2, 3]));
        assert_eq!(numbers(&replay, 0, 3), Some(vec![1, 2, 3]));
        assert_eq!(numbers(&replay, 4, 3), None, "a number that was never given");
        replay.push(token(4, 200));
        assert_eq!(numbers(&replay, 1, 4), Some(vec![2, 3, 4]));
        assert_eq!(numbers(&replay, 0, 4), None);
        replay.push(token(5, 2000));
        assert_eq!(numbers(&replay, 4, 5), None, "too large to be kept");
        assert_eq!(numbers(&replay, 5, 5), Some(vec![]));
        replay.clear();
        assert_eq!(numbers(&replay, 5, 5), Some(vec![]));
        assert_eq!(numbers(&replay, 4, 5), None);
    }
}
