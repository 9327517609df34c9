//! The four personas' phrases in both languages.
//!
//! child: 科學探險隊隊長, energetic, vivid, short. elder: 資深導覽員, warm, unhurried. professional: 官方專家導覽員,
//! precise. casual: 科技嚮導, relaxed. A `{}` stands for what is mentioned.

use crate::event::Tone;
use crate::language::Lang;

/// One persona's phrases in one language. None holds a figure or a name, so that none adds a fact.
#[derive(Debug)]
pub(super) struct Persona {
    /// First words of an answer.
    pub(super) openings: &'static [&'static str],
    /// First words when the answer is that nobody knows.
    pub(super) unknown_openings: &'static [&'static str],
    /// Before the second sentence of an answer.
    pub(super) connectives: &'static [&'static str],
    /// Before the fourth sentence of an answer.
    pub(super) later_connectives: &'static [&'static str],
    /// Last words of an answer.
    pub(super) closings: &'static [&'static str],
    /// Last words when nobody knows.
    pub(super) unknown_closings: &'static [&'static str],
    /// On clothing.
    pub(super) worn: &'static [&'static str],
    /// On clothing whose English name is a plural.
    pub(super) worn_plural: &'static [&'static str],
    /// On a thing carried.
    pub(super) carried: &'static [&'static str],
    /// On a smile.
    pub(super) smile: &'static [&'static str],
}

/// The persona of a tone.
pub(super) const fn persona(tone: Tone, lang: Lang) -> &'static Persona {
    match (tone, lang) {
        (Tone::ChildFriendly, Lang::En) => &CHILD_EN,
        (Tone::ElderFriendly, Lang::En) => &ELDER_EN,
        (Tone::ProfessionalFriendly, Lang::En) => &PROFESSIONAL_EN,
        (Tone::CasualFriendly, Lang::En) => &CASUAL_EN,
        (Tone::ChildFriendly, Lang::ZhHant) => &CHILD_ZH,
        (Tone::ElderFriendly, Lang::ZhHant) => &ELDER_ZH,
        (Tone::ProfessionalFriendly, Lang::ZhHant) => &PROFESSIONAL_ZH,
        (Tone::CasualFriendly, Lang::ZhHant) => &CASUAL_ZH,
    }
}

const CHILD_EN: Persona = Persona {
    openings: &[
        "Explorers, gather round!",
        "Torches on, explorer, we have found something!",
        "Off we go on a science expedition!",
    ],
    unknown_openings: &["Hmm, that is a tricky one, explorer.", "You have found a real puzzle, explorer."],
    connectives: &["Guess what?", "And listen to this!", "Now look closely!"],
    later_connectives: &["There is more!", "And the trail goes on!"],
    closings: &[
        "One more mystery solved, explorer!",
        "Where shall our expedition go next?",
        "Keep your eyes wide open, explorer!",
    ],
    unknown_closings: &["Shall we explore another question?", "Try me with another question!"],
    worn: &["Wow, what a cool {}!", "Look at that {}, just right for an expedition!"],
    worn_plural: &["Wow, what cool {}!", "Look at those {}, just right for an expedition!"],
    carried: &["Wow, that {} looks ready for an adventure!", "Hey, you brought your {} along!"],
    smile: &["What a bright smile, explorer!", "Hey, your smile lights up the whole expedition!"],
};

const ELDER_EN: Persona = Persona {
    openings: &[
        "Thank you for asking; let us take our time with this.",
        "I am happy to tell you about this.",
        "Please make yourself comfortable, and I will tell you about it.",
    ],
    unknown_openings: &["Thank you for asking.", "Thank you for your patience."],
    connectives: &["Let me add something.", "Allow me to tell you a little more."],
    later_connectives: &["And there is a little more to it.", "One more thing, if you like."],
    closings: &[
        "Please feel free to ask me anything else, at your own pace.",
        "I will gladly tell you more whenever you like.",
        "There is no hurry; do ask if you would like to hear more.",
    ],
    unknown_closings: &[
        "If you would like to ask in another way, I will gladly try again.",
        "Please feel free to ask me something else.",
    ],
    worn: &["What a lovely {}!", "Your {} is a pleasure to see."],
    worn_plural: &["What lovely {}!", "Your {} are a pleasure to see."],
    carried: &["How nice that you brought your {}.", "I see that you brought your {} with you; how nice."],
    smile: &["What a warm smile you have.", "Your smile is a pleasure to see."],
};

const PROFESSIONAL_EN: Persona = Persona {
    openings: &[
        "Thank you for your question.",
        "Certainly. Allow me to outline the facts.",
        "I am pleased to provide the details.",
    ],
    unknown_openings: &["Thank you for your question."],
    connectives: &["In more detail:", "Further to this:"],
    later_connectives: &["Of further note:", "In addition:"],
    closings: &[
        "Should you require further details, I would be glad to assist.",
        "I remain at your disposal for further questions.",
        "Please let me know if you would like to go into more depth.",
    ],
    unknown_closings: &["I would be glad to assist with another question."],
    worn: &["Welcome, and my compliments on your {}.", "Good to see you; your {} is an excellent choice."],
    worn_plural: &[
        "Welcome, and my compliments on your {}.",
        "Good to see you; your {} are an excellent choice.",
    ],
    carried: &[
        "Welcome; I see that you have your {} with you.",
        "Good to see you; I notice you brought your {} along.",
    ],
    smile: &["Welcome, and thank you for your kind smile.", "Welcome; it is good to see you smile."],
};

const CASUAL_EN: Persona = Persona {
    openings: &["Sure, happy to share.", "Okay, so here's the story.", "Right, let's dig in."],
    unknown_openings: &["Hmm, honest answer.", "To be straight with you:"],
    connectives: &["Here's the thing.", "And get this."],
    later_connectives: &["Oh, and there's more.", "One more bit."],
    closings: &["Just ask if you want more.", "Anything else you're curious about?", "Pretty neat, huh?"],
    unknown_closings: &["Got another one for me?", "Feel free to try another question."],
    worn: &["Hey, nice {}!", "Hey, that's a great {}!"],
    worn_plural: &["Hey, nice {}!", "Hey, those are great {}!"],
    carried: &["Hey, nice {} you've got there!", "Hey, I like that {} of yours!"],
    smile: &["Hey, great smile!", "Hey, love the smile!"],
};

const CHILD_ZH: Persona = Persona {
    openings: &["小小探險家，出發囉！", "科學探險隊，集合！", "打開探照燈，我們有新發現囉！"],
    unknown_openings: &["嗯，這一題考倒隊長了。", "小小探險家，你問到一個大謎題了。"],
    connectives: &["你知道嗎？", "仔細聽喔！", "再往前走一步看看！"],
    later_connectives: &["還有喔！", "探險還沒結束喔！"],
    closings: &["又解開一個謎題囉！", "接下來，想去哪裡探險呢？", "記得帶著好奇心繼續出發喔！"],
    unknown_closings: &["我們換一個題目來探險吧！", "要不要再問隊長別的問題？"],
    worn: &["哇，你的{}好好看！", "哇，好亮眼的{}！"],
    worn_plural: &[],
    carried: &["哇，你帶了{}，好酷喔！", "你帶著{}，一看就是準備好要探險了！"],
    smile: &["哇，你的笑容像小太陽一樣！", "看到你的笑容，隊長也跟著開心起來了！"],
};

const ELDER_ZH: Persona = Persona {
    openings: &[
        "謝謝您的提問，我慢慢說給您聽。",
        "很高興能為您介紹，請聽我細細道來。",
        "您問起這個，我很樂意陪您聊聊。",
    ],
    unknown_openings: &["謝謝您的提問。", "謝謝您耐心等候。"],
    connectives: &["容我再補充一點。", "我接著說給您聽。"],
    later_connectives: &["還有一點，也值得跟您分享。", "再跟您多聊一些。"],
    closings: &[
        "您若還想多了解，慢慢問，不急。",
        "您有興趣的話，我很樂意再為您多說一些。",
        "希望這樣說明，您聽得清楚。",
    ],
    unknown_closings: &["您可以換個方式再問問看，不急。", "您若想了解別的，歡迎再問我。"],
    worn: &["您的{}真好看！", "您今天的{}很適合您。"],
    worn_plural: &[],
    carried: &["您還帶了{}來，真好。", "看您帶著{}，準備得真周到。"],
    smile: &["您的笑容真親切。", "看到您的笑容，我也覺得溫暖。"],
};

const PROFESSIONAL_ZH: Persona = Persona {
    openings: &["感謝您的提問，謹說明如下。", "很榮幸為您說明。", "關於您的提問，說明如下。"],
    unknown_openings: &["感謝您的提問。"],
    connectives: &["此外，", "同時，"],
    later_connectives: &["另外，", "另值得留意的是，"],
    closings: &["以上說明，供您參考。", "若您需要進一步資訊，歡迎隨時提出。", "如有其他問題，樂意為您解答。"],
    unknown_closings: &["若有其他問題，樂意為您說明。"],
    worn: &["您好，歡迎蒞臨，您的{}相當得體。", "您好，您的{}很有品味，歡迎蒞臨。"],
    worn_plural: &[],
    carried: &["您好，歡迎您帶著{}前來參觀。", "您好，留意到您帶著{}，歡迎蒞臨。"],
    smile: &["您好，感謝您親切的笑容，歡迎蒞臨。", "您好，很高興看到您的笑容。"],
};

const CASUAL_ZH: Persona = Persona {
    openings: &["好喔，跟你說說。", "沒問題，跟你聊聊。", "來，一起看看。"],
    unknown_openings: &["嗯，老實說，", "這題我得誠實講："],
    connectives: &["再來，", "重點來了："],
    later_connectives: &["對了，", "順帶一提，"],
    closings: &["想多了解，再問我就好。", "還有什麼想知道的嗎？", "滿有意思的吧？"],
    unknown_closings: &["要不要換個問題試試？", "有別的想問，儘管說。"],
    worn: &["嗨，你的{}很好看耶！", "你的{}滿有型的！"],
    worn_plural: &[],
    carried: &["嗨，你帶的{}不錯喔！", "嗨，你的{}滿好看的！"],
    smile: &["嗨，你笑得好燦爛！", "你的笑容好有感染力！"],
};
