//! What a visitor says that is no question about the house: a greeting, thanks, a goodbye, "who are you?".

use crate::language::Lang;

/// A reply to small talk; nothing for everything else. Of several phrases ("thanks, bye") the one that stands
/// lowest in the table is replied to.
pub(super) fn reply(said: &str, lang: Lang) -> Option<&'static str> {
    let at = whole(&bare(said))?;
    let Talk { en, zh, .. } = &SMALL_TALK[at];
    Some(match lang {
        Lang::En => en,
        Lang::ZhHant => zh,
    })
}

/// Whether an answer is a reply to small talk.
pub fn is_small_talk(answer: &str) -> bool {
    SMALL_TALK.iter().any(|talk| [talk.en, talk.zh].contains(&answer.trim()))
}

/// Whether a question is one that no document answers: the hour, the weather, a sum.
pub(super) fn is_out_of_scope(question: &str) -> bool {
    let said = bare(question);
    OUT_OF_SCOPE.iter().any(|it| said == *it)
}

/// A message without the greeting before its question: "Hello, where is …".
pub(super) fn without_greeting(message: &str) -> &str {
    let mark = |c: char| matches!(c, ',' | '，' | '!' | '！' | '.' | '。' | '~' | '～' | '、');
    match message.split_once(mark) {
        Some((greeting, rest)) if !rest.trim().is_empty() && whole(&bare(greeting)).is_some() => {
            without_greeting(rest.trim_start())
        }
        _ => message,
    }
}

/// A text without case, spaces and marks.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Which small talk a text is, if it is made of nothing else.
fn whole(said: &str) -> Option<usize> {
    const LONGEST: usize = 120;
    if said.is_empty() || said.len() > LONGEST {
        return None;
    }
    // By byte: the talk that the text up to there is made of.
    let mut made: Vec<Option<usize>> = vec![None; said.len() + 1];
    made[0] = Some(0);
    for at in 0..said.len() {
        let Some(so_far) = made[at].filter(|_| said.is_char_boundary(at)) else { continue };
        for (nth, talk) in SMALL_TALK.iter().enumerate() {
            for phrase in talk.phrases.split(',').filter(|phrase| said[at..].starts_with(phrase)) {
                let end = &mut made[at + phrase.len()];
                *end = Some(end.unwrap_or(0).max(so_far).max(nth));
            }
        }
    }
    made[said.len()]
}

/// What visitors say, and what is replied.
struct Talk {
    /// Without case, spaces and marks.
    phrases: &'static str,
    en: &'static str,
    zh: &'static str,
}

const SMALL_TALK: &[Talk] = &[
    Talk {
        phrases: "hello,hi,hey,there,hellothere,hithere,goodmorning,goodafternoon,goodevening,greetings,\
            nicetomeetyou,你好,您好,哈囉,哈嘍,嗨,嘿,早安,早上好,早,午安,晚安,晚上好,下午好,你們好,大家好,很高興認識你",
        en: "Hello! Ask me anything about this house; I answer from its documents.",
        zh: "您好！館內的事都可以問我，我會依館方的文件回答。",
    },
    Talk {
        phrases: "thankyou,thanks,verymuch,somuch,alot,manythanks,great,cool,nice,wow,ok,okay,good,perfect,\
            thatsall,foryourhelp,謝謝,謝謝你,謝謝您,感謝,多謝,非常感謝,謝啦,謝了,太好了,好棒,好的,好,哇,\
            了解,我知道了,知道了,沒問題,你真棒,感謝您,感謝你,謝謝你的幫忙",
        en: "You are welcome. Enjoy your visit!",
        zh: "不客氣，祝您參觀愉快！",
    },
    Talk {
        phrases: "goodbye,bye,byebye,seeyou,seeyoulater,later,goodnight,haveaniceday,再見,掰掰,掰,拜拜,下次見,先走了,再會",
        en: "Goodbye, and come again!",
        zh: "再見，歡迎再來！",
    },
    Talk {
        phrases: "howareyou,howareyoudoing,howareyoutoday,howisitgoing,howsitgoing,whatsup,你好嗎,您好嗎,最近好嗎,過得好嗎,\
            最近如何,吃飽了嗎,吃飽沒",
        en: "I am well, thank you. What would you like to know about this house?",
        zh: "我很好，謝謝您。想知道館內的什麼事呢？",
    },
    Talk {
        phrases: "whoareyou,whatareyou,whatsyourname,whatisyourname,areyouarobot,areyouabot,areyouanai,areyouai,\
            areyouhuman,areyouahuman,areyouaperson,areyoureal,areyouamachine,areyouachatbot,areyouchatgpt,你是誰,您是誰,\
            你叫什麼名字,你叫什麼,你是什麼,請問你是誰,你是機器人嗎,你是真人嗎,你是人嗎,你是ai嗎,你是機器嗎,\
            您是機器人嗎,您是真人嗎,你是不是機器人",
        en: "I am this house's guide, a machine. Ask me a question, and I answer with what its documents say.",
        zh: "我是這裡的導覽員，是一部機器。您問問題，我用館方文件裡的內容回答。",
    },
    Talk {
        phrases: "help,helpme,pleasehelp,canyouhelpme,canyouhelp,ineedhelp,whatcanyoudo,whatcaniask,whatcaniaskyou,\
            howcanyouhelpme,howdoesthiswork,whatdoyouknow,幫助,幫忙,救命,說明,你會做什麼,你可以做什麼,你能做什麼,我可以問什麼,\
            可以問什麼,能問什麼,你知道什麼,可以幫我嗎,你可以幫我嗎,怎麼用,幫我",
        en: "Ask me about what there is to see in this house, its story or your visit; I answer from its documents.",
        zh: "館內有什麼可看、這裡的故事、參觀的事，都可以問我；我會依館方的文件回答。",
    },
];

/// Questions without case, spaces and marks.
const OUT_OF_SCOPE: &[&str] = &[
    "whattimeisit",
    "whattimeisitnow",
    "whatsthetime",
    "whatisthetime",
    "doyouhavethetime",
    "whatdayisit",
    "whatdayisittoday",
    "whatsthedate",
    "whatisthedate",
    "whatdateisit",
    "whatistodaysdate",
    "howstheweather",
    "howistheweather",
    "whatstheweather",
    "whatstheweatherlike",
    "whatistheweatherliketoday",
    "howistheweathertoday",
    "現在幾點",
    "現在幾點了",
    "現在是幾點",
    "幾點了",
    "幾點",
    "今天幾號",
    "今天星期幾",
    "今天禮拜幾",
    "今天是幾號",
    "今天是星期幾",
    "今天天氣如何",
    "今天天氣怎麼樣",
    "天氣如何",
    "天氣怎麼樣",
];
