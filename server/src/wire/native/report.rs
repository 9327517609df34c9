//! What a turn reports of itself, as the fields of its last frame.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::event::{Source, Span, Timings, TurnReport, Usage};

/// What a turn reports, for protocols that tell its text in their own way: a `turn_done` frame's fields but that.
pub fn report(report: &TurnReport) -> Value {
    let mut fields = serde_json::to_value(TurnDone::of(report)).unwrap_or_default();
    if let Some(fields) = fields.as_object_mut() {
        fields.remove("text");
    }
    fields
}

/// The `turn_done` frame's fields.
#[derive(Serialize)]
pub(super) struct TurnDone<'a> {
    turn_id: &'a str,
    status: &'static str,
    text: &'a str,
    answer: &'a str,
    tone: Option<&'static str>,
    outcome: Option<&'static str>,
    sources: Vec<SourceFrame<'a>>,
    degraded: &'a [Cow<'static, str>],
    facts_missing: Option<&'a [String]>,
    timings_ms: TimingsFrame,
    spans: Vec<SpanFrame>,
    usage: UsageFrame,
    #[serde(skip_serializing_if = "Option::is_none")]
    durable: Option<bool>,
}

impl<'a> TurnDone<'a> {
    pub(super) fn of(report: &'a TurnReport) -> Self {
        Self {
            turn_id: &report.turn_id,
            status: report.status.as_str(),
            text: &report.text,
            answer: &report.answer,
            tone: report.tone.map(crate::event::Tone::as_str),
            outcome: report.outcome.map(crate::event::Outcome::as_str),
            sources: report.sources.iter().map(SourceFrame::of).collect(),
            degraded: &report.degraded,
            facts_missing: report.facts_missing.as_deref(),
            timings_ms: TimingsFrame::of(&report.timings),
            spans: report.spans.iter().map(SpanFrame::of).collect(),
            usage: UsageFrame::of(&report.usage),
            durable: report.durable,
        }
    }
}

#[derive(Serialize)]
struct SourceFrame<'a> {
    title: &'a str,
    file: &'a str,
    score: f32,
}

impl<'a> SourceFrame<'a> {
    fn of(source: &'a Source) -> Self {
        Self { title: &source.title, file: &source.file, score: source.score }
    }
}

#[derive(Serialize)]
struct TimingsFrame {
    description: Option<Ms>,
    retrieve: Option<Ms>,
    answer_first: Option<Ms>,
    answer: Option<Ms>,
    tone: Option<Ms>,
    first_token: Option<Ms>,
    total: Option<Ms>,
}

impl TimingsFrame {
    fn of(timings: &Timings) -> Self {
        Self {
            description: timings.description.map(Ms),
            retrieve: timings.retrieve.map(Ms),
            answer_first: timings.answer_first.map(Ms),
            answer: timings.answer.map(Ms),
            tone: timings.tone.map(Ms),
            first_token: timings.first_token.map(Ms),
            total: timings.total.map(Ms),
        }
    }
}

#[derive(Serialize)]
struct SpanFrame {
    stage: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    segment: Option<u32>,
    start: Ms,
    end: Ms,
}

impl SpanFrame {
    fn of(span: &Span) -> Self {
        Self { stage: span.stage.as_str(), segment: span.segment, start: Ms(span.start), end: Ms(span.end) }
    }
}

#[derive(Serialize)]
struct UsageFrame {
    llm_calls: u32,
    input_tokens: u64,
    output_tokens: u64,
    saved_calls: u32,
    saved_tokens: u64,
}

impl UsageFrame {
    fn of(usage: &Usage) -> Self {
        let Usage { llm_calls, input_tokens, output_tokens, saved_calls, saved_tokens } = *usage;
        Self { llm_calls, input_tokens, output_tokens, saved_calls, saved_tokens }
    }
}

/// Milliseconds, written to the microsecond.
struct Ms(f64);

impl Serialize for Ms {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64((self.0 * 1e3).round() / 1e3)
    }
}
