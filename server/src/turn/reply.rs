//! The reply: what was sent so far, and what a turn reports of it.

use std::borrow::Cow;
use std::sync::Arc;

use super::view::View;
use super::{Ended, FactGuard, Request, Timeline, Turn};
use crate::answer::Query;
use crate::event::{Event, Outcome, Source, Status, Tone, TurnReport, Usage};
use crate::language::{self, sentence};
use crate::tone::facts;

/// What a turn has brought so far; whatever ends the turn, this is what it reports.
#[derive(Debug, Default)]
pub(super) struct Reply {
    /// All that was sent.
    pub(super) text: String,
    /// The plain answer, or the one that was given in a tone at once.
    pub(super) answer: String,
    pub(super) tone: Option<Tone>,
    pub(super) outcome: Option<Outcome>,
    pub(super) sources: Vec<Source>,
    pub(super) degraded: Vec<Cow<'static, str>>,
    pub(super) facts_missing: Option<Vec<String>>,
    pub(super) usage: Usage,
    /// All of the answer has come.
    pub(super) is_answered: bool,
    /// Something of the answer was sent, not only an opener.
    pub(super) has_answer: bool,
    /// The tone of an answer that was given in it at once.
    pub(super) told_in: Option<Tone>,
    /// The plain text behind the segments that were wholly sent.
    pub(super) told: String,
    /// The reply spoke of the visitor, or had the chance to.
    pub(super) mentioned: bool,
}

impl Reply {
    /// Notes a stage that was done without, once.
    pub(super) fn degrade(&mut self, stage: Option<&'static str>) {
        if let Some(stage) = stage.map(Cow::Borrowed).filter(|stage| !self.degraded.contains(stage)) {
            self.degraded.push(stage);
        }
    }

    /// Notes facts that are not where they should be, each once.
    pub(super) fn miss(&mut self, facts: Vec<String>) {
        let missing = self.facts_missing.get_or_insert_default();
        for fact in facts {
            if !missing.contains(&fact) {
                missing.push(fact);
            }
        }
    }
}

impl Turn<'_> {
    /// Sends a piece of the reply.
    pub(super) fn send(&mut self, text: String) {
        if self.reply.text.is_empty() {
            self.timeline.timings().first_token = Some(self.timeline.now());
        }
        self.reply.text.push_str(&text);
        (self.emit)(Event::Token { turn_id: Arc::clone(&self.request.turn_id), text });
    }

    pub(super) fn has_spoken(&self) -> bool {
        !self.reply.text.is_empty()
    }

    /// Sends a piece of an answer that is in its tone already.
    pub(super) fn say_directly(&mut self, view: &View, text: String) {
        if !self.has_spoken() {
            self.fix(view.clone());
            self.tell_tone(view.mention.is_some());
            self.reply.told_in = Some(view.selection.tone);
        }
        self.reply.has_answer = true;
        self.send(text);
    }

    /// Checks what was said against what it was to be said from, and counts what one call did without.
    pub(super) fn end_direct(&mut self, query: &Query, view: &View) {
        if self.engine.knobs.fact_guard != FactGuard::Off && query.passages.is_some() {
            let passages = query.passages.iter().flatten().map(|passage| &*passage.text);
            let titles = query.passages.iter().flatten().map(|passage| &*passage.source.title);
            let earlier = query.history.iter().map(|message| message.text.as_str());
            let given = passages.chain(titles).chain(earlier).chain([query.question.as_str()]);
            let is_translated = query.passages.iter().flatten().all(|passage| passage.lang() != self.lang);
            self.reply.miss(facts::unsupported(&self.reply.answer, is_translated, given));
        }
        let conversion = self.conversion(view, 1, &self.reply.answer, view.mention.as_deref());
        let saved_tokens = self.engine.converter.likely_tokens(&conversion);
        self.reply.usage.add(&Usage { saved_calls: 1, saved_tokens, ..Usage::default() });
    }

    /// Tells the tone, once, before the first converted text. `mentions`: that text speaks of the visitor.
    pub(super) fn tell_tone(&mut self, mentions: bool) {
        self.reply.mentioned |= mentions; // it comes first: even a reply that breaks off has said it
        let Some(view) = self.view.as_ref().filter(|_| self.reply.tone.is_none()) else { return };
        self.reply.tone = Some(view.selection.tone);
        (self.emit)(Event::Tone {
            turn_id: Arc::clone(&self.request.turn_id),
            selection: view.selection.clone(),
            outcome: view.outcome,
        });
    }

    /// Sends the plain answer in place of a conversion.
    pub(super) fn send_plain(&mut self) {
        self.reply.degrade(Some("convert"));
        let answer = self.reply.answer.clone();
        language::pieces(&answer).for_each(|piece| self.send(piece.to_owned()));
    }

    /// The plain text behind what was sent: of a segment that broke off, as many sentences as were begun.
    pub(super) fn heard(&mut self, status: Status) -> String {
        let reply = &self.reply;
        if reply.told_in.is_some() {
            return reply.text.clone();
        }
        if status == Status::Completed {
            return reply.answer.clone();
        }
        let mut heard = reply.told.clone();
        if !self.conversions.has_begun() {
            return begun(&reply.answer, if reply.has_answer { &reply.text } else { "" });
        }
        if let Some(head) = self.conversions.head().filter(|head| head.is_sent) {
            heard.push_str(&begun(&head.plain, head.sent()));
        }
        heard
    }
}

/// As many sentences of a plain text as were begun of its conversion.
fn begun(plain: &str, sent: &str) -> String {
    let begun = sentence::split(sent).len();
    sentence::split(plain).into_iter().take(begun).collect()
}

impl Reply {
    /// The report of a turn; `heard`: what history keeps of it.
    pub(super) fn end(self, request: &Request, timeline: Timeline, status: Status, heard: String) -> Ended {
        let (spans, timings) = timeline.finish();
        let Self {
            text,
            answer,
            tone,
            outcome,
            sources,
            degraded,
            facts_missing,
            usage,
            mentioned,
            told_in: heard_in,
            ..
        } = self;
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
            durable: None,
        };
        Ended { report, heard, heard_in, mentioned }
    }
}
