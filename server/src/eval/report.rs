//! What came of the questions: by kind and by language, as a table and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

use super::question::{Contains, Question};
use crate::event::Source;

/// A question and what came of it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) question: Question,
    pub(super) answer: String,
    pub(super) sources: Vec<Source>,
    /// Nothing that was found can answer; where a model answers: it says that it doesn't know.
    pub(super) is_refused: bool,
    /// The answer says that it doesn't know.
    pub(super) is_answer_refused: bool,
    /// It was searched by words alone although there are embeddings.
    pub(super) is_degraded: bool,
    pub(super) took_ms: f64,
}

impl Asked {
    /// Which of the sources answers it first, counted from 0.
    fn rank(&self) -> Option<usize> {
        let is_relevant = |it: &Source| self.question.relevant.iter().any(|title| **title == *it.title);
        self.sources.iter().position(is_relevant)
    }

    fn is_answerable(&self) -> bool {
        !self.question.relevant.is_empty()
    }

    /// Whether the answer has what it must; none if nothing is named.
    fn contains(&self) -> Option<bool> {
        let expected = &self.question.answer_contains;
        let answer = self.answer.to_lowercase();
        let mut strings = expected.iter().flat_map(Contains::strings);
        (!expected.is_empty()).then(|| strings.any(|it| answer.contains(&it.to_lowercase())))
    }

    /// What went wrong, for people: the answer lacks what it should have, or the document was not found.
    fn missed(&self) -> Option<String> {
        let found = match self.rank() {
            Some(rank) => format!("its document is number {} of those found", rank + 1),
            None if self.is_answerable() => "its document was not found".into(),
            None => "no document answers it".into(),
        };
        let is_lost = self.is_answerable() && self.rank().is_none();
        match self.contains() {
            Some(false) => Some(format!("the answer lacks what it should have; {found}")),
            Some(true) if is_lost => Some(format!("{found}, though the answer fits")),
            None if is_lost => Some(found),
            _ => None,
        }
    }
}

/// How the questions of one kind fared. Shares are of those that can be answered; none if there is no such.
#[derive(Debug, Default, Serialize)]
struct Group {
    questions: usize,
    answerable: usize,
    recall_at_1: Option<f64>,
    recall_at_6: Option<f64>,
    mrr: Option<f64>,
    /// How many were refused, by the search or by the model.
    refused: usize,
    /// How many answers say that they don't know: the built-in engine refuses more than the search.
    answers_refused: usize,
    /// How many answers have a string that they should have, of those that name one.
    answers_contain: usize,
    answers_expected: usize,
}

impl Group {
    fn of<'a>(asked: impl Iterator<Item = &'a Asked>) -> Self {
        let mut group = Self::default();
        let (mut first, mut six, mut reciprocal) = (0.0, 0.0, 0.0);
        for it in asked {
            group.questions += 1;
            group.refused += usize::from(it.is_refused);
            group.answers_refused += usize::from(it.is_answer_refused);
            if let Some(contains) = it.contains() {
                group.answers_expected += 1;
                group.answers_contain += usize::from(contains);
            }
            if !it.is_answerable() {
                continue;
            }
            group.answerable += 1;
            if let Some(rank) = it.rank() {
                first += f64::from(u8::from(rank == 0));
                six += 1.0;
                #[allow(clippy::cast_precision_loss)] // below 6
                let position = rank as f64 + 1.0;
                reciprocal += 1.0 / position;
            }
        }
        #[allow(clippy::cast_precision_loss)] // a count of questions
        let share = |sum: f64| (group.answerable > 0).then(|| sum / group.answerable as f64);
        (group.recall_at_1, group.recall_at_6, group.mrr) = (share(first), share(six), share(reciprocal));
        group
    }
}

/// All questions.
#[derive(Debug, Default)]
pub(super) struct Report {
    asked: Vec<Asked>,
}

impl Report {
    pub(super) fn add(&mut self, asked: Asked) {
        self.asked.push(asked);
    }

    fn groups(&self, key: impl Fn(&Asked) -> &str) -> BTreeMap<&str, Group> {
        let mut keys: Vec<&str> = self.asked.iter().map(&key).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter()
            .map(|it| (it, Group::of(self.asked.iter().filter(|asked| key(asked) == it))))
            .collect()
    }

    fn kinds(&self) -> BTreeMap<&str, Group> {
        self.groups(|asked| &asked.question.kind)
    }

    fn languages(&self) -> BTreeMap<&str, Group> {
        self.groups(|asked| asked.question.lang.as_deref().unwrap_or("unknown"))
    }

    /// The time within which a share of the searches was done.
    fn quantile(&self, share: f64) -> Option<f64> {
        let mut times: Vec<f64> = self.asked.iter().map(|it| it.took_ms).collect();
        times.sort_by(f64::total_cmp);
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let at = (share * times.len() as f64).ceil() as usize;
        times.get(at.saturating_sub(1)).copied()
    }

    pub(super) fn json(&self) -> Value {
        let result = |it: &Asked| {
            let source = |it: &Source| json!({ "title": &*it.title, "file": &*it.file, "score": it.score });
            json!({
                "id": it.question.id,
                "kind": it.question.kind,
                "lang": it.question.lang,
                "refused": it.is_refused,
                "answer_refused": it.is_answer_refused,
                "degraded": it.is_degraded,
                "rank": it.rank().map(|rank| rank + 1),
                "sources": it.sources.iter().map(source).collect::<Vec<_>>(),
                "answer": it.answer,
                "answer_contains": it.contains(),
                "query_ms": it.took_ms,
            })
        };
        let all = Group::of(self.asked.iter());
        json!({
            "questions": all.questions,
            "refused": all.refused,
            "degraded": self.degraded(),
            "answerable_refused": self.answerable_refused(),
            "kinds": self.kinds(),
            "languages": self.languages(),
            "all": all,
            "query_ms": { "p50": self.quantile(0.5), "p99": self.quantile(0.99) },
            "results": self.asked.iter().map(result).collect::<Vec<_>>(),
        })
    }

    /// How many questions were searched by words alone although there are embeddings.
    pub(super) fn degraded(&self) -> usize {
        self.asked.iter().filter(|it| it.is_degraded).count()
    }

    fn answerable_refused(&self) -> usize {
        self.asked.iter().filter(|it| it.is_answerable() && it.is_refused).count()
    }

    pub(super) fn table(&self) -> String {
        let mut table = format!(
            "{:<16} {:>9} {:>9} {:>9} {:>6} {:>8} {:>10} {:>12}\n",
            "", "questions", "recall@1", "recall@6", "MRR", "refused", "no answer", "answer fits"
        );
        let share = |share: Option<f64>| share.map_or_else(|| "-".into(), |share| format!("{share:.2}"));
        let mut row = |name: &str, group: &Group| {
            let fits = format!("{} of {}", group.answers_contain, group.answers_expected);
            let _ = writeln!(
                table,
                "{name:<16} {:>9} {:>9} {:>9} {:>6} {:>8} {:>10} {fits:>12}",
                group.questions,
                share(group.recall_at_1),
                share(group.recall_at_6),
                share(group.mrr),
                group.refused,
                group.answers_refused,
            );
        };
        self.kinds().iter().for_each(|(name, group)| row(name, group));
        self.languages().iter().for_each(|(name, group)| row(name, group));
        row("all", &Group::of(self.asked.iter()));
        let ms = |share: f64| self.quantile(share).unwrap_or_default();
        let _ = writeln!(table, "\nsearch: p50 {:.1} ms, p99 {:.1} ms", ms(0.5), ms(0.99));
        if self.degraded() > 0 {
            let _ = writeln!(table, "degraded: {} of the searches, by words alone", self.degraded());
        }
        for (it, why) in self.asked.iter().filter_map(|it| Some((it, it.missed()?))) {
            let Question { id, text, .. } = &it.question;
            let _ = writeln!(table, "\nmissed {id}: {text}\n  {}\n  {why}", it.answer);
        }
        table
    }
}
