//! The `OpenAI` Realtime protocol (GA), text only, as a codec over a session's commands and events. It keeps what the
//! protocol has and a session has not: the conversation's items, and what the client set. docs/realtime.md describes
//! all events.

mod ask;
mod conversation;
mod fields;
mod hear;
mod item;
mod reply;
mod settings;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::{Value, json};

use super::own_turn::Seen;
use crate::event::{Command, ErrorEvent, Event, Outcome, Selection, TurnReport};
use conversation::{Conversation, Place};
use fields::Fault;
use item::Item;
use reply::Reply;
use settings::Settings;

/// How many messages a minute a session may take, and how many of these are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Messages a minute.
    pub limit: u32,
    /// Those left.
    pub remaining: u32,
}

/// What comes of a client's event.
#[derive(Debug, Default)]
pub struct Step {
    /// What the client is told, in order.
    pub frames: Vec<String>,
    /// What the session is asked for, in order.
    pub commands: Vec<Command>,
}

/// One connection's conversation.
#[derive(Debug)]
pub struct Realtime {
    ids: Ids,
    conversation_id: String,
    settings: Settings,
    conversation: Conversation,
    /// The response that runs, or is about to.
    reply: Option<Reply>,
    step: Step,
}

impl Realtime {
    /// A new conversation. `seed`: what makes its ids differ from all others'; `model`: as the client calls it.
    pub fn new(seed: u64, model: Option<&str>) -> Self {
        let mut ids = Ids { seed, count: 0 };
        let model = model.map_or_else(|| "rapport".to_owned(), fields::short);
        Self {
            conversation_id: ids.next("conv"),
            settings: Settings::new(ids.next("sess"), model),
            ids,
            conversation: Conversation::default(),
            reply: None,
            step: Step::default(),
        }
    }

    /// The first event.
    pub fn greet(&mut self) -> Vec<String> {
        let session = self.settings.told();
        self.tell_of("session.created", json!({ "session": session }));
        self.taken().frames
    }

    /// Tells an event of the session. `rate` says how it is now; none if messages are not limited.
    pub fn tell(&mut self, event: &Event, rate: impl FnOnce() -> Option<Rate>) -> Vec<String> {
        let seen = self.reply.as_mut().map_or(Seen::Other, |reply| reply.turn.see(event));
        match seen {
            Seen::Begun => self.begin(),
            Seen::Refused(error) => {
                let event_id = self.reply.take().and_then(|reply| reply.event_id);
                self.refused(error, event_id.as_deref());
            }
            Seen::Tone(selection, outcome) => self.tone(selection, outcome),
            Seen::Text(text) => self.delta(text),
            Seen::Done(report, failure) => self.finish(report, failure.as_deref(), rate()),
            // The protocol has no event for a description; a turn's failure is told with its end.
            Seen::Again | Seen::Other => {
                if let Event::Error(error) = event
                    && error.turn_id.is_none()
                {
                    self.refused(error, error.id.as_deref());
                }
            }
        }
        self.taken().frames
    }

    /// The last event of a connection that the server ends.
    pub fn farewell(&mut self, code: &str, message: &str) -> Vec<String> {
        self.error("server_error", code, message, None, None);
        self.taken().frames
    }

    /// All that comes before the first delta.
    fn begin(&mut self) {
        let Some(reply) = &self.reply else { return };
        let item = Item::reply(reply.item_id.clone());
        let (told, response_id, item_id) = (item.told(), reply.id.clone(), reply.item_id.clone());
        let begun = reply.begun(&self.conversation_id);
        let is_in_conversation = reply.is_in_conversation;
        self.tell_of("response.created", json!({ "response": begun }));
        let added = json!({ "response_id": response_id, "output_index": 0, "item": told });
        self.tell_of("response.output_item.added", added);
        if is_in_conversation {
            self.conversation.insert(item, Place::End);
            let previous = self.conversation.before(&item_id);
            let added = json!({ "previous_item_id": previous, "item": told });
            self.tell_of("conversation.item.added", added);
        }
        let part = json!({
            "response_id": response_id,
            "item_id": item_id,
            "output_index": 0,
            "content_index": 0,
            "part": { "type": "text", "text": "" },
        });
        self.tell_of("response.content_part.added", part);
    }

    fn tone(&mut self, selection: &Selection, outcome: Outcome) {
        let Some(reply) = &self.reply else { return };
        let tone = json!({
            "response_id": reply.id,
            "item_id": reply.item_id,
            "tone": selection.tone.as_str(),
            "outcome": outcome.as_str(),
            "selected_by": selection.selected_by.as_str(),
            "because": selection.because,
        });
        self.tell_of("x_rapport.tone", tone);
    }

    fn delta(&mut self, text: &str) {
        #[derive(Serialize)]
        #[serde(tag = "type", rename = "response.output_text.delta")]
        struct Piece<'a> {
            event_id: String,
            response_id: &'a str,
            item_id: &'a str,
            output_index: u32,
            content_index: u32,
            delta: &'a str,
        }
        let event_id = self.ids.next("event");
        let Some(reply) = &mut self.reply else { return };
        reply.text.push_str(text);
        let (response_id, item_id) = (&*reply.id, &*reply.item_id);
        let delta = Piece { event_id, response_id, item_id, output_index: 0, content_index: 0, delta: text };
        let frame = serde_json::to_string(&delta).unwrap_or_default(); // strings and numbers are JSON
        self.step.frames.push(frame);
    }

    /// Each `.done`, whatever ended the turn.
    fn finish(&mut self, report: &TurnReport, failure: Option<&ErrorEvent>, rate: Option<Rate>) {
        let Some(reply) = self.reply.take() else { return };
        let item = reply.item(report);
        let told = item.told();
        let of_part = |more: Value| {
            let mut fields = json!({
                "response_id": reply.id,
                "item_id": reply.item_id,
                "output_index": 0,
                "content_index": 0,
            });
            if let (Some(fields), Value::Object(more)) = (fields.as_object_mut(), more) {
                fields.extend(more);
            }
            fields
        };
        self.tell_of("response.output_text.done", of_part(json!({ "text": reply.text })));
        let part = json!({ "part": { "type": "text", "text": reply.text } });
        self.tell_of("response.content_part.done", of_part(part));
        if reply.is_in_conversation {
            let previous = self.conversation.before(&reply.item_id);
            let done = json!({ "previous_item_id": previous, "item": told });
            self.tell_of("conversation.item.done", done);
            // It may have been deleted while it was said.
            if let Some(kept) = self.conversation.get_mut(&reply.item_id) {
                *kept = item;
            }
        }
        let done = json!({ "response_id": reply.id, "output_index": 0, "item": told });
        self.tell_of("response.output_item.done", done);
        let response = reply.ended(report, failure, &told, &self.conversation_id);
        self.tell_of("response.done", json!({ "response": response }));
        let limits = rate.map(|Rate { limit, remaining }| {
            let used = limit.saturating_sub(remaining);
            let reset = f64::from(used) * 60.0 / f64::from(limit.max(1));
            json!({ "name": "requests", "limit": limit, "remaining": remaining, "reset_seconds": reset })
        });
        self.tell_of("rate_limits.updated", json!({ "rate_limits": Vec::from_iter(limits) }));
        self.forget_oldest(&reply.item_id);
    }

    /// Tells what the session refused, and of which of the client's events.
    fn refused(&mut self, error: &ErrorEvent, event_id: Option<&str>) {
        let kind = if error.retryable { "server_error" } else { "invalid_request_error" };
        self.error(kind, &error.code, &error.message, None, event_id);
    }

    /// Says that the client's event can't be done.
    fn refuse(&mut self, fault: &Fault, event_id: Option<&str>) {
        self.error("invalid_request_error", &fault.code, &fault.message, fault.param.as_deref(), event_id);
    }

    fn error(&mut self, kind: &str, code: &str, message: &str, param: Option<&str>, event_id: Option<&str>) {
        let error = json!({
            "type": kind,
            "code": code,
            "message": message,
            "param": param,
            "event_id": event_id,
        });
        self.tell_of("error", json!({ "error": error }));
    }

    /// Forgets the oldest items where there are too many, and says so.
    fn forget_oldest(&mut self, newest: &str) {
        for item_id in self.conversation.shrink(newest) {
            self.tell_of("conversation.item.deleted", json!({ "item_id": item_id }));
        }
    }

    fn tell_of(&mut self, kind: &str, mut fields: Value) {
        fields["type"] = kind.into();
        fields["event_id"] = self.ids.next("event").into();
        self.step.frames.push(fields.to_string());
    }

    fn taken(&mut self) -> Step {
        std::mem::take(&mut self.step)
    }
}

/// Makes ids that no other connection's are like.
#[derive(Debug)]
struct Ids {
    seed: u64,
    count: u64,
}

impl Ids {
    /// Whether an id may have been made here, or yet will be.
    fn is_own(&self, id: &str) -> bool {
        id.split_once('_').is_some_and(|(_, id)| id.starts_with(&format!("{:016x}", self.seed)))
    }

    fn next(&mut self, kind: &str) -> String {
        self.count += 1;
        format!("{kind}_{:016x}{:x}", self.seed, self.count)
    }
}
