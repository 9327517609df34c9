//! Passages' vectors, searched by brute force.
//!
//! A vector is held twice: as the signs of what sets it apart from the others (a bit a dimension), which are
//! compared with all of a large corpus, and as bytes, which the nearest by signs are compared by. For 100,000
//! vectors of 384 dimensions that is 4.8 MB to walk through and 38 MB to look into; no graph has to be built, and
//! a changed corpus costs nothing. (benches/search.rs: time and how many of the nearest are found.)

use super::float;
use super::index::top;

/// Up to so many vectors all are compared by their bytes.
const SMALL: usize = 4_096;
/// How many of a larger corpus are, for each one asked for: the nearest by signs.
const CLOSER: usize = 12;
/// How many are looked at more closely, for each of those, after half of the signs.
const FIRST: usize = 8;
/// How many vectors tell what a question's usual similarity is.
const SAMPLE: usize = 256;

/// Vectors of one dimension, each of length 1 and of one passage.
#[derive(Debug, Default)]
pub(super) struct Vectors {
    dimension: usize,
    /// Whose vector a row is, in the order of passages.
    passages: Vec<u32>,
    /// The rows' mean: what they all have in common.
    mean: Vec<f32>,
    /// By row: its values as bytes, in whatever unit, and what makes its length 1.
    bytes: Vec<i8>,
    scales: Vec<f32>,
    /// By 64 dimensions, then by row: which values are above the mean.
    signs: Vec<u64>,
}

/// A question's vector, to be compared with others.
#[derive(Debug)]
pub(super) struct Asked {
    bytes: Box<[i8]>,
    scale: f32,
}

impl Asked {
    pub(super) fn new(vector: &[f32]) -> Self {
        let bytes = quantized(vector);
        let scale = 1.0 / length(&bytes);
        Self { bytes, scale }
    }
}

/// What is near a question.
#[derive(Debug, Default)]
pub(super) struct Near {
    /// Passages with their cosines, best first.
    pub(super) best: Vec<(usize, f32)>,
    /// The cosine of a passage that has nothing to do with the question, and how much such ones differ.
    pub(super) usual: f32,
    pub(super) deviation: f32,
    /// How many passages tell that.
    pub(super) sample: usize,
}

impl Vectors {
    /// Of passages by their number, in its order; each vector in bytes, as [`quantized`] makes them. One of another
    /// dimension than the first is left out.
    pub(super) fn new(rows: &[(u32, Box<[i8]>)]) -> Self {
        let Some((_, first)) = rows.first() else { return Self::default() };
        let dimension = first.len();
        let mut vectors = Self { dimension, mean: vec![0.0; dimension], ..Self::default() };
        let rows: Vec<_> = rows.iter().filter(|(_, row)| row.len() == dimension).collect();
        for (passage, row) in &rows {
            let scale = 1.0 / length(row);
            vectors.mean.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f32::from(value) * scale);
            vectors.passages.push(*passage);
            vectors.bytes.extend_from_slice(row);
            vectors.scales.push(scale);
        }
        vectors.mean.iter_mut().for_each(|sum| *sum /= float(rows.len()));
        vectors.signs = vec![0; dimension.div_ceil(64) * rows.len()];
        for (at, (_, row)) in rows.iter().enumerate() {
            let signs: Vec<u64> = vectors.signs_of(row, vectors.scales[at]).collect();
            for (word, signs) in signs.into_iter().enumerate() {
                vectors.signs[word * rows.len() + at] = signs;
            }
        }
        vectors
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.passages.len()
    }

    /// The vectors' dimension; none if there are none.
    pub(super) fn dimension(&self) -> Option<usize> {
        (!self.passages.is_empty()).then_some(self.dimension)
    }

    /// What is near a question; nothing if that is of another dimension.
    pub(super) fn near(&self, asked: &Asked, most: usize) -> Near {
        if asked.bytes.len() != self.dimension || self.passages.is_empty() {
            return Near::default();
        }
        let cosine = |row: usize| self.cosine(row, asked);
        let near = if self.len() <= SMALL {
            top((0..self.len()).map(|row| (row, cosine(row))), most)
        } else {
            top(self.closest_by_signs(asked, most * CLOSER).map(|row| (row, cosine(row))), most)
        };
        let sample: Vec<f32> = (0..self.len()).step_by(self.len().div_ceil(SAMPLE)).map(cosine).collect();
        let usual = sample.iter().sum::<f32>() / float(sample.len());
        let variance = sample.iter().map(|it| (it - usual).powi(2)).sum::<f32>() / float(sample.len());
        let best = near.into_iter().map(|(row, cosine)| (self.passages[row] as usize, cosine)).collect();
        Near { best, usual, deviation: variance.sqrt(), sample: sample.len() }
    }

    /// A passage's cosine to a question; none if it has no vector.
    pub(super) fn cosine_of(&self, passage: usize, asked: &Asked) -> Option<f32> {
        let row = self.passages.binary_search_by_key(&passage, |&it| it as usize).ok()?;
        (asked.bytes.len() == self.dimension).then(|| self.cosine(row, asked))
    }

    fn cosine(&self, row: usize, asked: &Asked) -> f32 {
        let bytes = &self.bytes[row * self.dimension..][..self.dimension];
        let products = bytes.iter().zip(&asked.bytes).map(|(&a, &b)| i32::from(i16::from(a) * i16::from(b)));
        #[allow(clippy::cast_precision_loss)] // at most 127 * 127 a dimension
        let dot = products.sum::<i32>() as f32;
        dot * self.scales[row] * asked.scale
    }

    /// The rows whose signs differ least from the question's, at least `most` of them if there are so many. All are
    /// compared by half of their signs, and the closest of them by all.
    fn closest_by_signs(&self, asked: &Asked, most: usize) -> impl Iterator<Item = usize> {
        let asked: Vec<u64> = self.signs_of(&asked.bytes, asked.scale).collect();
        let words: Vec<_> = self.signs.chunks_exact(self.len()).zip(asked).collect();
        let (first, second) = words.split_at(words.len().div_ceil(2));
        let mut differing = vec![0_u16; self.len()];
        for (signs, asked) in first {
            for (differing, signs) in differing.iter_mut().zip(*signs) {
                *differing += differing_bits(*signs, *asked);
            }
        }
        let mut closer = least(differing.iter().copied().enumerate(), most * FIRST);
        for (row, differing) in &mut closer {
            *differing +=
                second.iter().map(|(signs, asked)| differing_bits(signs[*row], *asked)).sum::<u16>();
        }
        least(closer.iter().copied(), most).into_iter().map(|(row, _)| row)
    }

    fn signs_of<'a>(&'a self, row: &'a [i8], scale: f32) -> impl Iterator<Item = u64> + use<'a> {
        row.chunks(64).zip(self.mean.chunks(64)).map(move |(values, means)| {
            let pairs = values.iter().zip(means).rev();
            pairs.fold(0, |bits, (&value, mean)| bits << 1 | u64::from(f32::from(value) * scale > *mean))
        })
    }
}

fn differing_bits(a: u64, b: u64) -> u16 {
    u16::try_from((a ^ b).count_ones()).unwrap_or_default()
}

/// The rows that differ least: `most` of them, and those that differ as little as the last.
fn least(rows: impl Iterator<Item = (usize, u16)> + Clone, most: usize) -> Vec<(usize, u16)> {
    let mut counts = Vec::new();
    for (_, differing) in rows.clone() {
        let differing = usize::from(differing);
        if counts.len() <= differing {
            counts.resize(differing + 1, 0);
        }
        counts[differing] += 1;
    }
    let mut closer = 0;
    let limit = counts.iter().position(|count| {
        closer += count;
        closer >= most
    });
    rows.filter(|&(_, differing)| limit.is_none_or(|limit| usize::from(differing) <= limit)).collect()
}

/// A vector's values as bytes, in a unit that makes the largest 127: enough for a cosine to two digits.
pub(super) fn quantized(vector: &[f32]) -> Box<[i8]> {
    let largest = vector.iter().fold(f32::MIN_POSITIVE, |largest, it| largest.max(it.abs()));
    #[allow(clippy::cast_possible_truncation)] // -127 to 127
    vector.iter().map(|it| (it / largest * 127.0).round() as i8).collect()
}

fn length(row: &[i8]) -> f32 {
    row.iter().map(|&it| f32::from(it) * f32::from(it)).sum::<f32>().sqrt().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(rng: &mut fastrand::Rng, around: &[f32], spread: f32) -> Vec<f32> {
        let vector: Vec<f32> = around.iter().map(|it| it + spread * (rng.f32() - 0.5)).collect();
        let length = vector.iter().map(|it| it * it).sum::<f32>().sqrt();
        vector.iter().map(|it| it / length).collect()
    }

    fn dot(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn the_nearest_are_found_in_a_small_and_in_a_large_corpus() {
        for rows in [50, SMALL + 3_000] {
            let mut rng = fastrand::Rng::with_seed(7);
            let common = unit(&mut rng, &[0.0; 96], 1.0);
            let topics: Vec<_> = (0..rows / 10).map(|_| unit(&mut rng, &common, 0.3)).collect();
            let rows: Vec<_> = (0..rows)
                .map(|at| (u32::try_from(3 * at).unwrap(), unit(&mut rng, &topics[at % topics.len()], 0.1)))
                .collect();
            let vectors =
                Vectors::new(&rows.iter().map(|(id, row)| (*id, quantized(row))).collect::<Vec<_>>());
            let mut found = 0;
            for topic in &topics[..5] {
                let question = unit(&mut rng, topic, 0.1);
                let asked = Asked::new(&question);
                let mut exact: Vec<_> =
                    rows.iter().map(|(passage, row)| (dot(row, &question), *passage)).collect();
                exact.sort_by(|a, b| b.0.total_cmp(&a.0));
                let near = vectors.near(&asked, 5);
                assert_eq!(near.best.len(), 5);
                assert!(near.best.is_sorted_by(|a, b| a.1 >= b.1));
                for (passage, cosine) in &near.best {
                    let row = &rows[passage / 3].1;
                    assert!((dot(row, &question) - cosine).abs() < 0.01);
                    assert_eq!(vectors.cosine_of(*passage, &asked), Some(*cosine));
                }
                assert!(near.usual + near.deviation < near.best[0].1);
                found += exact[..5]
                    .iter()
                    .filter(|it| near.best.iter().any(|(id, _)| *id == it.1 as usize))
                    .count();
            }
            assert!(found >= 23, "{found} of 25");
        }
    }

    #[test]
    fn what_has_no_vector_is_not_near() {
        let vectors = Vectors::new(&[(4, quantized(&[1.0, 0.0]))]);
        assert_eq!(vectors.cosine_of(3, &Asked::new(&[1.0, 0.0])), None);
        assert!(vectors.near(&Asked::new(&[1.0]), 5).best.is_empty());
        assert!(Vectors::new(&[]).near(&Asked::new(&[1.0]), 5).best.is_empty());
    }
}
