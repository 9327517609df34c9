//! How answers look: whether a sentence has the price, the hour or the name that is asked for.

use super::kind::Kind;
use crate::language::calendar::{MONTHS, WEEKDAYS, is_calendar_name};

impl Kind {
    /// Whether an answer must show in its form that it is one: a figure or an address.
    pub(super) fn is_strict(self) -> bool {
        matches!(
            self,
            Self::Money
                | Self::Clock
                | Self::Hours
                | Self::Time
                | Self::Phone
                | Self::Web
                | Self::Date
                | Self::Count
                | Self::Number
        )
    }

    /// Whether a sentence may be the answer: it has what cannot be missing.
    pub(super) fn is_met_by(self, sentence: &str) -> bool {
        !self.is_strict() || self.is_shown_by(sentence)
    }

    /// Whether a sentence has what is asked for, as far as its form shows.
    pub(super) fn is_shown_by(self, sentence: &str) -> bool {
        let lower = sentence.to_lowercase();
        let has = |signs: &[&str]| signs.iter().any(|sign| lower.contains(sign));
        // The digit of a name, such as M2, counts nothing.
        let digits = lower
            .split(|c: char| !c.is_alphanumeric() || !c.is_ascii())
            .any(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        let number =
            digits || lower.contains(|c| "一二三四五六七八九十百千萬億兩".contains(c)) || has(EN_NUMBERS);
        match self {
            Self::Money => {
                is_free(&lower)
                    || number
                        && has(&[
                            "元", "塊錢", "nt$", "$", "€", "£", "¥", "usd", "twd", "ntd", "eur", "dollar",
                            "euro", "pound",
                        ])
            }
            Self::Clock => has_clock(&lower),
            Self::Hours => has_clock(&lower) || names_weekday(&lower) || has(EVERY_DAY),
            Self::Time => has_clock(&lower) || has(EVERY_DAY) || Self::Date.is_shown_by(sentence),
            Self::Phone => digits_in_a_row(&lower) >= 6,
            Self::Web => has(&["@", "http", "www."]) || has_domain(&lower),
            Self::Date => {
                digits_in_a_row(&lower) >= 4
                    || number && has(&["年", "月", "日", "世紀", "century", "daily", "every "])
                    || has_calendar_name(&lower)
            }
            Self::Count => number,
            Self::Number => counts(&lower),
            Self::Person => {
                has(&[
                    "博士",
                    "先生",
                    "女士",
                    "教授",
                    "院長",
                    "所長",
                    "董事長",
                    "執行長",
                    "主任",
                    "校長",
                    "部長",
                    "dr.",
                    "mr.",
                    "ms.",
                    "professor",
                ]) || has_english_name(sentence)
            }
            Self::Place => has(&[
                "位於",
                "設於",
                "設在",
                "地址",
                "座落",
                "坐落",
                "路",
                "樓",
                "located",
                "stands in",
                "floor",
                "street",
                "road",
                "beside",
                "next to",
                " is in ",
                " are in ",
            ]),
            Self::Definition => has(&[
                "是",
                "為",
                "指",
                " is a",
                " is the",
                " are ",
                " was a",
                " was the",
                "means",
                "stands for",
                "refers to",
            ]),
            Self::Other => false,
        }
    }
}

const EVERY_DAY: &[&str] = &["daily", "every day", "all day", "每天", "每日", "全天", "天天"];

/// Whether a text in lower case says that something costs nothing.
fn is_free(lower: &str) -> bool {
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric() && c != '-').collect();
    let free = |at: usize| {
        let next = words.get(at + 1).copied().unwrap_or_default();
        let is_verb = matches!(next, "to" | "from") || at > 0 && words[at - 1] == "feel";
        words[at] == "free" && !is_verb && (next != "of" || words.get(at + 2) == Some(&"charge"))
    };
    (0..words.len()).any(free)
        || [
            "免費",
            "不收費",
            "不另收費",
            "不另外收費",
            "不用錢",
            "不必付費",
            "不需付費",
            "no charge",
            "not charge",
        ]
        .iter()
        .any(|it| lower.contains(it))
}

/// Whether a text in lower case names a day of the week.
pub(super) fn names_weekday(lower: &str) -> bool {
    WEEKDAYS
        .iter()
        .chain(&[
            "星期", "週一", "週二", "週三", "週四", "週五", "週六", "週日", "週末", "weekend", "weekday",
            "平日", "假日",
        ])
        .any(|it| lower.contains(it))
}

/// Whether a text in lower case says how many: with a number that is no price, hour or year.
fn counts(lower: &str) -> bool {
    const MONEY: [&str; 6] = ["元", "塊", "dollar", "euro", "pound", "nt"];
    const BEFORE_YEARS: [&str; 9] = ["in", "since", "of", "from", "until", "by", "to", "between", "and"];
    if lower.contains(|c| "二三四五六七八九十百千萬億兩".contains(c))
        || EN_NUMBERS.iter().any(|it| lower.contains(it))
    {
        return true;
    }
    if ["一個", "一位", "一座", "一件", "一台", "一間"].iter().any(|it| lower.contains(it)) {
        return true;
    }
    let mut from = 0;
    while let Some(start) = lower[from..].find(|c: char| c.is_ascii_digit()).map(|at| from + at) {
        let end = lower[start..]
            .find(|c: char| !c.is_ascii_digit() && !matches!(c, ',' | '.' | ':'))
            .map_or(lower.len(), |at| start + at);
        let (digits, before, behind) = (
            lower[start..end].trim_end_matches([',', '.', ':']),
            lower[..start].trim_end(),
            lower[end..].trim_start(),
        );
        let last = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let is_price = before.ends_with(['$', '€', '£', '¥'])
            || last == "nt"
            || MONEY.iter().any(|it| behind.starts_with(it));
        let is_year = digits.len() == 4
            && !digits.contains([',', '.'])
            && (behind.starts_with('年') || BEFORE_YEARS.contains(&last));
        let is_hour = digits.contains(':')
            || behind.starts_with('點')
            || behind.starts_with("a.m")
            || behind.starts_with("p.m");
        // M2, 1990s: names.
        let is_name = lower[..start].ends_with(|c: char| c.is_ascii_alphabetic() || c == '-');
        if !is_price && !is_year && !is_hour && !is_name {
            return true;
        }
        from = end;
    }
    false
}

const EN_NUMBERS: &[&str] = &[
    "one ", "two ", "three ", "four ", "five ", "six ", "seven ", "eight ", "nine ", "ten ", "eleven ",
    "twelve ", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred",
    "thousand", "million", "dozen",
];

/// Whether a text in lower case names a month or a day of the week. "May" and "march" are also verbs: the one
/// says nothing, the other only before a blank.
fn has_calendar_name(lower: &str) -> bool {
    let is_telling = |month: &&&str| !matches!(**month, "march" | "may");
    let names = MONTHS.iter().filter(is_telling).chain(&WEEKDAYS).chain(&["march ", "週", "星期"]);
    names.copied().any(|name| lower.contains(name))
}

/// The most digits in a row, hyphens, brackets and spaces between them not counted.
fn digits_in_a_row(text: &str) -> usize {
    let (mut most, mut now) = (0, 0);
    for c in text.chars() {
        if c.is_ascii_digit() {
            now += 1;
            most = most.max(now);
        } else if !matches!(c, '-' | '(' | ')' | ' ' | '（' | '）') {
            now = 0;
        }
    }
    most
}

/// 9:00, 9點, 9 a.m., five o'clock, noon.
fn has_clock(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    let colon = |at: usize| {
        matches!(chars[at], ':' | '：') && at > 0 && digit(at - 1) && digit(at + 1) && digit(at + 2)
    };
    let hour = |at: usize| {
        matches!(chars[at], '點' | '時')
            && at > 0
            && (digit(at - 1) || "一二三四五六七八九十兩".contains(chars[at - 1]))
            && chars.get(at + 1) != Some(&'間')
    };
    let of_day = |at: usize| {
        let behind: String = chars[at + 1..].iter().filter(|c| **c != ' ').take(4).collect();
        digit(at) && ["a.m", "p.m", "am", "pm", "o'cl"].iter().any(|it| behind.starts_with(it))
    };
    (0..chars.len()).any(|at| colon(at) || hour(at) || of_day(at))
        || ["o'clock", "midnight", "noon ", "24小時", "全天"].iter().any(|it| text.contains(it))
}

/// `itri.org.tw`: letters, a dot, letters.
fn has_domain(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-').any(|word| {
        word.split('.').filter(|part| part.len() > 1 && !part.bytes().all(|b| b.is_ascii_digit())).count() > 1
    })
}

/// Whether an English sentence names somebody whom a question (in lower case) doesn't name: a capitalised word
/// behind its first, or two at its start.
pub(super) fn names_somebody(sentence: &str, question: &str) -> bool {
    const PEOPLE: [&str; 16] = [
        "he",
        "she",
        "they",
        "i",
        "we",
        "volunteers",
        "students",
        "monks",
        "nuns",
        "fishermen",
        "farmers",
        "soldiers",
        "workers",
        "engineers",
        "nobody",
        "unknown",
    ];
    let words: Vec<_> =
        sentence.split(|c: char| !c.is_alphabetic() && c != '\'').filter(|word| !word.is_empty()).collect();
    let is_new = |word: &str| !question.contains(&word.to_lowercase()) && !is_calendar_name(word);
    let named = |at: usize| {
        let word = words[at];
        let is_capital = word.starts_with(char::is_uppercase) && word.chars().count() > 1;
        let is_next_capital = words.get(at + 1).is_some_and(|it| it.starts_with(char::is_uppercase));
        // Places are named behind these.
        let is_place = at > 0 && ["from", "in", "at", "near", "to"].contains(&words[at - 1]);
        is_capital && !is_place && is_new(word) && (at > 0 || is_next_capital && is_new(words[at + 1]))
    };
    (0..words.len()).any(|at| named(at) || PEOPLE.contains(&words[at]))
}

/// Two capitalised words behind the sentence's first word.
fn has_english_name(sentence: &str) -> bool {
    let capital = |word: &str| {
        let mut chars = word.chars();
        chars.next().is_some_and(|c| c.is_ascii_uppercase())
            && chars.next().is_some_and(|c| c.is_ascii_lowercase())
    };
    let words: Vec<_> =
        sentence.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()).collect();
    words.windows(2).any(|pair| capital(pair[0]) && capital(pair[1]))
}

#[cfg(test)]
mod tests {
    use super::{Kind, names_somebody};

    #[test]
    fn what_answers_must_have() {
        for (kind, sentence, expect) in [
            (Kind::Money, "Tickets are NT$200.", true),
            (Kind::Money, "Admission is free of charge.", true),
            (Kind::Money, "全票二百元。", true),
            (Kind::Money, "共有200件。", false),
            (Kind::Clock, "Open from 9:00.", true),
            (Kind::Clock, "Open until 5 p.m.", true),
            (Kind::Clock, "上午九點開館。", true),
            (Kind::Clock, "1984年建成。", false),
            (Kind::Phone, "電話：+886-3-5820100", true),
            (Kind::Phone, "1973年", false),
            (Kind::Web, "www.itri.org.tw", true),
            (Kind::Web, "It rose by 7.7.", false),
            (Kind::Date, "成立於1973年。", true),
            (Kind::Date, "It is big.", false),
            (Kind::Count, "共八位。", true),
            (Kind::Count, "It is big.", false),
            (Kind::Money, "Child under 12: free", true),
            (Kind::Money, "Feel free to touch it.", false),
            (Kind::Money, "It is free of dust.", false),
            (Kind::Money, "A gluten-free cake.", false),
            (Kind::Hours, "On Mondays we are closed.", true),
            (Kind::Hours, "It was opened on 12 September 2026.", false),
            (Kind::Time, "The last entry is at 16:45.", true),
            (Kind::Number, "It holds 14,300 volumes.", true),
            (Kind::Number, "Lockers take a NT$10 coin.", false),
            (Kind::Number, "It was printed in 1627.", false),
            (Kind::Number, "書庫建於1927年。", false),
            (Kind::Number, "共有84個座位。", true),
        ] {
            assert_eq!(kind.is_met_by(sentence), expect, "{sentence}");
        }
    }

    #[test]
    fn somebody_new_is_named() {
        let question = "who made the okafor refractor?";
        for (sentence, expect) in [
            ("The Okafor refractor was made by Adaeze Reed.", true),
            ("The Okafor refractor is a telescope.", false),
            ("Adaeze Reed made it.", true),
            ("It was made in June.", false),
        ] {
            assert_eq!(names_somebody(sentence, question), expect, "{sentence}");
        }
    }
}
