//! What clients send: each of their events, done or refused.

use serde_json::{Map, Value, json};

use super::ask::Ask;
use super::conversation::Place;
use super::fields::{Fault, Fields, short};
use super::item::{Item, Part, Role, State, Still};
use super::reply::Reply;
use super::{Realtime, Step};
use crate::event::{Command, Message, Upload};
use crate::wire::own_turn::OwnTurn;

/// A client's own event id, as long as the API allows.
const MAX_EVENT_ID: usize = 512;

/// The events that this server does.
const KNOWN: &str = "session.update, conversation.item.create, conversation.item.retrieve, \
    conversation.item.delete, conversation.item.truncate, response.create, response.cancel";

/// Events of the protocol that need audio.
const OF_AUDIO: [&str; 5] = [
    "input_audio_buffer.append",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "output_audio_buffer.clear",
    "transcription_session.update",
];

impl Realtime {
    /// Does what a client's event asks.
    pub fn hear(&mut self, text: &str) -> Step {
        match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(event) => {
                let event_id = event.get("event_id").and_then(Value::as_str);
                let event_id = event_id.filter(|id| id.len() <= MAX_EVENT_ID);
                if let Err(fault) = self.hear_event(&event, event_id) {
                    self.refuse(&fault, event_id);
                }
            }
            Err(error) => {
                let message = format!("An event must be one JSON object: {error}.");
                self.refuse(&Fault::new("invalid_json", message), None);
            }
        }
        self.taken()
    }

    fn hear_event(&mut self, event: &Map<String, Value>, event_id: Option<&str>) -> Result<(), Fault> {
        let fields = Fields::new(event, "");
        if fields.string("event_id")?.is_some_and(|id| id.len() > MAX_EVENT_ID) {
            let message = format!("`event_id` has at most {MAX_EVENT_ID} bytes.");
            return Err(Fault::new("invalid_value", message).at("event_id"));
        }
        match fields.needed("type", fields.string("type"))? {
            "session.update" => self.update(&fields),
            "conversation.item.create" => self.create_item(&fields, event_id),
            "conversation.item.retrieve" => self.retrieve(&fields),
            "conversation.item.delete" => self.delete(&fields),
            "conversation.item.truncate" => self.truncate(&fields),
            "response.create" => self.create_response(&fields, event_id),
            "response.cancel" => self.cancel(&fields),
            known if OF_AUDIO.contains(&known) => {
                let message = format!("`{known}` is not supported: this server hears and speaks text only.");
                Err(Fault::new("unsupported_event", message).at("type"))
            }
            other => {
                let message = format!("There is no event type `{}`; known are {KNOWN}.", short(other));
                Err(Fault::new("unknown_event", message).at("type"))
            }
        }
    }

    fn update(&mut self, fields: &Fields<'_>) -> Result<(), Fault> {
        self.settings.update(fields.needed("session", fields.object("session"))?)?;
        let session = self.settings.told();
        self.tell_of("session.updated", json!({ "session": session }));
        Ok(())
    }

    fn create_item(&mut self, fields: &Fields<'_>, event_id: Option<&str>) -> Result<(), Fault> {
        let object = fields.needed("item", fields.object("item"))?;
        let place = match fields.string("previous_item_id")? {
            None => Place::End,
            Some("root") => Place::Start,
            Some(before) => Place::Behind(before),
        };
        let (item, stills) = Item::read(object, "item", || self.ids.next("item"))?;
        if object.get("id").is_some_and(|id| id.as_str().is_some_and(|id| self.ids.is_own(id))) {
            let message = "Ids of this form are the server's own.";
            return Err(Fault::new("invalid_value", message).at("item.id"));
        }
        self.conversation.check(&item.id, place)?;
        self.show(stills, event_id);
        let (id, told) = (item.id.clone(), item.told());
        self.conversation.insert(item, place);
        for kind in ["conversation.item.added", "conversation.item.done"] {
            let previous = self.conversation.before(&id);
            let fields = json!({ "previous_item_id": previous, "item": told });
            self.tell_of(kind, fields);
        }
        self.forget_oldest(&id);
        Ok(())
    }

    /// Each still becomes the session's.
    fn show(&mut self, stills: Vec<Still>, event_id: Option<&str>) {
        self.step.commands.extend(stills.into_iter().map(|Still { mime, bytes }| {
            // What refuses it names this id: the event's, so that the client learns which.
            let id = event_id.map(str::to_owned);
            Command::Image(Upload { bytes: bytes.into(), mime: Some(mime), id })
        }));
    }

    fn retrieve(&mut self, fields: &Fields<'_>) -> Result<(), Fault> {
        let item = self.known(fields, "item_retrieve_invalid_item_id")?.told();
        self.tell_of("conversation.item.retrieved", json!({ "item": item }));
        Ok(())
    }

    fn delete(&mut self, fields: &Fields<'_>) -> Result<(), Fault> {
        let id = self.known(fields, "item_delete_invalid_item_id")?.id.clone();
        self.conversation.remove(&id);
        self.tell_of("conversation.item.deleted", json!({ "item_id": id }));
        Ok(())
    }

    /// There is no audio that could be cut at a time: a reply of which nothing was heard is emptied.
    fn truncate(&mut self, fields: &Fields<'_>) -> Result<(), Fault> {
        const CODE: &str = "item_truncate_invalid_item_id";
        let id = self.known(fields, CODE)?.id.clone();
        let content_index = fields.needed("content_index", fields.count("content_index"))?;
        let audio_end_ms = fields.needed("audio_end_ms", fields.count("audio_end_ms"))?;
        let Some(item) = self.conversation.get_mut(&id).filter(|item| item.role == Role::Assistant) else {
            return Err(Fault::new(CODE, "Only items of the assistant can be truncated.").at("item_id"));
        };
        if item.progress == State::Running {
            let message = "The item is still being said. Cancel the response first.";
            return Err(Fault::new("item_in_progress", message).at("item_id"));
        }
        let part = usize::try_from(content_index).ok().and_then(|index| item.parts.get_mut(index));
        let Some(part) = part else {
            let message = "The item has no such part.";
            return Err(Fault::new("invalid_content_index", message).at("content_index"));
        };
        if audio_end_ms == 0 {
            *part = Part::Text(String::new());
            item.plain = None;
        }
        let truncated =
            json!({ "item_id": id, "content_index": content_index, "audio_end_ms": audio_end_ms });
        self.tell_of("conversation.item.truncated", truncated);
        Ok(())
    }

    fn create_response(&mut self, fields: &Fields<'_>, event_id: Option<&str>) -> Result<(), Fault> {
        let empty = Map::new();
        let response = fields.object("response")?.unwrap_or(&empty);
        if let Some(reply) = &self.reply {
            let message = format!(
                "The conversation already has an active response: {}. Wait for `response.done`, or cancel it.",
                reply.id
            );
            return Err(Fault::new("conversation_already_has_active_response", message));
        }
        let ask = Ask::read(response, &self.settings.instructions, &self.conversation)?;
        self.show(ask.stills, event_id);
        let message_id = self.ids.next("msg");
        self.reply = Some(Reply {
            id: self.ids.next("resp"),
            item_id: self.ids.next("item"),
            turn: OwnTurn::of_message(&message_id),
            event_id: event_id.map(str::to_owned),
            is_in_conversation: ask.is_in_conversation,
            metadata: ask.metadata,
            input_tokens: ask.input_tokens,
            text: String::new(),
        });
        let message = Message { id: Some(message_id), ..ask.message };
        self.step.commands.push(Command::Message(message));
        Ok(())
    }

    fn cancel(&mut self, fields: &Fields<'_>) -> Result<(), Fault> {
        let meant = fields.string("response_id")?;
        let Some(reply) = self.reply.as_ref().filter(|reply| meant.is_none_or(|meant| meant == reply.id))
        else {
            let message = "There is no such active response to cancel.";
            return Err(Fault::new("response_cancel_not_active", message));
        };
        let id = reply.turn.message_id().map(ToString::to_string);
        self.step.commands.extend(id.map(|id| Command::CancelMessage { id }));
        Ok(())
    }

    fn known(&self, fields: &Fields<'_>, code: &str) -> Result<&Item, Fault> {
        let id = fields.needed("item_id", fields.string("item_id"))?;
        let unknown = || Fault::new(code, format!("There is no item `{}`.", short(id))).at("item_id");
        self.conversation.get(id).ok_or_else(unknown)
    }
}
