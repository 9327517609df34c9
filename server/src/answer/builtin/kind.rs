//! Kinds of questions, and how their answers look.

use crate::language::calendar::{MONTHS, WEEKDAYS};

/// What an answer must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A price.
    Money,
    /// A time of day.
    Clock,
    /// A phone number.
    Phone,
    /// An e-mail or web address.
    Web,
    /// A year or a date.
    Date,
    /// A number.
    Count,
    /// A person.
    Person,
    /// A place.
    Place,
    /// What something is.
    Definition,
    /// Anything.
    Other,
}

/// Signs of each kind, the stricter kinds first.
const SIGNS: &[(Kind, &[&str])] = &[
    (
        Kind::Money,
        &[
            "多少錢",
            "價格",
            "價錢",
            "售價",
            "票價",
            "費用",
            "幾塊",
            "幾元",
            "how much does",
            "how much is the",
            "how much is a",
            "how much are",
            "how much do i",
            "price",
            "cost",
            "what is the fee",
        ],
    ),
    (
        Kind::Clock,
        &[
            "幾點",
            "開放時間",
            "開館時間",
            "營業時間",
            "閉館時間",
            "what time",
            "opening hours",
            "opening time",
            "closing time",
            "business hours",
            "when do you open",
            "when do you close",
        ],
    ),
    (Kind::Phone, &["電話", "傳真", "分機", "phone", "telephone", "fax number"]),
    (Kind::Web, &["網址", "網站", "電子郵件", "信箱", "email", "e-mail", "website", "web site", "url"]),
    (
        Kind::Date,
        &[
            "哪一年",
            "哪年",
            "何時",
            "什麼時候",
            "甚麼時候",
            "幾年",
            "幾月",
            "哪一天",
            "幾號",
            "日期",
            "when ",
            "what year",
            "which year",
            "what date",
            "in what year",
            "how old",
        ],
    ),
    (Kind::Place, &["幾樓", "哪一樓", "哪層", "which floor", "what floor"]),
    (
        Kind::Count,
        &[
            "多少",
            "幾個",
            "幾位",
            "幾家",
            "幾項",
            "幾件",
            "幾種",
            "幾次",
            "幾屆",
            "幾層",
            "幾樓",
            "幾人",
            "幾",
            "多高",
            "多重",
            "多長",
            "多寬",
            "多大",
            "多深",
            "多遠",
            "多久",
            "how many",
            "how much",
            "how long",
            "how tall",
            "how heavy",
            "how wide",
            "how deep",
            "weigh?",
            "how high",
            "how big",
            "how far",
            "how large",
            "how fast",
        ],
    ),
    (Kind::Person, &["誰", "哪位", "哪一位", "什麼人", "who ", "who's", "whose", "which person"]),
    (
        Kind::Place,
        &["哪裡", "哪裏", "哪兒", "在哪", "地址", "何處", "什麼地方", "哪個城市", "where", "address"],
    ),
    (
        Kind::Definition,
        &[
            "是什麼",
            "什麼是",
            "是甚麼",
            "什麼意思",
            "何謂",
            "介紹",
            "stand for",
            " mean",
            "what is",
            "what are",
            "what's",
            "tell me about",
        ],
    ),
];

impl Kind {
    /// What a question in lower case asks for.
    pub(super) fn of(question: &str) -> Self {
        SIGNS
            .iter()
            .find(|(_, signs)| signs.iter().any(|sign| question.contains(sign)))
            .map_or(Self::Other, |it| it.0)
    }

    /// Whether an answer must show in its form that it is one: a figure or an address.
    pub(super) fn is_strict(self) -> bool {
        matches!(self, Self::Money | Self::Clock | Self::Phone | Self::Web | Self::Date | Self::Count)
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
                has(&[
                    "免費",
                    "不收費",
                    "free of charge",
                    "free admission",
                    "for free",
                    "is free",
                    "are free",
                ]) || number
                    && has(&[
                        "元", "塊錢", "nt$", "$", "€", "£", "¥", "usd", "twd", "ntd", "eur", "dollar",
                        "euro", "pound",
                    ])
            }
            Self::Clock => has_clock(&lower),
            Self::Phone => digits_in_a_row(&lower) >= 6,
            Self::Web => has(&["@", "http", "www."]) || has_domain(&lower),
            Self::Date => {
                digits_in_a_row(&lower) >= 4
                    || number && has(&["年", "月", "日", "世紀", "century", "daily", "every "])
                    || has_calendar_name(&lower)
            }
            Self::Count => number,
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
    use super::Kind;

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
        ] {
            assert_eq!(kind.is_met_by(sentence), expect, "{sentence}");
        }
    }
}
