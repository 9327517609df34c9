//! One request's reply: chunks in order, then one last frame.

use serde_json::{Map, Value, json};

use super::decode::image_id;
use crate::event::{Event, Status, TurnReport};
use crate::wire::native;
use crate::wire::own_turn::{OwnTurn, Seen};

/// What of a turn's report is told beside the text. With the plain answer the client keeps what history is made of.
const TOLD: [&str; 6] = ["status", "answer", "timings_ms", "usage", "degraded", "facts_missing"];

/// A reply has one text.
const TEXT: &str = "text";

/// Takes a frame that is to be sent.
type Say<'a> = dyn FnMut(&Value) + 'a;

/// A reply as it is told for one request.
#[derive(Debug, Default)]
pub struct Stream {
    request_id: String,
    turn: OwnTurn,
    sequence: u64,
    is_text_open: bool,
    /// What is wrong with pictures, until the reply begins.
    notices: Vec<Value>,
}

impl Stream {
    /// The reply to a message.
    pub fn of_message(request_id: String, message_id: &str) -> Self {
        Self { request_id, turn: OwnTurn::of_message(message_id), ..Self::default() }
    }

    /// A chat's last reply, from its start.
    pub fn of_chat(request_id: String) -> Self {
        Self { request_id, ..Self::default() }
    }

    /// The request.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The message that is answered; of a reply that is told again, once its start was told.
    pub fn message_id(&self) -> Option<&str> {
        self.turn.message_id().map(|id| &**id)
    }

    /// Tells an event of the chat's session; whether the reply is over.
    pub fn tell(&mut self, event: &Event, say: &mut Say<'_>) -> bool {
        match self.turn.see(event) {
            Seen::Begun => {
                let start = json!({ "type": "start", "messageId": self.message_id() });
                self.chunk(&start, say);
                self.notice(say);
            }
            Seen::Refused(error) => {
                say(&super::error(&self.request_id, &error.message));
                return true;
            }
            Seen::Tone(selection, outcome) => {
                let data = json!({
                    "tone": selection.tone.as_str(),
                    "outcome": outcome.as_str(),
                    "selected_by": selection.selected_by.as_str(),
                    "because": selection.because,
                });
                self.chunk(&json!({ "type": "data-tone", "data": data }), say);
            }
            Seen::Text(text) => {
                if !std::mem::replace(&mut self.is_text_open, true) {
                    self.chunk(&json!({ "type": "text-start", "id": TEXT }), say);
                }
                self.chunk(&json!({ "type": "text-delta", "id": TEXT, "delta": text }), say);
            }
            Seen::Done(report, failure) => {
                self.end(report, failure.map(|error| error.message), say);
                return true;
            }
            Seen::Again => {
                let why = "The reply was begun again elsewhere. Please ask again.";
                say(&super::error(&self.request_id, why));
                return true;
            }
            Seen::Other => {
                if let Event::Error(error) = event
                    && error.id.is_some()
                    && error.id.as_deref() == self.message_id().map(image_id).as_deref()
                {
                    self.notices.push(json!({ "code": error.code, "message": error.message }));
                    if self.turn.turn_id().is_some() {
                        self.notice(say);
                    }
                }
            }
        }
        false
    }

    /// Says what is wrong with pictures; it is no part of the message.
    fn notice(&mut self, say: &mut Say<'_>) {
        for data in std::mem::take(&mut self.notices) {
            self.chunk(&json!({ "type": "data-error", "data": data, "transient": true }), say);
        }
    }

    fn end(&mut self, report: &TurnReport, failure: Option<String>, say: &mut Say<'_>) {
        if self.is_text_open {
            self.chunk(&json!({ "type": "text-end", "id": TEXT }), say);
        }
        for (number, source) in (1..).zip(&report.sources) {
            let chunk = json!({
                "type": "source-document",
                "sourceId": format!("source-{number}"),
                "mediaType": "text/plain",
                "title": &*source.title,
                "filename": &*source.file,
            });
            self.chunk(&chunk, say);
        }
        let mut told = native::report(report);
        let data: Map<String, Value> =
            TOLD.iter().map(|name| ((*name).to_owned(), told[*name].take())).collect();
        self.chunk(&json!({ "type": "data-timings", "data": data }), say);
        match report.status {
            Status::Completed => self.chunk(&json!({ "type": "finish", "finishReason": "stop" }), say),
            Status::Interrupted => {
                self.chunk(&json!({ "type": "abort", "reason": "a newer message took its place" }), say);
            }
            Status::Cancelled => self.chunk(&json!({ "type": "abort", "reason": "cancelled" }), say),
            Status::Failed | Status::TimedOut => {
                let why = failure.unwrap_or_else(|| "The reply failed. Please ask again.".into());
                return say(&super::error(&self.request_id, &why));
            }
        }
        say(&super::ended(&self.request_id));
    }

    fn chunk(&mut self, chunk: &Value, say: &mut Say<'_>) {
        let frame = json!({
            "type": "chunk", "requestId": self.request_id, "sequence": self.sequence, "chunk": chunk,
        });
        self.sequence += 1;
        say(&frame);
    }
}

/// Says that a reply follows from its start.
pub fn resuming(request_id: &str) -> Value {
    json!({ "type": "start", "requestId": request_id })
}

/// Says that a reply is over.
pub fn ended(request_id: &str) -> Value {
    json!({ "type": "end", "requestId": request_id })
}

/// Says that a request failed.
pub fn error(request_id: &str, why: &str) -> Value {
    json!({ "type": "error", "requestId": request_id, "errorText": why })
}

/// Says that a chat has no reply that is known.
pub fn no_active(request_id: &str) -> Value {
    json!({ "type": "no-active", "requestId": request_id })
}
