//! The wire formats: codecs between what clients send and read, and the inner vocabulary.
//!
//! - [`chat`]: the AI SDK's WebSocket transport.
//! - [`native`]: JSON frames, the format that knows all.
//! - [`original`]: the predecessor's HTTP API.
//! - [`realtime`]: the `OpenAI` Realtime protocol, text only.
//! - [`text`]: plain text for terminals, a sentence a message.

pub mod chat;
pub mod native;
pub mod original;
mod own_turn;
pub mod realtime;
pub mod text;

use crate::event::{Command, ErrorEvent};

/// A question's limit in characters.
pub const MAX_QUESTION: usize = 4000;

/// Characters of a front-end's instructions: they stand in each prompt, beside the house's own and its passages.
pub const MAX_INSTRUCTIONS: usize = 8000;

/// What a client's text message says.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientFrame {
    /// Something for the session.
    Command(Command),
    /// Asks for a `pong` with the same `t`.
    Ping(Option<serde_json::Value>),
}

/// A refusal of something a client sent, before any turn.
fn refusal(code: &'static str, message: impl Into<String>) -> ErrorEvent {
    let (code, message) = (code.into(), message.into());
    ErrorEvent { code, message, retryable: false, retry_after: None, turn_id: None, id: None }
}

/// A question as it goes to work: without NUL and bidi controls, trimmed, 1 to 4,000 characters.
fn question(text: &str) -> Result<String, ErrorEvent> {
    let is_kept = |c: &char| *c != '\0' && !crate::language::is_bidi_control(*c);
    let cleaned: String = text.chars().filter(is_kept).collect();
    let question = cleaned.trim();
    if question.is_empty() {
        return Err(refusal("empty_question", "The question is empty. Please write something."));
    }
    let length = question.chars().count();
    if length > MAX_QUESTION {
        let message = format!(
            "The question has {length} characters; at most {MAX_QUESTION} are read. Please shorten it."
        );
        return Err(refusal("question_too_long", message));
    }
    Ok(question.to_owned())
}
