//! The wire formats: codecs between what clients send and read, and the inner vocabulary.
//!
//! - [`native`]: JSON frames, the format that knows all.
//! - [`text`]: plain text for terminals, a sentence a message.

pub mod native;
pub mod text;

use crate::event::{Command, ErrorEvent};

/// A question's limit in characters.
pub const MAX_QUESTION: usize = 4000;

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
    ErrorEvent { code, message: message.into(), retryable: false, retry_after: None, turn_id: None, id: None }
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

/// Why a binary message is not taken. Images are for a later version; what is none is told so.
pub fn image_refusal(bytes: &[u8]) -> ErrorEvent {
    let is_image = bytes.starts_with(b"\xFF\xD8\xFF")
        || bytes.starts_with(b"\x89PNG\r\n\x1a\n")
        || (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"));
    if is_image {
        refusal("image_unsupported", "This server takes no images.")
    } else {
        refusal("bad_image", "A binary message must be a JPEG, PNG or WebP image.")
    }
}
