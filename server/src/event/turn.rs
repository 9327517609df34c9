//! What a turn reports of itself.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Tone;

/// How a turn's slow stages are arranged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Strategy {
    /// Answer, then describe, then select, then convert.
    Sequential,
    /// Answer beside describe, then select, then convert.
    Parallel,
    /// Whatever is known is used; nobody waits for a camera.
    Race,
    /// A tone that is known as the message arrives is answered in at once; else as [`Strategy::Race`].
    Direct,
}

impl Strategy {
    /// Whether it uses what is known of the visitor before the message comes.
    pub const fn reads_cache(self) -> bool {
        matches!(self, Self::Race | Self::Direct)
    }

    /// All of them, slowest first.
    pub const ALL: [Self; 4] = [Self::Sequential, Self::Parallel, Self::Race, Self::Direct];

    /// The name on the wire and in flags.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::Parallel => "parallel",
            Self::Race => "race",
            Self::Direct => "direct",
        }
    }
}

impl FromStr for Strategy {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|strategy| strategy.as_str() == name).ok_or(())
    }
}

/// Which description a turn used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// One that landed since the message came.
    Fresh,
    /// One that was known before.
    Cached,
    /// The client's own.
    Client,
    /// None.
    Fallback,
}

impl Outcome {
    /// All of them, the best first.
    pub const ALL: [Self; 4] = [Self::Fresh, Self::Cached, Self::Client, Self::Fallback];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Cached => "cached",
            Self::Client => "client",
            Self::Fallback => "fallback",
        }
    }
}

/// Who described the visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DescriptionSource {
    /// The description service.
    Vlm,
    /// The client, in its message.
    Client,
}

impl DescriptionSource {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vlm => "vlm",
            Self::Client => "client",
        }
    }
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// The whole reply was sent.
    Completed,
    /// A newer message took its place.
    Interrupted,
    /// The client asked for its end.
    Cancelled,
    /// A stage failed beyond repair.
    Failed,
    /// It took longer than `turn_timeout`.
    TimedOut,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Completed, Self::Interrupted, Self::Cancelled, Self::Failed, Self::TimedOut];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Interrupted => "interrupted",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
        }
    }
}

/// A stage of the turn, as it appears in spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// The VLM looks.
    Describe,
    /// A follow-up question is made to stand alone.
    Rewrite,
    /// Passages are searched.
    Retrieve,
    /// The plain answer is generated.
    Answer,
    /// The tone is selected.
    Select,
    /// A segment is converted.
    Convert,
}

impl Stage {
    /// All of them, in the order of a turn that does one after the other.
    pub const ALL: [Self; 6] =
        [Self::Describe, Self::Rewrite, Self::Retrieve, Self::Answer, Self::Select, Self::Convert];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Describe => "describe",
            Self::Rewrite => "rewrite",
            Self::Retrieve => "retrieve",
            Self::Answer => "answer",
            Self::Select => "select",
            Self::Convert => "convert",
        }
    }
}

/// When a stage ran, in milliseconds from the message's arrival. A prefetch may start below zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The stage.
    pub stage: Stage,
    /// Which segment, for conversions: from 1; 0 is the opener.
    pub segment: Option<u32>,
    /// Its start in ms.
    pub start: f64,
    /// Its end in ms; the turn's end for a stage that was still running.
    pub end: f64,
    /// Whether it ran outside of the turn, for others as well: not told on the wire.
    pub is_shared: bool,
}

/// How long things took, in milliseconds. `None`: it did not happen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// From the start to the end of the VLM's call that this turn used.
    pub description: Option<f64>,
    /// The search.
    pub retrieve: Option<f64>,
    /// From the message's arrival to the plain answer's first delta.
    pub answer_first: Option<f64>,
    /// From the message's arrival to the plain answer's end.
    pub answer: Option<f64>,
    /// The selection of the tone.
    pub tone: Option<f64>,
    /// From the message's arrival to the first token sent.
    pub first_token: Option<f64>,
    /// From the message's arrival to the terminal event.
    pub total: Option<f64>,
}

/// A document that a passage came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The item's title, term or question.
    pub title: Arc<str>,
    /// The file's path below its knowledge directory.
    pub file: Arc<str>,
    /// The search's score; higher is better, only comparable within one turn.
    pub score: f32,
}

/// What a turn cost upstream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Calls to models, selection and retries included.
    pub llm_calls: u32,
    /// Prompt tokens, as far as the backends told.
    pub input_tokens: u64,
    /// Generated tokens, as far as the backends told.
    pub output_tokens: u64,
    /// Calls that the strategy did without.
    pub saved_calls: u32,
    /// Prompt and generated tokens of those calls, estimated.
    pub saved_tokens: u64,
}

/// All that a turn has to say at its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TurnReport {
    /// The turn.
    pub turn_id: Arc<str>,
    /// How it ended.
    pub status: Status,
    /// All text that was sent.
    pub text: String,
    /// The plain answer, before conversion, as far as it got.
    pub answer: String,
    /// The tone; none for a plain answer.
    pub tone: Option<Tone>,
    /// Which description was used; none for a plain answer.
    pub outcome: Option<Outcome>,
    /// Where the passages came from, best first.
    pub sources: Vec<Source>,
    /// Stages that failed and were done without: `describe`, `embed`, `select`, `convert`.
    pub degraded: Vec<Cow<'static, str>>,
    /// Facts of the answer that its conversion lost, or, of an answer given in a tone at once, that the
    /// passages don't hold; none if nothing was checked.
    pub facts_missing: Option<Vec<String>>,
    /// How long things took.
    pub timings: Timings,
    /// When each stage ran.
    pub spans: Vec<Span>,
    /// What it cost upstream.
    pub usage: Usage,
    /// Whether the session's store holds this end; none where sessions are kept in memory only.
    pub durable: Option<bool>,
}

impl Usage {
    /// Adds another call's cost.
    pub fn add(&mut self, other: &Self) {
        self.llm_calls += other.llm_calls;
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.saved_calls += other.saved_calls;
        self.saved_tokens += other.saved_tokens;
    }
}

/// A duration in milliseconds, as spans and timings count them.
pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
