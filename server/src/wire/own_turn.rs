//! One message's turn, known among all that its session tells: what the protocols that answer request by request follow.

use std::sync::Arc;

use crate::event::{ErrorEvent, Event, Outcome, Selection, TurnReport};

/// The turn of one message.
#[derive(Debug, Default)]
pub(super) struct OwnTurn {
    /// The message; none: whichever turn begins first.
    message_id: Option<Arc<str>>,
    /// The turn, once it runs.
    turn_id: Option<Arc<str>>,
    /// What it failed of.
    failure: Option<Box<ErrorEvent>>,
}

/// What an event means for the turn.
#[derive(Debug)]
pub(super) enum Seen<'a> {
    /// Nothing.
    Other,
    /// It has begun.
    Begun,
    /// A new owner of the session begins it again: what was told of it is void.
    Again,
    /// Its message was refused: there will be none.
    Refused(&'a ErrorEvent),
    /// Its tone is known.
    Tone(&'a Selection, Outcome),
    /// More of the reply.
    Text(&'a str),
    /// It is over, and what it failed of, if it did and said so.
    Done(&'a TurnReport, Option<Box<ErrorEvent>>),
}

impl OwnTurn {
    /// The turn of the message with this id.
    pub(super) fn of_message(id: &str) -> Self {
        Self { message_id: Some(id.into()), ..Self::default() }
    }

    /// The message: once a turn began that was waited for without its id, that turn's.
    pub(super) fn message_id(&self) -> Option<&Arc<str>> {
        self.message_id.as_ref()
    }

    /// The turn, once it runs.
    pub(super) fn turn_id(&self) -> Option<&Arc<str>> {
        self.turn_id.as_ref()
    }

    /// Takes an event of the session.
    pub(super) fn see<'a>(&mut self, event: &'a Event) -> Seen<'a> {
        match event {
            Event::TurnStarted { turn_id, id, .. } if self.turn_id.is_none() => {
                if self.message_id.is_some() && self.message_id != *id {
                    return Seen::Other;
                }
                self.message_id = Some(id.clone().unwrap_or_else(|| turn_id.clone()));
                self.turn_id = Some(turn_id.clone());
                Seen::Begun
            }
            Event::TurnStarted { turn_id, restarted: true, .. } if self.runs(Some(turn_id)) => Seen::Again,
            Event::Error(error) if self.turn_id.is_none() => {
                let is_refused = error.id.is_some() && error.id == self.message_id;
                if is_refused { Seen::Refused(error) } else { Seen::Other }
            }
            Event::Error(error) if self.runs(error.turn_id.as_ref()) => {
                self.failure = Some(error.clone());
                Seen::Other
            }
            Event::Tone { turn_id, selection, outcome } if self.runs(Some(turn_id)) => {
                Seen::Tone(selection, *outcome)
            }
            Event::Token { turn_id, text } if self.runs(Some(turn_id)) => Seen::Text(text),
            Event::TurnDone(report) if self.runs(Some(&report.turn_id)) => {
                Seen::Done(report, self.failure.take())
            }
            _ => Seen::Other,
        }
    }

    fn runs(&self, turn_id: Option<&Arc<str>>) -> bool {
        self.turn_id.is_some() && self.turn_id.as_ref() == turn_id
    }
}
