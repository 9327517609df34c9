//! Questions to begin with, made of what the documents are called: each has an answer in the house.

use super::document::Document;
use super::language;
use crate::language::{Lang, sentence};

/// How many are suggested in a language.
const MOST: usize = 4;

/// Longer ones are no use on a button.
const MAX_CHARS: usize = 40;

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
            let ranked = |rank| {
                let of_rank = documents.iter().filter_map(|document| suggestion(document, lang));
                of_rank.filter(move |(own, _)| *own == rank).map(|(_, text)| text).collect::<Vec<_>>()
            };
            let mut chosen: Vec<String> = Vec::new();
            for rank in [Rank::Question, Rank::Term, Rank::Title] {
                let all = ranked(rank);
                let wanted = MOST - chosen.len();
                chosen.extend(
                    all.iter().step_by(all.len().div_ceil(wanted.max(1)).max(1)).take(wanted).cloned(),
                );
            }
            chosen
        };
        Self { en: in_language(Lang::En), zh_hant: in_language(Lang::ZhHant) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    Question,
    Term,
    Title,
}

fn suggestion(document: &Document, lang: Lang) -> Option<(Rank, String)> {
    let title = sentence::split(document.title.trim()).into_iter().next()?.trim();
    let length = title.chars().count();
    if !(2..=MAX_CHARS).contains(&length) || language(title) != lang || language(&document.text) != lang {
        return None;
    }
    if title.ends_with(['?', '？']) {
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
}
