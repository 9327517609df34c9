//! The built-in engine's answers: sentences of the passages, chosen by rule and quoted word for word, so that
//! every figure and name survives.
//!
//! A question is weighed word by word: a word that few of the passages hold says more than one that all hold,
//! and one that none holds counts against an answer. The passage that holds most answers, with its sentences
//! that hold most; a question that asks for a price, a clock time, a phone number or an address is only
//! answered by a sentence that has one. What is not there is not answered.

mod kind;
mod question;
mod small_talk;
#[cfg(test)]
mod tests;
mod weigh;

use crate::knowledge::Passage;
use crate::language::{Lang, sentence};

use question::Question;
use weigh::{Sentence, Weights};

/// The longest answer, in characters, the words around a quotation included.
pub const MAX_ANSWER_CHARS: usize = 600;

/// The most sentences of an answer, unless the question asks for a list.
const MAX_SENTENCES: usize = 4;

/// The share of the question's weight that a passage must hold to answer it. Below it, passages shared no
/// more than common words with their questions on the corpora looked at.
const ANSWERS: f32 = 0.27;

/// A passage stands out if its score is this many times that of the next document.
const STANDS_OUT: f32 = 1.7;

/// A sentence joins the answer if it holds at least this much of what the best one holds.
const JOINS: f32 = 0.3;

/// A sentence of another passage joins if it holds at least this much of what the best one holds.
const JOINS_FROM_OTHERS: f32 = 0.7;

/// The plain answer to a question from its passages, at most [`MAX_ANSWER_CHARS`] characters; an honest "I
/// don't know" when they don't answer it.
pub fn extract(question: &str, lang: Lang, passages: &[Passage]) -> String {
    if let Some(reply) = small_talk::reply(question, lang) {
        return reply.to_owned();
    }
    let question = Question::new(question);
    best(&question, lang, passages).unwrap_or_else(|| unknown(lang).to_owned())
}

/// A follow-up question with what it refers to: "他什麼時候上任的？" names nobody, the last answer does. Questions
/// that stand alone come back unchanged. For search and for [`extract`]; nobody is shown it.
pub fn standalone(question: &str, last_question: &str, last_answer: &str) -> String {
    if !question::refers_back(question) {
        return question.to_owned();
    }
    let refused = Lang::of(last_answer);
    let said = if last_answer == unknown(refused) { last_question } else { last_answer };
    let first = sentence::split(said).first().map_or("", |it| it.trim());
    format!("{} ({first})", question.trim())
}

/// What is said when the passages don't answer.
const fn unknown(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "I don't know. That is not in this house's documents.",
        Lang::ZhHant => "我不知道，館方的文件裡沒有這項資料。",
    }
}

fn best(question: &Question, lang: Lang, passages: &[Passage]) -> Option<String> {
    if let Some(passage) = passages.iter().find(|it| question.is_asked_by(&it.source.title)) {
        return quote(&[&*passage.text], lang, passage.lang());
    }
    let weights = Weights::new(question, passages);
    let ranked = weights.rank(question, lang, passages);
    let answers =
        |&&(at, share): &&(usize, f32)| share >= ANSWERS || stands_out(&weights, question, at, passages);
    let &(chief, _) = ranked.iter().find(answers)?;
    let passage = &passages[chief];
    if question.asks_for_list() {
        return quote(&sentence::split(&passage.text), lang, passage.lang());
    }
    let sentences = weights.sentences(question, &ranked, passages);
    let chosen = if question.asks_for_meaning() { lead(&sentences, chief) } else { None };
    let chosen = chosen.unwrap_or_else(|| choose(&sentences, chief, passage.lang()));
    if !chosen.iter().any(|it| question.kind.is_met_by(it.text)) {
        return None;
    }
    let texts: Vec<_> = chosen.iter().map(|it| it.text).collect();
    quote(&texts, lang, passage.lang())
}

/// Whether a passage answers although it shares little with the question: the search puts it far before all
/// others, and not for one word. Not enough where a figure is asked for: any figure would look like the answer.
fn stands_out(weights: &Weights, question: &Question, chief: usize, passages: &[Passage]) -> bool {
    let score = passages[chief].source.score;
    let others = passages.iter().filter(|it| it.source.title != passages[chief].source.title);
    let next = others.map(|it| it.source.score).fold(0.0, f32::max);
    !question.kind.is_strict()
        && score > 0.0
        && score >= STANDS_OUT * next
        && weights.words_held(question, chief) >= 2
}

/// A definition: the chief passage's first sentences, if it begins with what is to be explained.
fn lead<'a>(sentences: &[Sentence<'a>], chief: usize) -> Option<Vec<Sentence<'a>>> {
    let of_chief = || sentences.iter().filter(|it| it.passage == chief);
    let most = of_chief().map(|it| it.held).fold(0.0, f32::max);
    let first = of_chief().next()?;
    (first.held >= 0.7 * most).then(|| of_chief().take(MAX_SENTENCES).copied().collect())
}

/// The answer's sentences: those of the chief passage first, each passage's in their order.
fn choose<'a>(sentences: &[Sentence<'a>], chief: usize, lang: Lang) -> Vec<Sentence<'a>> {
    let mut ranked: Vec<&Sentence<'a>> = sentences.iter().filter(|it| it.lang == lang).collect();
    ranked.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.at.cmp(&b.at)));
    let Some(best) = ranked.iter().find(|it| it.passage == chief) else { return Vec::new() };
    let (most, most_held) = (best.weight, best.held);
    let mut chosen: Vec<Sentence<'a>> = Vec::new();
    for sentence in ranked {
        let of_chief = sentence.passage == chief;
        let needed = if of_chief { JOINS } else { JOINS_FROM_OTHERS };
        // Elsewhere nobody has said whom "he" means.
        if !of_chief && (sentence.refers_back() || sentence.held < JOINS_FROM_OTHERS * most_held) {
            continue;
        }
        let repeats =
            chosen.iter().any(|it| it.text.contains(sentence.text) || sentence.text.contains(it.text));
        if chosen.len() < MAX_SENTENCES && sentence.weight >= needed * most && !repeats {
            chosen.push(*sentence);
        }
    }
    chosen.sort_by_key(|it| (it.passage != chief, it.passage, it.at));
    // "He was its head": say first who.
    if let Some(first) = chosen.first().filter(|it| it.at > 0 && it.refers_back()) {
        let opening = sentences.iter().find(|it| it.passage == first.passage && it.at == 0);
        chosen.splice(0..0, opening.copied());
        chosen.truncate(MAX_SENTENCES);
    }
    chosen
}

/// Sentences as an answer; in a frame when they are not in the question's language. Nothing if there is none.
fn quote(sentences: &[&str], lang: Lang, theirs: Lang) -> Option<String> {
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
        let sentence = without_marker(sentence.trim());
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
