//! The reply: what was sent so far, and the conversion that makes it.

use std::sync::Arc;

use futures_util::StreamExt;

use super::strategy::View;
use super::timeline::Timeline;
use super::{Ended, FactGuard, Request, Turn};
use crate::event::{Event, Outcome, Source, Stage, Status, Tone, TurnReport, Usage};
use crate::language::{self, sentence};
use crate::llm::{Delta, LlmError};
use crate::tone::{Conversion, builtin, facts};

/// How often a conversion is begun before the plain answer is sent.
const ATTEMPTS: u32 = 2;

/// What a turn has brought so far; whatever ends the turn, this is what it reports.
#[derive(Debug, Default)]
pub(super) struct Reply {
    /// All that was sent.
    pub(super) text: String,
    /// The plain answer.
    pub(super) answer: String,
    pub(super) tone: Option<Tone>,
    pub(super) outcome: Option<Outcome>,
    pub(super) sources: Vec<Source>,
    pub(super) degraded: Vec<&'static str>,
    pub(super) facts_missing: Option<Vec<String>>,
    pub(super) usage: Usage,
    /// The plain answer is whole.
    pub(super) is_answered: bool,
    /// A converted reply had the chance to speak of the visitor.
    pub(super) mentioned: bool,
}

impl Turn<'_> {
    /// Sends a piece of the reply.
    pub(super) fn send(&mut self, text: &str) {
        if self.reply.text.is_empty() {
            self.timeline.timings().first_token = Some(self.timeline.now());
        }
        self.reply.text.push_str(text);
        (self.emit)(Event::Token { turn_id: Arc::clone(&self.request.turn_id), text: Arc::from(text) });
    }

    /// Converts the whole answer as the reply's only segment. A converter that fails before anything was
    /// sent is tried once more, then the plain answer is sent.
    pub(super) async fn convert(&mut self, view: View) -> Result<(), LlmError> {
        let mut attempt = 1;
        while let Err(error) = self.convert_once(&view).await {
            if !self.reply.text.is_empty() {
                return Err(error);
            }
            if attempt == ATTEMPTS || !error.is_retryable() {
                tracing::warn!(%error, "the plain answer is sent");
                self.send_plain();
                return Ok(());
            }
            attempt += 1;
            tracing::warn!(%error, "conversion is tried again");
        }
        Ok(())
    }

    async fn convert_once(&mut self, view: &View) -> Result<(), LlmError> {
        let span = self.timeline.open(Stage::Convert, Some(1));
        let converted = self.stream_conversion(view).await;
        self.timeline.close(span);
        let converted = converted?;
        let guard = self.engine.knobs.fact_guard;
        if guard != FactGuard::Off {
            self.reply.facts_missing = Some(facts::missing(&self.reply.answer, &converted));
        }
        if guard == FactGuard::Strict {
            if self.reply.facts_missing.as_ref().is_some_and(|missing| !missing.is_empty()) {
                self.send_plain();
                return Ok(());
            }
            self.tell_tone(view);
            language::pieces(&converted).for_each(|piece| self.send(piece));
        }
        Ok(())
    }

    /// Whether this reply is to speak of the visitor, and may.
    fn mentions(&self, view: &View) -> bool {
        let may = self.request.mention && view.is_recent && !view.description.is_empty();
        may && builtin::has_content(&self.reply.answer)
    }

    /// Converts the answer, sending as it comes unless the fact guard holds it; returns all of it.
    async fn stream_conversion(&mut self, view: &View) -> Result<String, LlmError> {
        let engine = self.engine;
        let conversion = Conversion {
            text: self.reply.answer.clone(),
            tone: view.selection.tone,
            lang: self.lang,
            question: self.request.message.text.clone(),
            description: Arc::clone(&view.description),
            mentions: self.mentions(view),
        };
        if !engine.converter.is_builtin() {
            self.reply.usage.add(&Usage { llm_calls: 1, ..Usage::default() });
        }
        let mut stream = engine.converter.convert(conversion).await?;
        let mut converted = String::new();
        while let Some(delta) = stream.next().await {
            match delta? {
                Delta::Text(text) => {
                    let text = if converted.is_empty() { text.trim_start() } else { &text };
                    if text.is_empty() {
                        continue;
                    }
                    converted.push_str(text);
                    if engine.knobs.fact_guard != FactGuard::Strict {
                        self.tell_tone(view);
                        self.send(text);
                    }
                }
                Delta::Usage(usage) => self.reply.usage.add(&usage),
            }
        }
        if converted.is_empty() { Err(LlmError::Empty) } else { Ok(converted) }
    }

    /// Tells the tone, once, before the first converted text.
    fn tell_tone(&mut self, view: &View) {
        if self.reply.tone.is_some() {
            return;
        }
        self.reply.tone = Some(view.selection.tone);
        self.reply.mentioned = self.mentions(view); // it comes first: even a reply that breaks off has said it
        (self.emit)(Event::Tone {
            turn_id: Arc::clone(&self.request.turn_id),
            selection: view.selection.clone(),
            outcome: view.outcome,
        });
    }

    /// Sends the plain answer in place of a conversion.
    pub(super) fn send_plain(&mut self) {
        self.reply.degraded.push("convert");
        let answer = self.reply.answer.clone();
        language::pieces(&answer).for_each(|piece| self.send(piece));
    }
}

impl Reply {
    pub(super) fn end(self, request: &Request, timeline: Timeline, status: Status) -> Ended {
        let heard = self.heard(status);
        let (spans, timings) = timeline.finish();
        let Self { text, answer, tone, outcome, sources, degraded, facts_missing, usage, mentioned, .. } =
            self;
        let turn_id = Arc::clone(&request.turn_id);
        let report = TurnReport {
            turn_id,
            status,
            text,
            answer,
            tone,
            outcome,
            sources,
            degraded,
            facts_missing,
            timings,
            spans,
            usage,
        };
        Ended { report, heard, mentioned }
    }

    /// The plain sentences behind what was sent: of a reply that broke off, as many as were begun.
    fn heard(&self, status: Status) -> String {
        if status == Status::Completed {
            return self.answer.clone();
        }
        if self.text.is_empty() {
            return String::new();
        }
        let begun = sentence::split(&self.text).len();
        sentence::split(&self.answer).into_iter().take(begun).collect()
    }
}
