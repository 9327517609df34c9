//! Kinds of questions.

/// What an answer must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A price.
    Money,
    /// A time of day.
    Clock,
    /// When something is open: a time of day, or days of the week.
    Hours,
    /// When something takes place: a time of day, a day or a date.
    Time,
    /// A phone number.
    Phone,
    /// An e-mail or web address.
    Web,
    /// A year or a date.
    Date,
    /// A number.
    Count,
    /// How many of something there are: a number that is no price, hour or year.
    Number,
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
            "how much is",
            "how much are",
            "how much do i",
            "how much do we",
            "how much for",
            "how much to ",
            "how much?",
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
            "the hours",
            "your hours",
            "'s hours",
            "opening time",
            "closing time",
            "business hours",
        ],
    ),
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
        Kind::Number,
        &["幾個", "幾位", "幾家", "幾項", "幾件", "幾種", "幾人", "幾座", "幾台", "幾間", "how many"],
    ),
    (
        Kind::Count,
        &[
            "多少",
            "幾",
            "多高",
            "多重",
            "多長",
            "多寬",
            "多大",
            "多深",
            "多遠",
            "多久",
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
        let is_asked_to_tell = told(question);
        let question = is_asked_to_tell.unwrap_or(question);
        if is_asked_to_tell.is_none() && is_yes_no(question) {
            return Self::of_yes_no(question);
        }
        let has = |signs: &[&str]| signs.iter().any(|sign| question.contains(sign));
        let kind = SIGNS.iter().find(|(_, signs)| has(signs)).map_or(Self::Other, |it| it.0);
        match kind {
            Self::Money => kind,
            // "How much does it cost?", but not "how much does it weigh?".
            Self::Count if has(&["how much does", "how much did"]) && has(COSTS) => Self::Money,
            Self::Place if has(&["電話"]) && !has(PHONE) => kind,
            _ if asks_for_phone(question) => Self::Phone,
            Self::Date if has(HOURS) && is_in_the_present(question) => Self::Hours,
            Self::Date if is_in_the_present(question) => Self::Time,
            _ => kind,
        }
    }

    /// Whether a word only names what is asked for, whose form shows whether it is there.
    pub(super) fn is_named_by(self, word: &str) -> bool {
        let words: &[&str] = match self {
            Self::Money => &[
                "pric",
                "cost",
                "fee",
                "pay",
                "charg",
                "fre",
                "buy",
                "買",
                "買票",
                "購票",
                "money",
                "expensiv",
                "much",
                "錢",
                "多少錢",
                "價格",
                "價錢",
                "售價",
                "票價",
                "費用",
                "收費",
                "免費",
                "付費",
                "要錢",
                "收錢",
                "付錢",
            ],
            Self::Clock | Self::Hours => &[
                "open",
                "clos",
                "hour",
                "tim",
                "shut",
                "busi",
                "開",
                "關",
                "開放",
                "開放時間",
                "時間",
                "開館",
                "開門",
                "關門",
                "營業",
                "閉館",
                "休館",
                "打烊",
                "點",
                "開館時間",
                "營業時間",
            ],
            Self::Time => &["tim", "dat", "時間", "日期"],
            Self::Date => &["year", "dat", "old", "年", "日期", "年份", "age"],
            Self::Phone => &[
                "phon",
                "telephon",
                "number",
                "fax",
                "電話",
                "號碼",
                "分機",
                "傳真",
                "電話號碼",
                "聯絡",
                "contact",
                "call",
            ],
            Self::Web => &[
                "websit",
                "web",
                "sit",
                "email",
                "mail",
                "url",
                "address",
                "網址",
                "網站",
                "電子郵件",
                "信箱",
                "電子",
                "郵件",
            ],
            Self::Place => &["address", "地址", "樓", "floor", "幾樓", "在哪"],
            Self::Number | Self::Count => &["number", "數量", "total"],
            Self::Person | Self::Definition | Self::Other => &[],
        };
        words.contains(&word.strip_suffix('的').unwrap_or(word))
    }

    /// What a question asks for that wants a yes or a no.
    fn of_yes_no(question: &str) -> Self {
        let has = |signs: &[&str]| signs.iter().any(|sign| question.contains(sign));
        let by_what =
            has(&[" by ", " with ", " in ", " card", " cash", "信用卡", "刷卡", "現金", "行動支付"]);
        let of_price = has(&["要錢", "收費", "免費", "付費", "付錢", "要買票", "要門票"])
            || words(question).any(|it| matches!(it, "free" | "charge" | "fee" | "cost"))
            || words(question).any(|it| it == "pay") && !by_what;
        let has_one = has(&["do you have a", "is there a", "have you got a", "有沒有", "有"]);
        if of_price {
            Self::Money
        } else if has_one && has(&["phone number", "telephone number", "電話號碼"]) {
            Self::Phone
        } else if has_one && has(&["website", "web site", "email", "e-mail", "網站", "電子郵件"]) {
            Self::Web
        } else {
            Self::Other
        }
    }
}

const COSTS: &[&str] = &["cost", " pay", "charge"];

const HOURS: &[&str] =
    &["open", "close", "shut", "開放", "開館", "開門", "關門", "閉館", "休館", "營業", "打烊", "開？", "開?"];

const PHONE: &[&str] = &["電話號碼", "電話是多少", "電話多少", "電話幾號", "電話是幾號"];

/// Whether a phone number is asked for, not what somebody's phone is.
fn asks_for_phone(question: &str) -> bool {
    let bare = question.trim_end_matches(['?', '？', '.', '。', '呢', ' ']);
    let has = |signs: &[&str]| signs.iter().any(|sign| bare.contains(sign));
    has(PHONE)
        || has(&["phone number", "number to call", "fax number", "number can i call", "number do i call"])
        || [
            "電話",
            "分機",
            "傳真",
            "電話是什麼",
            "分機是多少",
            "分機多少",
            "傳真號碼",
            "傳真是多少",
            "聯絡電話",
        ]
        .iter()
        .any(|it| bare.ends_with(it))
        || bare.ends_with("phone")
            && (words(bare).count() <= 2 || ["what", "which"].iter().any(|it| bare.starts_with(it)))
}

/// Whether what is asked when for is, not was.
fn is_in_the_present(question: &str) -> bool {
    if question.contains("什麼時候") || question.contains("何時") || question.contains("甚麼時候") {
        // "是什麼時候做的" was.
        return !question.trim_end_matches(['?', '？', ' ']).ends_with('的');
    }
    let mut words = words(question).skip_while(|it| *it != "when");
    let next = words.nth(1).unwrap_or_default();
    ["is", "are", "do", "does", "can", "will", "may", "should", "s"].contains(&next)
}

/// What is to be told: "Can you tell me when you open?" is no question for a yes.
fn told(question: &str) -> Option<&str> {
    const ENGLISH: [&str; 12] = [
        "tell me",
        "let me know ",
        "do you know ",
        "can i ask ",
        "may i ask ",
        "could i ask ",
        "like to know ",
        "want to know ",
        "wonder ",
        "wondering ",
        "explain ",
        "remind me ",
    ];
    const CHINESE: [&str; 6] = ["告訴我", "你知道", "您知道", "想知道", "請教", "知不知道"];
    ENGLISH
        .iter()
        .chain(&CHINESE)
        .find_map(|it| question.split_once(it))
        .map(|it| it.1.trim_start())
        .filter(|it| it.len() > 3 && !it.starts_with("about"))
}

/// Whether a question in lower case wants a yes or a no.
pub(super) fn is_yes_no(question: &str) -> bool {
    const ENGLISH: [&str; 26] = [
        "is", "are", "am", "was", "were", "do", "does", "did", "can", "could", "may", "might", "will",
        "would", "should", "shall", "must", "has", "have", "isn't", "aren't", "don't", "doesn't", "can't",
        "any", "won't",
    ];
    const CHINESE: [&str; 11] = [
        "嗎",
        "有沒有",
        "可不可以",
        "能不能",
        "會不會",
        "是不是",
        "要不要",
        "需不需要",
        "是否",
        "能否",
        "可否",
    ];
    const CHINESE_ASKS_MORE: [&str; 13] =
        ["誰", "幾", "多少", "什麼", "甚麼", "哪", "何時", "如何", "為何", "何處", "怎", "多久", "多大"];
    let has = |signs: &[&str]| signs.iter().any(|sign| question.contains(sign));
    if has(&CHINESE) {
        return !has(&CHINESE_ASKS_MORE);
    }
    let first = words(question)
        .find(|it| !["and", "but", "so", "or", "also", "then", "please", "hi", "hello"].contains(it));
    first.is_some_and(|it| ENGLISH.contains(&it))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '-'))
        .flat_map(|it| it.split("'s"))
        .filter(|it| !it.is_empty())
}
