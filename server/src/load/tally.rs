//! What a run has seen so far: counts and histograms.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::frames::{Done, Failure};
use super::target::Refusal;
use super::timeline::Timeline;

/// The highest latency that is told apart, in microseconds: an hour. What is longer counts as an hour.
const HIGHEST: u64 = 3_600_000_000;

/// Names come from the server: so many are told apart, further ones count as `other`.
const NAMES: usize = 64;

/// Latencies in microseconds, to three digits.
#[derive(Debug, Clone)]
pub(super) struct Latencies(pub(super) Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, HIGHEST, 3).expect("the bounds are valid"))
    }
}

impl Latencies {
    pub(super) fn record(&mut self, latency: Duration) {
        self.record_many(latency, 1);
    }

    pub(super) fn record_many(&mut self, latency: Duration, count: u64) {
        self.0.saturating_record_n(micros(latency), count);
    }
}

/// A duration in microseconds.
pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// How often each name came.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Counts(pub(super) BTreeMap<String, u64>);

impl Counts {
    pub(super) fn add(&mut self, name: &str) {
        if let Some(count) = self.0.get_mut(name) {
            *count += 1;
        } else if self.0.len() < NAMES {
            self.0.insert(name.chars().take(80).collect(), 1);
        } else {
            *self.0.entry("other".to_owned()).or_default() += 1;
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

/// What became of the planned questions. Each is counted once.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Turns {
    /// Questions that were due while the run lasted: the sum of all below but `sent`.
    pub planned: u64,
    /// Those that were sent.
    pub sent: u64,
    /// The whole reply came.
    pub completed: u64,
    /// The server says that a newer message took its place.
    pub interrupted: u64,
    /// The server says that it was cancelled.
    pub cancelled: u64,
    /// The server says that it failed.
    pub failed: u64,
    /// The server says that it took too long.
    pub timed_out: u64,
    /// It was not let in: an `error` came instead of a turn.
    pub refused: u64,
    /// No end within `--timeout`; the session gave up.
    pub unanswered: u64,
    /// The connection ended while the reply ran.
    pub lost: u64,
    /// Its session was not let in, or had ended before.
    pub unsent: u64,
    /// The run was stopped first.
    pub stopped: u64,
}

impl Turns {
    /// Those that didn't go well.
    pub fn unsuccessful(&self) -> u64 {
        self.planned - self.completed.min(self.planned) - self.stopped.min(self.planned - self.completed)
    }
}

/// How a question ended.
#[derive(Debug)]
pub(super) enum End {
    /// By `turn_done`.
    Done(Reply),
    Refused,
    Unanswered,
    Lost,
    Stopped,
}

/// What a `turn_done` said.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: Status,
    pub(super) tone: Option<String>,
    pub(super) outcome: Option<String>,
    pub(super) degraded: Vec<String>,
    /// From the intended send to `turn_done`.
    pub(super) total: Duration,
    /// By the server's clock, from the message's arrival there.
    pub(super) server_first_token: Option<Duration>,
    pub(super) server_total: Option<Duration>,
}

/// A turn's status on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Completed,
    Interrupted,
    Cancelled,
    TimedOut,
    /// `failed`, and whatever this version doesn't know.
    Failed,
}

impl Reply {
    pub(super) fn of(done: &Done<'_>, total: Duration) -> Self {
        let millis = |ms: Option<f64>| ms.and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok());
        Self {
            status: match done.status {
                "completed" => Status::Completed,
                "interrupted" => Status::Interrupted,
                "cancelled" => Status::Cancelled,
                "timed_out" => Status::TimedOut,
                _ => Status::Failed,
            },
            tone: done.tone.map(str::to_owned),
            outcome: done.outcome.map(str::to_owned),
            degraded: done.degraded.iter().map(|&part| part.to_owned()).collect(),
            total,
            server_first_token: millis(done.timings_ms.first_token),
            server_total: millis(done.timings_ms.total),
        }
    }
}

/// An error code: how often it came and what it said first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ErrorCount {
    pub(super) count: u64,
    pub(super) message: String,
}

/// Counts of sessions.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Sessions {
    /// Those whose time to arrive came.
    pub(super) arrived: u64,
    pub(super) connected: u64,
    /// Those whose connection ended before all their questions were answered.
    pub(super) lost: u64,
    /// The most that were connected at one time, idle ones aside.
    pub(super) peak: u64,
    pub(super) idle_connected: u64,
    /// Idle ones that were not let in, or whose connection ended.
    pub(super) idle_lost: u64,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) sessions: Sessions,
    /// Sessions connected now, idle ones aside.
    pub(super) open: u64,
    /// When the last session began to connect, from the run's start.
    pub(super) last_arrival: Duration,
    /// When the last question was sent.
    pub(super) last_sent: Duration,
    pub(super) turns: Turns,
    pub(super) tokens: u64,
    pub(super) connect_errors: Counts,
    pub(super) closed: Counts,
    pub(super) errors: BTreeMap<String, ErrorCount>,
    pub(super) outcomes: Counts,
    pub(super) tones: Counts,
    pub(super) degraded: Counts,
    pub(super) connect: Latencies,
    pub(super) first_token: Latencies,
    pub(super) gap: Latencies,
    pub(super) total: Latencies,
    pub(super) wait: Latencies,
    pub(super) lag: Latencies,
    pub(super) server_first_token: Latencies,
    pub(super) server_total: Latencies,
    pub(super) timeline: Timeline,
}

impl Tally {
    /// A session's time has come. `due`: from the run's start, `lag`: how late the generator is.
    pub(super) fn arrived(&mut self, due: Duration, now: Duration, lag: Duration) {
        self.sessions.arrived += 1;
        self.last_arrival = self.last_arrival.max(now);
        self.lag.record(lag);
        self.timeline.at(due).arrivals += 1;
    }

    /// It is connected. `latency`: since its intended arrival.
    pub(super) fn connected(&mut self, now: Duration, latency: Duration) {
        self.sessions.connected += 1;
        self.open += 1;
        self.sessions.peak = self.sessions.peak.max(self.open);
        self.connect.record(latency);
        self.timeline.open(now, 1);
    }

    pub(super) fn refused(&mut self, refusal: &Refusal) {
        self.connect_errors.add(&refusal.name());
    }

    /// It has left.
    pub(super) fn left(&mut self, now: Duration) {
        self.open = self.open.saturating_sub(1);
        self.timeline.open(now, -1);
    }

    /// A question was sent. `wait`: how long it waited for its own session, `lag`: for the generator.
    pub(super) fn sent(&mut self, due: Duration, now: Duration, wait: Duration, lag: Duration) {
        self.turns.sent += 1;
        self.last_sent = self.last_sent.max(now);
        self.wait.record(wait);
        self.lag.record(lag);
        self.timeline.at(due).due += 1;
        self.timeline.at(now).sent += 1;
        self.timeline.run(now, 1);
    }

    /// A reply's first token came. `due`: its question's, from the run's start.
    pub(super) fn first_token(&mut self, due: Duration, latency: Duration) {
        self.first_token.record(latency);
        self.timeline.at(due).first_token.record(latency);
    }

    /// A turn that was sent has ended. `due`: its question's.
    pub(super) fn ended(&mut self, due: Duration, now: Duration, end: End) {
        self.timeline.run(now, -1);
        let count = match end {
            End::Done(reply) => {
                self.replied(due, &reply);
                match reply.status {
                    Status::Completed => &mut self.turns.completed,
                    Status::Interrupted => &mut self.turns.interrupted,
                    Status::Cancelled => &mut self.turns.cancelled,
                    Status::TimedOut => &mut self.turns.timed_out,
                    Status::Failed => &mut self.turns.failed,
                }
            }
            End::Refused => &mut self.turns.refused,
            End::Unanswered => &mut self.turns.unanswered,
            End::Lost => &mut self.turns.lost,
            End::Stopped => &mut self.turns.stopped,
        };
        *count += 1;
    }

    fn replied(&mut self, due: Duration, reply: &Reply) {
        // How long a failure takes is no latency of a reply.
        if reply.status == Status::Completed {
            self.total.record(reply.total);
            self.timeline.at(due).total.record(reply.total);
            if let Some(total) = reply.server_total {
                self.server_total.record(total);
            }
        }
        if let Some(first) = reply.server_first_token {
            self.server_first_token.record(first);
        }
        self.outcomes.add(reply.outcome.as_deref().unwrap_or("none"));
        self.tones.add(reply.tone.as_deref().unwrap_or("none"));
        for part in &reply.degraded {
            self.degraded.add(part);
        }
    }

    /// An `error` frame came.
    pub(super) fn error(&mut self, failure: &Failure<'_>) {
        let is_known = self.errors.contains_key(failure.code);
        let code = if is_known || self.errors.len() < NAMES { failure.code } else { "other" };
        let error = self
            .errors
            .entry(code.chars().take(80).collect())
            .or_insert_with(|| ErrorCount { count: 0, message: failure.message.chars().take(300).collect() });
        error.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_server_are_bounded() {
        let mut counts = Counts::default();
        for number in 0..1000 {
            counts.add(&format!("name {number}"));
            counts.add("name 1");
        }
        assert!(counts.0.len() <= NAMES + 1);
        assert_eq!(counts.0["name 1"], 1001);
        assert_eq!(counts.total(), 2000);
    }

    #[test]
    fn errors_keep_their_first_words() {
        let mut tally = Tally::default();
        for message in ["first", "second"] {
            tally.error(&Failure { code: "busy", message: message.into() });
        }
        assert_eq!(tally.errors["busy"], ErrorCount { count: 2, message: "first".into() });
    }

    #[test]
    fn a_latency_beyond_all_bounds_is_the_highest() {
        let mut latencies = Latencies::default();
        latencies.record(Duration::MAX);
        assert_eq!(latencies.0.len(), 1);
        assert!(latencies.0.max() >= HIGHEST);
    }
}
