//! One generation while a turn reads it.

use std::task::{Context, Poll, ready};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;

use crate::event::Usage;
use crate::language::Lang;
use crate::llm::{ChatStream, Delta, Generation, LlmError};
use crate::tone::script::Traditional;

/// How often a generation is begun before it is given up.
const ATTEMPTS: u32 = 2;

/// A generation: begun, read, and begun again by [`Call::retry`]. Dropping it ends the upstream's call.
pub(super) struct Call {
    generation: Generation,
    state: State,
    attempt: u32,
    has_text: bool,
    /// The zh-Hant guard of a model's Chinese.
    script: Option<Traditional>,
    lang: Lang,
    /// What it has cost and was not yet taken.
    usage: Usage,
}

enum State {
    Beginning(BoxFuture<'static, Result<ChatStream, LlmError>>),
    Reading(ChatStream),
    Over,
}

impl Call {
    /// `lang`: what the text is to be written in.
    pub(super) fn begin(generation: Generation, lang: Lang) -> Self {
        let state = State::Beginning(generation.begin());
        let usage = Self::begun(&generation);
        let script = Self::guard(&generation, lang);
        Self { generation, state, attempt: 1, has_text: false, script, lang, usage }
    }

    fn guard(generation: &Generation, lang: Lang) -> Option<Traditional> {
        (lang == Lang::ZhHant && generation.asks_model()).then(Traditional::default)
    }

    fn begun(generation: &Generation) -> Usage {
        Usage { llm_calls: u32::from(generation.asks_model()), ..Usage::default() }
    }

    /// Begins again after an error, if that may help and was not tried too often.
    pub(super) fn retry(&mut self, error: &LlmError) -> bool {
        if self.attempt == ATTEMPTS || !error.is_retryable() {
            return false;
        }
        self.attempt += 1;
        self.has_text = false;
        self.script = Self::guard(&self.generation, self.lang);
        self.state = State::Beginning(self.generation.begin());
        self.usage.add(&Self::begun(&self.generation));
        true
    }

    /// What it has cost since this was last asked.
    pub(super) fn take_usage(&mut self) -> Usage {
        std::mem::take(&mut self.usage)
    }

    /// The next piece of text, without the white space that models like to begin with; none at the end.
    pub(super) fn poll_text(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<String, LlmError>>> {
        loop {
            let delta = match &mut self.state {
                State::Beginning(beginning) => match ready!(beginning.as_mut().poll(cx)) {
                    Ok(stream) => {
                        self.state = State::Reading(stream);
                        continue;
                    }
                    Err(error) => Some(Err(error)),
                },
                State::Reading(stream) => ready!(stream.poll_next_unpin(cx)),
                State::Over => return Poll::Ready(None),
            };
            match delta {
                Some(Ok(Delta::Text(text))) => {
                    let text = if self.has_text { text } else { text.trim_start().to_owned() };
                    self.has_text |= !text.is_empty();
                    let text = match &mut self.script {
                        Some(script) => script.push(&text).into_owned(),
                        None => text,
                    };
                    if !text.is_empty() {
                        return Poll::Ready(Some(Ok(text)));
                    }
                }
                Some(Ok(Delta::Usage(usage))) => self.usage.add(&usage),
                Some(Err(error)) => {
                    self.state = State::Over;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    self.state = State::Over;
                    let held = self.script.take().map(Traditional::finish).filter(|text| !text.is_empty());
                    let empty = || (!self.has_text).then_some(Err(LlmError::Empty));
                    return Poll::Ready(held.map(Ok).or_else(empty));
                }
            }
        }
    }
}
