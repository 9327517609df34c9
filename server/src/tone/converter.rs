//! The conversion of an answer into a tone, by a model or by the built-in engine.

use std::sync::Arc;

use super::builtin;
use crate::event::Tone;
use crate::language::Lang;
use crate::llm::{self, Chat, ChatRequest, Generation, Role, untagged};
use crate::prompts::Prompts;

/// A conversion may grow: tones are wordier than plain answers.
const MAX_TOKENS: u32 = 700;

/// An opener is one sentence.
const MAX_OPENER_TOKENS: u32 = 60;

/// What is to be said in a tone: an answer, a part of one, or only a word about the visitor.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversion<'a> {
    /// The plain text; none for an opener, which only mentions.
    pub text: Option<&'a str>,
    /// What the visitor asked; none for a part of an answer that goes on.
    pub question: Option<&'a str>,
    /// What of the visitor's is to be mentioned first, as [`super::mention::mentionable`] names it. A model is
    /// given no more of a description: small models speak of age and hair as soon as they read of them, and a
    /// VLM's text is an outsider's.
    pub mention: Option<&'a str>,
    /// Who asks; empty if nobody was described.
    pub description: &'a str,
    /// The tone.
    pub tone: Tone,
    /// The answer's language.
    pub lang: Lang,
}

impl Conversion<'_> {
    /// Whether an answer, or its first part, says nothing of what was asked.
    fn is_refusal(&self) -> bool {
        self.question.is_some() && self.text.is_some_and(|text| !builtin::has_content(text))
    }
}

/// Converts texts into tones.
pub enum Converter {
    /// Frames whole answers by rule; needs no model.
    Builtin,
    /// Has a model rewrite them.
    Model(Arc<dyn Chat>, Arc<Prompts>),
}

impl Converter {
    /// Whether conversions come from the built-in engine, which frames whole answers only.
    pub const fn is_builtin(&self) -> bool {
        matches!(self, Self::Builtin)
    }

    /// What a conversion would cost in tokens, prompt and text together, estimated; 0 for the built-in engine.
    pub fn likely_tokens(&self, conversion: &Conversion<'_>) -> u64 {
        match self {
            Self::Builtin => 0,
            Self::Model(_, prompts) => {
                let said = conversion.text.map_or(0, llm::likely_tokens);
                request(prompts, conversion).likely_tokens() + said
            }
        }
    }

    /// What converts a text. An answer that begins as a refusal or is a greeting is framed by rule even where there is
    /// a model: small models answer in place of an "I don't know".
    pub fn convert(&self, conversion: &Conversion<'_>) -> Generation {
        match self {
            Self::Model(chat, prompts) if !conversion.is_refusal() => {
                Generation::Model { chat: Arc::clone(chat), request: request(prompts, conversion) }
            }
            _ => {
                let Conversion { text, tone, lang, description, mention, .. } = conversion;
                let mention = mention.map(|_| *description);
                Generation::Ready(builtin::convert(text.unwrap_or_default(), *tone, *lang, mention))
            }
        }
    }
}

fn request(prompts: &Prompts, conversion: &Conversion<'_>) -> ChatRequest {
    let Conversion { text, question, mention, tone, lang, .. } = conversion;
    let tagged =
        |tag: &str, text: Option<&str>| text.map(|text| format!("<{tag}>{}</{tag}>", untagged(text)));
    let parts = [tagged("question", *question), tagged("mention", *mention), tagged("text", *text)];
    let user = parts.into_iter().flatten().collect::<Vec<_>>().join("\n");
    let (system, history) = prompts.convert(*tone, *lang, &user);
    let max_tokens = if text.is_some() { MAX_TOKENS } else { MAX_OPENER_TOKENS };
    ChatRequest { role: Role::Convert, system, history, user, max_tokens, temperature: 0.3 }
}
