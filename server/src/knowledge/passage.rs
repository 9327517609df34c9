//! Passages: pieces of documents that end at sentence ends.

use std::sync::Arc;

use crate::event::Source;
use crate::language::{Lang, is_han, sentence};

/// How long a passage may be, in characters. Long enough for a document of the usual size to stay whole, short
/// enough that six fit a prompt.
pub const MAX_PASSAGE_CHARS: usize = 400;

/// A piece of a document, as found by a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// Where it came from, with the search's score.
    pub source: Source,
    /// Its text.
    pub text: Arc<str>,
    /// Which of its document's passages it is, counted from 1.
    pub position: u32,
    /// By how many deviations its meaning is nearer to the question's than is usual; none where nothing is embedded.
    pub nearness: Option<f32>,
}

impl Passage {
    /// The language that most of its text is in.
    pub fn lang(&self) -> Lang {
        language(&self.text)
    }
}

/// The language that most of a text is in: a Han character weighs as much as an English word.
pub(crate) fn language(text: &str) -> Lang {
    let han = text.chars().filter(|&c| is_han(c)).count();
    let latin = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()).count();
    if han > 0 && han >= latin { Lang::ZhHant } else { Lang::En }
}

/// A document's text in pieces of at most [`MAX_PASSAGE_CHARS`] characters, trimmed, none empty.
pub(super) fn cut(text: &str) -> Vec<String> {
    let mut passages = Vec::new();
    let mut passage = String::new();
    let mut length = 0;
    for sentence in sentence::split(text).into_iter().flat_map(clauses) {
        let more = sentence.chars().count();
        if length + more > MAX_PASSAGE_CHARS && length > 0 {
            passages.push(std::mem::take(&mut passage));
            length = 0;
        }
        passage.push_str(sentence);
        length += more;
    }
    passages.push(passage);
    passages.iter().map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect()
}

/// A sentence; one that is longer than a passage in pieces that end at a comma or a space where there is one.
fn clauses(sentence: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = sentence;
    while let Some((limit, _)) = rest.char_indices().nth(MAX_PASSAGE_CHARS) {
        let head = &rest[..limit];
        let pause = |c: char| c.is_whitespace() || matches!(c, '，' | '、' | '；' | '：' | ',' | ';');
        let end =
            head.char_indices().rev().find(|&(_, c)| pause(c)).map_or(limit, |(at, c)| at + c.len_utf8());
        pieces.push(&rest[..end]);
        rest = &rest[end..];
    }
    pieces.push(rest);
    pieces
}

/// As much of a passage as `most` characters hold: all of it, or its first sentences; nothing if not even
/// one fits.
pub(super) fn fitting(text: &Arc<str>, most: usize) -> Option<Arc<str>> {
    if text.chars().count() <= most {
        return Some(Arc::clone(text));
    }
    let mut end = 0;
    let mut length = 0;
    for sentence in sentence::split(text) {
        length += sentence.trim_end().chars().count();
        if length > most {
            break;
        }
        length += sentence.chars().count() - sentence.trim_end().chars().count();
        end += sentence.len();
    }
    let head = text[..end].trim_end();
    (!head.is_empty()).then(|| head.into())
}
