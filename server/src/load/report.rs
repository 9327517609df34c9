//! What a run measured. Its JSON is this struct; `docs/load.md` tells every field.

mod warning;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::frames::Greeting;
use super::plan::Plan;
use super::run::Outline;
use super::tally::{Counts, ErrorCount, Latencies, Sessions, Tally};
use super::timeline::{Sample, Slice, Timeline};

pub use super::tally::Turns;

/// A run's report. Latencies in ms, rates per second.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The target's URL, without a query.
    pub target: String,
    /// When the first session was to arrive; RFC 3339.
    pub started: String,
    /// How long it took until the last session had left.
    pub elapsed_ms: u64,
    /// Whether it was stopped before its end.
    pub stopped: bool,
    /// Whether no more failed than `--fail-over` allows.
    pub passed: bool,
    /// The share of the planned questions that didn't go well, in percent.
    pub failed_percent: f64,
    /// What a reader must know before the figures.
    pub warnings: Vec<String>,
    pub(super) server: Greeting,
    pub(super) plan: PlanTold,
    pub(super) sessions: Sessions,
    /// What became of the questions.
    pub turns: Turns,
    pub(super) connect_errors: Counts,
    pub(super) closed: Counts,
    pub(super) errors: BTreeMap<String, ErrorCount>,
    pub(super) outcomes: Counts,
    pub(super) tones: Counts,
    pub(super) degraded: Counts,
    /// All tokens that came.
    pub tokens: u64,
    pub(super) rates: Rates,
    /// All latencies.
    pub latency_ms: LatenciesTold,
    pub(super) timeline: TimelineTold,
    /// Percentile curves: they are for the plots.
    #[serde(skip)]
    pub(super) curves: Curves,
}

/// The plan, as it was carried out.
#[derive(Debug, Clone, Serialize)]
pub(super) struct PlanTold {
    pub(super) sessions: u64,
    pub(super) rate: f64,
    pub(super) arrivals: &'static str,
    pub(super) seed: u64,
    pub(super) think_ms: u64,
    pub(super) turns: Option<u64>,
    pub(super) duration_ms: Option<u64>,
    pub(super) idle: u64,
    pub(super) questions: usize,
    pub(super) strategy: Option<String>,
    pub(super) convert_tone: bool,
    pub(super) timeout_ms: u64,
    pub(super) fail_over_percent: f64,
}

/// Intended and achieved, a second.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Rate {
    pub(super) intended: Option<f64>,
    pub(super) achieved: Option<f64>,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Rates {
    pub(super) sessions: Rate,
    pub(super) questions: Rate,
}

/// The percentiles of one latency in ms; null where nothing was measured.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[allow(missing_docs)] // they say it
pub struct Percentiles {
    pub count: u64,
    pub min: Option<f64>,
    pub mean: Option<f64>,
    pub p50: Option<f64>,
    pub p90: Option<f64>,
    pub p99: Option<f64>,
    #[serde(rename = "p99.9")]
    pub p999: Option<f64>,
    pub max: Option<f64>,
}

/// All latencies.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LatenciesTold {
    /// From a session's intended arrival to its `session` frame.
    pub connect: Percentiles,
    /// From a question's intended send to the first `token` frame.
    pub first_token: Percentiles,
    /// Between two tokens of a turn.
    pub gap: Percentiles,
    /// From a question's intended send to `turn_done`; completed turns only.
    pub total: Percentiles,
    /// How long questions waited for their own session: for its connection, or its reply before.
    pub wait: Percentiles,
    /// How late the load generator was.
    pub lag: Percentiles,
    /// The first token by the server's own clock.
    pub server_first_token: Percentiles,
    /// The total by the server's own clock; completed turns only.
    pub server_total: Percentiles,
}

/// The run over time.
#[derive(Debug, Clone, Serialize)]
pub(super) struct TimelineTold {
    pub(super) slice_ms: u64,
    pub(super) slices: Vec<SliceTold>,
}

/// A slice; what its numbers are is told in [`Slice`].
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct SliceTold {
    pub(super) from_ms: u64,
    pub(super) arrivals: u64,
    pub(super) due: u64,
    pub(super) sent: u64,
    pub(super) running: u64,
    pub(super) open: u64,
    pub(super) first_token_p50: Option<f64>,
    pub(super) first_token_p99: Option<f64>,
    pub(super) total_p50: Option<f64>,
    pub(super) total_p99: Option<f64>,
}

/// A percentile curve: quantile (below 1, but for the last) and ms.
pub(super) type Curve = Vec<(f64, f64)>;

/// The curves of the plots.
#[derive(Debug, Clone, Default)]
pub(super) struct Curves {
    pub(super) connect: Curve,
    pub(super) first_token: Curve,
    pub(super) gap: Curve,
    pub(super) total: Curve,
}

impl Report {
    pub(super) fn new(
        plan: &Plan,
        server: &Greeting,
        outline: &Outline,
        started: SystemTime,
        elapsed: Duration,
        is_stopped: bool,
        tally: &Tally,
    ) -> Self {
        let turns = tally.turns;
        let failed_percent = percent(turns.unsuccessful(), turns.planned);
        let idle_percent = percent(tally.sessions.idle_lost, plan.idle);
        let has_work = turns.completed > 0 || is_stopped;
        let latency_ms = LatenciesTold {
            connect: Percentiles::of(&tally.connect),
            first_token: Percentiles::of(&tally.first_token),
            gap: Percentiles::of(&tally.gap),
            total: Percentiles::of(&tally.total),
            wait: Percentiles::of(&tally.wait),
            lag: Percentiles::of(&tally.lag),
            server_first_token: Percentiles::of(&tally.server_first_token),
            server_total: Percentiles::of(&tally.server_total),
        };
        let mut report = Self {
            target: plan.target.url(),
            started: humantime::format_rfc3339_seconds(started).to_string(),
            elapsed_ms: ms(elapsed),
            stopped: is_stopped,
            passed: has_work && failed_percent <= plan.fail_over && idle_percent <= plan.fail_over,
            failed_percent,
            warnings: Vec::new(),
            server: server.clone(),
            plan: PlanTold::of(plan),
            sessions: tally.sessions,
            turns,
            connect_errors: tally.connect_errors.clone(),
            closed: tally.closed.clone(),
            errors: tally.errors.clone(),
            outcomes: tally.outcomes.clone(),
            tones: tally.tones.clone(),
            degraded: tally.degraded.clone(),
            tokens: tally.tokens,
            rates: Rates {
                sessions: Rate {
                    intended: per_second(outline.sessions, outline.last_arrival),
                    achieved: per_second(tally.sessions.arrived, tally.last_arrival),
                },
                questions: Rate {
                    intended: per_second(outline.turns, outline.last_due),
                    achieved: per_second(turns.sent, tally.last_sent),
                },
            },
            latency_ms,
            timeline: TimelineTold::of(&tally.timeline),
            curves: Curves {
                connect: curve(&tally.connect),
                first_token: curve(&tally.first_token),
                gap: curve(&tally.gap),
                total: curve(&tally.total),
            },
        };
        report.warnings = warning::warnings(&report);
        report
    }

    /// One JSON object.
    pub fn json(&self) -> String {
        // Structs of strings and finite numbers: there is nothing that JSON can't hold.
        serde_json::to_string_pretty(self).expect("a report is JSON")
    }

    /// What went wrong, in a sentence; none if the run passed.
    pub fn failure(&self) -> Option<String> {
        if self.passed {
            return None;
        }
        let Turns { planned, completed, .. } = self.turns;
        Some(match (planned, self.sessions.idle_lost) {
            (0, _) => "no question was due: the run ended before".into(),
            (_, lost) if lost > 0 && self.failed_percent <= self.plan.fail_over_percent => {
                format!("{lost} of {} idle sessions were refused or lost", self.plan.idle)
            }
            _ => format!(
                "{} of {planned} questions got no whole reply ({:.2} %); {completed} did",
                self.turns.unsuccessful(),
                self.failed_percent
            ),
        })
    }
}

impl PlanTold {
    fn of(plan: &Plan) -> Self {
        Self {
            sessions: plan.sessions,
            rate: plan.rate,
            arrivals: plan.arrivals.as_str(),
            seed: plan.seed,
            think_ms: ms(plan.think),
            turns: plan.turns,
            duration_ms: plan.duration.map(ms),
            idle: plan.idle,
            questions: plan.questions.len(),
            strategy: plan.strategy.clone(),
            convert_tone: plan.convert_tone,
            timeout_ms: ms(plan.timeout),
            fail_over_percent: plan.fail_over,
        }
    }
}

impl Percentiles {
    fn of(Latencies(histogram): &Latencies) -> Self {
        if histogram.is_empty() {
            return Self::default();
        }
        let at = |quantile| Some(in_ms(histogram.value_at_quantile(quantile)));
        Self {
            count: histogram.len(),
            min: Some(in_ms(histogram.min())),
            mean: Some(histogram.mean() / 1000.0),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: Some(in_ms(histogram.max())),
        }
    }
}

impl TimelineTold {
    fn of(timeline: &Timeline) -> Self {
        let width = ms(timeline.width());
        let slices = (0..).zip(timeline.slices()).map(|(index, slice)| SliceTold::of(index * width, slice));
        Self { slice_ms: width, slices: slices.collect() }
    }
}

impl SliceTold {
    fn of(from_ms: u64, slice: &Slice) -> Self {
        let at = |Sample(histogram): &Sample, quantile| {
            (!histogram.is_empty()).then(|| in_ms(histogram.value_at_quantile(quantile)))
        };
        Self {
            from_ms,
            arrivals: slice.arrivals,
            due: slice.due,
            sent: slice.sent,
            running: slice.running,
            open: slice.open,
            first_token_p50: at(&slice.first_token, 0.5),
            first_token_p99: at(&slice.first_token, 0.99),
            total_p50: at(&slice.total, 0.5),
            total_p99: at(&slice.total, 0.99),
        }
    }
}

/// A percentile curve with the axis of HDR plots: each step is a tenth of the way to the next nine. It ends where
/// a quantile is one measurement only.
fn curve(Latencies(histogram): &Latencies) -> Curve {
    let count = real(histogram.len());
    let steps = (0..).map(|step| 1.0 - 10_f64.powf(-f64::from(step) / 20.0));
    let points = steps.take_while(|quantile| (1.0 - quantile) * count >= 1.0);
    points.map(|quantile| (quantile, in_ms(histogram.value_at_quantile(quantile)))).collect()
}

/// A count for arithmetic.
#[allow(clippy::cast_precision_loss)] // three digits are shown
fn real(count: u64) -> f64 {
    count as f64
}

fn in_ms(micros: u64) -> f64 {
    real(micros) / 1000.0
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { real(part) * 100.0 / real(whole) }
}

fn per_second(count: u64, time: Duration) -> Option<f64> {
    (!time.is_zero()).then(|| real(count) / time.as_secs_f64())
}
