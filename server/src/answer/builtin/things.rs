//! What a question is about: the things that it names.

use super::common::{is_common, is_house};
use super::kind::Kind;
use crate::language::calendar::{WEEKDAYS, is_calendar_name};
use crate::language::is_han;
use crate::language::words::alike::known_in;
use crate::language::words::words;

const ORDINALS: [&str; 10] =
    ["first", "second", "third", "fourth", "fifth", "1st", "2nd", "3rd", "第一", "第二"];

/// What a question is about, of its words. Where nothing else names anything, a common word does, unless that is told
/// elsewhere.
pub(super) fn things(own: &[String], kind: Kind, is_named_elsewhere: bool) -> Vec<String> {
    let is_calendar = |word: &str| is_calendar_name(word) || weekday(word).is_some();
    // Two characters that the dictionary left single, as a pair: their words are there.
    let is_pair = |word: &str| {
        let mut chars = word.chars();
        let ends = (chars.next(), chars.next(), chars.next());
        matches!(ends, (Some(a), Some(b), None) if is_han(a)
            && [a, b].iter().all(|c| own.iter().any(|it| it.chars().eq([*c]))))
    };
    let is_thing = |word: &&String| {
        !is_deictic(word)
            && !is_house(word)
            && !is_calendar(word)
            && !is_pair(word)
            && !kind.is_named_by(word)
    };
    let named: Vec<String> = own.iter().filter(is_thing).cloned().collect();
    let is_number = |word: &str| word.chars().all(|c| c.is_ascii_digit()) || ORDINALS.contains(&word);
    let is_telling = |word: &&String| !is_common(word) && !is_number(word);
    let telling: Vec<String> = named.iter().filter(is_telling).cloned().collect();
    if is_named_elsewhere {
        return telling.into_iter().filter(|it| !is_of_way(it)).collect();
    }
    if telling.is_empty() { named } else { telling }
}

/// Whether the way to the house is asked for.
pub(super) fn asks_for_way(question: &str) -> bool {
    [
        "how do i get",
        "how do we get",
        "how can i get",
        "how can we get",
        "how to get",
        "how do you get",
        "how do i reach",
        "how can i reach",
        "how to reach",
        "way to get",
        "directions",
        "怎麼去",
        "怎麼到",
        "怎麼來",
        "怎麼過去",
        "怎麼前往",
        "如何去",
        "如何到",
        "如何前往",
        "如何抵達",
        "交通方式",
        "搭什麼車",
        "坐什麼車",
        "怎麼走",
    ]
    .iter()
    .any(|it| question.contains(it))
}

/// The day of the week that a text in lower case names, counted from Monday.
pub(super) fn weekday(text: &str) -> Option<usize> {
    let chinese = || {
        ["星期", "禮拜", "週"].iter().find_map(|mark| {
            let mut behind = text.split(mark).skip(1).filter_map(|it| it.chars().next());
            behind.find_map(|c| {
                if c == '天' { Some(6) } else { "一二三四五六日".chars().position(|it| it == c) }
            })
        })
    };
    // "mondai": as words are cut.
    WEEKDAYS.iter().position(|it| text.contains(&it[..it.len() - 1])).or_else(chinese)
}

/// Whether a word only asks for the way: "How do I get there?".
pub(super) fn is_of_way(word: &str) -> bool {
    ["how", "do", "i", "can", "we", "to", "get", "there", "here"].contains(&word)
}

/// The words of a question, those that are known as they are, however the dictionary cut them: 上任 of 哪一年上任 gave 年上
/// and 任.
pub(super) fn whole_words(question: &str) -> Vec<String> {
    const ASKING: &str = "哪一年月日幾號點的有沒嗎";
    let known = known_in(question);
    let is_of_known = |c: char| known.iter().any(|it| it.contains(c));
    let is_cut = |word: &str| word.chars().all(|c| ASKING.contains(c) || is_of_known(c));
    let mut words = telling_words(&parted(question));
    words.retain(|word| !is_cut(word));
    words.extend(known.iter().map(|it| (*it).to_owned()));
    words
}

/// A question with a gap behind 有, which the dictionary likes to join to what follows: 有海豚嗎 gave 有海 and 豚.
pub(super) fn parted(question: &str) -> String {
    const JOINED: &str = "沒機名趣關限效線氧錢人";
    let mut out = String::with_capacity(question.len());
    let mut chars = question.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        if c == '有' && chars.peek().is_some_and(|&next| is_han(next) && !JOINED.contains(next)) {
            out.push(' ');
        }
    }
    out
}

/// A text's words; none of one that says nothing.
pub(super) fn telling_words(text: &str) -> Vec<String> {
    let mut words = words(&format!("{text} x9"));
    words.retain(|it| it != "x9");
    words
}

/// Whether a word points at a day as seen from the visitor's, which no document does.
pub(super) fn is_deictic(word: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::{weekday, whole_words};
    use crate::answer::builtin::question::Question;

    #[test]
    fn what_questions_are_about() {
        for (question, expect) in [
            ("Can I borrow a camera?", &["camera"][..]),
            ("Do you have parking?", &["park"]),
            ("When are you open?", &[]),
            ("How much is entry for students?", &["entri", "student"]),
            ("Is the café on the second floor?", &["café", "floor"]),
            ("Are you open on Monday?", &["open"]),
            ("How do I get there?", &["way"]),
            ("有餐廳嗎？", &["餐廳"]),
            ("可以借雨傘嗎？", &["雨傘"]),
            ("嬰兒車要錢嗎？", &["嬰兒車"]),
            ("幾點開門？", &[]),
        ] {
            assert_eq!(Question::new(question).things, expect, "{question}");
        }
    }

    #[test]
    fn to_have_is_a_word_of_its_own() {
        assert_eq!(whole_words("有海豚嗎？"), ["海豚"]);
        assert_eq!(whole_words("有機食品"), ["有機", "食品"]);
    }

    #[test]
    fn known_words_are_whole() {
        assert_eq!(whole_words("他是哪一年上任的？"), ["上任"]);
    }

    #[test]
    fn days_of_the_week() {
        for (text, expect) in [
            ("open on mondays", Some(0)),
            ("星期日", Some(6)),
            ("禮拜天", Some(6)),
            ("每週三", Some(2)),
            ("週年", None),
            ("today", None),
        ] {
            assert_eq!(weekday(text), expect, "{text}");
        }
    }
}
