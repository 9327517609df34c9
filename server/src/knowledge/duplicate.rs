//! Passages that say the same: one is enough for a prompt of six.
//!
//! The same say texts that differ in case, width, spaces, marks and articles alone. One other word may be all that
//! matters ("closed on Monday", "not for children"), so how much else two texts have in common counts for nothing.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use crate::language::is_han;

/// A text shorter than this, in letters, often says nothing without its title ("Yes, daily."): it is the same only
/// under the same title.
const SPEAKS_FOR_ITSELF: usize = 40;

/// Words that may be there or not.
const ARTICLES: [&str; 3] = ["a", "an", "the"];

/// Passages seen so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    texts: HashMap<String, usize>,
}

impl Seen {
    /// The number of an earlier text that says the same; else the text is remembered as the next.
    pub(super) fn same(&mut self, title: &str, text: &str) -> Option<usize> {
        let next = self.texts.len();
        let mut said = reduced(text);
        if said.chars().count() < SPEAKS_FOR_ITSELF {
            said = format!("{}\n{said}", reduced(title));
        }
        let number = *self.texts.entry(said).or_insert(next);
        (number < next).then_some(number)
    }
}

/// What a text says, without what makes no difference. A space parts words of letters; a mark counts where it stands
/// between digits (1.5, 10:00) or before one (-5), and so does whatever is no mark of a sentence (5 %, C++).
fn reduced(text: &str) -> String {
    let chars: Vec<char> = text.nfkc().flat_map(char::to_lowercase).collect();
    let around = |at: Option<usize>| at.and_then(|at| chars.get(at)).copied().unwrap_or(' ');
    let mut words = vec![String::new()];
    for (at, &c) in chars.iter().enumerate() {
        let (before, behind) = (around(at.checked_sub(1)), around(Some(at + 1)));
        let is_of_number =
            behind.is_numeric() && (before.is_numeric() || !before.is_alphanumeric() && is_dash(c));
        if c.is_whitespace() || is_mark(c) && !is_of_number {
            words.push(String::new());
        } else if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    let mut said = String::new();
    for word in words.iter().filter(|word| !word.is_empty() && !ARTICLES.contains(&&***word)) {
        if !said.ends_with(|c: char| is_han(c)) && !word.starts_with(is_han) {
            said.push(' ');
        }
        said.push_str(word);
    }
    said
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// Marks of sentences, of quotations and of lists.
fn is_mark(c: char) -> bool {
    matches!(
        c,
        '.' | ',' | ';' | ':' | '!' | '?' | '(' | ')' | '[' | ']' | '"' | '\'' | '*' | '_' | '·' | '•' | '…' | '‧'
            | '\u{2018}'..='\u{201F}' | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301F}'
    ) || is_dash(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "The Great Tide Clock was built by Ada Lindqvist of Gothenburg for the harbour office, which \
                        used it to warn ships of low water. It came to the museum in 1962 and was repaired twice.";

    fn is_same(a: &str, b: &str) -> bool {
        let mut seen = Seen::default();
        assert_eq!(seen.same("", a), None);
        seen.same("", b) == Some(0)
    }

    #[test]
    fn marks_spaces_width_case_and_articles_make_no_difference() {
        for (a, b) in [
            (
                TEXT,
                &*TEXT.replace("twice.", "twice!").replace("The ", "the  ").replace("the museum", "museum"),
            ),
            (TEXT, &TEXT.replace("1962", "１９６２").replace("office,", "office –")),
            ("鐘在入口大廳，高 2 公尺。", "鐘在入口大廳 高2公尺"),
            ("每日 9:00–17:00 開放（週一休館）。", "每日９：００–１７：００開放，週一休館"),
            ("鐘", "鐘！"),
        ] {
            assert!(is_same(a, b), "{a}\n{b}");
        }
    }

    #[test]
    fn any_other_word_or_figure_does() {
        for (a, b) in [
            (TEXT, &*TEXT.replace("warn", "warm")),
            (TEXT, &TEXT.replace("1962", "1963")),
            (TEXT, &TEXT.replace("was repaired", "was not repaired")),
            ("We are closed on Monday, says Maria.", "We are closed on Friday, says Karla."),
            ("本館每逢星期一休館，其餘各日照常開放。", "本館每逢星期五休館，其餘各日照常開放。"),
            ("Open until 1.5 hours before sunset", "Open until 15 hours before sunset"),
            ("Kept at -5 °C", "Kept at 5 °C"),
            ("A discount of 5 %", "A discount of 5 €"),
            ("Tours before noon", "Tours after noon"),
        ] {
            assert!(!is_same(a, b), "{a}\n{b}");
        }
    }

    #[test]
    fn what_is_short_says_what_its_title_says() {
        let mut seen = Seen::default();
        assert_eq!(seen.same("Is the lift working?", "Yes."), None);
        assert_eq!(seen.same("Is the café open?", "Yes."), None);
        assert_eq!(seen.same("Is the Café open?", "yes"), Some(1));
        assert_eq!(seen.same("Timepiece", TEXT), None);
        assert_eq!(seen.same("Clock", TEXT), Some(2));
    }
}
