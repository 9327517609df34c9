//! The strategies: how the stages are arranged, and which description a turn uses.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select as select_first};
use tokio::time::{Instant, timeout};

use super::Turn;
use super::timeline::SpanId;
use crate::description::{Landed, Landing, Look, Sight, clean};
use crate::event::{DescriptionSource, Event, Outcome, SelectedBy, Selection, Stage, Usage, millis};
use crate::llm::LlmError;
use crate::tone::Selected;

/// What a turn goes by: fixed before the first text is sent, never changed after.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) selection: Selection,
    pub(super) outcome: Outcome,
    /// Empty if nobody was described.
    pub(super) description: Arc<str>,
    /// Young enough to be spoken of: it must never be the last visitor's coat.
    pub(super) is_recent: bool,
}

impl Turn<'_> {
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
        self.convert(view).await
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
        self.convert(view).await
    }

    /// Answer beside a refresh; the first segment takes what is known by then.
    pub(super) async fn play_race(&mut self) -> Result<(), LlmError> {
        let view = if let Some(description) = self.client_description() {
            let selected = self.answer_and_select(&description).await?;
            self.view(selected, Outcome::Client, description, true)
        } else {
            self.flight = self.engine.descriptions.refresh(&self.request.session_id, self.landing());
            self.answer(false).await?;
            self.choose().await
        };
        self.convert(view).await
    }

    /// Generates the answer while the tone is selected; past the answer's end, rules decide within `grace`.
    async fn answer_and_select(&mut self, description: &Arc<str>) -> Result<Selected, LlmError> {
        if self.request.message.tone.is_some() {
            self.answer(false).await?;
            return Ok(self.select(description).await);
        }
        let engine = self.engine;
        let span = self.timeline.open(Stage::Select, None);
        let select = pin!(timed(engine.selector.select(description)));
        // The box ends the answer's borrow before the span is closed.
        let (answered, selected) = match select_first(Box::pin(self.answer(false)), select).await {
            Either::Left((Ok(()), select)) => (Ok(()), timeout(engine.knobs.grace, select).await.ok()),
            Either::Left((failed, _)) => (failed, None),
            Either::Right((selected, answer)) => (answer.await, Some(selected)),
        };
        let late = || (engine.selector.select_late(description), Instant::now());
        let (selected, at) = selected.unwrap_or_else(late);
        self.timeline.close_at(span, at);
        answered.map(|()| selected)
    }

    /// Rule 4 of the race, at the first segment's end: the refresh if it has landed; else the cached
    /// description if young enough; else the refresh, waited for within bounds; else nobody.
    async fn choose(&mut self) -> View {
        let engine = self.engine;
        let session_id = &self.request.session_id;
        // Asked of the cache, not of this turn's own fetch: the visitor may have said "that is not me" since.
        if let Some(sight) = engine.descriptions.cached(session_id)
            && (self.is_since_message(sight.selected_at) || sight.age() < engine.knobs.description_ttl)
        {
            return self.view_of_sight(&sight);
        }
        // A tone that the client named leaves nothing to wait for.
        if self.request.message.tone.is_none()
            && engine.descriptions.is_trusted()
            && let Some(mut flight) = engine.descriptions.flight(session_id)
        {
            // The fetch itself ends at `vlm_timeout`.
            match timeout(engine.knobs.grace, flight.land()).await {
                Ok(Some(Landed { sight: Ok(sight), .. })) => return self.view_of_sight(&sight),
                Ok(_) => {}
                // Described, and the model that selects takes its time: rules decide.
                Err(_) => {
                    if let Some((text, described)) = flight.seen() {
                        self.timeline.timings().description = Some(millis(described - flight.asked));
                        let selected = engine.selector.select_late(&text);
                        let is_recent = self.is_recent(described);
                        return self.view(selected, Outcome::Fresh, text, is_recent);
                    }
                }
            }
        }
        self.view_of_nobody()
    }

    fn is_since_message(&self, at: Instant) -> bool {
        at > self.request.arrived
    }

    /// Whether a description is young enough to be spoken of.
    fn is_recent(&self, described: Instant) -> bool {
        self.is_since_message(described) || described.elapsed() < self.engine.knobs.refresh_after
    }

    /// The client's own description, told to the session as such.
    fn client_description(&self) -> Option<Arc<str>> {
        let text: Arc<str> = clean(self.request.message.user_description.as_deref()?).into();
        self.tell_description(&text, DescriptionSource::Client);
        Some(text)
    }

    async fn view_of_client(&mut self, description: Arc<str>) -> View {
        let selected = self.select(&description).await;
        self.view(selected, Outcome::Client, description, true)
    }

    fn open_look(&mut self) -> Option<SpanId> {
        self.engine.descriptions.has_vlm().then(|| self.timeline.open(Stage::Describe, None))
    }

    async fn view_of_look(&mut self, look: Option<Look>, span: Option<SpanId>) -> View {
        let (Some(Look { asked, ended, text }), Some(span)) = (look, span) else {
            return self.view_of_nobody();
        };
        self.timeline.close_at(span, ended);
        let Ok(description) = text.map(Arc::<str>::from) else { return self.view_of_nobody() };
        self.timeline.timings().description = Some(millis(ended - asked));
        self.tell_description(&description, DescriptionSource::Vlm);
        let selected = self.select(&description).await;
        self.view(selected, Outcome::Fresh, description, true)
    }

    fn view_of_sight(&mut self, sight: &Sight) -> View {
        self.timeline.timings().description = Some(millis(sight.described - sight.asked));
        let mut selected = sight.selected.clone();
        let outcome = if self.is_since_message(sight.selected_at) {
            Outcome::Fresh
        } else {
            selected.usage = Usage::default(); // an earlier turn's, or the prefetch's
            self.record_sight(sight);
            Outcome::Cached
        };
        let is_recent = self.is_recent(sight.described);
        self.view(selected, outcome, Arc::clone(&sight.text), is_recent)
    }

    fn view_of_nobody(&mut self) -> View {
        if self.engine.descriptions.has_vlm() && self.request.message.tone.is_none() {
            self.reply.degraded.push("describe");
        }
        self.view(Selected::at_once(Selection::fallback()), Outcome::Fallback, Arc::from(""), false)
    }

    fn view(&mut self, selected: Selected, outcome: Outcome, description: Arc<str>, is_recent: bool) -> View {
        let selection = if let Some(tone) = self.request.message.tone {
            Selection { tone, selected_by: SelectedBy::Client, because: Vec::new() }
        } else {
            if selected.failed {
                self.reply.degraded.push("select");
            }
            if outcome != Outcome::Fallback {
                self.timeline.timings().tone = Some(millis(selected.took));
            }
            self.reply.usage.add(&selected.usage);
            selected.selection
        };
        self.reply.outcome = Some(outcome);
        View { selection, outcome, description, is_recent }
    }

    async fn select(&mut self, description: &str) -> Selected {
        if self.request.message.tone.is_some() {
            return Selected::at_once(Selection::fallback()); // not looked at: the client named the tone
        }
        let span = self.timeline.open(Stage::Select, None);
        let selected = self.engine.selector.select(description).await;
        self.timeline.close(span);
        selected
    }

    /// Tells the session of a description that lands, whether or not this turn still waits for it.
    fn landing(&self) -> Landing {
        let (emit, turn_id) = (Arc::clone(self.emit), Arc::clone(&self.request.turn_id));
        Box::new(move |sight| {
            emit(Event::Description {
                text: Arc::clone(&sight.text),
                source: DescriptionSource::Vlm,
                age: sight.age(),
                turn_id: Some(turn_id),
            });
        })
    }

    fn tell_description(&self, text: &Arc<str>, source: DescriptionSource) {
        (self.emit)(Event::Description {
            text: Arc::clone(text),
            source,
            age: Duration::ZERO,
            turn_id: Some(Arc::clone(&self.request.turn_id)),
        });
    }

    /// Draws the refresh into the timeline, landed or not.
    pub(super) fn record_flight(&mut self) {
        let Some(flight) = self.flight.take() else { return };
        match flight.landed() {
            Some(Landed { sight: Ok(sight), .. }) => self.record_sight(&sight),
            landed => self.timeline.add(Stage::Describe, flight.asked, landed.map(|landed| landed.at)),
        }
    }

    fn record_sight(&mut self, sight: &Sight) {
        self.timeline.add(Stage::Describe, sight.asked, Some(sight.described));
        self.timeline.add(Stage::Select, sight.described, Some(sight.described + sight.selected.took));
    }
}

/// A future's output and the moment it came.
async fn timed<T>(future: impl Future<Output = T>) -> (T, Instant) {
    let output = future.await;
    (output, Instant::now())
}
