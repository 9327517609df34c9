//! Which passages say what a thing is.
//!
//! Asked "What is ITRI?", a search by words finds hundreds of passages that name it and prefers the shortest.
//! Here the names are kept that a document is about: a glossary's terms, whole titles, and the subject of a
//! first sentence such as `工業技術研究院（ITRI），簡稱工研院，是…` or `The Clean Room (CR) is …`.

use std::collections::HashMap;

use super::document::Document;
use crate::language::sentence;

/// The longest subject that counts as a name, in characters.
const LONGEST: usize = 60;

/// Names, and the passages that say what they stand for.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    passages: HashMap<String, Vec<usize>>,
}

impl Definitions {
    /// Adds a document's first passage.
    pub(super) fn add(&mut self, passage: usize, document: &Document, text: &str) {
        let mut names = subject(text);
        names.extend(parts(&document.title));
        if document.is_term {
            names.extend(document.title.split(['/', '、']).map(key));
        }
        names.sort_unstable();
        names.dedup();
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            let passages = self.passages.entry(name).or_default();
            passages.push(passage);
        }
    }

    /// The passages that define what the question asks for; none if it asks something else, or for a name
    /// that so many explain that it is no name.
    pub(super) fn of(&self, question: &str) -> &[usize] {
        let passages = topic(question).and_then(|name| self.passages.get(&name));
        passages.filter(|it| it.len() <= super::MAX_PASSAGES).map_or(&[], Vec::as_slice)
    }
}

/// What a question of the kind "what is …" asks for, as a key.
pub(crate) fn topic(question: &str) -> Option<String> {
    let text = question.trim().trim_end_matches(['?', '？', '。', '.', '!', '！']).trim().to_lowercase();
    let text =
        strip_first(&text, &["請問一下", "請問", "我想知道", "你知道", "please ", "can you ", "could you "]);
    for before in EN_BEFORE.iter().chain(ZH_BEFORE) {
        if let Some(name) = text.strip_prefix(before) {
            return named(strip_last(name, &["的簡介", " mean", " stand for", " do"]));
        }
    }
    ZH_AFTER.iter().find_map(|after| text.strip_suffix(after)).and_then(named)
}

const EN_BEFORE: &[&str] = &[
    "what is ",
    "what are ",
    "what was ",
    "what were ",
    "what's ",
    "who is ",
    "who was ",
    "who are ",
    "who's ",
    "tell me about ",
    "tell me what is ",
    "introduce ",
    "explain ",
    "describe ",
    "what does ",
    "what do you know about ",
];
const ZH_BEFORE: &[&str] = &[
    "什麼是",
    "甚麼是",
    "何謂",
    "誰是",
    "介紹一下",
    "簡單介紹",
    "請介紹一下",
    "請介紹",
    "介紹",
    "說明一下",
    "說說",
    "談談",
];
const ZH_AFTER: &[&str] = &[
    "是什麼意思",
    "是什麼東西",
    "是什麼樣的機構",
    "是什麼機構",
    "是什麼單位",
    "是什麼技術",
    "是什麼呢",
    "是什麼",
    "是甚麼",
    "是啥",
    "是誰呢",
    "是誰",
    "是做什麼的",
    "在做什麼",
    "是什麼樣的人",
    "的簡介",
    "是哪位",
];

fn named(name: &str) -> Option<String> {
    let name = strip_first(name.trim(), &["the ", "a ", "an "]);
    let key = key(name);
    (!key.is_empty() && name.chars().count() <= LONGEST).then_some(key)
}

fn strip_first<'a>(text: &'a str, starts: &[&str]) -> &'a str {
    starts.iter().find_map(|start| text.strip_prefix(start)).unwrap_or(text)
}

fn strip_last<'a>(text: &'a str, ends: &[&str]) -> &'a str {
    ends.iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text)
}

/// The names of what the first sentence is about.
fn subject(text: &str) -> Vec<String> {
    let Some(first) = sentence::split(text).into_iter().next() else { return Vec::new() };
    let end =
        ["是", "為", " is ", " are ", " was ", " were "].iter().filter_map(|copula| first.find(copula)).min();
    let Some(subject) = end.map(|end| &first[..end]).filter(|it| it.chars().count() <= LONGEST) else {
        return Vec::new();
    };
    let mut names = Vec::new();
    for (nth, clause) in subject.split(['，', ',']).map(str::trim).filter(|it| !it.is_empty()).enumerate() {
        let alias = ["簡稱", "又稱", "也稱", "俗稱", "縮寫", "or ", "also called ", "called ", "known as "];
        match (nth, alias.iter().find_map(|alias| clause.strip_prefix(alias))) {
            (0, _) => names.extend(parts(clause)),
            (_, Some(alias)) => names.extend(parts(alias)),
            (_, None) => return Vec::new(),
        }
    }
    names
}

/// A name, its part before a bracket and what stands in the bracket.
fn parts(name: &str) -> Vec<String> {
    let name = strip_first(name, &["The ", "the ", "A ", "An "]);
    let mut keys = vec![key(name)];
    if let Some((outer, inner)) = name.split_once(['（', '(']) {
        let inner = inner.split(['）', ')']).next().unwrap_or(inner);
        let inner = strip_first(inner, &["以下簡稱", "簡稱", "又稱", "前身為"]);
        keys.push(key(outer));
        keys.extend(inner.split(['，', ',', '、']).map(key));
    }
    keys
}

/// A name without case, spaces and marks.
fn key(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
