//! What a visitor's message asks: without tags and greetings, part by part, and with what it refers to.

use super::things::asks_for_way;
use super::{small_talk, unknown};
use crate::language::simplified::traditional;
use crate::language::words::words;
use crate::language::{Lang, sentence};

/// Stands between a follow-up question and what it refers to.
pub(super) const REFERS: char = '\n';

/// A question as documents are searched for it: cleaned, and a follow-up question with what it refers to: "他什麼時候
/// 上任的？" names nobody, the last answer does. For search and for [`super::extract`]; nobody is shown it.
pub fn standalone(question: &str, last_question: &str, last_answer: &str) -> String {
    let question = clean(question);
    let talks = |text: &str| small_talk::reply(text, Lang::of(text)).is_some();
    if last_answer.is_empty() || talks(&question) || talks(last_question) || !refers_back(&question) {
        return question;
    }
    let refused = last_answer.contains(unknown(Lang::of(last_answer)));
    let topic = if refused { clean(last_question) } else { topic(last_answer).to_owned() };
    format!("{question}{REFERS}{topic}")
}

/// Whether a question may not stand alone.
pub fn may_refer_back(question: &str) -> bool {
    let question = clean(question);
    small_talk::reply(&question, Lang::of(&question)).is_none() && refers_back(&question)
}

/// "Yes.", "可以。": no sentence that short says what it is about.
const LONGEST_VERDICT: usize = 3;

/// What an answer is about: its first sentence that says something.
fn topic(answer: &str) -> &str {
    let says_more = |it: &&str| it.chars().filter(|c| c.is_alphanumeric()).count() > LONGEST_VERDICT;
    let sentences = sentence::split(answer);
    sentences.iter().copied().find(says_more).or(sentences.first().copied()).map_or("", str::trim)
}

/// A message on one line (but for what it refers to), without tags and without the greeting before its question,
/// in Traditional characters.
pub(super) fn clean(message: &str) -> String {
    let (message, refers) = match message.split_once(REFERS) {
        Some((message, refers)) if !refers.trim().is_empty() => (message, Some(refers)),
        _ => (message, None),
    };
    let mut text: String = without_tags(message).split_whitespace().collect::<Vec<_>>().join(" ");
    text = text.chars().map(traditional).collect();
    for (typed, meant) in
        [("哪里", "哪裡"), ("这里", "這裡"), ("這里", "這裡"), ("那里", "那裡"), ("几", "幾"), ("裏", "裡")]
    {
        text = text.replace(typed, meant);
    }
    text = small_talk::without_greeting(&text).replace(" to get in", " for admission");
    if is_whereabouts(&text) {
        let place =
            if Lang::of(&text) == Lang::En { "What is this place?" } else { "這裡是什麼地方？" };
        place.clone_into(&mut text);
    }
    if asks_for_way(&text.to_lowercase()) {
        // All of its words are everywhere.
        let (asked, way) =
            if Lang::of(&text) == Lang::En { (" directions", "?") } else { ("交通方式", "？") };
        if !text.contains(asked.trim()) {
            text = format!("{}{asked}{way}", text.trim_end_matches(['?', '？', ' ']));
        }
    }
    refers.map_or_else(|| text.clone(), |refers| format!("{text}{REFERS}{}", refers.replace(REFERS, " ")))
}

/// "Where am I?" asks for the house, in no word that a document would have.
fn is_whereabouts(text: &str) -> bool {
    let said: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    [
        "whereami",
        "wherearewe",
        "whatisthis",
        "我在哪裡",
        "我在哪",
        "這裡是哪裡",
        "這是哪裡",
        "這裡是哪",
        "這是哪",
        "這是什麼地方",
        "這是哪兒",
    ]
    .contains(&said.as_str())
}

/// A text without `<b>` and `</b>`.
fn without_tags(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let tag = &rest[start + 1..];
        let opens = tag.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!'));
        let (kept, from) = match tag.find('>') {
            Some(end) if opens && !tag[..end].contains('<') => (start, start + 1 + end + 1),
            _ => (start + 1, start + 1),
        };
        out.push_str(&rest[..kept]);
        out.push(' ');
        rest = &rest[from..];
    }
    out.push_str(rest);
    out
}

/// The questions of a message, in order; what cannot stand alone stays with the one before it.
pub(super) fn parts(message: &str) -> Vec<String> {
    if message.contains(REFERS) {
        return vec![message.to_owned()];
    }
    let mut parts: Vec<String> = Vec::new();
    for sentence in sentence::split(message) {
        let clauses: Vec<&str> = sentence.split_inclusive(['，', ',', '、', ';', '；']).collect();
        let each_asks = clauses.len() > 1 && clauses.iter().all(|it| asks(it) && !is_elliptic(it));
        let pieces = if each_asks { clauses } else { vec![sentence] };
        for piece in pieces {
            match parts.last_mut() {
                Some(last) if !asks(piece) || !asks(last) || refers_back(piece) => last.push_str(piece),
                _ => parts.push(piece.to_owned()),
            }
        }
    }
    parts
}

/// Whether a text asks.
fn asks(text: &str) -> bool {
    const ENGLISH: [&str; 16] = [
        "what", "when", "where", "who", "whose", "which", "why", "how", "is", "are", "do", "does", "can",
        "may", "could", "what's",
    ];
    const CHINESE: [&str; 12] =
        ["誰", "哪", "幾", "什麼", "多少", "多久", "怎麼", "嗎", "有沒有", "多高", "可不可以", "如何"];
    let lower = text.to_lowercase();
    let mut first = lower.split(|c: char| !c.is_ascii_alphabetic() && c != '\'').filter(|it| !it.is_empty());
    let first = first.find(|it| !["and", "also"].contains(it)).unwrap_or_default();
    text.contains(['?', '？']) || ENGLISH.contains(&first) || CHINESE.iter().any(|it| text.contains(it))
}

/// Whether a question goes on with what was said before, or names nothing, and so may not stand alone.
fn refers_back(question: &str) -> bool {
    let lower = question.to_lowercase();
    !speaks_of_house(&lower)
        && (GOES_ON.iter().any(|it| lower.starts_with(it)) || points_back(&lower) || is_elliptic(&lower))
}

/// "What is this place?" and "Is it open?" speak of the house.
fn speaks_of_house(lower: &str) -> bool {
    ["this place", "this museum", "this house", "is it open", "這裡是", "這是真", "那是真"]
        .iter()
        .any(|it| lower.contains(it))
}

/// Whether a question has a word for something said before.
pub(super) fn points_back(question: &str) -> bool {
    const ENGLISH: [&str; 18] = [
        "he", "she", "it", "they", "him", "her", "his", "its", "them", "their", "there", "that", "those",
        "these", "this", "one", "else", "more",
    ];
    const CHINESE: [&str; 30] = [
        "他",
        "她",
        "它",
        "牠",
        "那裡",
        "那邊",
        "那個",
        "那間",
        "那位",
        "那一",
        "那座",
        "那是",
        "那麼",
        "那件",
        "那台",
        "那又",
        "這是",
        "這個",
        "這位",
        "這項",
        "這件",
        "這裡的",
        "該",
        "呢？",
        "呢?",
        "為什麼",
        "再多說",
        "多說一點",
        "還有呢",
        "繼續",
    ];
    let lower = question.to_lowercase().replace("is there", "").replace("are there", "");
    !speaks_of_house(&lower)
        && (CHINESE.iter().any(|it| lower.contains(it))
            || lower.split(|c: char| !c.is_ascii_alphabetic()).any(|word| ENGLISH.contains(&word)))
}

/// How a question begins that goes on with the one before it.
const GOES_ON: [&str; 7] = ["and ", "or ", "what about", "how about", "那", "還有", "另外"];

/// Whether a question has no other words than for attributes that anything may have: "什麼時候做的？", "how tall?".
fn is_elliptic(question: &str) -> bool {
    const ATTRIBUTES: [&str; 67] = [
        "fre", "cost", "pric", "pay", "charg", "expensiv", "money", "錢", "要錢", "收費", "免費", "價錢",
        "價格", "費用", "票價", "付費", "貴", "mak", "mad", "built", "build", "tall", "high", "heavi",
        "weigh", "long", "wid", "big", "larg", "old", "deep", "creat", "invent", "design", "paint", "wrot",
        "exactli", "detail", "say", "go", "explain", "whi", "做", "造", "建", "製作", "製造", "建造", "打造",
        "發明", "設計", "創作", "完成", "高", "重", "長", "寬", "大", "多高", "多重", "多長", "多寬", "多大",
        "原因", "人做", "誰做", "介紹",
    ];
    let words = words(question);
    asks(question)
        && words
            .iter()
            .map(|it| it.trim_end_matches('的'))
            .all(|it| ATTRIBUTES.contains(&it) || is_question_word(it))
}

/// Whether a word only asks.
fn is_question_word(word: &str) -> bool {
    const CHINESE: [&str; 10] =
        ["什麼", "時候", "什麼時候", "哪裡", "在哪", "誰", "何時", "為何", "為什麼", "哪年"];
    const ENGLISH: [&str; 9] = ["what", "when", "where", "who", "why", "how", "is", "was", "and"];
    CHINESE.contains(&word)
        || ENGLISH.contains(&word)
        || word.chars().all(|c| "多少幾哪誰年月日樓的是在什麼時候".contains(c))
}
