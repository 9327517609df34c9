//! Which words of a description speak of the visitor. A negation denies what follows it, a statue, a
//! picture or a comparison brings in someone who is not there, and what stands on a sign or in quotation
//! marks says nothing about whoever holds it up. Each token gets a [`Standing`]; rules and mentions use only
//! what is [`Standing::Plain`].

mod cue;
mod denied;
mod depicted;
mod written;

use std::ops::Range;

use super::tokens::{Kind, Token};
use cue::{CUES, Cue};

/// Whether a token speaks of the visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It does.
    Plain,
    /// It may be a print on a garment: no person in it is a visitor.
    Print,
    /// It is denied.
    Denied,
    /// It is quoted, written, depicted or compared.
    Apart,
}

/// The tokens' standings and the cues that made them.
pub(super) struct Scopes<'t> {
    tokens: &'t [Token],
    cues: Vec<(Range<usize>, Cue)>,
    standings: Vec<Standing>,
}

/// The standing of each token.
pub(super) fn standings(tokens: &[Token]) -> Vec<Standing> {
    let mut scopes =
        Scopes { tokens, cues: CUES.find(tokens), standings: vec![Standing::Plain; tokens.len()] };
    scopes.mark_written();
    scopes.mark_depicted();
    scopes.mark_compared();
    scopes.mark_denied();
    scopes.standings
}

/// Whether some of it is speech to a model.
pub(super) fn has_instruction(tokens: &[Token]) -> bool {
    CUES.find(tokens).iter().any(|(_, cue)| *cue == Cue::Instruction)
}

impl Scopes<'_> {
    fn mark(&mut self, range: Range<usize>, standing: Standing) {
        let end = range.end.min(self.standings.len());
        for here in &mut self.standings[range.start.min(end)..end] {
            *here = (*here).max(standing);
        }
    }

    fn is_apart(&self, at: usize) -> bool {
        self.standings.get(at) == Some(&Standing::Apart)
    }

    fn is(&self, at: usize, texts: &[&str]) -> bool {
        self.tokens.get(at).is_some_and(|token| token.any(texts))
    }

    fn before(&self, at: usize, texts: &[&str]) -> bool {
        at.checked_sub(1).is_some_and(|at| self.is(at, texts))
    }

    /// Whether two characters stand here.
    fn pair(&self, at: usize, first: &str, second: &str) -> bool {
        self.is(at, &[first]) && self.is(at + 1, &[second])
    }

    fn is_han(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == Kind::Han)
    }

    fn clause_start(&self, at: usize) -> usize {
        (0..at).rev().find(|i| self.breaks_clause(*i)).map_or(0, |i| i + 1)
    }

    fn clause_end(&self, at: usize) -> usize {
        (at..self.tokens.len()).find(|i| self.breaks_clause(*i)).unwrap_or(self.tokens.len())
    }

    fn sentence_start(&self, at: usize) -> usize {
        (0..at).rev().find(|i| self.tokens[*i].ends_sentence()).map_or(0, |i| i + 1)
    }

    fn sentence_end(&self, at: usize) -> usize {
        (at..self.tokens.len()).find(|i| self.tokens[*i].ends_sentence()).unwrap_or(self.tokens.len())
    }

    fn breaks_clause(&self, at: usize) -> bool {
        self.tokens[at].ends_clause()
            || self.is(at, &["while", "but", "whereas", "although", "though", "however"])
            || (self.is(at, &["and"]) && self.is(at + 1, VERBS))
            || self.pair(at, "而", "且")
    }

    /// "smiling like a child", 像個孩子般: whoever is compared to is not there.
    fn mark_compared(&mut self) {
        for (range, cue) in self.cues.clone() {
            if cue != Cue::Like || self.is_apart(range.start) {
                continue;
            }
            let judged = self
                .before(range.start, &["looks", "look", "looking", "seems", "seem", "appears", "something"]);
            if !judged {
                self.mark(range.start..self.clause_end(range.end), Standing::Apart);
            }
        }
    }
}

/// Verbs that begin a new statement about the visitor behind "and".
const VERBS: &[&str] = &[
    "is", "are", "has", "have", "wears", "wearing", "holds", "holding", "looks", "looking", "smiles",
    "smiling", "carries", "carrying", "stands", "standing", "sits", "sitting", "appears", "dressed", "seems",
    "with",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::tokens::tokens;

    /// `plain` words speak of the visitor, `apart` ones don't.
    fn check(text: &str, plain: &[&str], not: &[&str]) {
        let tokens = tokens(text);
        let standings = standings(&tokens);
        for (words, expect) in [(plain, true), (not, false)] {
            for word in words {
                let at = tokens.iter().position(|t| t.is(word)).unwrap_or_else(|| panic!("{word} in {text}"));
                assert_eq!(standings[at] == Standing::Plain, expect, "{word} in {text}: {:?}", standings[at]);
            }
        }
    }

    #[test]
    fn pictures_and_statues() {
        check("a man standing next to a statue of an old woman, in jeans", &["man", "jeans"], &["woman"]);
        check("a girl holding a photo of her grandmother", &["girl"], &["grandmother"]);
        check("The image shows an elderly woman", &["elderly", "woman"], &[]);
        check("A photo of a boy smiling", &["boy"], &[]);
        check("A photo of a boy hangs on the wall", &[], &["boy"]);
        check("a woman in front of a poster that shows a child", &["woman"], &["child"]);
        check("海報上的孩童與一位男子", &[], &["孩"]);
        check("照片中是一位西裝男子", &["西"], &[]);
        check("男子拿著奶奶的照片", &["男"], &["奶"]);
    }

    #[test]
    fn negations() {
        check("a man not wearing a suit or tie, with a badge", &["badge", "man"], &["suit", "tie"]);
        check("without a tie but in a blazer", &["blazer"], &["tie"]);
        check("no tie with a coat", &["coat"], &["tie"]);
        check("沒有穿西裝的男子", &["男"], &["西"]);
        check("不是學生，是老師", &["師"], &["生"]);
        check("非常年輕", &["年"], &[]);
    }

    #[test]
    fn signs_and_quotes() {
        check("a woman with a sign that reads: you are a child. The boy", &["woman"], &["child", "boy"]);
        check("a woman whose sign says 'boy', in a suit", &["woman", "suit"], &["boy"]);
        check("牌子上寫著「小孩」，穿西裝", &["西"], &["孩"]);
        check("a boy reading a book", &["boy", "book"], &[]);
        check("“A boy in a suit.”", &["boy", "suit"], &[]);
    }
}
