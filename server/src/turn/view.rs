//! The view: which description and tone a turn goes by, and when that is decided.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::Turn;
use super::timeline::SpanId;
use crate::description::{Descriptions, Landed, Landing, Look, Sight, clean};
use crate::event::{DescriptionSource, Event, Outcome, SelectedBy, Selection, Stage, Usage, millis};
use crate::tone::{Selected, mention};

/// What a turn goes by: fixed before the first text is sent, never changed after.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) selection: Selection,
    pub(super) outcome: Outcome,
    /// Empty if nobody was described.
    pub(super) description: Arc<str>,
    /// What of the visitor's may be mentioned, if the turn is to mention something and the description is
    /// young enough: it must never be the last visitor's coat.
    pub(super) mention: Option<String>,
    /// What the selection took and cost this turn.
    took: Option<Duration>,
    usage: Usage,
    /// What the VLM's call took.
    looked: Option<Duration>,
    /// The stage that failed on the way here.
    degraded: Option<&'static str>,
    /// Seen before the message came.
    earlier: Option<Sight>,
}

impl View {
    /// Whether words about this view's visitor would be said to the one of another.
    pub(super) fn is_told_to_another(&self, seen: &Self) -> bool {
        self.mention.is_some() && self.description != seen.description
    }
}

/// Where a turn's description comes from, while that is awaited.
pub(super) enum Seeing<'a> {
    /// The VLM's: the cache, and the fetch in flight.
    Camera,
    /// The client's, whose tone is being selected.
    Client { description: Arc<str>, selecting: BoxFuture<'a, Selected>, span: Option<SpanId> },
    /// The client's.
    Selected { description: Arc<str>, selected: Selected, span: Option<SpanId> },
}

impl Seeing<'_> {
    /// Waits until more is known. May be dropped and called again at any time.
    pub(super) async fn more(&mut self, descriptions: &Descriptions, session_id: &str) {
        match self {
            Self::Camera => match descriptions.flight(session_id) {
                Some(mut flight) => drop(flight.land().await),
                None => std::future::pending().await,
            },
            Self::Client { description, selecting, span } => {
                let selected = selecting.await;
                let (description, span) = (Arc::clone(description), span.take());
                *self = Self::Selected { description, selected, span };
            }
            Self::Selected { .. } => std::future::pending().await,
        }
    }
}

impl<'a> Turn<'a> {
    /// Looks at the client's description, or has the camera look.
    pub(super) fn begin_seeing(&mut self) -> Seeing<'a> {
        let engine = self.engine;
        let Some(description) = self.client_description() else {
            self.flight = engine.descriptions.refresh(&self.request.session_id, self.landing());
            return Seeing::Camera;
        };
        // A tone that the client named is not selected.
        let at_once = || Some(Selected::at_once(Selection::fallback()));
        let named = self.request.message.tone.and_then(|_| at_once());
        if let Some(selected) = named.or_else(|| engine.selector.known(&description)) {
            return Seeing::Selected { description, selected, span: None };
        }
        let text = Arc::clone(&description);
        let selecting = async move { engine.selector.select(&text).await }.boxed();
        let span = Some(self.timeline.open(Stage::Select, None));
        Seeing::Client { description, selecting, span }
    }

    /// Ends the span of a selection that is over.
    pub(super) fn note_selection(&mut self, seeing: &mut Seeing<'_>) {
        if let Seeing::Selected { span, .. } = seeing
            && let Some(span) = span.take()
        {
            self.timeline.close(span);
        }
    }

    /// Rule 4 of the race. Before the first segment is ready, only an opener needs a view. Then: the refresh if
    /// it has landed; else the cached description if young enough; else nobody, unless the refresh may still be
    /// waited for: while the VLM is trusted, and for `grace` past the answer's end.
    pub(super) fn view_now(
        &self,
        seeing: &Seeing<'_>,
        is_segment_ready: bool,
        answered: Option<Instant>,
    ) -> Option<View> {
        let engine = self.engine;
        let is_late = answered.is_some_and(|at| at.elapsed() >= engine.knobs.grace);
        match seeing {
            Seeing::Selected { description, selected, .. } => {
                Some(self.view(selected.clone(), Outcome::Client, Arc::clone(description), true))
            }
            Seeing::Client { description, .. } if is_segment_ready && is_late => {
                let selected = engine.selector.select_late(description);
                Some(self.view(selected, Outcome::Client, Arc::clone(description), true))
            }
            Seeing::Client { .. } => None,
            Seeing::Camera => {
                // Asked of the cache, not of this turn's own fetch: the visitor may have said "that is not me".
                let sight = engine.descriptions.cached(&self.request.session_id);
                let view = sight.filter(|sight| self.is_usable(sight)).map(|sight| self.view_of_sight(sight));
                if let Some(view) = view.filter(|view| is_segment_ready || self.may_open(view)) {
                    return Some(view);
                }
                is_segment_ready.then(|| self.view_without_sight(is_late)).flatten()
            }
        }
    }

    fn view_without_sight(&self, is_late: bool) -> Option<View> {
        let descriptions = &self.engine.descriptions;
        // A tone that the client named leaves nothing to wait for.
        if self.request.message.tone.is_some() || !descriptions.is_trusted() {
            return Some(self.view_of_nobody(self.flight.is_some()));
        }
        let Some(flight) = descriptions.flight(&self.request.session_id) else {
            return Some(self.view_of_nobody(self.flight.is_some()));
        };
        if !is_late {
            return None;
        }
        // Described, and the model that selects takes its time: rules decide.
        Some(flight.seen().map_or_else(
            || self.view_of_nobody(self.flight.is_some()),
            |(text, described)| {
                let selected = self.engine.selector.select_late(&text);
                let mut view =
                    self.view(selected, Outcome::Fresh, text, self.is_recent(flight.seen_since(described)));
                view.looked = Some(described - flight.asked);
                view
            },
        ))
    }

    /// The view of a turn whose tone is known as its message arrives.
    pub(super) fn view_at_once(&self, seeing: &Seeing<'_>) -> Option<View> {
        match seeing {
            Seeing::Selected { .. } => self.view_now(seeing, true, None),
            Seeing::Client { .. } => None,
            Seeing::Camera => {
                let sight = self.engine.descriptions.cached(&self.request.session_id);
                let view = sight.filter(|sight| self.is_usable(sight)).map(|sight| self.view_of_sight(sight));
                view.or_else(|| self.request.message.tone.map(|_| self.view_of_nobody(self.flight.is_some())))
            }
        }
    }

    /// The view of what has landed since the message came, if anything has.
    pub(super) fn view_since_message(&self) -> Option<View> {
        let sight = self.engine.descriptions.cached(&self.request.session_id)?;
        self.is_since_message(sight.selected_at).then(|| self.view_of_sight(sight))
    }

    /// Goes by a view from now on.
    pub(super) fn fix(&mut self, view: View) -> Arc<View> {
        self.reply.outcome = Some(view.outcome);
        self.reply.usage.add(&view.usage);
        self.reply.degrade(view.degraded);
        self.timeline.timings().tone = view.took.map(millis);
        self.timeline.timings().description = view.looked.map(millis);
        if let Some(sight) = &view.earlier {
            self.record_sight(sight);
        }
        let view = Arc::new(view);
        self.view = Some(Arc::clone(&view));
        view
    }

    fn is_usable(&self, sight: &Sight) -> bool {
        self.is_since_message(sight.selected_at) || sight.age() < self.engine.knobs.description_ttl
    }

    fn is_since_message(&self, at: Instant) -> bool {
        at > self.request.arrived
    }

    /// Whether a description is young enough to be spoken of.
    fn is_recent(&self, seen: Instant) -> bool {
        self.is_since_message(seen) || seen.elapsed() < self.engine.knobs.refresh_after
    }

    /// The client's own description, told to the session as such.
    pub(super) fn client_description(&self) -> Option<Arc<str>> {
        let text: Arc<str> = clean(self.request.message.user_description.as_deref()?).into();
        self.tell_description(&text, DescriptionSource::Client, Duration::ZERO);
        Some(text)
    }

    pub(super) async fn view_of_client(&mut self, description: Arc<str>) -> View {
        let selected = self.select(&description).await;
        self.view(selected, Outcome::Client, description, true)
    }

    pub(super) fn open_look(&mut self) -> Option<SpanId> {
        self.engine
            .descriptions
            .can_look(&self.request.session_id)
            .then(|| self.timeline.open(Stage::Describe, None))
    }

    pub(super) async fn view_of_look(&mut self, look: Option<Look>, span: Option<SpanId>) -> View {
        if let Some(span) = span {
            self.timeline.close_at(span, look.as_ref().map_or_else(Instant::now, |look| look.ended));
        }
        let Some(Look { asked, ended, seen, text }) = look else { return self.view_of_nobody(false) };
        let Ok(description) = text else { return self.view_of_nobody(true) };
        self.tell_description(&description, DescriptionSource::Vlm, seen.elapsed());
        let selected = self.select(&description).await;
        let is_recent = self.is_recent(seen);
        View { looked: Some(ended - asked), ..self.view(selected, Outcome::Fresh, description, is_recent) }
    }

    fn view_of_sight(&self, sight: Sight) -> View {
        let is_fresh = self.is_since_message(sight.selected_at);
        let mut selected = sight.selected.clone();
        if !is_fresh {
            selected.usage = Usage::default(); // an earlier turn's, or the prefetch's
        }
        let outcome = if is_fresh { Outcome::Fresh } else { Outcome::Cached };
        let is_recent = self.is_recent(sight.seen);
        let mut view = self.view(selected, outcome, Arc::clone(&sight.text), is_recent);
        view.looked = Some(sight.described - sight.asked);
        view.earlier = (!is_fresh).then_some(sight);
        view
    }

    /// `was_looked_for`: a description was awaited and is missing.
    fn view_of_nobody(&self, was_looked_for: bool) -> View {
        let selected = Selected::at_once(Selection::fallback());
        let mut view = self.view(selected, Outcome::Fallback, Arc::from(""), false);
        let is_missed = was_looked_for && self.request.message.tone.is_none();
        view.degraded = is_missed.then_some("describe");
        view
    }

    fn view(&self, selected: Selected, outcome: Outcome, description: Arc<str>, is_recent: bool) -> View {
        let may = self.request.mention && is_recent && !description.is_empty();
        let mention = may.then(|| mention::mentionable(&description, self.lang)).flatten();
        let view = View {
            selection: selected.selection,
            outcome,
            description,
            mention,
            took: (outcome != Outcome::Fallback).then_some(selected.took),
            usage: selected.usage,
            looked: None,
            degraded: selected.failed.then_some("select"),
            earlier: None,
        };
        let Some(tone) = self.request.message.tone else { return view };
        let selection = Selection { tone, selected_by: SelectedBy::Client, because: Vec::new() };
        View { selection, took: None, usage: Usage::default(), degraded: None, ..view }
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

    fn tell_description(&self, text: &Arc<str>, source: DescriptionSource, age: Duration) {
        (self.emit)(Event::Description {
            text: Arc::clone(text),
            source,
            age,
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
