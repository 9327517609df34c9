//! The questions, a JSON object a line.

use std::path::Path;

use serde::Deserialize;

use super::EvalError;
use crate::event::{HistoryMessage, Speaker};

/// A question whose documents are known.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Question {
    #[serde(default)]
    pub(super) id: String,
    #[serde(default = "any")]
    pub(super) kind: String,
    pub(super) lang: Option<String>,
    #[serde(rename = "question")]
    pub(super) text: String,
    #[serde(default)]
    pub(super) history: Vec<Said>,
    /// Titles of documents that answer it; none: it can't be answered.
    #[serde(default)]
    pub(super) relevant: Vec<String>,
    /// Strings of which an answer has one, each as a list of alternatives.
    #[serde(default)]
    pub(super) answer_contains: Vec<Vec<String>>,
}

fn any() -> String {
    "any".into()
}

/// An earlier message.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Said {
    role: String,
    pub(super) content: String,
}

impl Said {
    pub(super) fn speaker(&self) -> Speaker {
        if self.role == "assistant" { Speaker::House } else { Speaker::Visitor }
    }

    pub(super) fn message(&self) -> HistoryMessage {
        HistoryMessage { speaker: self.speaker(), text: self.content.clone(), tone: None }
    }
}

/// Reads a file of questions.
pub(super) fn read(path: &Path) -> Result<Vec<Question>, EvalError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| EvalError::Unreadable(path.to_owned(), error))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parsed = lines.map(|(at, line)| {
        let no_question = |reason| EvalError::NoQuestion { path: path.to_owned(), line: at + 1, reason };
        let mut question: Question =
            serde_json::from_str(line).map_err(|error| no_question(error.to_string()))?;
        if question.text.trim().is_empty() {
            return Err(no_question("the question is empty".into()));
        }
        if question.id.is_empty() {
            question.id = (at + 1).to_string();
        }
        Ok(question)
    });
    parsed.collect()
}
