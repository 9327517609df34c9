//! A document, and the four shapes in which JSON lists hold them.

use std::sync::Arc;

use serde_json::Value;

use crate::language::is_han;

/// A document as it was loaded: an item of a JSON list, a section of a `.md`, a `.txt`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Document {
    /// The file's path below its knowledge directory, with `/`.
    pub(super) file: Arc<str>,
    /// Its title, term or question.
    pub(super) title: Arc<str>,
    /// What is indexed with the title, but not shown: a date.
    pub(super) context: String,
    /// Its text.
    pub(super) text: String,
    /// Whether the title is a name whose meaning the text tells.
    pub(super) is_term: bool,
}

/// The fields of an item that no shape explains.
#[derive(Debug, PartialEq)]
pub(super) struct UnknownShape {
    /// The names of the item's fields; none if it is no object.
    pub(super) fields: Vec<String>,
}

/// The document in an item: question/answer, term/`full_name`/content, date/title/content or title/content.
/// Other fields are ignored. Nothing when its text is empty.
pub(super) fn from_json(item: &Value, file: &Arc<str>) -> Result<Option<Document>, UnknownShape> {
    let field = |name: &str| item.get(name).and_then(Value::as_str).map(str::trim);
    let build = |title: &str, context: &str, text: String, is_term: bool| {
        // Some lists hold Markdown's bold; nobody wants to hear asterisks.
        let text = text.replace("**", "");
        let document = Document {
            file: Arc::clone(file),
            title: title.into(),
            context: context.to_owned(),
            text,
            is_term,
        };
        Ok((!document.text.trim().is_empty()).then_some(document))
    };
    if let (Some(question), Some(answer)) = (field("question"), field("answer")) {
        return build(question, "", answer.to_owned(), false);
    }
    let Some(content) = field("content") else { return Err(unknown(item)) };
    if content.is_empty() {
        return Ok(None);
    }
    if let Some(term) = field("term") {
        let text = match field("full_name") {
            Some(name) if !name.is_empty() && !content.contains(name) => named(term, name, content),
            _ => content.to_owned(),
        };
        return build(term, "", text, true);
    }
    match (field("title"), field("date")) {
        (Some(title), Some(date)) if !date.is_empty() => build(title, date, dated(date, content), false),
        (Some(title), _) => build(title, "", content.to_owned(), false),
        _ => Err(unknown(item)),
    }
}

fn unknown(item: &Value) -> UnknownShape {
    UnknownShape { fields: item.as_object().map(|it| it.keys().cloned().collect()).unwrap_or_default() }
}

/// The text of a term: its full name is a sentence of its own.
fn named(term: &str, name: &str, content: &str) -> String {
    let colon = if content.contains(is_han) { "：" } else { ": " };
    if name == term { content.to_owned() } else { format!("{term}{colon}{name}\n{content}") }
}

/// The text of a dated item: the date goes before it unless the text tells the date itself.
fn dated(date: &str, content: &str) -> String {
    let mut parts = date.split(['-', '/', '.']).map(|part| part.trim_start_matches('0'));
    let written = match (parts.next(), parts.next(), parts.next()) {
        (Some(year), Some(month), Some(day)) => {
            // 2025年1月3日 and 2025年01月03日, and in English at least the year.
            let plain: String = content.chars().take(60).filter(|c| !c.is_whitespace()).collect();
            let plain = plain.replace("年0", "年").replace("月0", "月");
            plain.contains(&format!("{year}年{month}月{day}日"))
        }
        _ => false,
    };
    if written || content.contains(date) {
        return content.to_owned();
    }
    let colon = if content.contains(is_han) { "：" } else { ": " };
    format!("{date}{colon}{content}")
}
