//! What a session has for one socket and the socket has not yet written: bounded in bytes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::event::Event;

/// An event with its sequence number.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequenced {
    /// 1, 2, 3 ... a session; `None` for what belongs to the socket, not to the session.
    pub seq: Option<u64>,
    /// The first number that the event stands for, where it is several tokens in one.
    pub from_seq: Option<u64>,
    /// The event; shared with what is kept to be sent again.
    pub event: Arc<Event>,
}

impl Sequenced {
    /// An event with its number.
    pub fn new(seq: u64, event: Event) -> Self {
        Self { seq: Some(seq), from_seq: None, event: Arc::new(event) }
    }

    /// Takes the next event into this one, if both are tokens of one turn; otherwise gives it back.
    fn absorb(&mut self, next: Self) -> Result<(), Self> {
        match (&*self.event, &*next.event) {
            (Event::Token { turn_id, .. }, Event::Token { turn_id: same, .. }) if turn_id == same => {}
            _ => return Err(next),
        }
        self.from_seq = self.from_seq.or(self.seq);
        self.seq = next.seq;
        // A copy at the first time: the event is kept to be sent again as it was.
        if let (Event::Token { text, .. }, Event::Token { text: more, .. }) =
            (Arc::make_mut(&mut self.event), &*next.event)
        {
            text.push_str(more);
        }
        Ok(())
    }
}

/// Why a session gives a socket up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenUp {
    /// A newer socket took its place.
    Replaced,
    /// It read too slowly: more than `outbound_queue` bytes waited.
    TooSlow,
    /// The server restarts, and the session has nothing more to tell.
    Drained,
    /// Another node began a session with the same id, and was first to write it down.
    Collided,
}

/// The queue between a session and one socket. Pushing never blocks.
#[derive(Debug)]
pub struct Outbox {
    limit: usize,
    /// The snapshot that the socket was given holds all up to here.
    snapshot_seq: u64,
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
    fn absorb(&mut self, event: Sequenced) -> Result<(), Sequenced> {
        match self.events.last_mut() {
            Some(last) => last.absorb(event),
            None => Err(event),
        }
    }

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
    /// `limit`: how many bytes may wait, besides what the socket has `missed` and is sent again: that is bounded
    /// by itself, and says nothing about the reader. `snapshot_seq`: the last number that it knows by a snapshot.
    pub(super) fn new(limit: usize, missed: Vec<Sequenced>, snapshot_seq: u64) -> Self {
        Self { limit, snapshot_seq, queue: Mutex::new(Queue { events: missed, ..Queue::default() }) }
    }

    /// Whether the socket was given a snapshot that holds an event.
    pub(super) fn knows(&self, event: &Sequenced) -> bool {
        event.seq.is_some_and(|seq| seq <= self.snapshot_seq)
    }

    /// Queues an event; whether the socket is still there to take it. The first event of several wakes the
    /// socket: it takes all. Once half the room is taken, tokens join the one before: a frame costs more than
    /// its text.
    pub(super) fn push(&self, event: Sequenced) -> bool {
        let mut queue = self.lock();
        if queue.given_up.is_some() {
            return false;
        }
        let (bytes, is_first) = (size(&event.event), queue.bytes == 0);
        let event = if queue.bytes + bytes <= self.limit / 2 { Err(event) } else { queue.absorb(event) };
        match event {
            Ok(()) => queue.bytes += bytes - FRAME,
            Err(event) => {
                queue.bytes += bytes;
                queue.events.push(event);
            }
        }
        // A single event is taken whatever its size: it says nothing about the reader.
        if queue.bytes > self.limit && !is_first {
            queue.events = Vec::new();
            drop(queue);
            self.give_up(GivenUp::TooSlow);
            return false;
        }
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

/// What a frame takes beside its text, in memory and on the wire, roughly.
const FRAME: usize = 128;

/// An event's size in memory and on the wire, roughly.
pub(super) fn size(event: &Event) -> usize {
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
        Sequenced::new(seq, Event::Token { turn_id: Arc::from("t1"), text: "x".repeat(length) })
    }

    async fn take(outbox: &Outbox) -> Result<Vec<Sequenced>, GivenUp> {
        poll_fn(|cx| outbox.poll_take(cx)).await
    }

    #[tokio::test]
    async fn a_slow_reader_is_given_up_and_its_queue_dropped() {
        let outbox = Outbox::new(1000, Vec::new(), 0);
        assert!(outbox.push(token(1, 400)));
        assert_eq!(take(&outbox).await.unwrap().len(), 1);
        assert!(outbox.push(token(2, 400)));
        assert!(outbox.push(token(3, 400)));
        assert!(!outbox.push(token(4, 400)));
        assert!(!outbox.push(token(5, 1)));
        assert_eq!(take(&outbox).await, Err(GivenUp::TooSlow));
        assert_eq!(poll_fn(|cx| outbox.poll_given_up(cx)).await, GivenUp::TooSlow);
        assert!(outbox.take().is_empty());
    }

    #[tokio::test]
    async fn under_pressure_tokens_become_one() {
        let outbox = Outbox::new(1000, vec![token(1, 5000)], 0);
        for seq in 2..=6 {
            assert!(outbox.push(token(seq, 72)));
        }
        let done =
            Sequenced::new(7, Event::TurnStarted { turn_id: Arc::from("t2"), id: None, restarted: false });
        assert!(outbox.push(done.clone()));
        let taken = take(&outbox).await.unwrap();
        let numbers: Vec<_> = taken.iter().map(|event| (event.from_seq, event.seq.unwrap())).collect();
        assert_eq!(numbers, [(None, 1), (None, 2), (Some(3), 6), (None, 7)]);
        assert_eq!(*taken[2].event, *token(0, 4 * 72).event);
        assert_eq!(taken[3], done);
    }

    #[tokio::test]
    async fn what_was_pushed_before_is_still_delivered() {
        let outbox = Outbox::new(1000, Vec::new(), 0);
        assert!(outbox.push(token(1, 1)));
        outbox.give_up(GivenUp::Replaced);
        assert!(!outbox.push(token(2, 1)));
        assert_eq!(take(&outbox).await.unwrap(), [token(1, 1)]);
        assert_eq!(take(&outbox).await, Err(GivenUp::Replaced));
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_an_event_and_by_the_end() {
        let outbox = Arc::new(Outbox::new(1000, Vec::new(), 0));
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
