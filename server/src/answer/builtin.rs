//! The built-in engine's answers: sentences of the passages, chosen by rule and quoted word for word, so that
//! every figure and name survives.
//!
//! A question is weighed word by word: a word that few of the passages hold says more than one that all hold,
//! and one that none holds counts against an answer. The passage that holds most answers, with its sentences
//! that hold most; a question that asks for a price, a clock time, a phone number or an address is only
//! answered by a sentence that has one, and what a question is about must be spoken of (`spoken`), however near
//! its form or its meaning is. What is not there is not answered.

mod asked;
mod common;
mod form;
#[cfg(test)]
mod houses;
mod kind;
#[cfg(test)]
mod museum;
mod question;
mod quote;
mod small_talk;
mod spoken;
#[cfg(test)]
mod tests;
mod things;
mod verdict;
mod weigh;

use crate::knowledge::Passage;
use crate::language::words::words;
use crate::language::{Lang, sentence};

pub use asked::{may_refer_back, standalone};
pub use small_talk::is_small_talk;

use kind::Kind;
use question::Question;
use quote::quote;
use weigh::{Sentence, Weights};

/// The longest answer, in characters, the words around a quotation included.
pub const MAX_ANSWER_CHARS: usize = 600;

/// The most sentences of an answer, unless the question asks for a list.
const MAX_SENTENCES: usize = 3;

/// The most parts of a message that are answered.
const MAX_PARTS: usize = 2;

/// The share of the question's weight that a passage must hold to answer it. Below it, passages shared no
/// more than common words with their questions on the corpora looked at.
const ANSWERS: f32 = 0.27;

/// The same for a question that asks for nothing whose form could be told, in a language with exact words.
const ANSWERS_OPEN: f32 = 0.52;

/// The same in Chinese, whose words are cut less exactly.
const ANSWERS_OPEN_ZH: f32 = 0.45;

/// A passage holds as much as the first if it holds this share of it.
const HOLDS_AS_MUCH: f32 = 0.8;

/// A passage stands out if its score is this many times that of the next document.
const STANDS_OUT: f32 = 1.7;

/// A passage answers whose meaning is so many deviations nearer to the question's than is usual, and nearer than any
/// other's. (Of 40 questions about a real corpus, 34 had their document nearest; at 2.7 and more, 29 of 31.)
const MEANS_IT: f32 = 2.7;

/// A sentence joins the answer if it holds at least this much of what the best one holds.
const JOINS: f32 = 0.3;

/// The same where a figure is asked for: the rest is not.
const JOINS_TO_A_FIGURE: f32 = 0.8;

/// The same where a person or a place is asked for, whose form shows less.
const JOINS_TO_A_NAME: f32 = 0.6;

/// A sentence of another passage joins if it holds at least this much of what the best one holds.
const JOINS_FROM_OTHERS: f32 = 0.7;

/// A plain answer and what it was taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extract {
    /// The answer.
    pub text: String,
    /// Which of the passages are quoted, best first; none in small talk and refusals.
    pub used: Vec<usize>,
}

impl Extract {
    fn said(text: &str) -> Self {
        Self { text: text.to_owned(), used: Vec::new() }
    }
}

/// The plain answer to a question from its passages, at most [`MAX_ANSWER_CHARS`] characters; an honest "I
/// don't know" when they don't answer it.
pub fn extract(question: &str, lang: Lang, passages: &[Passage]) -> Extract {
    if let Some(reply) = small_talk::reply(question, lang) {
        return Extract::said(reply);
    }
    let question = asked::clean(question);
    let says_something = words(&question).iter().any(|word| word.contains(char::is_alphabetic));
    if !says_something || small_talk::is_out_of_scope(&question) {
        return Extract::said(unknown(lang));
    }
    let parts = asked::parts(&question);
    let mut answers = Vec::new();
    if parts.len() > 1 {
        answers = parts.iter().filter_map(|part| best(&Question::new(part), lang, passages)).collect();
    }
    if answers.is_empty() {
        answers.extend(best(&Question::new(&question), lang, passages));
    }
    joined(answers, lang).unwrap_or_else(|| Extract::said(unknown(lang)))
}

/// The answers to the first parts of a message, as one.
fn joined(answers: Vec<Extract>, lang: Lang) -> Option<Extract> {
    let mut answers = answers.into_iter();
    let mut all = answers.next()?;
    for answer in answers.take(MAX_PARTS - 1) {
        let room = all.text.chars().count() + answer.text.chars().count() < MAX_ANSWER_CHARS;
        if room && !all.text.contains(&answer.text) {
            let gap = if lang == Lang::En || all.text.ends_with(|c: char| c.is_ascii()) { " " } else { "" };
            all.text.extend([gap, &answer.text]);
            let new: Vec<_> = answer.used.into_iter().filter(|it| !all.used.contains(it)).collect();
            all.used.extend(new);
        }
    }
    Some(all)
}

/// Whether texts show in their form that they may answer: where a price is asked for, one has a price.
pub fn may_be_in(question: &str, texts: &[&str]) -> bool {
    let question = Question::new(&asked::clean(question));
    !question.kind.is_strict() || texts.iter().any(|text| question.may_be_in(text))
}

/// What is said where nothing is known: small talk is answered all the same.
pub fn refusal(question: &str, lang: Lang) -> String {
    small_talk::reply(question, lang).unwrap_or_else(|| unknown(lang)).to_owned()
}

/// What is said when the passages don't answer.
const fn unknown(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "I don't know. That is not in this house's documents.",
        Lang::ZhHant => "我不知道，館方的文件裡沒有這項資料。",
    }
}

fn best(question: &Question, lang: Lang, passages: &[Passage]) -> Option<Extract> {
    let said = |sentences: &[&str], used: Vec<usize>| {
        let first = &passages[*used.first()?];
        // "Yes" answers its own question only.
        let is_kept = verdict::is_kept(question, &first.source.title);
        let said = |it: &&str| if is_kept { (*it).to_owned() } else { verdict::without(it.trim()) };
        let sentences: Vec<String> = sentences.iter().map(said).collect();
        let sentences: Vec<&str> = sentences.iter().map(String::as_str).collect();
        quote(&sentences, lang, first.lang()).map(|text| Extract { text, used })
    };
    let weights = Weights::new(question, passages);
    let mut ranked = weights.rank(question, lang, passages);
    let asked = |it: &Passage| it.lang() == lang && question.is_asked_by(&it.source.title);
    if let Some(at) = passages.iter().position(asked) {
        ranked.retain(|it| it.0 != at);
        ranked.insert(0, (at, 1.0));
    }
    let needed = match lang {
        // "What is your phone number?" names nothing but what the form of an answer shows.
        _ if question.kind.is_strict() && question.things.is_empty() => ANSWERS / 2.0,
        // What is asked about must be there anyway.
        _ if question.is_yes_no => ANSWERS,
        Lang::En if question.is_open() => ANSWERS_OPEN,
        Lang::ZhHant if question.is_open() => ANSWERS_OPEN_ZH,
        _ => ANSWERS,
    };
    let answers = |&&(at, share): &&(usize, f32)| {
        let needed = match passages[at].lang() == lang {
            true => needed,
            // Two languages share no more than names.
            false if question.is_open() && !question.names.is_empty() => ANSWERS / 2.0,
            false => ANSWERS,
        };
        (share >= needed || stands_out(&weights, question, at, passages) || means_it(question, at, passages))
            && weights.speaks_of(question, at, lang, &passages[at])
    };
    let &(first, share) = ranked.iter().find(answers)?;
    // One that holds as much and has the figure asked for goes before one that hasn't.
    let shows =
        |it: &&(usize, f32)| it.1 >= HOLDS_AS_MUCH * share && question.may_be_in(&passages[it.0].text);
    let chief = ranked.iter().filter(answers).find(shows).map_or(first, |it| it.0);
    let passage = &passages[chief];
    // Which of its sentences answers, shared words would tell.
    let is_only_meant = share < ANSWERS && means_it(question, chief, passages);
    if question.asks_for_list() || is_only_meant {
        return said(&sentence::split(&passage.text), vec![chief]);
    }
    let mut sentences = weights.sentences(question, &ranked, passages);
    if question.kind.is_strict() || question.kind == Kind::Person {
        // A figure of something else is no answer.
        sentences.retain(|it| {
            !question.is_met_by(it.text) || weights.says_of(question, it, lang, &passages[it.passage])
        });
    }
    if question.is_open() {
        // "Tell me more": not the same again.
        sentences.retain(|it| !question.refers_to(it.text));
    }
    let chosen = if question.asks_for_meaning() { lead(&sentences, chief) } else { None };
    let mut chosen = chosen.unwrap_or_else(|| choose(&sentences, chief, passage.lang(), question));
    if question.kind.is_strict() && !chosen.first().is_some_and(Sentence::refers_back) {
        chosen.retain(|it| it.passage == chief || question.is_met_by(it.text));
    }
    if !chosen.iter().any(|it| it.passage == chief && question.is_met_by(it.text)) {
        return None;
    }
    let texts: Vec<_> = chosen.iter().map(|it| it.text).collect();
    let mut used: Vec<_> = chosen.iter().map(|it| it.passage).collect();
    used.dedup();
    said(&texts, used)
}

/// Whether a passage answers although it may share no word with the question: it is the nearest in meaning by far,
/// and has what is asked for.
fn means_it(question: &Question, chief: usize, passages: &[Passage]) -> bool {
    let is_nearest = passages.iter().all(|it| it.nearness <= passages[chief].nearness);
    is_nearest && is_near(&passages[chief]) && question.may_be_in(&passages[chief].text)
}

/// Whether a passage's meaning is near to the question's.
fn is_near(passage: &Passage) -> bool {
    passage.nearness.is_some_and(|it| it >= MEANS_IT)
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
fn choose<'a>(
    sentences: &[Sentence<'a>],
    chief: usize,
    lang: Lang,
    question: &Question,
) -> Vec<Sentence<'a>> {
    let mut ranked: Vec<&Sentence<'a>> = sentences.iter().filter(|it| it.lang == lang).collect();
    ranked.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.at.cmp(&b.at)));
    let of_chief = || ranked.iter().filter(|it| it.passage == chief);
    let Some(&best) = of_chief().find(|it| question.is_met_by(it.text)).or_else(|| of_chief().next()) else {
        return Vec::new();
    };
    let (most, most_held) = (best.weight, best.held);
    // The chief passage speaks first; the sort is stable.
    ranked.sort_by_key(|it| it.passage != chief);
    let mut chosen: Vec<Sentence<'a>> = Vec::new();
    for sentence in ranked {
        let of_chief = sentence.passage == chief;
        let needed = match of_chief {
            true if question.is_open() => JOINS,
            true if question.kind.is_strict() => JOINS_TO_A_FIGURE,
            true => JOINS_TO_A_NAME,
            false => JOINS_FROM_OTHERS,
        };
        if !of_chief
            && (question.is_open()
                || chosen.iter().any(|it| question.kind.is_strict() && question.is_met_by(it.text)))
        {
            continue;
        }
        // Elsewhere nobody has said whom "he" means.
        if !of_chief && (sentence.refers_back() || sentence.held < JOINS_FROM_OTHERS * most_held) {
            continue;
        }
        let repeats =
            chosen.iter().any(|it| it.text.contains(sentence.text) || sentence.text.contains(it.text));
        if sentence.weight > most && of_chief {
            continue; // It has more of the question's words, and not what is asked for.
        }
        if chosen.len() < question.most_sentences() && sentence.weight >= needed * most && !repeats {
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
