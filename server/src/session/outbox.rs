//! What a session has for one socket and the socket has not yet written: bounded in bytes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

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
}

#[derive(Debug, Default)]
struct Queue {
    events: Vec<Sequenced>,
    bytes: usize,
    given_up: Option<GivenUp>,
    /// The socket's task, while it waits.
    reader: Option<Waker>,
}

impl Queue {
    /// Remembers whom to wake. Only one task may wait.
    fn wait<T>(&mut self, cx: &Context<'_>) -> Poll<T> {
        match &mut self.reader {
            Some(reader) => reader.clone_from(cx.waker()),
            None => self.reader = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

impl Outbox {
    /// `limit`: how many bytes may wait.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, queue: Mutex::default() }
    }

    /// Queues an event; whether the socket is still there to take it. The first event of several wakes the
    /// socket: it takes all.
    pub(super) fn push(&self, event: Sequenced) -> bool {
        let mut queue = self.lock();
        if queue.given_up.is_some() {
            return false;
        }
        queue.bytes += size(&event.event);
        // A single event is taken whatever its size: it says nothing about the reader.
        if queue.bytes > self.limit && !queue.events.is_empty() {
            queue.events = Vec::new();
            drop(queue);
            self.give_up(GivenUp::TooSlow);
            return false;
        }
        queue.events.push(event);
        let reader = if queue.events.len() == 1 { queue.reader.take() } else { None };
        drop(queue);
        if let Some(reader) = reader {
            reader.wake();
        }
        true
    }

    pub(super) fn give_up(&self, why: GivenUp) {
        let mut queue = self.lock();
        queue.given_up.get_or_insert(why);
        let reader = queue.reader.take();
        drop(queue);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Waits until the session gives this socket up, whatever still waits. Only one task may wait.
    pub fn poll_given_up(&self, cx: &mut Context<'_>) -> Poll<GivenUp> {
        let mut queue = self.lock();
        match queue.given_up {
            Some(why) => Poll::Ready(why),
            None => queue.wait(cx),
        }
    }

    /// Takes all that waits, at once.
    pub fn take(&self) -> Vec<Sequenced> {
        let mut queue = self.lock();
        queue.bytes = 0;
        std::mem::take(&mut queue.events)
    }

    /// Takes all that waits, once there is something; an error says that nothing more comes. Only one task
    /// may wait.
    pub fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Result<Vec<Sequenced>, GivenUp>> {
        let mut queue = self.lock();
        if !queue.events.is_empty() {
            queue.bytes = 0;
            return Poll::Ready(Ok(std::mem::take(&mut queue.events)));
        }
        match queue.given_up {
            Some(why) => Poll::Ready(Err(why)),
            None => queue.wait(cx),
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
            Event::Token { text, .. } => text.len(),
            Event::Description { text, .. } => text.len(),
            Event::TurnDone(report) => report.text.len() + report.answer.len() + 1024,
            Event::Error(error) => error.message.len(),
            Event::TurnStarted { .. } | Event::Tone { .. } | Event::EpochBegan { .. } => 0,
        }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;

    use super::*;

    fn token(seq: u64, length: usize) -> Sequenced {
        let (turn_id, text) = (Arc::from("t1"), "x".repeat(length));
        Sequenced { seq: Some(seq), event: Event::Token { turn_id, text } }
    }

    async fn take(outbox: &Outbox) -> Result<Vec<Sequenced>, GivenUp> {
        poll_fn(|cx| outbox.poll_take(cx)).await
    }

    #[tokio::test]
    async fn a_slow_reader_is_given_up_and_its_queue_dropped() {
        let outbox = Outbox::new(1000);
        assert!(outbox.push(token(1, 400)));
        assert_eq!(take(&outbox).await.unwrap().len(), 1);
        assert!(outbox.push(token(2, 400)));
        assert!(!outbox.push(token(3, 400)));
        assert!(!outbox.push(token(4, 1)));
        assert_eq!(take(&outbox).await, Err(GivenUp::TooSlow));
        assert_eq!(poll_fn(|cx| outbox.poll_given_up(cx)).await, GivenUp::TooSlow);
        assert!(outbox.take().is_empty());
    }

    #[tokio::test]
    async fn what_was_pushed_before_is_still_delivered() {
        let outbox = Outbox::new(1000);
        assert!(outbox.push(token(1, 1)));
        outbox.give_up(GivenUp::Replaced);
        assert!(!outbox.push(token(2, 1)));
        assert_eq!(take(&outbox).await.unwrap(), [token(1, 1)]);
        assert_eq!(take(&outbox).await, Err(GivenUp::Replaced));
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_an_event_and_by_the_end() {
        let outbox = Arc::new(Outbox::new(1000));
        for _ in 0..100 {
            let reader = Arc::clone(&outbox);
            let waiting = tokio::spawn(async move { take(&reader).await });
            tokio::task::yield_now().await;
            assert!(outbox.push(token(1, 1)));
            assert!(outbox.push(token(2, 1)));
            let mut taken = waiting.await.unwrap().unwrap();
            taken.extend(outbox.take());
            assert_eq!(taken, [token(1, 1), token(2, 1)]);
        }
        let reader = Arc::clone(&outbox);
        let waiting = tokio::spawn(async move { take(&reader).await });
        tokio::task::yield_now().await;
        outbox.give_up(GivenUp::Replaced);
        assert_eq!(waiting.await.unwrap(), Err(GivenUp::Replaced));
    }
}
