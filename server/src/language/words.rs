//! Words of both languages, for search.
//!
//! Chinese is cut by ICU's dictionary (it splits Traditional Chinese well; `auto` and its LSTM models are not
//! needed for it). What the dictionary leaves as single characters, names above all, becomes pairs of
//! neighbours as well; an index also takes words' characters and pairs ([`terms`]), because a visitor's word
//! often shares only a part with the document's (營收, 營業收入). English words lose their inflection, numbers and compounds are
//! kept whole and in pieces, and full-width letters and the variant 臺 are folded, so that a question finds
//! a document whatever the spelling.

pub mod alike;
mod days;
mod numeral;
mod stem;
mod stop;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};

use super::is_han;
use super::simplified::traditional;

/// ICU's segmenter; its data are part of the binary.
static SEGMENTER: LazyLock<WordSegmenterBorrowed<'static>> =
    LazyLock::new(|| WordSegmenter::new_dictionary(WordBreakInvariantOptions::default()));

/// A text's search terms: lower-cased words of English and of segmented Chinese, in order, without the words
/// that say nothing (unless there are no others). A compound gives several terms: `X-STORE` gives `xstore`
/// and `store`, `5419-3836` gives `54193836`, `5419` and `3836`.
pub fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let mut kept = Vec::new();
    let mut dropped = Vec::new();
    let mut rest = folded.as_str();
    while let Some(c) = rest.chars().next() {
        let end = if is_han(c) {
            let end = run(rest, is_han);
            han(&rest[..end], &mut kept, &mut dropped);
            end
        } else if c.is_alphanumeric() {
            let end = compound_end(rest);
            compound(&rest[..end], &mut kept, &mut dropped);
            end
        } else {
            c.len_utf8()
        };
        rest = &rest[end..];
    }
    if kept.is_empty() { dropped } else { kept }
}

/// What an index holds of a text: its [`words`], then the characters of its Chinese words, and the pairs of
/// neighbours in those of three and more.
pub fn terms(text: &str) -> Vec<String> {
    let mut terms = words(text);
    for at in 0..terms.len() {
        let chars: Vec<char> = terms[at].chars().collect();
        if chars.len() > 1 && chars.iter().copied().all(is_han) {
            terms.extend(chars.iter().map(char::to_string));
            if chars.len() > 2 {
                terms.extend(chars.windows(2).map(|pair| pair.iter().collect::<String>()));
            }
        }
    }
    terms
}

/// Whether a term is a single Han character: a weak sign, since most have many meanings.
pub fn is_character(term: &str) -> bool {
    let mut chars = term.chars();
    chars.next().is_some_and(is_han) && chars.next().is_none()
}

/// Lower case, full-width letters and digits as ASCII, 臺 as 台, Simplified as Traditional, typographic apostrophes straight,
/// 星期一 and 禮拜一 as 週一.
fn fold(text: &str) -> String {
    let folded = folded(text);
    if folded.contains("星期") || folded.contains("禮拜") { days::with_weeks(&folded) } else { folded }
}

/// The same but for the days of the week.
fn folded(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
            '臺' => '台',
            '’' => '\'',
            '‐' | '‑' | '–' => '-',
            _ => traditional(c),
        })
        .flat_map(char::to_lowercase)
        .collect()
}

/// The length in bytes of the run of characters at the start of `text` that are all `of` one kind.
fn run(text: &str, of: impl Fn(char) -> bool) -> usize {
    text.find(|c| !of(c)).unwrap_or(text.len())
}

/// The end of the word of letters and digits at the start of `text`, with the joints inside it:
/// `x-store`, `r&d`, `7.7`, `1,000`, `itri's`.
fn compound_end(text: &str) -> usize {
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    let mut last = ' ';
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map_or(' ', |&(_, next)| next);
        let joint = match c {
            '-' | '&' | '\'' => is_word(last) && is_word(next),
            '.' | ',' => last.is_ascii_digit() && next.is_ascii_digit(),
            _ => false,
        };
        if !joint && !is_word(c) {
            break;
        }
        end = at + c.len_utf8();
        last = c;
    }
    end
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() && !is_han(c)
}

/// The terms of a word of letters and digits: itself without joints, and its pieces.
fn compound(word: &str, kept: &mut Vec<String>, dropped: &mut Vec<String>) {
    let word = word.strip_suffix("'s").unwrap_or(word);
    if stop::is_english(word) {
        dropped.push(word.to_owned());
        return;
    }
    let whole: String = word.chars().filter(|c| !matches!(c, '-' | '&' | '\'' | ',')).collect();
    if whole.len() == word.len() {
        kept.push(stem::stem(&whole));
    } else {
        let pieces = word.split(['-', '&', '\'']).map(|piece| piece.replace(',', ""));
        let pieces: Vec<_> = pieces.filter(|piece| piece.len() > 1 && *piece != whole).collect();
        kept.push(stem::stem(&whole));
        kept.extend(pieces.iter().filter(|piece| !stop::is_english(piece)).map(|piece| stem::stem(piece)));
    }
    // 1990s, 50kg: the number too.
    let digits = run(word, |c| c.is_ascii_digit());
    if digits >= 2 && digits < word.len() && word[digits..].chars().all(|c| c.is_ascii_alphabetic()) {
        kept.push(word[..digits].to_owned());
    }
}

/// The terms of a run of Han characters.
fn han(run: &str, kept: &mut Vec<String>, dropped: &mut Vec<String>) {
    let mut from = 0;
    let mut before: Option<char> = None;
    for to in SEGMENTER.segment_str(run).skip(1) {
        let word = &run[from..to];
        let mut chars = word.chars();
        let single = chars.next().filter(|_| chars.next().is_none());
        if stop::is_chinese(word) {
            dropped.push(word.to_owned());
            before = None;
        } else {
            if let (Some(first), Some(second)) = (before, single) {
                kept.push([first, second].iter().collect());
            }
            kept.push(word.to_owned());
            before = single;
        }
        from = to;
    }
    kept.extend(days::named(run));
    kept.extend(numeral::numbers(run));
}
