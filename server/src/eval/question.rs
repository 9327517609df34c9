//! The questions, a JSON object a line.

use std::path::Path;

use serde::Deserialize;

use super::EvalError;
use crate::event::{HistoryMessage, Speaker};
use crate::language::Lang;

/// A question whose documents are known.
#[derive(Debug, Clone, Default)]
pub(super) struct Question {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) lang: Option<String>,
    pub(super) text: String,
    pub(super) history: Vec<Said>,
    /// Titles of documents that answer it; none: it can't be answered.
    pub(super) relevant: Vec<String>,
    /// Strings of which an answer has one.
    pub(super) answer_contains: Vec<Contains>,
}

/// A string that an answer may have, or several of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Contains {
    /// One.
    One(String),
    /// Any of several: the spellings of one thing.
    Any(Vec<String>),
}

impl Contains {
    pub(super) fn strings(&self) -> &[String] {
        match self {
            Self::One(string) => std::slice::from_ref(string),
            Self::Any(strings) => strings,
        }
    }
}

/// An earlier message.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    role: Role,
    pub(super) content: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    User,
    Assistant,
}

impl Said {
    pub(super) fn speaker(&self) -> Speaker {
        match self.role {
            Role::User => Speaker::Visitor,
            Role::Assistant => Speaker::House,
        }
    }

    pub(super) fn message(&self) -> HistoryMessage {
        HistoryMessage { speaker: self.speaker(), text: self.content.clone(), tone: None }
    }
}

/// Reads a file of questions.
pub(super) fn read(path: &Path) -> Result<Vec<Question>, EvalError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| EvalError::Unreadable(path.to_owned(), error))?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parsed = lines.map(|(at, line)| {
        let no_question = |reason| EvalError::NoQuestion { path: path.to_owned(), line: at + 1, reason };
        let mut question = parse(line).map_err(no_question)?;
        if question.id.is_empty() {
            question.id = (at + 1).to_string();
        }
        Ok::<_, EvalError>(question)
    });
    let questions = parsed.collect::<Result<Vec<_>, _>>()?;
    if questions.is_empty() {
        return Err(EvalError::NoQuestions(path.to_owned()));
    }
    Ok(questions)
}

/// A line's question; the error names the field.
fn parse(line: &str) -> Result<Question, String> {
    let mut fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(line).map_err(|error| format!("no JSON object: {error}"))?;
    let mut question = Question { kind: "any".into(), ..Question::default() };
    // Field by field, so that an error can name its own.
    for name in ["id", "kind", "lang", "question", "history", "relevant", "answer_contains"] {
        let Some(value) = fields.remove(name) else { continue };
        let told = |error: serde_json::Error| format!("`{name}`: {error}");
        match name {
            "id" => question.id = serde_json::from_value(value).map_err(told)?,
            "kind" => question.kind = serde_json::from_value(value).map_err(told)?,
            "lang" => question.lang = serde_json::from_value(value).map_err(told)?,
            "question" => question.text = serde_json::from_value(value).map_err(told)?,
            "history" => question.history = serde_json::from_value(value).map_err(told)?,
            "relevant" => question.relevant = serde_json::from_value(value).map_err(told)?,
            _ => {
                question.answer_contains = serde_json::from_value(value).map_err(|_| {
                    "`answer_contains`: neither a list of texts nor a list of lists of texts".to_owned()
                })?;
            }
        }
    }
    if let Some(unknown) = fields.keys().next() {
        return Err(format!("`{unknown}` is no field of a question"));
    }
    if question.text.trim().is_empty() {
        return Err("`question`: it is missing or empty".into());
    }
    if let Some(lang) = &question.lang
        && ![Lang::En, Lang::ZhHant].iter().any(|it| it.as_str() == lang)
    {
        return Err(format!("`lang`: `{lang}` is neither en nor zh-Hant"));
    }
    Ok(question)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn errors_name_the_field() {
        for (line, expect) in [
            (r"[]", "no JSON object: "),
            (r#"{"question": 1}"#, "`question`: invalid type: integer `1`"),
            (r#"{"id": "a"}"#, "`question`: it is missing or empty"),
            (r#"{"question": "x", "answer_contians": []}"#, "`answer_contians` is no field"),
            (r#"{"question": "x", "lang": "fr"}"#, "`lang`: `fr` is neither"),
            (
                r#"{"question": "x", "history": [{"role": "bot", "content": "y"}]}"#,
                "`history`: unknown variant `bot`",
            ),
            (
                r#"{"question": "x", "history": [{"role": "user", "text": "y"}]}"#,
                "`history`: unknown field `text`",
            ),
            (r#"{"question": "x", "answer_contains": "y"}"#, "`answer_contains`: neither"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.starts_with(expect), "{error}");
        }
    }

    #[test]
    fn what_answers_have_is_a_list_or_a_list_of_lists() {
        for line in [
            r#"{"question": "x", "answer_contains": ["a", "b"]}"#,
            r#"{"question": "x", "answer_contains": [["a", "b"]]}"#,
        ] {
            let question = parse(line).unwrap();
            let all: Vec<&String> =
                question.answer_contains.iter().flat_map(super::Contains::strings).collect();
            assert_eq!(all, ["a", "b"]);
        }
    }
}
