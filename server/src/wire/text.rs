//! The text format, for terminals: a sentence a message, `END_FLAG` alone after each reply, and
//! `ERROR: <code>: <message>` for what went wrong.

use crate::event::Event;
use crate::language::sentence::Sentences;

/// Ends a reply.
pub const END_FLAG: &str = "END_FLAG";

/// Writes events as lines of text.
#[derive(Debug, Default)]
pub struct TextEncoder {
    sentences: Sentences,
}

impl TextEncoder {
    /// The text messages of an event: none, one, or several. `ends_reply`: a message has all its reply now.
    pub fn encode(&mut self, event: &Event, ends_reply: bool) -> Vec<String> {
        let mut messages = match event {
            Event::Token { text, .. } => lines(self.sentences.push(text)),
            Event::TurnDone(_) => self.flush(),
            Event::Error(error) => {
                // What was said so far comes before what went wrong.
                let mut messages = if error.turn_id.is_some() { self.flush() } else { Vec::new() };
                messages.push(error_line(&error.code, &error.message));
                messages
            }
            Event::Description { .. }
            | Event::TurnStarted { .. }
            | Event::Tone { .. }
            | Event::EpochBegan { .. } => Vec::new(),
        };
        if ends_reply {
            messages.push(END_FLAG.to_owned());
        }
        messages
    }

    fn flush(&mut self) -> Vec<String> {
        lines(std::mem::take(&mut self.sentences).finish())
    }
}

/// An error as a line.
pub fn error_line(code: &str, message: &str) -> String {
    format!("ERROR: {code}: {message}")
}

/// Sentences as messages: white space at their ends is the terminal's business, and a line break within one
/// would look like two.
fn lines(sentences: impl IntoIterator<Item = String>) -> Vec<String> {
    let one_line = |sentence: String| sentence.split_whitespace().collect::<Vec<_>>().join(" ");
    sentences.into_iter().map(one_line).filter(|line| !line.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::event::ErrorEvent;

    #[test]
    fn a_failed_turn_says_what_it_had_then_why() {
        let mut encoder = TextEncoder::default();
        let turn_id: Arc<str> = Arc::from("t1");
        let started = Event::TurnStarted { turn_id: Arc::clone(&turn_id), id: None, restarted: false };
        assert!(encoder.encode(&started, false).is_empty());
        let token = Event::Token { turn_id: Arc::clone(&turn_id), text: "It stands  in Hsin".into() };
        assert!(encoder.encode(&token, false).is_empty());
        let error = ErrorEvent {
            code: "llm_cut".into(),
            message: "It broke off.".into(),
            retryable: true,
            retry_after: None,
            turn_id: Some(turn_id),
            id: None,
        };
        assert_eq!(
            encoder.encode(&Event::Error(Box::new(error)), false),
            ["It stands in Hsin", "ERROR: llm_cut: It broke off."]
        );
    }
}
