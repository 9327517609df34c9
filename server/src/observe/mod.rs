//! What operators watch: numbers of the server as a whole, for Prometheus and the status page. Nothing of what was
//! said, and nothing that tells one visitor from another.

#[cfg(test)]
mod tests;
mod upstreams;

use std::time::Duration;

#[cfg(not(target_os = "linux"))]
use prometheus::Gauge;
use prometheus::core::Collector;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use crate::event::{Outcome, Stage, Status, Tone, TurnReport};
pub use upstreams::UpstreamMetrics;
use upstreams::Upstreams;

/// The media type of [`Metrics::text`].
pub const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Stages that a turn can do without.
const DEGRADABLE: [&str; 4] = ["describe", "embed", "select", "convert"];

/// What becomes of a call to the VLM.
const DESCRIBED: [&str; 6] = ["described", "nobody", "unreachable", "timed_out", "refused", "garbage"];

/// What a client that comes back finds.
const RESUMED: [&str; 3] = ["exact", "snapshot", "new"];

/// The numbers of one server, on a registry of its own. Each label value that can occur is there from the start, at 0:
/// a rate needs a first value.
pub struct Metrics {
    registry: Registry,
    sessions: IntGauge,
    sockets: IntGauge,
    tasks: IntGauge,
    running: IntGauge,
    turns: IntCounterVec,
    refused: IntCounter,
    limit: IntGauge,
    waiting: IntGauge,
    replies: IntCounterVec,
    first_token: Histogram,
    total: Histogram,
    stages: HistogramVec,
    descriptions: IntCounterVec,
    degraded: IntCounterVec,
    ended: IntCounterVec,
    resumes: IntCounterVec,
    upstreams: IntGaugeVec,
    calls: Upstreams,
}

/// What is not counted as it happens, but looked at for a scrape.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Now {
    /// Live sessions.
    pub sessions: usize,
    /// Open sockets.
    pub sockets: usize,
    /// Tasks that run for sessions.
    pub tasks: usize,
    /// How many turns may run at once, and how many wait for that; none: all may.
    pub crowd: Option<(usize, usize)>,
    /// Whether the chat models can be reached; none: not configured.
    pub llm: Option<bool>,
    /// Whether the VLM can be reached; none: not configured.
    pub vlm: Option<bool>,
    /// Whether the embeddings' server can be reached; none: not configured.
    pub embeddings: Option<bool>,
    /// Whether the store can be reached; none: sessions are kept in memory only.
    pub store: Option<bool>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Metrics of a server that starts now.
    pub fn new() -> Self {
        let registry = Registry::new();
        let gauge = |name, help| registered(&registry, IntGauge::new(name, help));
        let counters = |name, help, labels: &[&str]| {
            registered(&registry, IntCounterVec::new(Opts::new(name, help), labels))
        };
        let histogram = |name, help| {
            let options = HistogramOpts::new(name, help).buckets(buckets(0.005, 1.25, 47));
            registered(&registry, Histogram::with_opts(options))
        };
        let stages =
            HistogramOpts::new("rapport_stage_seconds", "How long stages took, each counted once, by stage.");
        let stages = HistogramVec::new(stages.buckets(buckets(0.001, 2.0, 18)), &["stage"]);
        let upstreams = Opts::new("rapport_upstream_up", "Whether a configured upstream can be reached.");
        let build = Opts::new("rapport_build_info", "1, labelled with the version of the server.");
        let build = IntGaugeVec::new(build, &["version"]);

        registered(&registry, build).with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        watch_process(&registry);
        let metrics = Self {
            sessions: gauge("rapport_sessions", "Live sessions, with a socket or waiting for one."),
            sockets: gauge("rapport_sockets", "Open WebSockets."),
            tasks: gauge(
                "rapport_tasks",
                "Tasks that run for sessions: turns, descriptions, writes to the store.",
            ),
            running: gauge("rapport_turns_running", "Turns that have begun and not ended."),
            turns: counters("rapport_turns_total", "Turns that ended, by terminal status.", &["status"]),
            refused: registered(
                &registry,
                IntCounter::new(
                    "rapport_turns_refused_total",
                    "Messages that were refused because too many turns ran.",
                ),
            ),
            limit: gauge("rapport_turns_limit", "How many turns may run at once; 0: all."),
            waiting: gauge("rapport_turns_waiting", "Messages that wait for a running turn's place."),
            replies: counters(
                "rapport_replies_total",
                "Turns that replied in a tone, by tone and by the description used.",
                &["tone", "outcome"],
            ),
            first_token: histogram(
                "rapport_first_token_seconds",
                "From a message's arrival to the first token sent.",
            ),
            total: histogram("rapport_turn_seconds", "From a message's arrival to its turn's end."),
            stages: registered(&registry, stages),
            descriptions: counters(
                "rapport_descriptions_total",
                "Calls to the VLM that ended, by what became of them.",
                &["result"],
            ),
            degraded: counters(
                "rapport_degraded_total",
                "Stages that turns did without, by stage.",
                &["stage"],
            ),
            ended: counters("rapport_sockets_ended_total", "WebSockets that ended, by reason.", &["reason"]),
            resumes: counters(
                "rapport_resumes_total",
                "Clients that came back to a session: exactly, by a snapshot, or to a new one.",
                &["result"],
            ),
            upstreams: registered(&registry, IntGaugeVec::new(upstreams, &["upstream"])),
            calls: Upstreams::new(&registry),
            registry,
        };
        metrics.name_all();
        metrics
    }

    /// Brings every label value into being.
    fn name_all(&self) {
        for status in Status::ALL {
            self.turns.with_label_values(&[status.as_str()]);
        }
        for tone in Tone::ALL {
            for outcome in Outcome::ALL {
                self.replies.with_label_values(&[tone.as_str(), outcome.as_str()]);
            }
        }
        for stage in Stage::ALL {
            self.stages.with_label_values(&[stage.as_str()]);
        }
        for result in RESUMED {
            self.resumes.with_label_values(&[result]);
        }
        for result in DESCRIBED {
            self.descriptions.with_label_values(&[result]);
        }
        for stage in DEGRADABLE {
            self.degraded.with_label_values(&[stage]);
        }
    }

    /// What an upstream's calls are counted by.
    pub fn upstream(&self, name: &'static str) -> UpstreamMetrics {
        self.calls.of(name)
    }

    /// A turn has begun; [`Metrics::turn_ended`] must follow.
    pub fn turn_began(&self) {
        self.running.inc();
    }

    /// Names why sockets may end.
    pub fn name_endings(&self, reasons: &[&str]) {
        for reason in reasons {
            self.ended.with_label_values(&[reason]);
        }
    }

    /// A socket has ended; why, in a word that was named.
    pub fn socket_ended(&self, reason: &str) {
        self.ended.with_label_values(&[reason]).inc();
    }

    /// A client has come back: nothing was missed, or it was given a snapshot; else its session is gone.
    pub fn resumed(&self, is_exact: bool, has_snapshot: bool) {
        let [exact, snapshot, new] = RESUMED;
        let result = if is_exact {
            exact
        } else if has_snapshot {
            snapshot
        } else {
            new
        };
        self.resumes.with_label_values(&[result]).inc();
    }

    /// A message was refused because too many turns run.
    pub fn turn_refused(&self) {
        self.refused.inc();
    }

    /// A turn has ended, whatever ended it.
    pub fn turn_ended(&self, report: &TurnReport) {
        self.running.dec();
        self.turns.with_label_values(&[report.status.as_str()]).inc();
        if let (Some(tone), Some(outcome)) = (report.tone, report.outcome) {
            self.replies.with_label_values(&[tone.as_str(), outcome.as_str()]).inc();
        }
        if let Some(first_token) = report.timings.first_token {
            self.first_token.observe(first_token / 1e3);
        }
        if let Some(total) = report.timings.total {
            self.total.observe(total / 1e3);
        }
        // What several turns share was counted where it ran, and so is every call to the VLM.
        for span in report.spans.iter().filter(|span| !span.is_shared && span.stage != Stage::Describe) {
            let took = (span.end - span.start).max(0.0);
            self.stages.with_label_values(&[span.stage.as_str()]).observe(took / 1e3);
        }
        for stage in &report.degraded {
            self.degraded.with_label_values(&[stage]).inc();
        }
    }

    /// A call to the VLM has ended.
    pub fn described(&self, result: &str, took: Duration) {
        self.descriptions.with_label_values(&[result]).inc();
        self.stages.with_label_values(&[Stage::Describe.as_str()]).observe(took.as_secs_f64());
    }

    /// A tone was selected outside of a turn.
    pub fn selected(&self, took: Duration) {
        self.stages.with_label_values(&[Stage::Select.as_str()]).observe(took.as_secs_f64());
    }

    /// All numbers in Prometheus' text format 0.0.4.
    pub fn text(&self, now: Now) -> String {
        let count = |count| i64::try_from(count).unwrap_or(i64::MAX);
        self.sessions.set(count(now.sessions));
        self.sockets.set(count(now.sockets));
        self.tasks.set(count(now.tasks));
        let (limit, waiting) = now.crowd.unwrap_or_default();
        self.limit.set(count(limit));
        self.waiting.set(count(waiting));
        for (upstream, is_up) in
            [("llm", now.llm), ("vlm", now.vlm), ("embeddings", now.embeddings), ("store", now.store)]
        {
            if let Some(is_up) = is_up {
                self.upstreams.with_label_values(&[upstream]).set(is_up.into());
            }
        }
        let encoded = TextEncoder::new().encode_to_string(&self.registry.gather());
        encoded.expect("no metric is without a name or a value")
    }
}

/// Adds what the operating system tells of the process: its start, CPU, memory and files.
#[cfg(target_os = "linux")]
fn watch_process(registry: &Registry) {
    let process = prometheus::process_collector::ProcessCollector::for_self();
    registry.register(Box::new(process)).expect("each name is given once");
}

/// Elsewhere nothing but its start is known.
#[cfg(not(target_os = "linux"))]
fn watch_process(registry: &Registry) {
    let started = Gauge::new("process_start_time_seconds", "When the server started, in Unix time.");
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    registered(registry, started).set(since_epoch.as_secs_f64());
}

/// Adds a metric to a registry.
fn registered<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> C {
    let metric = made.expect("names, labels and buckets are well-formed");
    registry.register(Box::new(metric.clone())).expect("each name is given once");
    metric
}

/// `count` upper bounds in seconds, the first `from`, each `factor` times the one before, to three digits. A quantile
/// that is interpolated within a bucket is off by less than the bucket's width.
fn buckets(from: f64, factor: f64, count: i32) -> Vec<f64> {
    let bounds = (0..count).map(|nth| from * factor.powi(nth));
    bounds.map(|bound| format!("{bound:.2e}").parse().unwrap_or(bound)).collect()
}
