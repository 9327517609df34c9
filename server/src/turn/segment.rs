//! Segments: how the answer's text is handed to the converter while it is still being generated.

use crate::language::sentence::Sentences;

/// Cuts an answer into segments. The first may be a clause, so that something can be said early; later ones
/// are whatever sentences have gathered since the last (natural batching).
#[derive(Debug, Default)]
pub(super) struct Segments {
    sentences: Sentences,
    /// Whole sentences that were not yet handed out.
    gathered: String,
    is_ended: bool,
}

impl Segments {
    /// Takes a piece of the answer.
    pub(super) fn push(&mut self, text: &str) {
        for sentence in self.sentences.push(text) {
            self.gathered.push_str(&sentence);
        }
    }

    /// The answer is whole.
    pub(super) fn end(&mut self) {
        self.is_ended = true;
        self.gathered.extend(std::mem::take(&mut self.sentences).finish());
    }

    /// Whether the answer is whole.
    pub(super) fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// Whether all of a whole answer was handed out.
    pub(super) fn is_drained(&self) -> bool {
        self.is_ended && self.gathered.is_empty()
    }

    /// Whether there is something to take.
    pub(super) fn has_gathered(&self) -> bool {
        !self.gathered.is_empty()
    }

    /// What has gathered and was not taken.
    pub(super) fn gathered(&self) -> &str {
        &self.gathered
    }

    /// All that has gathered, if anything.
    pub(super) fn take(&mut self) -> Option<String> {
        (!self.gathered.is_empty()).then(|| std::mem::take(&mut self.gathered))
    }

    /// Sees to it that a clause counts as gathered if no whole sentence has.
    /// Returns whether there is something to take.
    pub(super) fn gather_early(&mut self) -> bool {
        if self.gathered.is_empty() {
            self.gathered.extend(self.sentences.take_clause());
        }
        !self.gathered.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_may_be_a_clause_and_later_ones_are_sentences() {
        let mut segments = Segments::default();
        segments.push("The tower is old, it ");
        assert!(segments.take().is_none());
        assert!(segments.gather_early());
        assert_eq!(segments.take().unwrap(), "The tower is old, ");
        segments.push("is tall, really. It has a bell. And a ");
        assert_eq!(segments.take().unwrap(), "it is tall, really. It has a bell. ");
        assert!(segments.take().is_none() && !segments.is_drained());
        segments.push("clock");
        segments.end();
        assert_eq!(segments.take().unwrap(), "And a clock");
        assert!(segments.is_drained());
    }

    #[test]
    fn an_early_cut_takes_whole_sentences_where_there_are_some() {
        let mut segments = Segments::default();
        segments.push("It is old. The tower is tall, and ");
        assert!(segments.gather_early());
        assert_eq!(segments.take().unwrap(), "It is old. ");
    }
}
