//! What a visitor says that is no question about the house: a greeting, thanks, a goodbye, "who are you?".

use crate::language::Lang;

/// A reply to small talk; nothing for everything else.
pub(super) fn reply(said: &str, lang: Lang) -> Option<&'static str> {
    let said: String = said.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let said = said.as_str();
    let (_, en, zh) = SMALL_TALK.iter().find(|(phrases, ..)| phrases.contains(&said))?;
    Some(match lang {
        Lang::En => en,
        Lang::ZhHant => zh,
    })
}

/// Phrases without case, spaces and marks; the replies in both languages.
const SMALL_TALK: &[(&[&str], &str, &str)] = &[
    (
        &[
            "hello",
            "hi",
            "hey",
            "hellothere",
            "hithere",
            "goodmorning",
            "goodafternoon",
            "goodevening",
            "你好",
            "您好",
            "哈囉",
            "哈嘍",
            "嗨",
            "早安",
            "早",
            "午安",
            "晚安",
            "你們好",
            "大家好",
            "嗨你好",
            "哈囉你好",
        ],
        "Hello! Ask me anything about this house; I answer from its documents.",
        "您好！館內的事都可以問我，我會依館方的文件回答。",
    ),
    (
        &[
            "thankyou",
            "thanks",
            "thankyouverymuch",
            "manythanks",
            "thanksalot",
            "thankyousomuch",
            "謝謝",
            "謝謝你",
            "謝謝您",
            "感謝",
            "多謝",
            "非常感謝",
            "謝啦",
        ],
        "You are welcome. Enjoy your visit!",
        "不客氣，祝您參觀愉快！",
    ),
    (
        &["goodbye", "bye", "byebye", "seeyou", "再見", "掰掰", "拜拜", "下次見"],
        "Goodbye, and come again!",
        "再見，歡迎再來！",
    ),
    (
        &[
            "whoareyou",
            "whatareyou",
            "whatcanyoudo",
            "whatsyourname",
            "whatisyourname",
            "howcanyouhelpme",
            "你是誰",
            "您是誰",
            "你叫什麼名字",
            "你叫什麼",
            "你是什麼",
            "你會做什麼",
            "你可以做什麼",
            "你能做什麼",
            "請問你是誰",
        ],
        "I am this house's guide. Ask me a question, and I answer with what its documents say.",
        "我是這裡的導覽員。您問問題，我用館方文件裡的內容回答。",
    ),
];
