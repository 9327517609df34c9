//! Calls to upstreams.

use prometheus::{IntCounterVec, IntGaugeVec, Opts, Registry};

use super::registered;

/// What becomes of a call.
const RESULTS: [&str; 4] = ["ok", "refused", "unfit", "failed"];

/// The metrics of all upstreams.
pub(super) struct Upstreams {
    calls: IntCounterVec,
    retries: IntCounterVec,
    hedges: IntCounterVec,
    open: IntGaugeVec,
}

impl Upstreams {
    pub(super) fn new(registry: &Registry) -> Self {
        let counters = |name, help, labels: &[&str]| {
            registered(registry, IntCounterVec::new(Opts::new(name, help), labels))
        };
        let open = Opts::new(
            "rapport_upstream_breaker_open",
            "Whether a replica is left alone, but for a probe a second.",
        );
        Self {
            calls: counters(
                "rapport_upstream_calls_total",
                "Calls to an upstream that ended: ok, refused (the request was at fault), unfit (not tried again), failed.",
                &["upstream", "result"],
            ),
            retries: counters("rapport_upstream_retries_total", "Calls that were made again.", &["upstream"]),
            hedges: counters(
                "rapport_upstream_hedges_total",
                "Calls that were made a second time because the first was late.",
                &["upstream"],
            ),
            open: registered(registry, IntGaugeVec::new(open, &["upstream", "replica"])),
        }
    }

    pub(super) fn of(&self, name: &'static str) -> UpstreamMetrics {
        for result in RESULTS {
            self.calls.with_label_values(&[name, result]);
        }
        self.retries.with_label_values(&[name]);
        self.hedges.with_label_values(&[name]);
        let (calls, retries) = (self.calls.clone(), self.retries.clone());
        UpstreamMetrics { name, calls, retries, hedges: self.hedges.clone(), open: self.open.clone() }
    }
}

/// The metrics of one upstream.
pub struct UpstreamMetrics {
    name: &'static str,
    calls: IntCounterVec,
    retries: IntCounterVec,
    hedges: IntCounterVec,
    open: IntGaugeVec,
}

impl UpstreamMetrics {
    /// A call has ended.
    pub fn called(&self, result: &str) {
        self.calls.with_label_values(&[self.name, result]).inc();
    }

    /// A call is made again.
    pub fn retried(&self) {
        self.retries.with_label_values(&[self.name]).inc();
    }

    /// A call is made a second time because the first is late.
    pub fn hedged(&self) {
        self.hedges.with_label_values(&[self.name]).inc();
    }

    /// A replica's breaker has opened, or closed.
    pub fn opened(&self, replica: &str, is_open: bool) {
        self.open.with_label_values(&[self.name, replica]).set(is_open.into());
    }
}
