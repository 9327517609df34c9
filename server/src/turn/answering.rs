//! The answer stage: retrieve, then generate.

use std::future::poll_fn;

use tokio::time::Instant;

use super::Turn;
use super::call::Call;
use super::segment::Segments;
use super::timeline::SpanId;
use crate::answer::{Answer, Query, Voice};
use crate::event::{Source, Stage, millis};
use crate::knowledge::Passage;
use crate::llm::LlmError;

/// The answer while it is generated.
pub(super) struct Answering {
    call: Call,
    /// A model speaks; else the built-in engine, or it is the honest refusal.
    pub(super) asks_model: bool,
    span: SpanId,
    begun: Instant,
    /// When all of it had come.
    pub(super) ended: Option<Instant>,
}

impl Answering {
    /// The next piece; none at the end. May be dropped and called again at any time.
    pub(super) async fn next(&mut self) -> Option<Result<String, LlmError>> {
        poll_fn(|cx| self.call.poll_text(cx)).await
    }
}

impl Turn<'_> {
    /// The question, with what the house's documents say.
    pub(super) async fn query(&mut self) -> Query {
        let standalone = self.standalone().await;
        Query {
            question: self.request.message.text.clone(),
            lang: self.lang,
            history: self.request.history.clone(),
            instructions: self.request.message.instructions.clone(),
            passages: self.retrieve(&standalone).await,
            standalone,
        }
    }

    /// What the documents are searched for; nothing is, where there are none.
    async fn standalone(&mut self) -> String {
        let (question, history) = (&self.request.message.text, &self.request.history);
        let Some(research) = &self.engine.research else { return question.clone() };
        let span = research.needs_model(question, history).then(|| self.timeline.open(Stage::Rewrite, None));
        let (standalone, usage) = research.standalone(question, history, self.lang).await;
        self.reply.usage.add(&usage);
        if let Some(span) = span {
            self.timeline.close(span);
        }
        standalone
    }

    async fn retrieve(&mut self, standalone: &str) -> Option<Vec<Passage>> {
        let research = self.engine.research.as_ref()?;
        let span = self.timeline.open(Stage::Retrieve, None);
        let started = Instant::now();
        let found = research.passages(standalone).await;
        self.timeline.timings().retrieve = Some(millis(started.elapsed()));
        self.timeline.close(span);
        self.reply.degrade(found.is_degraded.then_some("embed"));
        Some(found.passages)
    }

    /// Begins the answer: plainly, or in a voice.
    pub(super) fn begin_answer(&mut self, query: &Query, voice: Option<&Voice>) -> Answering {
        let Answer { generation, sources } = self.engine.answerer.answer(query, voice);
        self.reply.sources.clear();
        for source in sources {
            let is_known = |known: &Source| known.title == source.title && known.file == source.file;
            if !self.reply.sources.iter().any(is_known) {
                self.reply.sources.push(source);
            }
        }
        let asks_model = generation.asks_model();
        let mut call = Call::begin(generation, self.lang);
        self.reply.usage.add(&call.take_usage());
        Answering {
            call,
            asks_model,
            span: self.timeline.open(Stage::Answer, None),
            begun: Instant::now(),
            ended: None,
        }
    }

    /// Takes what the answer brings: text, its end, or an error that ends the turn. An answer that breaks
    /// before any of it was sent is begun again.
    pub(super) fn take_answer(
        &mut self,
        answering: &mut Answering,
        text: Option<Result<String, LlmError>>,
    ) -> Result<Option<String>, LlmError> {
        self.reply.usage.add(&answering.call.take_usage());
        match text {
            Some(Ok(text)) => {
                if self.timeline.timings().answer_first.is_none() {
                    self.timeline.timings().answer_first = Some(self.timeline.now());
                    if let Some(admission) = self.engine.admission.as_ref().filter(|_| answering.asks_model) {
                        admission.first_token(answering.begun.elapsed());
                    }
                }
                self.reply.answer.push_str(&text);
                Ok(Some(text))
            }
            Some(Err(error)) if !self.reply.has_answer && answering.call.retry(&error) => {
                tracing::warn!(%error, "answer is tried again");
                self.reply.answer.clear();
                self.segments = Segments::default();
                self.conversions.begin_again();
                self.reply.usage.add(&answering.call.take_usage());
                Ok(None)
            }
            Some(Err(error)) => {
                if let (Some(admission), LlmError::Refused { status: 429 | 503, .. }) =
                    (&self.engine.admission, &error)
                {
                    admission.pushed_back();
                }
                Err(error)
            }
            None => {
                self.timeline.close(answering.span);
                answering.ended = Some(Instant::now());
                self.reply.is_answered = true;
                self.timeline.timings().answer = Some(self.timeline.now());
                Ok(None)
            }
        }
    }

    /// Generates the whole plain answer. `live`: it is sent as it comes.
    pub(super) async fn answer(&mut self, live: bool) -> Result<(), LlmError> {
        let query = self.query().await;
        let mut answering = self.begin_answer(&query, None);
        while answering.ended.is_none() {
            let text = answering.next().await;
            if let Some(text) = self.take_answer(&mut answering, text)?
                && live
            {
                let is_first = !self.has_spoken();
                self.reply.has_answer = true;
                self.send(text);
                if is_first {
                    // Lets the socket write the first word before the rest of a burst is read.
                    tokio::task::yield_now().await;
                }
            }
        }
        Ok(())
    }
}
