//! What a question asks for.

use std::collections::HashSet;

use super::asked::REFERS;
use super::kind::Kind;
use crate::language::calendar::is_calendar_name;
use crate::language::is_han;
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
        let mut all = words(question);
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
            matches!(kind, Kind::Money | Kind::Clock | Kind::Phone | Kind::Web | Kind::Place | Kind::Person);
        let focus = if kind == Kind::Person {
            office(&text)
        } else if by_form {
            Vec::new()
        } else {
            focus(&text)
        };
        let referred = question.split_once(REFERS).map_or("", |it| it.1).to_owned();
        let said = if referred.is_empty() { Vec::new() } else { crate::language::words::words(&referred) };
        Self { words, kind, focus, names, said, referred, own: crate::language::words::words(asked), text }
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
        SIGNS.iter().any(|sign| self.text.contains(sign)) || self.kind == Kind::Date
    }

    /// Whether several things are asked for.
    pub(super) fn asks_for_list(&self) -> bool {
        [
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
        .any(|sign| self.text.contains(sign))
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
            shared > 0 && Kind::of(&title.to_lowercase()) == self.kind && 20 * shared >= needed * all
        })
    }
}

/// Whether a word points at a day as seen from the visitor's, which no document does.
fn is_deictic(word: &str) -> bool {
    const DAYS: [&str; 22] = [
        "todai",
        "tomorrow",
        "tonight",
        "now",
        "todays",
        "currentli",
        "right",
        "todai's",
        "今天",
        "明天",
        "後天",
        "今晚",
        "現在",
        "今日",
        "明日",
        "等一下",
        "待會",
        "今",
        "此刻",
        "這週",
        "下週",
        "明早",
    ];
    DAYS.contains(&word)
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
    named.flat_map(|word| words(&format!("{word} x9"))).filter(|word| word != "x9").collect()
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
            ("How many exhibits are there?", Kind::Count),
            ("有幾位院士？", Kind::Count),
            ("誰是院長？", Kind::Person),
            ("Where is the cloakroom?", Kind::Place),
            ("What is ITRI?", Kind::Definition),
            ("Does it work?", Kind::Other),
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
