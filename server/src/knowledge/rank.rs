//! Which passages fit a question, and in what order: what the words say and what the vectors say, as one score.
//!
//! Both are put on scales that don't depend on the question's other passages: the keywords' score is the share of
//! what BM25 could give at most; a cosine is told by how far it stands out from what is usual for this question,
//! since E5's cosines all lie between 0.7 and 0.9. Their weighed sum keeps how much better the first is, which
//! fusing ranks would lose. (On two sets of 45 questions about a real corpus the mean reciprocal rank was the same
//! for shares of 0.4 to 0.65; each alone and scores scaled to the best of a question were worse.)

use super::index::Query;
use super::vectors::Asked;
use super::{Knowledge, float};
use crate::language::words::alike::known_in;
use crate::language::words::terms;

/// How many of the best by each are looked at closely; the rest cannot come among the first six.
const CANDIDATES: usize = 32;

/// The least share of a question's information (the summed rarity of its words, those included that no
/// document holds) that a passage must hold to fit the question. Low on purpose: a visitor's words are
/// seldom the documents' words, and whoever answers from the passages refuses by itself; it keeps out
/// passages that share no more than a common word with the question.
const FIT: f32 = 0.06;

/// How many deviations above the usual a cosine is that fits a question without any word in common. Among few passages
/// none can stand out so far: there it is this share of how far one could.
const NEAR: f32 = 2.0;
const NEAR_AMONG_FEW: f32 = 0.7;

/// Cosines that differ less than this, which is what bytes tell apart, are the same.
const LEAST_DEVIATION: f32 = 0.005;

/// A cosine so many deviations above the usual counts as 1: about what the best passage for a question has.
const STANDS_OUT: f32 = 5.0;

/// The vectors' share in the score.
const VECTORS: f32 = 0.55;

/// Added to the score of a passage that says what the thing in question is: it goes before all that only
/// mention it.
const DEFINES: f32 = 1.0;

/// A passage in the question's language goes before one in the other that matches as well.
const SAME_LANGUAGE: f32 = 1.1;

/// A passage that fits a question.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranked {
    pub(super) id: usize,
    pub(super) score: f32,
    /// As [`super::Passage::nearness`].
    pub(super) nearness: Option<f32>,
}

/// The passages that fit a question, best first. `vector`: the question's.
pub(super) fn rank(knowledge: &Knowledge, question: &str, vector: Option<&[f32]>) -> Vec<Ranked> {
    let mut asked = terms(question);
    // However the dictionary cut them.
    asked.extend(known_in(question).into_iter().map(str::to_owned));
    let query = Query::new(&knowledge.index, &asked);
    let by_words = |(id, score)| Ranked { id, score, nearness: None };
    let mut ranked: Vec<Ranked> = query.best(CANDIDATES).into_iter().map(by_words).collect();
    ranked.retain(|it| query.share(it.id) >= FIT);
    let defining = knowledge.definitions.of(question);
    for &id in defining {
        if !ranked.iter().any(|it| it.id == id) {
            ranked.push(by_words((id, query.score(id))));
        }
    }
    if let Some(vector) = vector {
        fuse(knowledge, &query, vector, &mut ranked);
    }
    let lang = super::language(question);
    for Ranked { id, score, .. } in &mut ranked {
        if knowledge.passages[*id].lang == lang {
            *score *= SAME_LANGUAGE;
        }
        if defining.contains(id) {
            *score += DEFINES;
        }
    }
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
    ranked
}

/// Adds what is near by its vector, and turns the keywords' scores into both's.
fn fuse(knowledge: &Knowledge, query: &Query<'_>, vector: &[f32], ranked: &mut Vec<Ranked>) {
    let vectors = knowledge.vectors();
    let asked = Asked::new(vector);
    let near = vectors.near(&asked, CANDIDATES);
    let stands_out = |cosine: f32| (cosine - near.usual) / near.deviation.max(LEAST_DEVIATION);
    // By so many deviations one of a few can stand out at most; of two, one always does.
    let furthest = float(near.sample.saturating_sub(1)).sqrt();
    let can_stand_out = near.sample > 2;
    let is_near = |cosine: f32| can_stand_out && stands_out(cosine) >= NEAR.min(NEAR_AMONG_FEW * furthest);
    for &(id, cosine) in &near.best {
        if is_near(cosine) && !ranked.iter().any(|it| it.id == id) {
            ranked.push(Ranked { id, score: query.score(id), nearness: None });
        }
    }
    for Ranked { id, score, nearness } in ranked {
        *nearness = vectors.cosine_of(*id, &asked).map(stands_out);
        let near = (nearness.unwrap_or_default() / STANDS_OUT).max(0.0);
        *score = VECTORS * near + (1.0 - VECTORS) * *score;
    }
}
