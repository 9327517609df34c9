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
    /// Who asks; empty if nobody was described. A model is given no more of it than what may be mentioned:
    /// small models speak of age and hair as soon as they read of them, and a VLM's text is an outsider's.
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
    /// Whether conversions come from the built-in engine.
    pub const fn is_builtin(&self) -> bool {
        matches!(self, Self::Builtin)
    }

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
    let tagged = |tag: &str, text: &str| format!("<{tag}>{}</{tag}>", untagged(text));
    let phrase = mentions.then(|| mention::mentionable(description, *lang)).flatten();
    let mention = phrase.map(|phrase| tagged("mention", &phrase));
    let parts = [Some(tagged("question", question)), mention, Some(tagged("text", text))];
    let user = parts.into_iter().flatten().collect::<Vec<_>>().join("\n");
    let (system, history) = prompts.convert(*tone, *lang);
    ChatRequest { role: Role::Convert, system, history, user, max_tokens: MAX_TOKENS, temperature: 0.3 }
}
