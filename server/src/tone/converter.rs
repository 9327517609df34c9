//! The conversion of an answer into a tone, by a model or by the built-in engine.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};

use super::{builtin, mention};
use crate::event::Tone;
use crate::language::{self, Lang};
use crate::llm::{Chat, ChatRequest, ChatStream, Delta, LlmError, Role, untagged};
use crate::prompts::Prompts;

/// A conversion may grow: tones are wordier than plain answers.
const MAX_TOKENS: u32 = 700;

/// What is to be converted.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversion {
    /// The plain text of a segment.
    pub text: String,
    /// The tone.
    pub tone: Tone,
    /// The answer's language.
    pub lang: Lang,
    /// What the visitor asked.
    pub question: String,
    /// Who asks; empty if nobody was described.
    pub description: Arc<str>,
    /// Whether this text is to mention the visitor's clothing or what they carry.
    pub mentions: bool,
}

/// Converts texts into tones.
pub enum Converter {
    /// Frames the text by rule; needs no model.
    Builtin,
    /// Has a model rewrite it.
    Model(Arc<dyn Chat>, Arc<Prompts>),
}

impl Converter {
    /// Begins a conversion. Once it resolves, text is on its way.
    pub fn convert(&self, conversion: Conversion) -> BoxFuture<'_, Result<ChatStream, LlmError>> {
        match self {
            Self::Builtin => {
                let Conversion { text, tone, lang, description, mentions, .. } = conversion;
                let converted = builtin::convert(&text, tone, lang, mentions.then_some(&*description));
                let pieces: Vec<_> =
                    language::pieces(&converted).map(|piece| Ok(Delta::Text(piece.to_owned()))).collect();
                Box::pin(async { Ok(stream::iter(pieces).boxed()) })
            }
            Self::Model(chat, prompts) => chat.chat(request(prompts, &conversion)),
        }
    }
}

fn request(prompts: &Prompts, conversion: &Conversion) -> ChatRequest {
    let Conversion { text, tone, lang, question, description, mentions } = conversion;
    let mut user = String::new();
    if !description.is_empty() {
        user += &format!("<visitor>{}</visitor>\n", untagged(description));
    }
    user += &format!("<question>{}</question>\n", untagged(question));
    if let Some(phrase) = mentions.then(|| mention::mentionable(description, *lang)).flatten() {
        user += &format!("<mention>{}</mention>\n", untagged(&phrase));
    }
    user += &format!("<text>{}</text>", untagged(text));
    ChatRequest {
        role: Role::Convert,
        system: prompts.convert(*tone, *lang),
        history: Vec::new(),
        user,
        max_tokens: MAX_TOKENS,
        temperature: 0.3,
    }
}
