//! One replica of a service: its client, and what its calls have told of it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::breaker::Breaker;
use super::latency::Average;
use super::{Failure, KINDS, Kind, Verdict, lock};
use crate::observe::UpstreamMetrics;

/// Differences below this, in seconds, say nothing.
const QUICK: f64 = 0.001;

/// One replica.
pub(super) struct Replica<C: ?Sized> {
    pub(super) client: Arc<C>,
    /// The address that people know it by.
    shown: String,
    /// Calls that have not ended.
    load: AtomicU32,
    health: Mutex<Health>,
    metrics: Arc<UpstreamMetrics>,
}

#[derive(Default)]
struct Health {
    breaker: Breaker,
    latency: [Average; KINDS],
    last_failure: String,
}

impl<C: ?Sized> Replica<C> {
    pub(super) fn new(client: Arc<C>, shown: String, metrics: Arc<UpstreamMetrics>) -> Self {
        Self { client, shown, load: AtomicU32::new(0), health: Mutex::default(), metrics }
    }

    pub(super) fn load(&self) -> u32 {
        self.load.load(Ordering::Relaxed)
    }

    /// How long it may not be called.
    pub(super) fn closed_for(&self, now: Instant) -> Duration {
        lock(&self.health).breaker.closed_for(now)
    }

    pub(super) fn last_failure(&self) -> String {
        lock(&self.health).last_failure.clone()
    }

    /// Its latency in seconds, where it is known.
    pub(super) fn latency(&self, kind: Kind) -> Option<f64> {
        lock(&self.health).latency[kind.number].seconds()
    }

    /// What one call more would cost there, in seconds; one that was never called is as good as the best.
    pub(super) fn cost(&self, kind: Kind, best: f64, now: Instant) -> f64 {
        let health = lock(&self.health);
        let latency = health.latency[kind.number].faded(best, now).unwrap_or(best);
        latency.max(QUICK) * health.breaker.grudge(now) * f64::from(self.load() + 1)
    }
}

/// A call to a replica, counted as its load until this is dropped.
pub struct Lease<C: ?Sized> {
    replica: Arc<Replica<C>>,
    kind: Kind,
    begun: Instant,
    /// Something was heard: a first token, or an error.
    is_heard: bool,
}

impl<C: ?Sized> Lease<C> {
    pub(super) fn new(replica: &Arc<Replica<C>>, kind: Kind) -> Self {
        let now = Instant::now();
        replica.load.fetch_add(1, Ordering::Relaxed);
        lock(&replica.health).breaker.begin(now);
        Self { replica: Arc::clone(replica), kind, begun: now, is_heard: false }
    }

    /// The first token has come; how long it took.
    pub(super) fn brought_first(&mut self) -> Duration {
        let now = Instant::now();
        let took = now - self.begun;
        self.is_heard = true;
        let mut health = lock(&self.replica.health);
        health.latency[self.kind.number].add(took, now);
        let is_closed_again = health.breaker.answered();
        drop(health);
        if is_closed_again {
            tracing::info!(upstream = self.replica.shown, "answers again");
            self.replica.metrics.opened(&self.replica.shown, false);
        }
        took
    }

    /// All of it has come: the replica works.
    pub fn ended(self) {
        lock(&self.replica.health).breaker.succeeded();
        self.replica.metrics.called("ok");
    }

    /// The call failed.
    pub fn failed<E: Failure>(&mut self, error: &E) {
        self.is_heard = true;
        let (spare, became) = match error.verdict() {
            Verdict::Innocent => return self.replica.metrics.called("refused"),
            Verdict::Unfit => (None, "unfit"),
            Verdict::Failed { retry_after } => (retry_after, "failed"),
        };
        self.replica.metrics.called(became);
        let mut health = lock(&self.replica.health);
        health.last_failure = error.to_string();
        let is_opened = health.breaker.failed(spare, Instant::now());
        drop(health);
        if is_opened {
            tracing::warn!(upstream = self.replica.shown, %error, "is left alone, but for a call a second");
            self.replica.metrics.opened(&self.replica.shown, true);
        }
    }
}

impl<C: ?Sized> Drop for Lease<C> {
    fn drop(&mut self) {
        self.replica.load.fetch_sub(1, Ordering::Relaxed);
        if self.is_heard {
            return;
        }
        // Given up before anything came: it takes as long as that at least.
        let now = Instant::now();
        let waited = now - self.begun;
        let latency = &mut lock(&self.replica.health).latency[self.kind.number];
        if latency.seconds().is_none_or(|average| waited.as_secs_f64() > average) {
            latency.add(waited, now);
        }
    }
}
