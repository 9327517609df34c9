//! How much of a question a passage and its sentences hold.

use std::collections::HashSet;

use super::question::Question;
use crate::knowledge::Passage;
use crate::language::words::words;
use crate::language::{Lang, is_han, sentence};

/// The house has at least this many passages more than were found: a word that all found ones hold is still
/// rarer than one that every document holds.
const UNSEEN: f32 = 6.0;
/// A word found as an abbreviation (營收 in 營業收入), and a Chinese word of which only characters are found.
const ABBREVIATED: f32 = 0.7;
const PARTLY: f32 = 0.2;
/// A word of the title counts this much for each of the passage's sentences.
const FROM_TITLE: f32 = 0.4;
/// What a sentence gains, in shares of the question, for having what is asked for.
const SHOWS: f32 = 0.35;
/// What a passage gains for being in the question's language.
const SAME_LANGUAGE: f32 = 0.15;
/// What each place in the search's order costs a passage, in shares of the question.
const PLACE: f32 = 0.02;
const PLACE_OF_DEFINITION: f32 = 0.1;

/// The weights of a question's words among the passages found.
pub(super) struct Weights {
    /// By word of the question.
    words: Vec<f32>,
    all: f32,
    /// By passage: title, text.
    texts: Vec<(Text, Text)>,
}

/// A sentence that may be quoted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sentence<'a> {
    /// Which of the passages it is in.
    pub(super) passage: usize,
    /// Which of the passage's sentences it is.
    pub(super) at: usize,
    /// Its passage's language.
    pub(super) lang: Lang,
    pub(super) text: &'a str,
    /// How much of the question it holds itself, 0 to 1.
    pub(super) held: f32,
    /// How well it answers, in shares of the question.
    pub(super) weight: f32,
}

impl Sentence<'_> {
    /// Whether it begins with a word for something said before.
    pub(super) fn refers_back(&self) -> bool {
        let words = [
            "他", "她", "它", "該", "此", "這", "其", "He ", "She ", "It ", "They ", "This ", "These ",
            "His ", "Her ", "Its ", "Their ",
        ];
        words.iter().any(|word| self.text.starts_with(word))
    }
}

/// A text with its words.
struct Text {
    words: HashSet<String>,
    han: Vec<char>,
}

impl Text {
    fn new(text: &str) -> Self {
        Self {
            words: words(text).into_iter().collect(),
            han: text.chars().map(|c| if c == '臺' { '台' } else { c }).collect(),
        }
    }

    /// How much of a word it holds, 0 to 1.
    fn holds(&self, word: &str) -> f32 {
        if self.words.contains(word) {
            return 1.0;
        }
        let chars: Vec<char> = word.chars().collect();
        if !chars.iter().copied().all(is_han) {
            return 0.0;
        }
        if chars.len() == 1 {
            return if self.han.contains(&chars[0]) { ABBREVIATED } else { 0.0 };
        }
        if self.han.windows(chars.len()).any(|it| it == chars) {
            return 1.0;
        }
        if self.abbreviates(&chars) {
            return ABBREVIATED;
        }
        if chars.len() > 2 {
            let pairs = chars.windows(2).filter(|pair| self.han.windows(2).any(|it| it == *pair)).count();
            return ABBREVIATED * small(pairs) / small(chars.len() - 1);
        }
        let found = chars.iter().filter(|c| self.han.contains(c)).count();
        PARTLY * small(found) / small(chars.len())
    }

    /// Whether a word's characters come in order, all within twice its length.
    fn abbreviates(&self, word: &[char]) -> bool {
        self.han.windows(2 * word.len()).any(|window| {
            let mut rest = window.iter();
            window[0] == word[0]
                && window.iter().all(|&c| is_han(c))
                && word.iter().all(|c| rest.any(|it| it == c))
        })
    }
}

impl Weights {
    pub(super) fn new(question: &Question, passages: &[Passage]) -> Self {
        let texts: Vec<_> =
            passages.iter().map(|it| (Text::new(&it.source.title), Text::new(&it.text))).collect();
        let all = small(passages.len()) + UNSEEN;
        let weigh = |word: &String| {
            let holding = texts
                .iter()
                .map(|(title, text)| title.holds(word).max(text.holds(word)))
                .filter(|&it| it > 0.5);
            let holding = small(holding.count());
            strength(word) * (1.0 + (all - holding + 0.5) / (holding + 0.5)).ln()
        };
        let words: Vec<f32> = question.words.iter().map(weigh).collect();
        let all = words.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        Self { words, all, texts }
    }

    /// The passages that hold anything of the question, with the share of the question that they hold, the best
    /// first. One that lacks the attribute asked for holds nothing.
    pub(super) fn rank(&self, question: &Question, lang: Lang, passages: &[Passage]) -> Vec<(usize, f32)> {
        // Asked what something is, the search puts first what defines it.
        let place = if question.asks_for_meaning() { PLACE_OF_DEFINITION } else { PLACE };
        let mut ranked: Vec<(usize, f32, f32)> = Vec::new();
        for (at, passage) in passages.iter().enumerate() {
            let (title, text) = &self.texts[at];
            let share = self.share(question, |word| title.holds(word).max(text.holds(word)));
            let focused = passage.lang() != Lang::ZhHant
                || question.focus.is_empty()
                || question.focus.iter().any(|word| title.holds(word).max(text.holds(word)) > PARTLY);
            if share <= 0.0 || !focused {
                continue;
            }
            let mut order = share - place * small(at);
            order += self.share(question, |word| title.holds(word)) * FROM_TITLE * 0.5;
            if !question.asks_for_meaning() && question.kind.is_shown_by(&passage.text) {
                order += SHOWS * 0.5;
            }
            if passage.lang() == lang {
                order += SAME_LANGUAGE;
            }
            ranked.push((at, share, order));
        }
        ranked.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
        ranked.into_iter().map(|(at, share, _)| (at, share)).collect()
    }

    /// How many of the question's words a passage holds; single characters don't count.
    pub(super) fn words_held(&self, question: &Question, passage: usize) -> usize {
        let (title, text) = &self.texts[passage];
        let words = question.words.iter().filter(|word| word.chars().count() > 1);
        words.filter(|word| title.holds(word).max(text.holds(word)) >= ABBREVIATED).count()
    }

    /// The sentences of the ranked passages, weighed.
    pub(super) fn sentences<'a>(
        &self,
        question: &Question,
        ranked: &[(usize, f32)],
        passages: &'a [Passage],
    ) -> Vec<Sentence<'a>> {
        let mut sentences = Vec::new();
        for &(passage, share) in ranked {
            let lang = passages[passage].lang();
            let title = &self.texts[passage].0;
            for (at, text) in sentence::split(&passages[passage].text).into_iter().enumerate() {
                let text = text.trim();
                let own = Text::new(text);
                let held = self.share(question, |word| own.holds(word));
                let with_title =
                    self.share(question, |word| own.holds(word).max(FROM_TITLE * title.holds(word)));
                // A passage's first sentence says what the others are about.
                let mut weight = with_title + 0.25 * share + if at == 0 { 0.1 } else { 0.0 };
                if question.kind.is_shown_by(text) {
                    weight += SHOWS;
                }
                if text.ends_with(['：', ':']) {
                    weight *= 0.5;
                }
                sentences.push(Sentence { passage, at, lang, text, held, weight });
            }
        }
        sentences
    }

    /// The share of the question's weight that is held, 0 to 1.
    fn share(&self, question: &Question, holds: impl Fn(&str) -> f32) -> f32 {
        question.words.iter().zip(&self.words).map(|(word, weight)| weight * holds(word)).sum::<f32>()
            / self.all
    }
}

/// What a word says by itself: a character alone has many meanings.
fn strength(word: &str) -> f32 {
    if word.chars().count() == 1 { 0.35 } else { 1.0 }
}

/// A small count as a float.
#[allow(clippy::cast_precision_loss)]
fn small(count: usize) -> f32 {
    count as f32
}
