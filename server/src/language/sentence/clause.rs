//! Clauses: a sentence's first part, for a reader who would rather begin than wait for its end.

use super::{Sentences, is_closer};
use crate::language::is_han;

/// A shorter part is not worth a call of its own ("However,", 此外，).
const MIN_WORDS: usize = 4;
/// The same in Han characters, two of which are about a word.
const MIN_HAN: usize = 6;

impl Sentences {
    /// Takes the clauses that the sentence begun holds, up to the last `,` `;` `:` `，` `；` `：` that ends one,
    /// with the white space behind it. None if they say less than some words, or would cut a figure, a date,
    /// a quotation or a bracket in two.
    pub fn take_clause(&mut self) -> Option<String> {
        if self.scanner.end.is_some() {
            return None; // the sentence may be over
        }
        let at = clause(&self.buffer)?;
        let rest = self.buffer.split_off(at);
        self.scanner.cut(at);
        Some(std::mem::replace(&mut self.buffer, rest))
    }
}

/// Where the last clause ends, in bytes, behind its white space.
fn clause(text: &str) -> Option<usize> {
    let (mut depth, mut is_quoted) = (0_usize, false);
    let (mut words, mut han) = (0, 0);
    let mut before = ' ';
    let mut end = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '"' {
            is_quoted = !is_quoted;
        } else if is_opener(c) {
            depth += 1;
        } else if is_closer(c) {
            depth = depth.saturating_sub(1);
        } else if is_han(c) {
            han += 1;
        } else if c.is_alphanumeric() && !before.is_alphanumeric() {
            words += 1;
        }
        let is_full = matches!(c, '，' | '；' | '：');
        let is_break = is_full
            || matches!(c, ',' | ';' | ':') && chars.peek().is_some_and(|(_, next)| next.is_whitespace());
        // "June 18, 2024" is one date.
        if is_break && !before.is_ascii_digit() && depth == 0 && !is_quoted {
            while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
            let cut = chars.peek().map_or(text.len(), |(next, _)| *next);
            if words * MIN_HAN + han * MIN_WORDS >= MIN_WORDS * MIN_HAN {
                end = Some((at, cut));
            }
        }
        before = c;
    }
    end.map(|(_, cut)| cut)
}

fn is_opener(c: char) -> bool {
    matches!(
        c,
        '「' | '『' | '（' | '(' | '“' | '‘' | '【' | '《' | '〈' | '〔' | '［' | '[' | '｛' | '{' | '«'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_end_where_one_may_breathe() {
        let check = |text: &str, clause: &str| {
            let mut sentences = Sentences::default();
            assert!(sentences.push(text).is_empty(), "{text}");
            assert_eq!(sentences.take_clause().unwrap_or_default(), clause, "{text}");
            let rest = sentences.finish().unwrap_or_default();
            assert_eq!(format!("{clause}{rest}"), text);
        };
        check("The tower was built early, and it ", "The tower was built early, ");
        check("The tower was built early,", "");
        check("The tower was built early, they say, of stone", "The tower was built early, they say, ");
        check("However, the tower", "");
        check("It opened on June 18, 2024 to all", "");
        check("It cost 30,000 dollars to build, ", "It cost 30,000 dollars to build, ");
        check("The sign says \"come in now, all of you", "");
        check("The tower (which is old, and tall", "");
        check("這座鐘樓建於一八九〇年，由", "這座鐘樓建於一八九〇年，");
        check("此外，鐘樓", "");
        check("館方說「請進來看看吧，各位", "");
        check("工研院在 1973 年成立，院長是", "工研院在 1973 年成立，");
        check("It is open. ", ""); // perhaps a whole sentence
    }

    #[test]
    fn the_sentence_goes_on_behind_its_clause() {
        let mut sentences = Sentences::default();
        assert!(sentences.push("The tower was built early, ").is_empty());
        assert_eq!(sentences.take_clause().unwrap(), "The tower was built early, ");
        assert_eq!(sentences.push("by Dr. Lin (who else?). It "), ["by Dr. Lin (who else?). "]);
        assert_eq!(sentences.finish().unwrap(), "It ");
    }
}
