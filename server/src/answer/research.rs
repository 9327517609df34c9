//! What is known before an answer: the question as one that stands alone, and what the documents say to it.

use std::sync::Arc;

use super::{Rewriter, rewrite};
use crate::event::{HistoryMessage, Usage};
use crate::knowledge::{Library, Searched};
use crate::language::Lang;

/// Looks questions up.
pub struct Research {
    /// The house's documents.
    pub documents: Arc<Library>,
    /// Makes follow-up questions stand alone; none: a rule does.
    pub rewriter: Option<Rewriter>,
    /// All passages of a question together, in characters.
    pub passage_chars: usize,
}

impl Research {
    /// What a model may make of a follow-up question; nothing to wait for if none is asked.
    pub fn needs_model(&self, question: &str, history: &[HistoryMessage]) -> bool {
        self.rewriter.is_some() && Rewriter::is_needed(question, history)
    }

    /// The question as one that stands alone, and what that cost.
    pub async fn standalone(
        &self,
        question: &str,
        history: &[HistoryMessage],
        lang: Lang,
    ) -> (String, Usage) {
        let (rewritten, usage) = match &self.rewriter {
            Some(rewriter) if Rewriter::is_needed(question, history) => {
                rewriter.rewrite(question, history, lang).await
            }
            _ => (None, Usage::default()),
        };
        (rewritten.unwrap_or_else(|| rewrite::by_rule(question, history)), usage)
    }

    /// What the documents say to a question that stands alone.
    pub async fn passages(&self, standalone: &str) -> Searched {
        self.documents.search(standalone, self.passage_chars).await
    }
}
