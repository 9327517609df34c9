//! Sentences, put together as an answer.

use super::MAX_ANSWER_CHARS;
use crate::language::{Lang, sentence};

/// Sentences as an answer; in a frame when they are not in the question's language. Nothing if there is none.
pub(super) fn quote(sentences: &[&str], lang: Lang, theirs: Lang) -> Option<String> {
    let (before, behind) = match (lang, theirs) {
        (Lang::En, Lang::ZhHant) => ("Our documents answer this in Chinese: 「", "」"),
        (Lang::ZhHant, Lang::En) => ("館方文件以英文記載：“", "”"),
        _ => ("", ""),
    };
    let room = MAX_ANSWER_CHARS - before.chars().count() - behind.chars().count();
    let text = join(sentences, theirs, room);
    (!text.is_empty()).then(|| format!("{before}{text}{behind}"))
}

/// As many sentences as there is room for (in characters), each with an end; of a first one that is too long,
/// what fits.
fn join(sentences: &[&str], lang: Lang, room: usize) -> String {
    let mut text = String::new();
    let mut length = 0;
    for sentence in sentences {
        let sentence = without_date(without_marker(sentence.trim()));
        if sentence.is_empty() {
            continue;
        }
        let ended = sentence.ends_with(|c| sentence::is_mark(c) || matches!(c, '：' | ':'))
            || sentence.ends_with(|c| sentence::is_closer(c) || c == '"')
                && sentence
                    .trim_end_matches(|c| sentence::is_closer(c) || c == '"')
                    .ends_with(sentence::is_mark);
        let end = match lang {
            _ if ended => "",
            Lang::En => ".",
            Lang::ZhHant => "。",
        };
        let gap = if text.ends_with(|c: char| c.is_ascii()) { " " } else { "" };
        let more = gap.len() + sentence.chars().count() + end.chars().count();
        if length + more > room {
            if text.is_empty() {
                return head(sentence, room);
            }
            break;
        }
        text.extend([gap, sentence, end]);
        length += more;
    }
    text
}

/// A list item without its bullet or number.
fn without_marker(item: &str) -> &str {
    let item = item.trim_start_matches(['-', '*', '•', '·']).trim_start();
    let digits = item.bytes().take_while(u8::is_ascii_digit).count();
    match item[digits..].strip_prefix(". ") {
        Some(rest) if (1..=2).contains(&digits) => rest.trim_start(),
        _ => item,
    }
}

/// As many whole sentences of a text as there is room for; if not even one fits, the start of it up to a pause.
fn head(text: &str, room: usize) -> String {
    let parts = sentence::split(text);
    if parts.len() > 1 {
        return join(&parts, crate::knowledge::language(text), room);
    }
    let limit = text.char_indices().nth(room.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
    let head = &text[..limit];
    let end = head.rfind(['，', '；', ',', ';', ' ']).filter(|&end| end > 0).unwrap_or(limit);
    format!("{}…", &head[..end])
}

/// A dated item's sentence without the date before it (`2026-06-02: `): it helps to find the item, but nobody
/// speaks so.
pub(super) fn without_date(sentence: &str) -> &str {
    let is_date = |c: char| c.is_ascii_digit() || matches!(c, '-' | '/' | '.');
    let date = &sentence[..sentence.find(|c| !is_date(c)).unwrap_or(0)];
    match sentence[date.len()..].strip_prefix([':', '：']) {
        Some(rest) if date.len() >= 8 && !rest.trim().is_empty() => rest.trim_start(),
        _ => sentence,
    }
}
