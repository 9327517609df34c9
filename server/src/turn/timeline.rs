//! When each stage of a turn ran, counted from the message's arrival.

use tokio::time::Instant;

use crate::event::{Span, Stage, Timings};

/// A turn's spans and timings while it runs.
#[derive(Debug)]
pub(super) struct Timeline {
    arrived: Instant,
    spans: Vec<Entry>,
    timings: Timings,
}

#[derive(Debug)]
struct Entry {
    stage: Stage,
    segment: Option<u32>,
    start: Instant,
    end: Option<Instant>,
    is_shared: bool,
}

/// Names a span until it is closed.
#[derive(Debug, Clone, Copy)]
pub(super) struct SpanId(usize);

impl Timeline {
    pub(super) fn new(arrived: Instant) -> Self {
        Self { arrived, spans: Vec::new(), timings: Timings::default() }
    }

    /// Begins a span now; one that is never closed ends with the turn.
    pub(super) fn open(&mut self, stage: Stage, segment: Option<u32>) -> SpanId {
        self.spans.push(Entry { stage, segment, start: Instant::now(), end: None, is_shared: false });
        SpanId(self.spans.len() - 1)
    }

    /// Ends a span now.
    pub(super) fn close(&mut self, id: SpanId) {
        self.close_at(id, Instant::now());
    }

    /// Ends a span at a moment that has passed.
    pub(super) fn close_at(&mut self, id: SpanId, end: Instant) {
        self.spans[id.0].end = Some(end);
    }

    /// Adds a span that ran elsewhere; without an end it ends with the turn.
    pub(super) fn add(&mut self, stage: Stage, start: Instant, end: Option<Instant>) {
        self.spans.push(Entry { stage, segment: None, start, end, is_shared: true });
    }

    /// Milliseconds from the message's arrival; negative before it.
    pub(super) fn ms(&self, at: Instant) -> f64 {
        let behind = at.saturating_duration_since(self.arrived).as_secs_f64();
        let before = self.arrived.saturating_duration_since(at).as_secs_f64();
        (behind - before) * 1e3
    }

    /// The timings, to be filled in.
    pub(super) fn timings(&mut self) -> &mut Timings {
        &mut self.timings
    }

    /// Milliseconds from the message's arrival to now.
    pub(super) fn now(&self) -> f64 {
        self.ms(Instant::now())
    }

    /// All spans by their start, and the timings with the total.
    pub(super) fn finish(mut self) -> (Vec<Span>, Timings) {
        let now = Instant::now();
        self.timings.total = Some(self.ms(now));
        let span = |entry: &Entry| Span {
            stage: entry.stage,
            segment: entry.segment,
            start: self.ms(entry.start),
            end: self.ms(entry.end.unwrap_or(now)),
            is_shared: entry.is_shared,
        };
        let mut spans: Vec<Span> = self.spans.iter().map(span).collect();
        spans.sort_by(|a, b| a.start.total_cmp(&b.start));
        (spans, self.timings)
    }
}
