//! The strategies: how the stages are arranged.

use tokio::time::sleep_until;

use super::Turn;
use super::answering::Answering;
use super::view::{Seeing, View};
use crate::answer::Voice;
use crate::llm::LlmError;

impl<'a> Turn<'a> {
    /// Answer, then describe, then select, then convert.
    pub(super) async fn play_sequential(&mut self) -> Result<(), LlmError> {
        self.answer(false).await?;
        let view = if let Some(description) = self.client_description() {
            self.view_of_client(description).await
        } else {
            let span = self.open_look();
            let look = self.engine.descriptions.look(&self.request.session_id).await;
            self.view_of_look(look, span).await
        };
        self.convert_whole(view).await
    }

    /// Answer beside describe, then select, then convert.
    pub(super) async fn play_parallel(&mut self) -> Result<(), LlmError> {
        let view = if let Some(description) = self.client_description() {
            self.answer(false).await?;
            self.view_of_client(description).await
        } else {
            let span = self.open_look();
            let look = self.engine.descriptions.look(&self.request.session_id);
            let (answered, look) = tokio::join!(self.answer(false), look);
            answered?;
            self.view_of_look(look, span).await
        };
        self.convert_whole(view).await
    }

    /// Answer beside a refresh; what is known when there is something to say decides the tone.
    pub(super) async fn play_race(&mut self) -> Result<(), LlmError> {
        let seeing = self.begin_seeing();
        let query = self.query().await;
        let answering = self.begin_answer(&query, None);
        self.race(answering, seeing).await
    }

    /// The answer in a tone that is known already, beside a refresh. Where none is known, or no model is asked,
    /// or facts must be checked against a plain text before they are sent: the race.
    pub(super) async fn play_direct(&mut self) -> Result<(), LlmError> {
        let mut seeing = self.begin_seeing();
        let query = self.query().await;
        let view = if self.engine.knobs.fact_guard.holds() { None } else { self.view_at_once(&seeing) };
        let voice = |view: &View| Voice { tone: view.selection.tone, mention: view.mention.clone() };
        let mut answering = self.begin_answer(&query, view.as_ref().map(voice).as_ref());
        let Some(mut view) = view.filter(|_| answering.asks_model) else {
            return self.race(answering, seeing).await;
        };
        while answering.ended.is_none() {
            tokio::select! {
                biased;
                () = seeing.more(&self.engine.descriptions, &self.request.session_id), if !self.has_spoken() => {
                    let Some(seen) = self.view_since_message() else { continue };
                    if view.is_told_to_another(&seen) {
                        answering = self.begin_answer(&query, None);
                        return self.race(answering, seeing).await;
                    }
                    if view.selection.tone != seen.selection.tone {
                        return self.race(answering, seeing).await;
                    }
                    // What the model was asked to mention stays what it was.
                    let mention = view.mention;
                    view = seen;
                    view.mention = mention;
                }
                text = answering.next() => {
                    if let Some(text) = self.take_answer(&mut answering, text)? {
                        self.say_directly(&view, text);
                    }
                }
            }
        }
        self.end_direct(&query, &view);
        Ok(())
    }

    /// Has the answer converted segment by segment while it is generated, as soon as there is a view.
    async fn race(&mut self, mut answering: Answering, mut seeing: Seeing<'a>) -> Result<(), LlmError> {
        self.is_model_asked = answering.asks_model;
        loop {
            if self.view.is_none() {
                let is_segment_ready = self.is_segment_ready();
                if let Some(view) = self.view_now(&seeing, is_segment_ready, answering.ended) {
                    let view = self.fix(view);
                    self.open(&view);
                }
            }
            if let Some(view) = self.view.clone() {
                self.convert_more(&view);
            }
            if self.segments.is_drained() && self.conversions.is_empty() {
                return Ok(());
            }
            let grace_ends = answering.ended.map(|at| at + self.engine.knobs.grace);
            tokio::select! {
                biased;
                (at, progress) = self.conversions.next(), if !self.conversions.is_empty() => {
                    self.take_conversion(at, progress)?;
                }
                text = answering.next(), if answering.ended.is_none() => {
                    if let Some(text) = self.take_answer(&mut answering, text)? {
                        self.segments.push(&text);
                    } else if answering.ended.is_some() {
                        self.segments.end();
                    }
                }
                () = seeing.more(&self.engine.descriptions, &self.request.session_id), if self.view.is_none() => {
                    self.note_selection(&mut seeing);
                }
                () = until(grace_ends), if self.view.is_none() => {}
            }
        }
    }
}

/// Waits for a moment; for ever if there is none.
async fn until(moment: Option<tokio::time::Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
