//! The built-in engine's conversions: the plain answer, put in a persona's frame by rule.
//!
//! The answer's own sentences stay word for word; around and between them stand a persona's phrases, drawn by
//! a hash of the answer, so that one answer always reads the same and two answers need not. In Chinese 你 becomes
//! 您 where the persona asks for it, except in quotations.

mod persona;
#[cfg(test)]
mod tests;

use super::facts;
use super::mention::{self, Kind, Mention};
use crate::answer::builtin::is_small_talk;
use crate::event::Tone;
use crate::language::{Lang, sentence};
use persona::{Persona, persona};

/// Converts a whole plain answer into a tone. Every figure, date and name stays as it is.
/// `mention`: the visitor's description, when this turn is to mention their clothing or what they carry.
pub fn convert(answer: &str, tone: Tone, lang: Lang, mention: Option<&str>) -> String {
    let body = answer.trim();
    if body.is_empty() {
        return String::new();
    }
    let respectful = matches!(tone, Tone::ElderFriendly | Tone::ProfessionalFriendly) && lang == Lang::ZhHant;
    let body = if respectful { respectfully(body) } else { body.to_owned() };
    if is_small_talk(answer) {
        return body;
    }
    let mention = mention.and_then(mention::find);
    let frame = Frame { persona: persona(tone, lang), lang, hash: hash(answer) };
    let framed = frame.around(&sentence::split(&body), mention.as_ref());
    // The frame adds no fact and takes none; should an odd answer prove otherwise, it goes out bare.
    if facts::missing(answer, &framed).is_empty() { framed } else { answer.trim().to_owned() }
}

/// A persona's frame for one answer.
struct Frame {
    persona: &'static Persona,
    lang: Lang,
    hash: u64,
}

impl Frame {
    /// The phrases before, between and behind an answer's sentences.
    fn around(&self, sentences: &[&str], mention: Option<&Mention>) -> String {
        let persona = self.persona;
        let unknown = admits_ignorance(sentences);
        let (openings, closings) = if unknown {
            (persona.unknown_openings, persona.unknown_closings)
        } else {
            (persona.openings, persona.closings)
        };
        let mut text = String::new();
        if let Some(mention) = mention.filter(|_| !unknown) {
            self.add(&mut text, &self.on(mention));
        }
        self.add(&mut text, self.draw(openings, 0));
        // Lists and paragraphs keep their shape: nothing is put between their lines.
        let flowing = !unknown && !sentences.iter().any(|s| s.trim().contains('\n') || s.ends_with('\n'));
        for (i, sentence) in sentences.iter().enumerate() {
            let connective = match i {
                _ if !flowing || connects(sentence) || is_quoting(&text) => "",
                1 => self.draw(persona.connectives, 1),
                3 => self.draw(persona.later_connectives, 2),
                _ => "",
            };
            self.add(&mut text, connective);
            if flowing && is_quoting(&text) {
                text.push_str(sentence);
            } else if flowing {
                self.add(&mut text, sentence.trim());
            } else {
                if i == 0 {
                    self.add(&mut text, "");
                    self.space(&mut text);
                }
                text.push_str(sentence);
            }
        }
        let lines = text.trim_end().rsplit('\n').next().is_some_and(is_item);
        text.truncate(text.trim_end().len());
        if lines {
            text.push('\n');
        }
        if !ends(&text) {
            text.push(if self.lang == Lang::En { '.' } else { '。' });
        }
        self.add(&mut text, self.draw(closings, 3));
        text
    }

    /// Adds a phrase, with a blank before it where the language has one.
    fn add(&self, text: &mut String, phrase: &str) {
        if !phrase.is_empty() {
            self.space(text);
            text.push_str(phrase);
        }
    }

    fn space(&self, text: &mut String) {
        let latin_end = text.ends_with(|c: char| c.is_ascii() && !c.is_whitespace());
        if !text.is_empty() && (latin_end || self.lang == Lang::En && !text.ends_with(char::is_whitespace)) {
            text.push(' ');
        }
    }

    /// One of a persona's phrases; each `place` draws by itself.
    fn draw(&self, phrases: &'static [&'static str], place: u32) -> &'static str {
        let bits = usize::try_from(self.hash.rotate_right(place * 13) & 0xffff).unwrap_or_default();
        phrases.get(bits % phrases.len().max(1)).copied().unwrap_or_default()
    }

    /// The sentence that mentions something of the visitor's.
    fn on(&self, mention: &Mention) -> String {
        let persona = self.persona;
        let plural = mention.thing.plural && self.lang == Lang::En;
        let phrases = match mention.thing.kind {
            Kind::Worn if plural => persona.worn_plural,
            Kind::Worn => persona.worn,
            Kind::Carried => persona.carried,
            Kind::Smile => persona.smile,
        };
        let phrase = self.draw(phrases, 4);
        let name = mention.name(self.lang);
        phrase.replace("{}", &name)
    }
}

/// Whether an answer says that it knows nothing: such an answer gets no jubilant frame.
fn admits_ignorance(sentences: &[&str]) -> bool {
    const SIGNS: [&str; 24] = [
        "don't know",
        "do not know",
        "not know",
        "no information",
        "couldn't find",
        "could not find",
        "can't find",
        "cannot find",
        "not sure",
        "unable to",
        "don't have",
        "do not have",
        "can't answer",
        "cannot answer",
        "不知道",
        "無法回答",
        "找不到",
        "沒有找到",
        "查不到",
        "沒有相關",
        "不清楚",
        "無法提供",
        "沒有提到",
        "不太確定",
    ];
    let first = sentences.iter().map(|s| s.trim()).find(|s| !s.is_empty()).unwrap_or_default();
    let first = first.to_lowercase().replace('’', "'");
    SIGNS.iter().any(|sign| first.contains(sign))
}

/// Whether an answer says that nothing is known.
pub fn is_refusal(answer: &str) -> bool {
    admits_ignorance(&sentence::split(answer))
}

/// Whether an answer says something that a compliment may stand before: no greeting, no refusal.
pub fn has_content(answer: &str) -> bool {
    !is_small_talk(answer) && !is_refusal(answer)
}

/// Whether a quotation is still open at a text's end: nothing of ours belongs into it.
fn is_quoting(text: &str) -> bool {
    let count = |marks: [char; 3]| text.matches(marks).count();
    count(['「', '『', '“']) > count(['」', '』', '”'])
}

/// Whether a sentence has a connective of its own.
fn connects(sentence: &str) -> bool {
    const OWN: [&str; 30] = [
        "However",
        "But",
        "And",
        "Also",
        "Moreover",
        "In addition",
        "Furthermore",
        "Then",
        "So",
        "Therefore",
        "Besides",
        "Additionally",
        "Finally",
        "For example",
        "此外",
        "另外",
        "但",
        "不過",
        "然而",
        "因此",
        "所以",
        "其中",
        "而",
        "同時",
        "並",
        "例如",
        "也",
        "最後",
        "接著",
        "後來",
    ];
    let sentence = sentence.trim_start();
    OWN.iter().any(|word| sentence.starts_with(word)) || is_item(sentence)
}

/// Whether a line is an item of a list.
fn is_item(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(['-', '*', '•', '#', '|'])
        || line.split_once('.').is_some_and(|(number, rest)| {
            !number.is_empty()
                && number.len() < 4
                && number.bytes().all(|b| b.is_ascii_digit())
                && rest.starts_with(' ')
        })
}

/// Whether a text ends as sentences do, or with a line that needs no full stop.
fn ends(text: &str) -> bool {
    text.is_empty()
        || text.ends_with([
            '.', '!', '?', '。', '！', '？', '…', '\n', ':', '：', '"', '”', '」', '』', ')', '）', ';', '；',
        ])
}

/// 您 for 你, 各位 for 你們, outside quotations.
fn respectfully(text: &str) -> String {
    let terms = facts::quoted(text);
    let mut terms = terms.iter().peekable();
    let mut out = String::with_capacity(text.len());
    let mut protected = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        while let Some(range) = terms.next_if(|range| range.start <= at) {
            protected = protected.max(range.end);
        }
        if !matches!(c, '你' | '妳') || at < protected {
            out.push(c);
        } else if chars.next_if(|(_, next)| *next == '們').is_some() {
            out.push_str("各位");
        } else {
            out.push('您');
        }
    }
    out
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    let mixed = text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mixed ^ (mixed >> 29)
}
