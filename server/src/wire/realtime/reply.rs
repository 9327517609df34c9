//! A response, from its creation to its end.

use serde_json::{Value, json};

use super::item::{Item, Part, State};
use crate::event::{ErrorEvent, Status, TurnReport};
use crate::language::tokens;
use crate::wire::native;
use crate::wire::own_turn::OwnTurn;

/// A response that was asked for and has not ended.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) id: String,
    pub(super) item_id: String,
    /// The turn that makes it.
    pub(super) turn: OwnTurn,
    /// The id of the client's event that asked.
    pub(super) event_id: Option<String>,
    pub(super) is_in_conversation: bool,
    pub(super) metadata: Option<Value>,
    pub(super) input_tokens: usize,
    pub(super) text: String,
}

/// How a turn's end is told: the response's status, its reason, and the item's state.
const fn ending(status: Status) -> (&'static str, Option<&'static str>, State) {
    match status {
        Status::Completed => ("completed", None, State::Completed),
        Status::Cancelled => ("cancelled", Some("client_cancelled"), State::Incomplete),
        Status::Interrupted => ("cancelled", Some("turn_detected"), State::Incomplete),
        // The API's `incomplete` is for bounds of tokens and filters; a time that ran out is neither.
        Status::Failed | Status::TimedOut => ("failed", None, State::Incomplete),
    }
}

impl Reply {
    /// The item that the reply is, at its end.
    pub(super) fn item(&self, report: &TurnReport) -> Item {
        let (_, _, progress) = ending(report.status);
        // What was cut off is known as far as it was told.
        let plain = (progress == State::Completed && report.answer != self.text && !report.answer.is_empty())
            .then(|| report.answer.clone());
        let parts = vec![Part::Text(self.text.clone())];
        Item { progress, parts, plain, ..Item::reply(self.item_id.clone()) }
    }

    /// The response as it begins.
    pub(super) fn begun(&self, conversation_id: &str) -> Value {
        self.told("in_progress", conversation_id)
    }

    /// The response at its end, with its item.
    pub(super) fn ended(
        &self,
        report: &TurnReport,
        failure: Option<&ErrorEvent>,
        item: &Value,
        conversation_id: &str,
    ) -> Value {
        let (status, reason, _) = ending(report.status);
        let mut told = self.told(status, conversation_id);
        told["output"] = json!([item]);
        if status != "completed" {
            let mut details = json!({ "type": status });
            if let Some(reason) = reason {
                details["reason"] = reason.into();
            } else {
                let (code, message) = failure
                    .map_or(("internal", "The reply could not be completed. Please ask again."), |error| {
                        (&*error.code, &*error.message)
                    });
                details["error"] = json!({ "type": "server_error", "code": code, "message": message });
            }
            told["status_details"] = details;
        }
        told["usage"] = self.usage(report);
        told["x_rapport"] = native::report(report);
        told
    }

    fn told(&self, status: &str, conversation_id: &str) -> Value {
        json!({
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": null,
            "output": [],
            "conversation_id": self.is_in_conversation.then_some(conversation_id),
            "output_modalities": ["text"],
            "max_output_tokens": "inf",
            "metadata": self.metadata,
            "usage": null,
        })
    }

    /// Tokens as the backends counted them; estimated where none did, as with the built-in engine.
    fn usage(&self, report: &TurnReport) -> Value {
        let counted = |count: u64, estimate: usize| {
            if count > 0 { count } else { u64::try_from(estimate).unwrap_or(u64::MAX) }
        };
        let input = counted(report.usage.input_tokens, self.input_tokens);
        let output = counted(report.usage.output_tokens, tokens(&self.text));
        json!({
            "total_tokens": input.saturating_add(output),
            "input_tokens": input,
            "output_tokens": output,
            "input_token_details": {
                "text_tokens": input, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 0,
                "cached_tokens_details": { "text_tokens": 0, "audio_tokens": 0, "image_tokens": 0 },
            },
            "output_token_details": { "text_tokens": output, "audio_tokens": 0 },
        })
    }
}
