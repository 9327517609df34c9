//! Follow-up questions as ones that stand alone: what the documents are searched for.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::builtin;
use crate::event::{HistoryMessage, Speaker, Usage};
use crate::language::Lang;
use crate::llm::{Chat, ChatRequest, Role, collect, untagged};
use crate::prompts::Prompts;

/// How long the model may take; then the rule's expansion is used. A visitor waits for it.
const TIMEOUT: Duration = Duration::from_millis(400);

/// How many messages of the history say what a question refers to.
const MESSAGES: usize = 4;

/// A question is a line; a longer reply of the model's is something else.
const LONGEST: usize = 300;
const MAX_TOKENS: u32 = 120;

/// Asks a model to make questions stand alone.
pub struct Rewriter {
    /// The model.
    pub chat: Arc<dyn Chat>,
    /// Its instructions.
    pub prompts: Arc<Prompts>,
}

/// The question by rule: cleaned, and with what it refers to in the last reply.
pub(super) fn by_rule(question: &str, history: &[HistoryMessage]) -> String {
    let mut last = history.iter().rev();
    match (last.next(), last.next()) {
        (Some(answer), Some(asked)) => builtin::standalone(question, &asked.text, &answer.text),
        _ => builtin::standalone(question, "", ""),
    }
}

impl Rewriter {
    /// Whether there is something to do: a word of the question refers to what was said before.
    pub fn is_needed(question: &str, history: &[HistoryMessage]) -> bool {
        !history.is_empty() && builtin::may_refer_back(question)
    }

    /// The question in the model's words, and what that cost; no question if the model fails, is too slow or says
    /// something else.
    pub async fn rewrite(
        &self,
        question: &str,
        history: &[HistoryMessage],
        lang: Lang,
    ) -> (Option<String>, Usage) {
        let call = collect(&*self.chat, self.request(question, history, lang));
        match timeout(TIMEOUT, call).await {
            Ok(Ok((text, usage))) => (usable(&text), usage),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a question is expanded by rule");
                (None, begun())
            }
            Err(_) => (None, begun()),
        }
    }

    fn request(&self, question: &str, history: &[HistoryMessage], lang: Lang) -> ChatRequest {
        let earlier = &history[history.len().saturating_sub(MESSAGES)..];
        let line = |message: &HistoryMessage| {
            let who = match message.speaker {
                Speaker::Visitor => "Q",
                Speaker::House => "A",
            };
            format!("{who}: {}\n", untagged(&message.text.replace('\n', " ")))
        };
        let conversation: String = earlier.iter().map(line).collect();
        ChatRequest {
            role: Role::Rewrite,
            system: self.prompts.rewrite(lang),
            history: Vec::new(),
            user: format!(
                "<conversation>\n{conversation}</conversation>\n<question>{}</question>",
                untagged(question)
            ),
            max_tokens: MAX_TOKENS,
            temperature: 0.0,
        }
    }
}

/// What a call costs that brought nothing.
fn begun() -> Usage {
    Usage { llm_calls: 1, ..Usage::default() }
}

/// The reply as a question, if it is one line that may be one.
fn usable(reply: &str) -> Option<String> {
    let text = reply.trim().trim_start_matches("<question>").trim_end_matches("</question>");
    let text = text.trim_matches(['"', '「', '」', '“', '”', ' ']);
    let is_usable = !text.is_empty() && !text.contains(['\n', '<']) && text.chars().count() <= LONGEST;
    is_usable.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_a_question_on_one_line() {
        for (reply, expect) in [
            ("Who built the clock?\n", Some("Who built the clock?")),
            ("「鐘是誰做的？」", Some("鐘是誰做的？")),
            ("<question>Who?</question>", Some("Who?")),
            ("", None),
            ("Sure!\nWho built it?", None),
            (&"x".repeat(LONGEST + 1), None),
        ] {
            assert_eq!(usable(reply).as_deref(), expect, "{reply}");
        }
    }
}
