//! Passages' vectors, searched by brute force.
//!
//! A vector is held twice: as the signs of what sets it apart from the others (a bit a dimension), which are
//! compared with all of a large corpus, and as bytes, which the nearest by signs are compared by. For 100,000
//! vectors of 384 dimensions that is 4.8 MB to walk through and 38 MB to look into; no graph has to be built, and
//! a changed corpus costs nothing. (benches/search.rs: time and how many of the nearest are found.)

/// Up to so many vectors all are compared by their bytes.
const SMALL: usize = 4_096;
/// How many of a larger corpus are, for each one asked for: the nearest by signs.
const CLOSER: usize = 16;
/// How many vectors tell what a question's usual similarity is.
const SAMPLE: usize = 512;

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

/// What is near a question.
#[derive(Debug, Default)]
pub(super) struct Near {
    /// Passages with their cosines, best first.
    pub(super) best: Vec<(usize, f32)>,
    /// The cosine of a passage that has nothing to do with the question, and how much such ones differ.
    pub(super) usual: f32,
    pub(super) deviation: f32,
}

impl Vectors {
    /// Of passages by their number, in its order; each vector in bytes, as [`quantized`] makes them.
    pub(super) fn new(rows: &[(u32, Box<[i8]>)]) -> Self {
        let Some((_, first)) = rows.first() else { return Self::default() };
        let dimension = first.len();
        let mut vectors = Self { dimension, mean: vec![0.0; dimension], ..Self::default() };
        for (passage, row) in rows {
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

    /// What is near a question's vector; nothing if that is of another dimension.
    pub(super) fn near(&self, question: &[f32], most: usize) -> Near {
        if question.len() != self.dimension || self.passages.is_empty() {
            return Near::default();
        }
        let question = quantized(question);
        let scale = 1.0 / length(&question);
        let cosine = |row: usize| self.cosine(row, &question, scale);
        let mut near: Vec<(usize, f32)> = if self.len() <= SMALL {
            (0..self.len()).map(|row| (row, cosine(row))).collect()
        } else {
            self.closest_by_signs(&question, scale, most * CLOSER).map(|row| (row, cosine(row))).collect()
        };
        let sample: Vec<f32> = (0..self.len()).step_by(self.len().div_ceil(SAMPLE)).map(cosine).collect();
        let usual = sample.iter().sum::<f32>() / float(sample.len());
        let variance = sample.iter().map(|it| (it - usual).powi(2)).sum::<f32>() / float(sample.len());
        near.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        near.truncate(most);
        let best = near.into_iter().map(|(row, cosine)| (self.passages[row] as usize, cosine)).collect();
        Near { best, usual, deviation: variance.sqrt() }
    }

    /// A passage's cosine to a question; none if it has no vector.
    pub(super) fn cosine_of(&self, passage: usize, question: &[f32]) -> Option<f32> {
        let row = self.passages.binary_search_by_key(&passage, |&it| it as usize).ok()?;
        let question = quantized(question);
        (question.len() == self.dimension).then(|| self.cosine(row, &question, 1.0 / length(&question)))
    }

    fn cosine(&self, row: usize, question: &[i8], scale: f32) -> f32 {
        let bytes = &self.bytes[row * self.dimension..][..self.dimension];
        let products = bytes.iter().zip(question).map(|(&a, &b)| i32::from(i16::from(a) * i16::from(b)));
        #[allow(clippy::cast_precision_loss)] // at most 127 * 127 a dimension
        let dot = products.sum::<i32>() as f32;
        dot * self.scales[row] * scale
    }

    /// The rows whose signs differ least from the question's, at least `most` of them if there are so many.
    fn closest_by_signs(&self, question: &[i8], scale: f32, most: usize) -> impl Iterator<Item = usize> {
        let mut differing = vec![0_u16; self.len()];
        for (signs, asked) in self.signs.chunks_exact(self.len()).zip(self.signs_of(question, scale)) {
            for (differing, signs) in differing.iter_mut().zip(signs) {
                *differing += u16::try_from((signs ^ asked).count_ones()).unwrap_or_default();
            }
        }
        let mut counts = vec![0; self.dimension + 1];
        for &it in &differing {
            counts[usize::from(it)] += 1;
        }
        let mut closer = 0;
        let limit = counts.iter().position(|count| {
            closer += count;
            closer >= most
        });
        let limit = limit.unwrap_or(self.dimension);
        differing.into_iter().enumerate().filter(move |&(_, it)| usize::from(it) <= limit).map(|(row, _)| row)
    }

    fn signs_of<'a>(&'a self, row: &'a [i8], scale: f32) -> impl Iterator<Item = u64> + use<'a> {
        row.chunks(64).zip(self.mean.chunks(64)).map(move |(values, means)| {
            let pairs = values.iter().zip(means).rev();
            pairs.fold(0, |bits, (&value, mean)| bits << 1 | u64::from(f32::from(value) * scale > *mean))
        })
    }
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

/// A count as a float; counts of passages are far below where that is inexact.
#[allow(clippy::cast_precision_loss)]
fn float(count: usize) -> f32 {
    count as f32
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
                let mut exact: Vec<_> =
                    rows.iter().map(|(passage, row)| (dot(row, &question), *passage)).collect();
                exact.sort_by(|a, b| b.0.total_cmp(&a.0));
                let near = vectors.near(&question, 5);
                assert_eq!(near.best.len(), 5);
                assert!(near.best.is_sorted_by(|a, b| a.1 >= b.1));
                for (passage, cosine) in &near.best {
                    let row = &rows[passage / 3].1;
                    assert!((dot(row, &question) - cosine).abs() < 0.01);
                    assert_eq!(vectors.cosine_of(*passage, &question), Some(*cosine));
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
        assert_eq!(vectors.cosine_of(3, &[1.0, 0.0]), None);
        assert!(vectors.near(&[1.0], 5).best.is_empty());
        assert!(Vectors::new(&[]).near(&[1.0], 5).best.is_empty());
    }
}
