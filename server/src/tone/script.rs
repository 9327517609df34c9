//! The zh-Hant guard: characters that exist only in Simplified are turned into Traditional in a model's
//! output as it streams. Everything else passes as it is: a whole-text conversion would damage correct
//! Traditional (蘇姿丰, 台, 公里), so characters that Taiwan writes too (后, 里, 台, 丰) are never touched.
//!
//! Some of those characters have several Traditional forms, told by their neighbours (头发 and 发展). Such a
//! one is held until at most two more characters have come; nothing else ever waits.
//!
//! Not done here: Mainland vocabulary (软件 becomes 軟件, not 軟體), and no quotation is spared for being
//! meant as Simplified.

mod table;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use table::{Before, Form, table};

/// A stream of deltas on its way to Traditional. The result doesn't depend on where deltas were cut.
#[derive(Debug, Default)]
pub struct Traditional {
    /// What came before, so far as neighbours matter.
    before: Before,
    /// A character whose neighbours haven't all come, and those that have: at most two characters.
    held: String,
}

impl Traditional {
    /// Takes a delta and returns what can go out now: the delta itself where there is nothing to turn.
    pub fn push<'a>(&mut self, delta: &'a str) -> Cow<'a, str> {
        if self.held.is_empty() {
            return self.read(delta, false);
        }
        let mut text = std::mem::take(&mut self.held);
        text.push_str(delta);
        Cow::Owned(self.read(&text, false).into_owned())
    }

    /// What was held back, now that nothing more comes.
    pub fn finish(mut self) -> String {
        let text = std::mem::take(&mut self.held);
        self.read(&text, true).into_owned()
    }

    fn read<'a>(&mut self, text: &'a str, ended: bool) -> Cow<'a, str> {
        let table = table();
        let mut turned = String::new();
        let mut copied = 0; // up to here, `turned` has it
        for (at, c) in text.char_indices() {
            let form = if c.is_ascii() { Form::Same } else { table.form(c) };
            let end = at + c.len_utf8();
            let form = match form {
                Form::Same => {
                    table.pass(&mut self.before, c);
                    continue;
                }
                Form::Always(form) => form,
                Form::Depends => {
                    let Some(form) = table.resolve(c, self.before, &text[end..], ended) else {
                        text[at..].clone_into(&mut self.held);
                        return whole(turned, &text[copied..at]);
                    };
                    form
                }
            };
            table.pass(&mut self.before, c);
            if form != c {
                turned.push_str(&text[copied..at]);
                turned.push(form);
                copied = end;
            }
        }
        whole(turned, &text[copied..])
    }
}

/// What was turned, and the rest that needn't be.
fn whole(mut turned: String, rest: &str) -> Cow<'_, str> {
    if turned.is_empty() {
        return Cow::Borrowed(rest);
    }
    turned.push_str(rest);
    Cow::Owned(turned)
}
