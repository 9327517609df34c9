//! What a session has for one socket and the socket has not yet written: bounded in bytes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::event::Event;

/// An event with its sequence number; `None` for those that belong to the socket, not to the session.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequenced {
    /// 1, 2, 3 ... a session.
    pub seq: Option<u64>,
    /// The event.
    pub event: Event,
}

/// Why a session gives a socket up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenUp {
    /// A newer socket took its place.
    Replaced,
    /// It read too slowly: more than `outbound_queue` bytes waited.
    TooSlow,
}

/// The queue between a session and one socket. Pushing never blocks.
#[derive(Debug)]
pub struct Outbox {
    limit: usize,
    queue: Mutex<Queue>,
    changed: Notify,
    gave_up: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    events: Vec<Sequenced>,
    bytes: usize,
    given_up: Option<GivenUp>,
}

impl Outbox {
    /// `limit`: how many bytes may wait.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, queue: Mutex::default(), changed: Notify::new(), gave_up: Notify::new() }
    }

    pub(super) fn push(&self, event: Sequenced) {
        let mut queue = self.lock();
        if queue.given_up.is_some() {
            return;
        }
        queue.bytes += size(&event.event);
        // A single event is taken whatever its size: it says nothing about the reader.
        if queue.bytes > self.limit && !queue.events.is_empty() {
            queue.events = Vec::new();
            drop(queue);
            self.give_up(GivenUp::TooSlow);
        } else {
            queue.events.push(event);
            drop(queue);
            self.changed.notify_one();
        }
    }

    pub(super) fn give_up(&self, why: GivenUp) {
        self.lock().given_up.get_or_insert(why);
        self.changed.notify_one();
        self.gave_up.notify_one();
    }

    /// Waits until the session gives this socket up, whatever still waits. Only one task may wait.
    pub async fn given_up(&self) -> GivenUp {
        loop {
            let why = self.lock().given_up;
            if let Some(why) = why {
                return why;
            }
            self.gave_up.notified().await;
        }
    }

    /// Whether the session has stopped pushing.
    pub(super) fn is_given_up(&self) -> bool {
        self.lock().given_up.is_some()
    }

    /// Takes all that waits, at once.
    pub fn take(&self) -> Vec<Sequenced> {
        let mut queue = self.lock();
        queue.bytes = 0;
        std::mem::take(&mut queue.events)
    }

    /// Waits until something can be taken; an error says that nothing more comes. Only one task may wait.
    pub async fn wait(&self) -> Result<(), GivenUp> {
        loop {
            {
                let queue = self.lock();
                if !queue.events.is_empty() {
                    return Ok(());
                }
                if let Some(why) = queue.given_up {
                    return Err(why);
                }
            }
            self.changed.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An event's size in memory and on the wire, roughly.
pub(super) fn size(event: &Event) -> usize {
    const FRAME: usize = 128;
    FRAME
        + match event {
            Event::Token { text, .. } | Event::Description { text, .. } => text.len(),
            Event::TurnDone(report) => report.text.len() + report.answer.len() + 1024,
            Event::Error(error) => error.message.len(),
            Event::TurnStarted { .. } | Event::Tone { .. } | Event::EpochBegan { .. } => 0,
        }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn token(seq: u64, length: usize) -> Sequenced {
        let (turn_id, text) = (Arc::from("t1"), Arc::from("x".repeat(length)));
        Sequenced { seq: Some(seq), event: Event::Token { turn_id, text } }
    }

    #[tokio::test]
    async fn a_slow_reader_is_given_up_and_its_queue_dropped() {
        let outbox = Outbox::new(1000);
        outbox.push(token(1, 400));
        outbox.wait().await.unwrap();
        assert_eq!(outbox.take().len(), 1);
        outbox.push(token(2, 400));
        outbox.push(token(3, 400));
        outbox.push(token(4, 1));
        assert_eq!(outbox.wait().await, Err(GivenUp::TooSlow));
        assert!(outbox.take().is_empty());
    }

    #[tokio::test]
    async fn what_was_pushed_before_is_still_delivered() {
        let outbox = Outbox::new(1000);
        outbox.push(token(1, 1));
        outbox.give_up(GivenUp::Replaced);
        outbox.push(token(2, 1));
        outbox.wait().await.unwrap();
        assert_eq!(outbox.take(), [token(1, 1)]);
        assert_eq!(outbox.wait().await, Err(GivenUp::Replaced));
    }
}
