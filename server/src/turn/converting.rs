//! A text converted by itself, without a turn: what a house has written, said in a tone.

use std::future::poll_fn;

use super::Engine;
use super::call::Call;
use crate::event::Tone;
use crate::language::Lang;
use crate::llm::LlmError;
use crate::tone::{Conversion, mention};

/// A text that is to be said in a tone.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// The text.
    pub text: &'a str,
    /// Its language.
    pub lang: Lang,
    /// The tone.
    pub tone: Tone,
    /// Who listens; what they wear or carry is mentioned.
    pub description: Option<&'a str>,
    /// What they asked.
    pub question: Option<&'a str>,
}

/// A text on its way into a tone. Dropping it ends the model's call.
pub struct Converted {
    call: Call,
    is_begun: bool,
}

impl Engine {
    /// Converts a text as an answer is converted.
    pub fn convert(&self, text: &Text<'_>) -> Converted {
        let mention = text.description.and_then(|description| mention::mentionable(description, text.lang));
        let conversion = Conversion {
            text: Some(text.text),
            question: text.question,
            mention: mention.as_deref(),
            description: text.description.unwrap_or_default(),
            tone: text.tone,
            lang: text.lang,
        };
        Converted { call: Call::begin(self.converter.convert(&conversion), text.lang), is_begun: false }
    }
}

impl Converted {
    /// The next piece; none at the end. What fails before the first is tried again.
    pub async fn next(&mut self) -> Option<Result<String, LlmError>> {
        loop {
            let piece = poll_fn(|cx| self.call.poll_text(cx)).await;
            match piece {
                Some(Err(error)) if !self.is_begun && self.call.retry(&error) => {}
                piece => {
                    self.is_begun = true;
                    return piece;
                }
            }
        }
    }
}
