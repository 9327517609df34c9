//! The answer stage: retrieve, then generate.

use futures_util::StreamExt;

use super::Turn;
use crate::answer::{Answer, Query, builtin};
use crate::event::{Source, Stage, Usage};
use crate::knowledge::Passage;
use crate::llm::{Delta, LlmError};

/// How often an answer is begun before the turn fails.
const ATTEMPTS: u32 = 2;

impl Turn<'_> {
    /// Generates the plain answer into the reply. `live`: it is sent as it comes. What fails before
    /// anything was sent is tried once more.
    pub(super) async fn answer(&mut self, live: bool) -> Result<(), LlmError> {
        let standalone = self.standalone();
        let query = Query {
            question: self.request.message.text.clone(),
            lang: self.lang,
            history: self.request.history.clone(),
            passages: self.retrieve(&standalone),
            standalone,
        };
        let span = self.timeline.open(Stage::Answer, None);
        let mut attempt = 1;
        while let Err(error) = self.generate(query.clone(), live).await {
            if attempt == ATTEMPTS || !error.is_retryable() || !self.reply.text.is_empty() {
                return Err(error);
            }
            attempt += 1;
            tracing::warn!(%error, "answer is tried again");
            self.reply.answer.clear();
        }
        self.timeline.close(span);
        self.reply.is_answered = true;
        self.timeline.timings().answer = Some(self.timeline.now());
        Ok(())
    }

    /// The question, cleaned and with what it refers to in the last reply: what the documents are searched for.
    fn standalone(&self) -> String {
        let question = &self.request.message.text;
        let mut last = self.request.history.iter().rev();
        match (last.next(), last.next()) {
            (Some(answer), Some(asked)) => builtin::standalone(question, &asked.text, &answer.text),
            _ => builtin::standalone(question, "", ""),
        }
    }

    fn retrieve(&mut self, question: &str) -> Option<Vec<Passage>> {
        let knowledge = self.engine.knowledge.as_ref()?;
        let span = self.timeline.open(Stage::Retrieve, None);
        let started = tokio::time::Instant::now();
        let passages = knowledge.search(question, self.engine.knobs.passage_chars);
        self.timeline.timings().retrieve = Some(crate::event::millis(started.elapsed()));
        self.timeline.close(span);
        Some(passages)
    }

    async fn generate(&mut self, query: Query, live: bool) -> Result<(), LlmError> {
        let engine = self.engine;
        if engine.answerer.asks_model(&query) {
            self.reply.usage.add(&Usage { llm_calls: 1, ..Usage::default() });
        }
        let Answer { mut stream, sources } = engine.answerer.answer(query).await?;
        self.reply.sources.clear();
        for source in sources {
            let is_known = |known: &Source| known.title == source.title && known.file == source.file;
            if !self.reply.sources.iter().any(is_known) {
                self.reply.sources.push(source);
            }
        }
        while let Some(delta) = stream.next().await {
            match delta? {
                Delta::Text(text) => {
                    // Models like to begin with white space.
                    let text = if self.reply.answer.is_empty() { text.trim_start() } else { &text };
                    if text.is_empty() {
                        continue;
                    }
                    if self.timeline.timings().answer_first.is_none() {
                        self.timeline.timings().answer_first = Some(self.timeline.now());
                    }
                    self.reply.answer.push_str(text);
                    if live {
                        self.send(text);
                    }
                }
                Delta::Usage(usage) => self.reply.usage.add(&usage),
            }
        }
        if self.reply.answer.is_empty() { Err(LlmError::Empty) } else { Ok(()) }
    }
}
