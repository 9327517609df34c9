//! Plain text files.

use std::sync::Arc;

use super::document::Document;
use crate::language::{is_han, sentence};

/// The longest first line that is a title, in characters.
const LONGEST_TITLE: usize = 80;
/// From this many columns on a line's break is its editor's, not its author's (a Han character has two).
const WRAPPED: usize = 50;

/// A text file's document. A short first line that is no sentence is its title, else the file's name is.
pub(super) fn read(text: &str, file: &Arc<str>, name: &str) -> Option<Document> {
    let text = text.trim();
    let (first, behind) = text.split_once('\n').map_or((text, ""), |(first, behind)| (first.trim(), behind));
    let is_title =
        first.chars().count() <= LONGEST_TITLE && !first.ends_with(sentence::is_mark) && !behind.is_empty();
    let (title, text) = if is_title { (first, behind) } else { (name, text) };
    let text = unwrap(text);
    let document = Document {
        file: Arc::clone(file),
        title: title.into(),
        context: String::new(),
        text,
        is_term: false,
    };
    (!document.text.trim().is_empty()).then_some(document)
}

/// A text whose paragraphs stand on one line each: breaks in long lines were made by an editor's wrapping.
pub(super) fn unwrap(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut joins = false;
    for line in text.lines().map(str::trim) {
        let starts_item =
            line.starts_with(['-', '*', '•', '·']) || line.starts_with(|c: char| c.is_ascii_digit());
        if !out.is_empty() {
            if !joins || line.is_empty() || starts_item {
                out.push('\n');
            } else if !(out.ends_with(is_wide) && line.starts_with(is_wide)) {
                out.push(' ');
            }
        }
        out.push_str(line);
        joins = line.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum::<usize>() >= WRAPPED;
    }
    out
}

/// Han characters and full-width marks: no space goes between them when lines are joined.
pub(super) fn is_wide(c: char) -> bool {
    is_han(c) || matches!(c, '\u{3000}'..='\u{303F}' | '\u{FF00}'..='\u{FF60}')
}
