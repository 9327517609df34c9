//! Whether a passage speaks of what is asked about.
//!
//! Forms are alike where things differ: "Can I borrow a camera?" is as near to a house's answer about strollers as
//! its own question is, by words and by meaning. So what a question is about must be there by name: in its own word,
//! in one of the same meaning, or, in the other language, in none that is known if the meaning is near.

use super::common::{WAY, is_common};
use super::form::names_weekday;
use super::kind::Kind;
use super::question::Question;
use super::things::weekday;
use super::weigh::{Sentence, Text, Weights};
use crate::knowledge::Passage;
use crate::language::Lang;
use crate::language::calendar::WEEKDAYS;
use crate::language::words::alike::{is_attribute, is_translated};
use crate::language::words::words;

/// How much of a thing's word a text must hold to speak of it.
pub(super) const SPEAKS: f32 = 0.6;

/// A passage in the other language is about a thing whose word there is not known if its meaning is so many deviations
/// nearer to the question's than is usual.
const SURELY_NEAR: f32 = 2.7;

/// Of so many things all must be spoken of; a longer question says the same in several ways.
const FEW: usize = 2;

/// So many things are told by meaning.
const MANY: usize = 5;

impl Weights {
    /// Whether a passage speaks of what is asked about.
    pub(super) fn speaks_of(&self, question: &Question, at: usize, lang: Lang, passage: &Passage) -> bool {
        let (title, text) = &self.texts[at];
        if question.weekday.is_some_and(|day| !speaks_of_day(&passage.text, day)) && !question.is_loose() {
            return false;
        }
        if question.asks_for_house_hours() && !is_of_house(title, &passage.text) {
            return false;
        }
        let held = |word: &str| title.holds(word).max(text.holds(word)) >= SPEAKS;
        if passage.lang() == lang && question.deed().is_some_and(|deed| !held(&deed)) {
            return false;
        }
        // "May I bring a cat?" is not answered under "May I feed the cat?".
        if let Some(wish) = question.wish().filter(|it| !held(it))
            && let Some(theirs) = Question::new(&passage.source.title).wish()
            && theirs != wish
            && !is_common(&theirs)
        {
            return false;
        }
        let to_have = question.is_yes_no && question.asks_to_have();
        // What it points at is spoken of as well.
        let mut pointed =
            question.points_at().iter().filter(|it| it.chars().count() > 1 && !is_common(it)).peekable();
        if pointed.peek().is_some() && !pointed.any(|it| title.holds(it).max(text.holds(it)) >= SPEAKS) {
            return false;
        }
        let holds = |word: &str| {
            title.holds(word) >= SPEAKS
                || text.holds(word) >= SPEAKS && !(to_have && is_only_served(&passage.text, word))
        };
        is_enough(question, lang, passage, holds)
    }

    /// Whether a sentence does, in its passage.
    pub(super) fn says_of(
        &self,
        question: &Question,
        sentence: &Sentence<'_>,
        lang: Lang,
        passage: &Passage,
    ) -> bool {
        let (title, text) = &self.texts[sentence.passage];
        let own = Text::new(sentence.text);
        // Chinese leaves out what the sentence before has named; a number or an address belongs to all of a passage.
        let goes_on = sentence.refers_back()
            || sentence.lang == Lang::ZhHant && question.kind != Kind::Money
            || matches!(question.kind, Kind::Phone | Kind::Web);
        let holds = |word: &str| {
            own.holds(word).max(title.holds(word)) >= SPEAKS || goes_on && text.holds(word) >= SPEAKS
        };
        is_enough(question, lang, passage, holds)
    }
}

/// Whether enough of the things are held.
fn is_enough(question: &Question, lang: Lang, passage: &Passage, holds: impl Fn(&str) -> bool) -> bool {
    let is_other = passage.lang() != lang;
    let is_near = passage.nearness.is_some_and(|it| it >= SURELY_NEAR);
    let (mut held, mut unknown) = (0, 0);
    for word in &question.things {
        if holds(word) {
            held += 1;
        } else if question.kind == Kind::Count && is_attribute(word) && passage.lang() == lang {
            // A length is no weight.
            return false;
        } else if is_other && word != WAY && !is_translated(word) {
            unknown += 1;
        }
    }
    let all = question.things.len();
    let needed = match all {
        _ if question.is_loose() && question.is_follow_up() => 0,
        // A long question's meaning is no matter of its form.
        MANY.. if is_near => 0,
        _ if question.is_loose() && all > FEW + 1 => 0,
        _ if question.is_loose() => all.min(1),
        0..=FEW => all,
        3 if question.is_yes_no => 3,
        3 => 2,
        _ => all.div_ceil(2),
    };
    held >= needed || is_near && held + unknown >= needed
}

impl Question {
    /// Whether it asks openly: what something is, or why.
    fn is_loose(&self) -> bool {
        self.is_open() && !self.is_yes_no
    }
}

/// Whether a text speaks of a day of the week: names it, or every day, or days from one to another.
fn speaks_of_day(text: &str, day: usize) -> bool {
    let lower = text.to_lowercase();
    let has = |signs: &[&str]| signs.iter().any(|it| lower.contains(it));
    let from_to = || {
        let ends = [" to ", " through ", " until ", "–", "—", "-", "至", "到", "～", "~"];
        ends.iter().any(|end| {
            lower.split(end).zip(lower.split(end).skip(1)).any(|(before, behind)| {
                let before: String =
                    before.chars().rev().take(10).collect::<Vec<_>>().into_iter().rev().collect();
                let behind: String = behind.chars().take(10).collect();
                names_weekday(&before)
                    && (names_weekday(&behind) || behind.starts_with(|c| "一二三四五六日".contains(c)))
            })
        })
    };
    let han = ["一", "二", "三", "四", "五", "六", "日"][day];
    has(&[WEEKDAYS[day], &format!("星期{han}"), &format!("週{han}"), &format!("禮拜{han}")])
        || has(&["daily", "every day", "每天", "每日", "天天", "全年"])
        || weekday(&lower).is_some() && from_to()
}

/// Whether a passage tells when the house is open, not one of its parts: it says so in its title, or speaks of itself.
fn is_of_house(title: &Text, text: &str) -> bool {
    let lower = text.to_lowercase();
    ["open", "visit", "時間", "開館", "參觀"].iter().any(|it| title.holds(it) >= SPEAKS)
        || [
            "we are open",
            "we open",
            "we close",
            "the museum",
            "the house",
            "本館",
            "館內",
            "開館",
            "閉館",
            "休館",
            "博物館",
        ]
        .iter()
        .any(|it| lower.contains(it))
}

/// Whether an English text has a word only for what is there for it: a lift for wheelchairs is no wheelchair.
fn is_only_served(text: &str, word: &str) -> bool {
    let lower = text.to_lowercase();
    let clauses = lower.split([',', ';', ':', '.', '!', '?', '\n']);
    // By place: whether "for" stands before it.
    let of_clause = |clause: &str| {
        let all: Vec<&str> =
            clause.split(|c: char| !c.is_alphanumeric()).filter(|it| !it.is_empty()).collect();
        let is_it = |at: usize| words(all[at]).iter().any(|it| it == word);
        let places = (0..all.len()).filter(|&at| is_it(at));
        places.map(|at| all[at.saturating_sub(2)..at].contains(&"for")).collect::<Vec<bool>>()
    };
    let places: Vec<bool> = clauses.flat_map(of_clause).collect();
    !places.is_empty() && places.iter().all(|it| *it)
}
