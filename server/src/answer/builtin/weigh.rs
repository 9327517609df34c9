//! How much of a question a passage and its sentences hold.

use std::collections::HashSet;

use super::common::strength;
use super::question::Question;
use super::quote;
use crate::knowledge::Passage;
use crate::language::words::alike::alike;
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
/// The least letters of a root: shorter ones of two words are alike by chance.
const SHORT_ROOT: usize = 5;
/// What a passage gains for being in the question's language.
const SAME_LANGUAGE: f32 = 0.15;
/// What a passage gains if the question has all words of its title.
const TITLE_FITS: f32 = 0.2;
/// What a dated item loses: the house's lasting documents go before its news.
const NEWS: f32 = 0.2;
/// What a sentence loses if a follow-up's last answer had all its words: nobody asks again.
const SAID: f32 = 0.5;
/// What a word of what a follow-up refers to counts at most: it tells where to look, not what for;
/// all of them together weigh no more than the question's own.
const REFERRED: f32 = 0.5;
/// What a passage gains if a sentence that may be the answer has the whole question.
const SAYS: f32 = 0.3;
/// What a passage gains that begins by naming its title, where that is to be explained.
const BEGINS: f32 = 0.2;
/// What each place in the search's order costs a passage, in shares of the question.
const PLACE: f32 = 0.02;
const PLACE_OF_DEFINITION: f32 = 0.1;

/// The weights of a question's words among the passages found.
pub(super) struct Weights {
    /// By word of the question.
    words: Vec<f32>,
    all: f32,
    /// By passage: title, text.
    pub(super) texts: Vec<(Text, Text)>,
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
pub(super) struct Text {
    words: HashSet<String>,
    /// The roots of its longer English words.
    derived: HashSet<String>,
    han: Vec<char>,
}

impl Text {
    pub(super) fn new(text: &str) -> Self {
        let words: HashSet<String> = words(text).into_iter().collect();
        Self {
            derived: words
                .iter()
                .filter(|it| it.len() > SHORT_ROOT && it.is_ascii())
                .map(|it| root(it).to_owned())
                .collect(),
            words,
            han: text.chars().map(|c| if c == '臺' { '台' } else { c }).collect(),
        }
    }

    /// The share of its words that a question has.
    fn share_of(&self, question: &[String]) -> f32 {
        let shared = self.words.iter().filter(|word| question.contains(word)).count();
        small(shared) / small(self.words.len().max(1))
    }

    /// How much of a word it holds, 0 to 1.
    pub(super) fn holds(&self, word: &str) -> f32 {
        let own = self.holds_itself(word);
        if own >= ABBREVIATED || self.derived.contains(root(word)) {
            return own.max(ABBREVIATED);
        }
        if alike(word).any(|it| it != word && self.holds_alike(it)) { ABBREVIATED } else { own }
    }

    /// Whether it has a word of the same meaning: of Chinese characters, a whole one.
    fn holds_alike(&self, word: &str) -> bool {
        let mut chars = word.chars();
        match (chars.next(), chars.next()) {
            _ if self.words.contains(word) => true,
            (Some(c), None) => self.measures(c),
            _ => self.holds_itself(word) >= 1.0,
        }
    }

    /// Whether a character stands before a figure, whatever the dictionary made of it: 長 of 抄紙機長 28 公尺.
    fn measures(&self, c: char) -> bool {
        let is_figure = |c: char| c.is_ascii_digit() || "約達一二三四五六七八九十百千".contains(c);
        let behind = |at: usize| self.han[at + 1..].iter().copied().find(|it| !it.is_whitespace());
        is_han(c) && (0..self.han.len()).any(|at| self.han[at] == c && behind(at).is_some_and(is_figure))
    }

    fn holds_itself(&self, word: &str) -> f32 {
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
        let mut words: Vec<f32> = question.words.iter().map(weigh).collect();
        let refers: Vec<bool> = question.words.iter().map(|word| question.refers_by(word)).collect();
        let sum = |of: bool| words.iter().zip(&refers).filter(|it| *it.1 == of).map(|it| it.0).sum::<f32>();
        let (asked, referred) = (sum(false), sum(true));
        if asked > 0.0 && referred > 0.0 {
            let less = REFERRED.min(asked / referred);
            words.iter_mut().zip(&refers).filter(|it| *it.1).for_each(|it| *it.0 *= less);
        }
        let all = words.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        Self { words, all, texts }
    }

    /// The passages that hold anything of the question, with the share of the question that they hold, the best
    /// first. One that lacks the attribute asked for holds nothing.
    pub(super) fn rank(&self, question: &Question, lang: Lang, passages: &[Passage]) -> Vec<(usize, f32)> {
        // Asked what something is, the search puts first what defines it.
        let place = if question.asks_for_meaning() { PLACE_OF_DEFINITION } else { PLACE };
        let has_names = |at: usize| {
            let (title, text) = &self.texts[at];
            question.names.iter().all(|word| title.holds(word).max(text.holds(word)) >= ABBREVIATED)
        };
        // A document in the other language may write a name in its own way.
        let names_known = (0..passages.len()).any(has_names);
        let mut ranked: Vec<(usize, f32, f32)> = Vec::new();
        for (at, passage) in passages.iter().enumerate() {
            let (title, text) = &self.texts[at];
            let share = self.share(question, |word| title.holds(word).max(text.holds(word)));
            let focused = passage.lang() != Lang::ZhHant
                || question.focus.is_empty()
                || question.focus.iter().any(|word| title.holds(word).max(text.holds(word)) > PARTLY);
            let named = !(names_known || passage.lang() == lang) || has_names(at);
            let is_found_by_words = share > 0.0 && focused && named;
            if !is_found_by_words && !super::is_near(passage) {
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
            if question.kind.is_strict() {
                let sentences = sentence::split(&passage.text);
                let may_answer = sentences.into_iter().filter(|it| question.is_met_by(it)).map(Text::new);
                let held = may_answer.map(|own| self.share(question, |word| own.holds(word)));
                order += SAYS * held.fold(0.0, f32::max);
            }
            if question.asks_for_meaning() {
                let first =
                    sentence::split(&passage.text).first().map_or_else(|| Text::new(""), |it| Text::new(it));
                let name = passage.source.title.rsplit('›').next().unwrap_or_default();
                if words(name).iter().all(|word| first.holds(word) >= ABBREVIATED) {
                    order += BEGINS;
                }
            }
            order += TITLE_FITS * title.share_of(&question.words);
            if quote::without_date(&passage.text).len() < passage.text.len() && !question.asks_for_news() {
                order -= NEWS;
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
                weight -= SAID * own.share_of(&question.said);
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

/// An English stem without what makes a noun or an adjective of a verb: restor of restoration. Shorter ones stay.
fn root(stem: &str) -> &str {
    const ENDINGS: [&str; 9] = ["ation", "ition", "ator", "ion", "ment", "or", "er", "ic", "al"];
    ENDINGS.iter().filter_map(|it| stem.strip_suffix(it)).find(|it| it.len() >= SHORT_ROOT).unwrap_or(stem)
}

/// A small count as a float.
#[allow(clippy::cast_precision_loss)]
fn small(count: usize) -> f32 {
    count as f32
}
