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

/// Why an item is no document.
#[derive(Debug, PartialEq)]
pub(super) enum NoDocument {
    /// No shape explains it; the names of its fields, none if it is no object.
    Unknown(Vec<String>),
    /// It has a shape, but a field of it is no text, or says nothing; why, for people.
    Unusable(String),
}

/// The document in an item: question/answer, term/`full_name`/content, date/title/content or title/content.
/// Other fields are ignored.
pub(super) fn from_json(item: &Value, file: &Arc<str>) -> Result<Document, NoDocument> {
    let has = |name: &str| item.get(name).is_some_and(|value| !value.is_null());
    let field = |name: &str| match item.get(name) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text.trim()),
        Some(other) => Err(NoDocument::Unusable(format!("its `{name}` is {}, not a text", kind_of(other)))),
    };
    let text_of = |name: &str| match field(name)? {
        "" => Err(NoDocument::Unusable(format!("its `{name}` is empty"))),
        text => Ok(text),
    };
    let build = |title: &str, context: &str, text: String, is_term: bool| Document {
        file: Arc::clone(file),
        title: title.into(),
        context: context.to_owned(),
        // Some lists hold Markdown's bold; nobody wants to hear asterisks.
        text: text.replace("**", ""),
        is_term,
    };
    if has("question") && has("answer") {
        return Ok(build(field("question")?, "", text_of("answer")?.to_owned(), false));
    }
    if !has("content") || !has("term") && !has("title") {
        let fields = item.as_object().map(|it| it.keys().cloned().collect());
        return Err(NoDocument::Unknown(fields.unwrap_or_default()));
    }
    let content = text_of("content")?;
    if has("term") {
        let (term, name) = (field("term")?, field("full_name")?);
        let text = if name.is_empty() || content.contains(name) {
            content.to_owned()
        } else {
            named(term, name, content)
        };
        return Ok(build(term, "", text, true));
    }
    match (field("title")?, field("date")?) {
        (title, "") => Ok(build(title, "", content.to_owned(), false)),
        (title, date) => Ok(build(title, date, dated(date, content), false)),
    }
}

/// What a value is, for people.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
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
