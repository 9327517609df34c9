//! Questions to begin with, made of what the documents are called: each has an answer in the house.

use std::collections::HashSet;

use super::document::Document;
use super::language;
use crate::language::{Lang, is_bidi_control, sentence};

/// How many are suggested in a language.
const MOST: usize = 4;

/// Longer ones are no use on a button.
const MAX_CHARS: usize = 40;

/// They head a page and say nothing of what is on it.
const HEADINGS: [&str; 16] = [
    "faq",
    "faqs",
    "q&a",
    "introduction",
    "overview",
    "contents",
    "table of contents",
    "index",
    "home",
    "readme",
    "untitled",
    "常見問題",
    "問與答",
    "目錄",
    "簡介",
    "首頁",
];

/// What a visitor may ask first, by language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suggestions {
    /// In English.
    pub en: Vec<String>,
    /// In Traditional Chinese.
    pub zh_hant: Vec<String>,
}

impl Suggestions {
    /// Questions that the house itself wrote down come first, then its terms, then other titles; of each kind some
    /// from all over.
    pub(super) fn of(documents: &[Document]) -> Self {
        let in_language = |lang| {
            let mut seen = HashSet::new();
            let mut chosen: Vec<String> = Vec::new();
            for rank in [Rank::Question, Rank::Term, Rank::Title] {
                let of_rank = documents.iter().filter_map(|document| suggestion(document, lang));
                let of_rank = of_rank.filter(|(own, _)| *own == rank).map(|(_, text)| text);
                let all: Vec<_> = of_rank.filter(|text| seen.insert(bare(text))).collect();
                let wanted = (MOST - chosen.len()).min(all.len());
                chosen.extend((0..wanted).map(|nth| all[nth * all.len() / wanted].clone()));
            }
            chosen
        };
        Self { en: in_language(Lang::En), zh_hant: in_language(Lang::ZhHant) }
    }
}

/// A text's letters and digits: what two that say the same have in common.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    Question,
    Term,
    Title,
}

fn suggestion(document: &Document, lang: Lang) -> Option<(Rank, String)> {
    let is_shown = |c: &char| !c.is_control() && !is_bidi_control(*c);
    let whole: String = document.title.chars().filter(is_shown).collect();
    let sentences = sentence::split(unnumbered(whole.trim()));
    let title = sentences.first()?.trim();
    let is_question = title.ends_with(['?', '？']);
    let title = title.trim_end_matches(['.', '。']);
    if !is_question && (sentences.len() > 1 || !is_subject(title)) {
        return None;
    }
    let length = title.chars().count();
    if !(2..=MAX_CHARS).contains(&length) || language(title) != lang || language(&document.text) != lang {
        return None;
    }
    if is_question {
        return Some((Rank::Question, title.to_owned()));
    }
    let (rank, text) = match (document.is_term, lang) {
        (true, Lang::En) => (Rank::Term, format!("What is {title}?")),
        (true, Lang::ZhHant) => (Rank::Term, format!("{title}是什麼？")),
        (false, Lang::En) => (Rank::Title, format!("Tell me about {title}.")),
        (false, Lang::ZhHant) => (Rank::Title, format!("請介紹{title}。")),
    };
    Some((rank, text))
}

/// A title without its number in a list, as in `2. The tower`.
fn unnumbered(title: &str) -> &str {
    let is_number = |word: &str| {
        word.ends_with(['.', ')']) && word.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ')'))
    };
    title.split_once(' ').filter(|(first, _)| is_number(first)).map_or(title, |(_, rest)| rest.trim_start())
}

/// Whether a title names something that one can ask about: no number, no call, no markup, no file's name, and none of
/// the words that head a page whatever it is about.
fn is_subject(title: &str) -> bool {
    let is_file = !title.contains(' ')
        && title.rsplit_once('.').is_some_and(|(_, extension)| {
            (1..=5).contains(&extension.len()) && extension.chars().all(|c| c.is_ascii_alphanumeric())
        });
    title.contains(char::is_alphabetic)
        && !title.ends_with(['!', '！'])
        && !title.contains(['<', '>'])
        && !is_file
        && !HEADINGS.contains(&&*title.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(title: &str, text: &str, is_term: bool) -> Document {
        Document { file: "f".into(), title: title.into(), context: String::new(), text: text.into(), is_term }
    }

    #[test]
    fn written_questions_come_first() {
        let documents = [
            document("大潮", "大潮是漲得最高的潮水。", true),
            document("The lens", "The lens is made of glass.", false),
            document("When do you open? And close?", "We open at nine.", false),
            document("幾點開門？", "早上九點開門。", false),
            document(&"long ".repeat(20), "A text.", false),
            document("中文標題", "An English text.", false),
        ];
        let suggestions = Suggestions::of(&documents);
        assert_eq!(suggestions.en, ["When do you open?", "Tell me about The lens."]);
        assert_eq!(suggestions.zh_hant, ["幾點開門？", "大潮是什麼？"]);
    }

    #[test]
    fn they_come_from_all_over() {
        let documents: Vec<_> =
            (0..100).map(|n| document(&format!("What is thing {n}?"), "A thing.", false)).collect();
        let suggestions = Suggestions::of(&documents);
        assert_eq!(suggestions.en.len(), MOST);
        assert!(suggestions.en[3].contains("75"), "{suggestions:?}");
        assert!(suggestions.zh_hant.is_empty());
    }

    #[test]
    fn each_is_made_of_another_subject() {
        let questions = |titles: &[&str]| {
            let documents: Vec<_> =
                titles.iter().map(|title| document(title, "A text about it.", false)).collect();
            Suggestions::of(&documents).en
        };
        assert_eq!(questions(&["Opening hours?", "opening hours?", "Opening  hours??"]), ["Opening hours?"]);
        assert_eq!(questions(&["The founder.", "the founder"]), ["Tell me about The founder."]);
        for title in
            ["FAQ", "2024", "exhibits.json", "Do not touch!", "<b>Bold</b>", "1. Introduction", "..."]
        {
            assert!(questions(&[title]).is_empty(), "{title}");
        }
        assert_eq!(questions(&["2. The lens"]), ["Tell me about The lens."]);
        assert_eq!(questions(&["\u{202E}The lens"]), ["Tell me about The lens."]);
        for written in 1..=12 {
            let titles: Vec<_> = (0..written).map(|nth| format!("What is thing {nth}?")).collect();
            let more = ["The tower", "The lens", "The clock", "The boat"].map(str::to_owned);
            let all = [titles, more.to_vec()].concat();
            let suggested = questions(&all.iter().map(String::as_str).collect::<Vec<_>>());
            let own = suggested.iter().filter(|text| text.starts_with("What")).count();
            assert_eq!((suggested.len(), own), (MOST, written.min(MOST)), "{suggested:?}");
        }
    }
}
