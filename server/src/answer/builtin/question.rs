//! What a question asks for.

use std::collections::HashSet;

use super::asked::{REFERS, points_back};
use super::common::WAY;
use super::form::names_somebody;
use super::kind::{self, Kind};
use super::things::{
    asks_for_way, is_deictic, is_of_way, parted, telling_words, things, weekday, whole_words,
};
use crate::language::calendar::is_calendar_name;
use crate::language::is_han;
use crate::language::words::alike::known_in;
use crate::language::words::words;

/// The most words that are weighed; a longer question says the rest as well.
const MAX_WORDS: usize = 64;

/// A question, read.
#[derive(Debug)]
pub(super) struct Question {
    /// Its words, each once.
    pub(super) words: Vec<String>,
    /// What the answer must be.
    pub(super) kind: Kind,
    /// The words of the attribute asked for: 電話 in 東京辦公室的電話是多少. One of them must be there.
    pub(super) focus: Vec<String>,
    /// What it is about: its words without those that name nothing. What does not speak of them answers something else.
    pub(super) things: Vec<String>,
    /// The day of the week that it names, counted from Monday.
    pub(super) weekday: Option<usize>,
    /// Whether it wants a yes or a no.
    pub(super) is_yes_no: bool,
    /// Its names in Latin letters, as words: what does not hold them is about something else.
    pub(super) names: Vec<String>,
    /// The words of what it refers to: said already.
    pub(super) said: Vec<String>,
    /// What it refers to.
    referred: String,
    /// The words of the question without that.
    own: Vec<String>,
    /// In lower case.
    text: String,
}

impl Question {
    pub(super) fn new(question: &str) -> Self {
        let asked = question.split(REFERS).next().unwrap_or(question).trim();
        let text = asked.to_lowercase();
        let mut all = words(&parted(question));
        let known = known_in(asked);
        all.retain(|word| !known.iter().any(|it| it.contains(word.as_str())));
        all.extend(known.into_iter().map(str::to_owned));
        let asks_way = asks_for_way(&text);
        if asks_way {
            // "How do I get there?" has no word of its own.
            all.retain(|word| !is_of_way(word));
            all.push(WAY.to_owned());
        }
        if !all.iter().all(|word| is_deictic(word)) {
            all.retain(|word| !is_deictic(word));
        }
        let mut known = HashSet::new();
        // A compound's pieces would count its word twice: X-STORE gave xstore and store.
        let piece =
            |word: &str| word.is_ascii() && all.iter().any(|it| it.len() > word.len() && it.contains(word));
        let words = all.iter().take(MAX_WORDS).filter(|word| !piece(word) && known.insert(word.as_str()));
        let words = words.cloned().collect();
        let names = names(asked);
        let kind = Kind::of(&text);
        // The form of these shows by itself whether they are there.
        let by_form =
            !matches!(kind, Kind::Date | Kind::Count | Kind::Number | Kind::Definition | Kind::Other);
        let focus = if kind == Kind::Person {
            office(&text)
        } else if by_form {
            Vec::new()
        } else {
            focus(&text)
        };
        let referred = question.split_once(REFERS).map_or("", |it| it.1).to_owned();
        let said = if referred.is_empty() { Vec::new() } else { crate::language::words::words(&referred) };
        let own = crate::language::words::words(&parted(asked));
        let is_pointing = !referred.is_empty() && points_back(&text);
        let mut things = things(&whole_words(asked), kind, asks_way || is_pointing);
        things.extend(asks_way.then(|| WAY.to_owned()));
        let (weekday, is_yes_no) = (weekday(&text), kind::is_yes_no(&text));
        Self { words, kind, focus, things, weekday, is_yes_no, names, said, referred, own, text }
    }

    /// Whether it asks what a thing is, not for an attribute of it.
    pub(super) fn asks_for_meaning(&self) -> bool {
        self.kind == Kind::Definition && !self.text.contains('的') && !self.text.contains(" of ")
    }

    /// Whether a word is only in what the question refers to.
    pub(super) fn refers_by(&self, word: &str) -> bool {
        self.said.iter().any(|it| it == word) && !self.own.iter().any(|it| it == word)
    }

    /// Whether a sentence is the one that the question refers to.
    pub(super) fn refers_to(&self, sentence: &str) -> bool {
        !sentence.is_empty() && self.referred.contains(sentence)
    }

    /// Whether it is about something that it only points at: "who restored it?".
    pub(super) fn points_at(&self) -> &[String] {
        if points_back(&self.text) { &self.said } else { &[] }
    }

    /// Whether it stands behind an answer that it refers to.
    pub(super) fn is_follow_up(&self) -> bool {
        !self.referred.is_empty()
    }

    /// Whether a sentence may be the answer: it has what cannot be missing.
    pub(super) fn is_met_by(&self, sentence: &str) -> bool {
        let is_named = || sentence.contains(is_han) || names_somebody(sentence, &self.text);
        self.kind.is_met_by(sentence) && (!self.asks_for_somebody() || is_named())
    }

    /// Whether somebody's name is asked for; "Who may enter?" is not.
    fn asks_for_somebody(&self) -> bool {
        let first = self.behind_who().unwrap_or_default();
        self.kind == Kind::Person && (["is", "was", "s", "were"].contains(&first) || is_past(first))
    }

    /// What was done, where it is asked who did it or when: what speaks of the thing alone doesn't tell.
    pub(super) fn deed(&self) -> Option<String> {
        let last = || self.text.split(|c: char| !c.is_alphabetic()).rfind(|it| !it.is_empty());
        let deed = match self.kind {
            Kind::Person => self.behind_who().filter(|it| is_past(it)),
            Kind::Date if self.text.contains("when was") || self.text.contains("when were") => {
                last().filter(|it| is_deed(it))
            }
            _ => None,
        };
        words(deed?).into_iter().next()
    }

    /// What it asks to be allowed: feed of "May I feed the cat?".
    pub(super) fn wish(&self) -> Option<String> {
        const FRAMES: [&str; 8] =
            ["can i ", "can we ", "may i ", "may we ", "allowed to ", "可不可以", "能不能", "可以"];
        let (_, wished) = FRAMES.iter().find_map(|it| self.text.split_once(it))?;
        words(wished).into_iter().next()
    }

    fn behind_who(&self) -> Option<&str> {
        self.text.split(|c: char| !c.is_alphabetic()).skip_while(|it| *it != "who").nth(1)
    }

    /// Whether it asks for a thing to have: what is there for it is not it.
    pub(super) fn asks_to_have(&self) -> bool {
        ["have", "is there", "are there", "borrow", "rent", "hire", "offer", "lend", "get a"]
            .iter()
            .any(|it| self.text.contains(it))
    }

    /// Whether it asks when the house itself is open.
    pub(super) fn asks_for_house_hours(&self) -> bool {
        matches!(self.kind, Kind::Clock | Kind::Hours) && self.things.is_empty() && !self.is_follow_up()
    }

    /// What is asked, in lower case.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The most sentences of an answer: what is asked for by a figure or a name is soon said.
    pub(super) fn most_sentences(&self) -> usize {
        if self.is_open() { super::MAX_SENTENCES } else { super::MAX_SENTENCES - 1 }
    }

    /// Whether a text shows in its form that it may answer.
    pub(super) fn may_be_in(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Definition | Kind::Other) || self.kind.is_shown_by(text)
    }

    /// Whether no figure, person or place is asked for.
    pub(super) fn is_open(&self) -> bool {
        !self.kind.is_strict() && !matches!(self.kind, Kind::Person | Kind::Place)
    }

    /// Whether what is new is asked for.
    pub(super) fn asks_for_news(&self) -> bool {
        const SIGNS: [&str; 12] = [
            "new",
            "latest",
            "recent",
            "last year",
            "event",
            "when",
            "最新",
            "最近",
            "近期",
            "新聞",
            "活動",
            "年",
        ];
        let is_lasting = matches!(self.kind, Kind::Hours | Kind::Clock);
        !is_lasting && SIGNS.iter().any(|sign| self.text.contains(sign)) || self.kind == Kind::Date
    }

    /// Whether several things are asked for.
    pub(super) fn asks_for_list(&self) -> bool {
        let asks = [
            "哪些",
            "有哪幾",
            "列出",
            "名單",
            "分別是",
            "各是",
            "which ones",
            "list ",
            "what kinds",
            "what are the",
            "who are the",
        ]
        .iter()
        .any(|sign| self.text.contains(sign));
        asks && !self.kind.is_strict()
    }

    /// Whether a question of a document's title is this one, in much the same words.
    pub(super) fn is_asked_by(&self, title: &str) -> bool {
        title.split_inclusive(['?', '？']).filter(|it| it.ends_with(['?', '？'])).any(|title| {
            let mut theirs = words(title);
            theirs.retain(|word| !is_deictic(word));
            theirs.sort_unstable();
            theirs.dedup();
            let shared = theirs.iter().filter(|word| self.words.contains(word)).count();
            let all = theirs.len() + self.words.len();
            // With few words, nearly all must be shared.
            let needed = if all <= 4 { 9 } else { 8 };
            let is_same_thing = self.things.iter().all(|word| theirs.contains(word) || !self.is_yes_no);
            shared > 0
                && is_same_thing
                && Kind::of(&title.to_lowercase()) == self.kind
                && 20 * shared >= needed * all
        })
    }
}

/// Whether the word behind "who" tells what was done: no other form stands there, but for these and "who works here".
fn is_past(word: &str) -> bool {
    const OTHERS: [&str; 20] = [
        "is", "are", "was", "were", "am", "can", "could", "may", "might", "must", "shall", "should", "will",
        "would", "do", "did", "have", "had", "else", "to",
    ];
    word.len() > 1 && !word.ends_with('s') && !OTHERS.contains(&word)
}

/// Whether an English word tells what was done.
fn is_deed(word: &str) -> bool {
    const IRREGULAR: [&str; 17] = [
        "made", "built", "wrote", "won", "gave", "drew", "took", "led", "ran", "found", "sold", "began",
        "bought", "sang", "written", "given", "drawn",
    ];
    IRREGULAR.contains(&word) || word.len() > 4 && word.ends_with("ed")
}

/// The names in a question, as words: capitalised inside an English one, in Latin letters in a Chinese one.
fn names(question: &str) -> Vec<String> {
    let is_chinese = question.contains(is_han);
    let all =
        question.split(|c: char| c.is_whitespace() || is_han(c) || c.is_ascii_punctuation() && c != '\'');
    let all: Vec<_> = all.filter(|word| !word.is_empty()).collect();
    let is_capital = |word: &str| word.starts_with(|c: char| c.is_ascii_uppercase());
    // All in capitals, or written like a heading: nothing to tell by.
    let shouted =
        !is_chinese && all.len() > 2 && 2 * all.iter().filter(|word| is_capital(word)).count() > all.len();
    if shouted {
        return Vec::new();
    }
    let from = usize::from(!is_chinese);
    let named = all.iter().skip(from).filter(|word| {
        let letters = word.len() > 2 && word.chars().all(|c| c.is_ascii_alphabetic() || c == '\'');
        letters && (is_capital(word) || is_chinese) && !is_calendar_name(word)
    });
    // A word that says nothing is its own only term, and no name.
    named.flat_map(|word| telling_words(word)).collect()
}

/// What a person asked for must be: 總統 in 法國總統是誰.
fn office(question: &str) -> Vec<String> {
    let text = question.trim_end_matches(['?', '？', '呢', '啊', '呀', '。', ' ']);
    let named = text.strip_suffix("是誰").or_else(|| text.strip_prefix("誰是")).unwrap_or_default();
    words(named).into_iter().rfind(|word| word.chars().count() > 1).into_iter().collect()
}

/// The attribute that a Chinese question asks for, `…的X是多少`, in words.
fn focus(question: &str) -> Vec<String> {
    let asks = ["是多少", "是什麼", "是哪", "是幾", "多少", "有幾", "是誰", "幾號"];
    let Some(end) = asks.iter().filter_map(|it| question.find(it)).min() else { return Vec::new() };
    let Some(start) = question[..end].rfind('的') else { return Vec::new() };
    let attribute: String =
        question[start + '的'.len_utf8()..end].chars().take_while(|&c| is_han(c)).collect();
    if attribute.chars().count() < 2 { Vec::new() } else { words(&attribute) }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Question};

    #[test]
    fn kinds_of_questions() {
        for (question, expect) in [
            ("How much is a ticket?", Kind::Money),
            ("門票多少錢？", Kind::Money),
            ("今天開到幾點？", Kind::Clock),
            ("What time do you close?", Kind::Clock),
            ("辦公室的電話是多少？", Kind::Phone),
            ("哪一年成立？", Kind::Date),
            ("When was it built?", Kind::Date),
            ("How many exhibits are there?", Kind::Number),
            ("有幾位院士？", Kind::Number),
            ("誰是院長？", Kind::Person),
            ("Where is the cloakroom?", Kind::Place),
            ("What is ITRI?", Kind::Definition),
            ("Does it work?", Kind::Other),
            ("When are you open?", Kind::Hours),
            ("When is the last entry?", Kind::Time),
            ("How much is entry for students?", Kind::Money),
            ("How much does the lens weigh?", Kind::Count),
            ("Can I book by telephone?", Kind::Other),
            ("Can you tell me your phone number?", Kind::Phone),
            ("Who invented the telephone?", Kind::Person),
            ("Is it free?", Kind::Money),
            ("Can I pay by card?", Kind::Other),
            ("要錢嗎？", Kind::Money),
            ("可以用電話訂票嗎？", Kind::Other),
            ("什麼時候開門？", Kind::Hours),
            ("是什麼時候做的？", Kind::Date),
        ] {
            assert_eq!(Question::new(question).kind, expect, "{question}");
        }
    }

    #[test]
    fn attributes_asked_for() {
        assert_eq!(Question::new("院長的薪水是多少？").focus, ["薪水"]);
        assert!(Question::new("What is ITRI?").focus.is_empty());
        assert!(Question::new("的是多少").focus.is_empty());
    }
}
