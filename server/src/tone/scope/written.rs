//! Quoted text, text on signs, and speech to a model.

use super::{Cue, Scopes, Standing};
use crate::tone::tokens::Kind;

const PAIRS: [(&str, &str); 8] = [
    ("“", "”"),
    ("「", "」"),
    ("『", "』"),
    ("《", "》"),
    ("〈", "〉"),
    ("\"", "\""),
    ("'", "'"),
    ("„", "“"),
];

impl Scopes<'_> {
    pub(super) fn mark_written(&mut self) {
        self.mark_quotes();
        for (i, (range, cue)) in self.cues.clone().into_iter().enumerate() {
            if self.is_apart(range.start) {
                continue;
            }
            match cue {
                Cue::Instruction => self.mark(range.start..self.tokens.len(), Standing::Apart),
                Cue::Utters if self.can_utter(i) => self.mark_text(range.end),
                Cue::Words | Cue::Carrier if self.is(range.end, &[":"]) => self.mark_text(range.end),
                Cue::Words
                    if self.before(range.start, &["with", "bearing", "has", "displaying", "showing"]) =>
                {
                    self.mark_text(range.end);
                }
                _ => {}
            }
        }
    }

    /// Quoted text is apart; quotation marks around the whole description are a model's habit and ignored.
    fn mark_quotes(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            if self.tokens[at].kind != Kind::Mark {
                at += 1;
                continue;
            }
            let close = PAIRS.iter().find(|(open, _)| self.tokens[at].is(open)).map(|(_, close)| *close);
            let Some(close) = close.filter(|close| self.opens(at, close)) else {
                at += 1;
                continue;
            };
            let end = (at + 1..self.tokens.len())
                .find(|i| self.tokens[*i].kind == Kind::Mark && self.tokens[*i].is(close));
            let whole = at == 0 && end.is_none_or(|end| end + 1 == self.tokens.len());
            match end {
                _ if whole => at += 1,
                Some(end) => {
                    self.mark(at..end + 1, Standing::Apart);
                    at = end + 1;
                }
                // An apostrophe that closes nothing: "the boys' room".
                None if close == "'" => at += 1,
                None => {
                    self.mark(at..self.tokens.len(), Standing::Apart);
                    at = self.tokens.len();
                }
            }
        }
    }

    /// Straight marks open only behind a gap; an inch mark stands behind a figure.
    fn opens(&self, at: usize, close: &str) -> bool {
        if close != "'" && close != "\"" {
            return true;
        }
        let Some(previous) = at.checked_sub(1).and_then(|i| self.tokens.get(i)) else { return true };
        let touches = previous.bytes.end == self.tokens[at].bytes.start;
        match previous.kind {
            Kind::Word | Kind::Number => !touches,
            Kind::Han | Kind::Mark => true,
        }
    }

    /// Whether "says" or 寫著 tells of a text: something to write on comes before it, or a colon after.
    fn can_utter(&self, cue: usize) -> bool {
        let range = &self.cues[cue].0;
        if self.is_han(range.start) || self.is(range.end, &[":"]) || self.is_apart(range.end) {
            return true;
        }
        let near = if self.is(range.start, &["reading"]) {
            range.start.saturating_sub(3)
        } else {
            self.sentence_start(range.start)
        };
        self.cues[..cue]
            .iter()
            .rev()
            .take_while(|(r, _)| r.start >= near)
            .any(|(_, c)| matches!(c, Cue::Carrier | Cue::Garment | Cue::Picture | Cue::Image))
    }

    /// Marks the text that begins here. A quoted one ends with its quotation marks and is marked already;
    /// behind a colon nobody knows where it ends, so that it takes all that follows; else its sentence.
    fn mark_text(&mut self, at: usize) {
        let at = at + usize::from(self.is(at, &["著", "有", "了"]));
        let colon = self.is(at, &[":"]);
        let first = at + usize::from(colon || self.is(at, &[","]));
        let printed = self.before(at, &["有", "著", "上"]) && self.before(at - 1, &["印", "繡"]);
        if self.is_apart(first) {
            return;
        }
        let end = if colon {
            self.tokens.len()
        } else if printed {
            (at..self.clause_end(at)).find(|i| self.is(*i, &["的"])).unwrap_or(self.clause_end(at))
        } else {
            self.sentence_end(at)
        };
        self.mark(first..end, Standing::Apart);
    }
}
