//! The vectors of the passages of one [`Knowledge`], while they are gathered.

use std::sync::Arc;

use super::Knowledge;
use super::library::blocking;
use super::store::{Key, Maker, Row};
use super::vectors::Vectors;

/// Passages' vectors, as far as there are any.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) knowledge: Arc<Knowledge>,
    pub(super) texts: Vec<String>,
    pub(super) keys: Vec<Key>,
    pub(super) found: Vec<Option<Row>>,
    pub(super) maker: Maker,
    pub(super) dimension: Option<usize>,
    /// What the file has is dropped with the first that is written.
    pub(super) is_anew: bool,
}

impl Rows {
    /// The numbers of those that lack.
    pub(super) fn lacking(&self) -> impl Iterator<Item = usize> {
        self.found.iter().enumerate().filter(|(_, row)| row.is_none()).map(|(at, _)| at)
    }

    pub(super) fn done(&self) -> usize {
        self.found.iter().flatten().count()
    }

    /// Whether none lacks.
    pub(super) fn is_whole(&self) -> bool {
        self.lacking().next().is_none()
    }

    /// Lets the passages be found by what there is, unless they are found by as many already.
    pub(super) async fn give(self) {
        let give = move || {
            if self.done() <= self.knowledge.embedded() {
                return;
            }
            let numbered = self.found.into_iter().zip(0..).filter_map(|(row, at)| Some((at, row?)));
            self.knowledge.set_vectors(Vectors::new(&numbered.collect::<Vec<_>>()));
        };
        blocking(give).await;
    }
}
