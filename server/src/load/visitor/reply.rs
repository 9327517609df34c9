//! Listening to one reply.

use std::time::Duration;

use tokio::time::Instant;

use crate::load::frames::{Done, Failure, Head};
use crate::load::run::Run;
use crate::load::tally::{End, Reply};

/// So many gaps are kept before they are counted: not every token takes the lock.
const GAPS: usize = 256;

/// A reply that is listened to.
pub(super) struct Listening<'a> {
    run: &'a Run,
    /// Our message's id.
    id: &'a str,
    /// When the question was due, from the run's start.
    due: Duration,
    turn_id: Option<String>,
    last_token: Option<Instant>,
    has_first: bool,
    /// Not counted yet.
    gaps: Vec<Duration>,
    /// Tokens that came in one frame with the one before: they have no gap.
    joined: u64,
    tokens: u64,
}

/// What a frame means.
pub(super) enum Heard {
    More,
    End(End),
}

impl<'a> Listening<'a> {
    pub(super) fn new(run: &'a Run, id: &'a str, due: Duration) -> Self {
        Self {
            run,
            id,
            due,
            turn_id: None,
            last_token: None,
            has_first: false,
            gaps: Vec::new(),
            joined: 0,
            tokens: 0,
        }
    }

    /// Takes a frame in. `now`: when it was read.
    pub(super) fn hear(&mut self, text: &str, now: Instant) -> Heard {
        let Some(head) = Head::read(text) else { return Heard::More };
        let is_ours = self.turn_id.is_some() && self.turn_id.as_deref() == head.turn_id;
        match head.kind {
            "token" if is_ours => self.token(&head, now),
            "turn_started" if head.id == Some(self.id) => {
                self.turn_id = head.turn_id.map(str::to_owned);
                self.last_token = None; // a turn that begins again: no gap to what is void
            }
            "turn_done" if is_ours => {
                let Ok(done) = serde_json::from_str::<Done<'_>>(text) else { return Heard::More };
                return Heard::End(End::Done(Reply::of(&done, self.since_due(now))));
            }
            "error" => {
                if let Ok(failure) = serde_json::from_str::<Failure<'_>>(text) {
                    self.run.tally().error(&failure);
                }
                if head.id == Some(self.id) && head.turn_id.is_none() {
                    return Heard::End(End::Refused);
                }
            }
            _ => {}
        }
        Heard::More
    }

    fn token(&mut self, head: &Head<'_>, now: Instant) {
        if !self.has_first {
            self.has_first = true;
            self.run.tally().first_token(self.due, self.since_due(now));
        }
        if let Some(last) = self.last_token.replace(now) {
            self.gaps.push(now.saturating_duration_since(last));
        }
        let tokens = head.tokens();
        self.tokens += tokens;
        self.joined += tokens - 1;
        if self.gaps.len() >= GAPS {
            self.count();
        }
    }

    fn since_due(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.run.began + self.due)
    }

    fn count(&mut self) {
        let mut tally = self.run.tally();
        for gap in self.gaps.drain(..) {
            tally.gap.record(gap);
        }
        tally.gap.record_many(Duration::ZERO, std::mem::take(&mut self.joined));
        tally.tokens += std::mem::take(&mut self.tokens);
    }

    /// The socket ended.
    pub(super) fn closed(&self, reason: &str) {
        self.run.tally().closed.add(reason);
    }
}

impl Drop for Listening<'_> {
    /// Whatever ended the reply, its gaps count.
    fn drop(&mut self) {
        self.count();
    }
}
