//! The lead guard: a part of an answer that goes on must not begin anew. Small models greet once more, announce what
//! they are about to say ("向您說明：", "Sure, here is the text:") or agree ("好的，"), whatever they are told. Such a
//! beginning is taken off as it streams; nothing else is touched.
//!
//! Text is held only for as long as it may still be such a beginning: mostly not beyond its first character.

use std::borrow::Cow;

use crate::language::words::words;

/// What a reply may begin with, in lower case, and goes on behind a mark.
const LEADS: &[&str] = &[
    "hello",
    "hello there",
    "hi",
    "hi there",
    "hey",
    "hey there",
    "welcome",
    "sure",
    "sure thing",
    "certainly",
    "of course",
    "absolutely",
    "okay",
    "ok",
    "with pleasure",
    "let me tell you",
    "let me explain",
    "allow me to explain",
    "allow me to tell you",
    "i am pleased to tell you",
    "dear visitor",
    "dear guest",
    "你好",
    "您好",
    "嗨",
    "哈囉",
    "歡迎",
    "好的",
    "好喔",
    "沒問題",
    "當然",
    "當然可以",
    "向您說明",
    "向您報告",
    "為您說明",
    "跟您說",
    "跟您說說",
    "跟你說",
    "告訴你",
    "告訴您",
    "我來告訴你",
    "讓我告訴你",
    "讓我為您說明",
    "容我向您說明",
    "親愛的訪客",
    "各位貴賓",
];

/// What announces a text and ends in a colon; where the plain text has a colon or a word of it, it may be the
/// house's own.
const ANNOUNCING: &[&str] = &["here is", "here's", "here are", "以下是", "以下為"];

/// An announcement is not longer, in characters.
const MAX_ANNOUNCEMENT: usize = 60;

const MARKS: [char; 12] = [',', '，', '!', '！', ':', '：', '.', '。', '~', '～', '—', '、'];

/// A conversion's beginning as it streams. The result doesn't depend on where deltas were cut.
#[derive(Debug)]
pub struct Lead {
    /// What may still be taken off. `None`: the text is under way.
    held: Option<String>,
    /// The plain text in lower case; it may itself begin so.
    plain: String,
    /// The plain text begins with a capital.
    is_capital: bool,
    /// Something was taken off.
    is_led: bool,
}

/// What a beginning is.
enum Beginning {
    /// It may become a lead with what follows.
    Open,
    /// A lead of so many bytes, marks and white space included.
    Lead(usize),
    /// No lead.
    Text,
}

impl Lead {
    /// For the conversion of a plain text that goes on with an answer.
    pub fn over(plain: &str) -> Self {
        let plain = plain.trim_start();
        let is_capital = plain.starts_with(char::is_uppercase);
        Self { held: Some(String::new()), plain: plain.to_ascii_lowercase(), is_capital, is_led: false }
    }

    /// Takes a delta and returns what can go out now: the delta itself once the text is under way.
    pub fn push<'a>(&mut self, delta: &'a str) -> Cow<'a, str> {
        let Some(mut text) = self.held.take() else { return delta.into() };
        text.push_str(delta);
        loop {
            match self.beginning(&text) {
                Beginning::Text if self.is_led && self.is_capital => return capitalized(&text).into(),
                Beginning::Text => return text.into(),
                Beginning::Lead(end) if end < text.len() => {
                    text.drain(..end);
                    self.is_led = true;
                }
                // A lead that nothing follows as yet may be all that there is.
                Beginning::Lead(_) | Beginning::Open => {
                    self.held = Some(text);
                    return Cow::default();
                }
            }
        }
    }

    /// What was held back, now that nothing more comes.
    pub fn finish(&mut self) -> String {
        self.held.take().unwrap_or_default()
    }

    fn beginning(&self, text: &str) -> Beginning {
        let said = text.to_ascii_lowercase(); // as all leads are; places in it are places in the text
        let mut is_open = said.trim().is_empty();
        for lead in LEADS.iter().filter(|lead| behind(&self.plain, lead).is_none()) {
            match behind(&said, lead) {
                Some("") => is_open = true,
                Some(rest) => {
                    let behind = rest.trim_start_matches(MARKS).trim_start();
                    return Beginning::Lead(text.len() - behind.len());
                }
                None => is_open |= lead.starts_with(said.as_str()),
            }
        }
        for announcing in ANNOUNCING.iter().filter(|_| !self.plain.contains([':', '：'])) {
            if announcing.starts_with(said.as_str()) {
                is_open = true;
            } else if said.starts_with(announcing) {
                match announcement(&said) {
                    Beginning::Lead(end) if !self.has_words_of(&said[..end]) => {
                        return Beginning::Lead(text.len() - said[end..].trim_start().len());
                    }
                    Beginning::Lead(_) | Beginning::Text => {}
                    Beginning::Open => is_open = true,
                }
            }
        }
        if is_open { Beginning::Open } else { Beginning::Text }
    }

    /// Whether an announcement speaks of what the plain text does: then it says something.
    fn has_words_of(&self, announcement: &str) -> bool {
        let plain = words(&self.plain);
        words(announcement).iter().any(|word| plain.contains(word))
    }
}

/// What stands behind a lead: a mark and more, or nothing. None where it is the beginning of something else.
fn behind<'a>(text: &'a str, lead: &str) -> Option<&'a str> {
    text.strip_prefix(lead).filter(|rest| rest.is_empty() || rest.starts_with(MARKS))
}

/// Whether an announcement ends in a colon, and where, or is a sentence of its own.
fn announcement(said: &str) -> Beginning {
    let mut chars = said.char_indices().take(MAX_ANNOUNCEMENT).peekable();
    while let Some((at, c)) = chars.next() {
        match (c, chars.peek()) {
            ('：', _) => return Beginning::Lead(at + c.len_utf8()),
            (':', None) => return Beginning::Open, // 10:30, or a text
            (':', Some((_, next))) if next.is_whitespace() => return Beginning::Lead(at + 1),
            ('。' | '.', _) => return Beginning::Text,
            _ => {}
        }
    }
    if said.chars().count() < MAX_ANNOUNCEMENT { Beginning::Open } else { Beginning::Text }
}

/// Behind "With pleasure, " a sentence goes on in lower case.
fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole, cut in two at every place, and in single characters.
    fn check(plain: &str, said: &str, expect: &str) {
        let through = |deltas: &[&str]| {
            let mut lead = Lead::over(plain);
            let mut passed = String::new();
            for delta in deltas {
                passed.push_str(&lead.push(delta));
            }
            passed + &lead.finish()
        };
        assert_eq!(through(&[said]), expect);
        for (at, _) in said.char_indices() {
            assert_eq!(through(&[&said[..at], &said[at..]]), expect, "cut at {at}");
        }
        let single: Vec<String> = said.chars().map(String::from).collect();
        assert_eq!(through(&single.iter().map(String::as_str).collect::<Vec<_>>()), expect);
    }

    #[test]
    fn greetings_and_announcements_are_taken_off() {
        check("這群人才後來成為種子部隊。", "向您說明：這群人才成為種子部隊。", "這群人才成為種子部隊。");
        check("它很老。", "好的，您好！它很老喔。", "它很老喔。");
        check("The bell is old.", "With pleasure, let me tell you: the bell is old.", "The bell is old.");
        check("and it rings.", "Sure! And it rings.", "And it rings.");
        check("It rings.", "Here is the text in my own voice: It rings.", "It rings.");
        check("它會響。", "以下是改寫後的內容：\n它會響。", "它會響。");
    }

    #[test]
    fn all_else_passes_as_it_is() {
        for said in [
            "Highlights are shown here.",
            "Here is the bell, and it rings.",
            "Okra grows there.",
            "Welcome Hall is on floor 2.",
            "Sure enough, it rang.",
            "好的設計來自需求。",
            "當然可以參觀的地方是大廳。",
            "以下是三樓。",
            "",
            "嗨",
            "Certainly.",
            "İstanbul: old.",
            "Here is İ:ẞ",
            "Here are the tours, the first at 10:30 each day.",
            "Here is the house: it is old.",
        ] {
            check("The house is old.", said, said);
        }
    }

    #[test]
    fn a_word_that_only_begins_like_a_lead_is_none() {
        check("His brothers built it.", "Hi! His brothers built it.", "His brothers built it.");
        check("It was built by Anna.", "Here is Anna: she built it.", "Here is Anna: she built it.");
    }

    #[test]
    fn what_the_plain_text_begins_with_stays() {
        check("Welcome, it says at the gate.", "Welcome, says the gate.", "Welcome, says the gate.");
        check(
            "Here is what we have: a bell.",
            "Here is what we have: one bell.",
            "Here is what we have: one bell.",
        );
        check("歡迎！這是館訓。", "歡迎！館訓是這個。", "歡迎！館訓是這個。");
    }

    #[test]
    fn text_is_held_only_while_it_may_be_a_lead() {
        let mut lead = Lead::over("The bell rings.");
        assert_eq!(lead.push("Th"), "Th");
        let mut lead = Lead::over("It rings.");
        assert_eq!(lead.push("Su"), "");
        assert_eq!(lead.push("ns"), "Suns");
    }
}
