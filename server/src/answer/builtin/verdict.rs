//! The yes or no before an answer. It answers the question that stands over it, and no other: "Yes" to "Is there a
//! cloakroom?" says nothing of a restaurant, though the lines behind it may.

use super::question::Question;
use super::spoken::SPEAKS;
use super::weigh::Text;

const VERDICTS: [&str; 22] = [
    "yes",
    "no",
    "of course",
    "sure",
    "certainly",
    "not at all",
    "沒有",
    "有的",
    "有",
    "不可以",
    "可以的",
    "可以",
    "不行",
    "可",
    "不是",
    "是的",
    "是",
    "不會",
    "會",
    "不能",
    "能",
    "要",
];

/// Whether a document's question, its title, is answered by yes or no as this one is: it asks for nothing that this
/// one doesn't.
pub(super) fn is_kept(question: &Question, title: &str) -> bool {
    let asked = Text::new(question.text());
    // A title may ask in several ways.
    question.is_yes_no
        && title.split_inclusive(['?', '？']).any(|phrasing| {
            let theirs = Question::new(phrasing);
            !theirs.is_yes_no || theirs.things.iter().all(|word| asked.holds(word) >= SPEAKS)
        })
}

/// A sentence without the yes or no that it begins with; empty if it says nothing else.
pub(super) fn without(sentence: &str) -> String {
    let lower = sentence.to_lowercase();
    let behind = |verdict: &&str| {
        let rest = lower.strip_prefix(*verdict)?;
        rest.starts_with(['.', '。', ',', '，', '!', '！', ';', '；', ':', '：'])
            .then(|| lower.len() - rest.len())
    };
    let Some(rest) = VERDICTS.iter().find_map(behind).and_then(|at| sentence.get(at..)) else {
        return sentence.to_owned();
    };
    let rest =
        rest.trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '$' | '€' | '£' | '「' | '“'));
    let mut chars = rest.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::{Question, is_kept, without};

    #[test]
    fn the_rest_stands_alone() {
        for (sentence, expect) in [
            ("Yes.", ""),
            ("Yes, on Wednesdays.", "On Wednesdays."),
            ("有。", ""),
            ("可以，但請勿使用閃光燈。", "但請勿使用閃光燈。"),
            ("Nobody knows.", "Nobody knows."),
            ("有三座。", "有三座。"),
            ("İ", "İ"),
        ] {
            assert_eq!(without(sentence), expect);
        }
    }

    #[test]
    fn a_verdict_belongs_to_its_question() {
        for (question, title, expect) in [
            ("Is there a cloakroom?", "Is there a cloakroom?", true),
            ("Do you have a cloakroom for coats?", "Is there a cloakroom?", true),
            ("Is there a restaurant?", "Is there a cloakroom?", false),
            ("Where is the cloakroom?", "Is there a cloakroom?", false),
            ("可以帶狗嗎？", "可以帶寵物嗎？", true),
            ("可以用閃光燈嗎？", "可以拍照嗎？", false),
            ("Is it open?", "Opening hours", true),
            ("Are pets allowed?", "Can I park my coach? Can I bring a dog?", true),
        ] {
            assert_eq!(is_kept(&Question::new(question), title), expect, "{question} {title}");
        }
    }
}
