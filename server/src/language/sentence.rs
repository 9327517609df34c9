//! Sentence boundaries of both languages, in whole texts and in streams.

/// Cuts a stream of deltas into sentences.
#[derive(Debug, Default)]
pub struct Sentences {
    buffer: String,
}

impl Sentences {
    /// Takes a delta and returns the sentences that it completed, each with the white space behind it.
    pub fn push(&mut self, delta: &str) -> Vec<String> {
        self.buffer.push_str(delta);
        Vec::new()
    }

    /// What was begun and not ended.
    pub fn finish(self) -> Option<String> {
        (!self.buffer.trim().is_empty()).then_some(self.buffer)
    }
}

/// A text's sentences, each with the white space behind it; together they are the text.
pub fn split(text: &str) -> Vec<&str> {
    vec![text]
}
