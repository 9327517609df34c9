//! What a question asks for.

use std::collections::HashSet;

use super::kind::Kind;
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
    /// In lower case.
    text: String,
}

impl Question {
    pub(super) fn new(question: &str) -> Self {
        let text = question.trim().to_lowercase();
        let all = words(question);
        let mut known = HashSet::new();
        // A compound's pieces would count its word twice: X-STORE gave xstore and store.
        let piece =
            |word: &str| word.is_ascii() && all.iter().any(|it| it.len() > word.len() && it.contains(word));
        let words = all.iter().take(MAX_WORDS).filter(|word| !piece(word) && known.insert(word.as_str()));
        let words = words.cloned().collect();
        let kind = Kind::of(&text);
        // The form of these shows by itself whether they are there.
        let by_form =
            matches!(kind, Kind::Money | Kind::Clock | Kind::Phone | Kind::Web | Kind::Place | Kind::Person);
        let focus = if by_form { Vec::new() } else { focus(&text) };
        Self { words, kind, focus, text }
    }

    /// Whether it asks what a thing is, not for an attribute of it.
    pub(super) fn asks_for_meaning(&self) -> bool {
        self.kind == Kind::Definition && !self.text.contains('的') && !self.text.contains(" of ")
    }

    /// The most sentences of an answer: what is asked for by a figure or a name is soon said.
    pub(super) fn most_sentences(&self) -> usize {
        let is_short = self.kind.is_strict() || matches!(self.kind, Kind::Person | Kind::Place);
        if is_short { super::MAX_SENTENCES - 1 } else { super::MAX_SENTENCES }
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

    /// Whether a document's title is this question, in much the same words.
    pub(super) fn is_asked_by(&self, title: &str) -> bool {
        if !title.trim_end().ends_with(['?', '？']) {
            return false;
        }
        let mut theirs = words(title);
        theirs.sort_unstable();
        theirs.dedup();
        let shared = theirs.iter().filter(|word| self.words.contains(word)).count();
        shared > 0
            && Kind::of(&title.to_lowercase()) == self.kind
            && 10 * shared >= 4 * (theirs.len() + self.words.len())
    }
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
