//! Passages that say the same, in all but a few characters: one is enough for a prompt of six.
//!
//! Alike are texts that share nine of ten runs of four characters and have the same figures. Who may be alike is
//! found by one-permutation minhash in bands, so that a large corpus is not compared pair by pair.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Characters of a run.
const RUN: usize = 4;
/// The share of runs that two texts have in common.
const ALIKE: f64 = 0.9;
/// Least hashes that are kept of a text, in bands: texts that share a band are compared. At nine of ten in common,
/// one pair of some thousands is missed.
const BANDS: usize = 8;
const BAND: usize = 4;

/// Passages seen so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// By band, passages in the order in which they came.
    bands: HashMap<(usize, [u64; BAND]), Vec<usize>>,
    texts: Vec<String>,
}

impl Seen {
    /// The number of an earlier text that is alike; else the text is remembered as the next.
    pub(super) fn alike(&mut self, text: &str) -> Option<usize> {
        let text = reduced(text);
        let runs = runs(&text);
        let bands = bands(&runs);
        let mut compared = HashSet::new();
        for band in &bands {
            for &earlier in self.bands.get(band).into_iter().flatten() {
                if compared.insert(earlier) && is_alike(&text, &runs, &self.texts[earlier]) {
                    return Some(earlier);
                }
            }
        }
        for band in bands {
            self.bands.entry(band).or_default().push(self.texts.len());
        }
        self.texts.push(text);
        None
    }
}

/// Letters and digits alone: marks, spaces and case make no difference.
fn reduced(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The hashes of a text's runs of characters; of a short text the only one.
fn runs(text: &str) -> HashSet<u64> {
    let chars: Vec<char> = text.chars().collect();
    chars.windows(RUN.min(chars.len().max(1))).map(hashed).collect()
}

fn hashed(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn bands(runs: &HashSet<u64>) -> Vec<(usize, [u64; BAND])> {
    let mut least = [u64::MAX; BANDS * BAND];
    for &run in runs {
        let bin = usize::try_from(run % (BANDS * BAND) as u64).unwrap_or_default();
        least[bin] = least[bin].min(run);
    }
    let bands = least.as_chunks::<BAND>().0;
    // A band that no run falls into tells nothing.
    bands.iter().copied().enumerate().filter(|(_, band)| *band != [u64::MAX; BAND]).collect()
}

fn is_alike(text: &str, text_runs: &HashSet<u64>, other: &str) -> bool {
    let digits = |text: &str| text.chars().filter(|c| c.is_numeric()).collect::<String>();
    if digits(text) != digits(other) {
        return false;
    }
    let other_runs = runs(other);
    let shared = text_runs.intersection(&other_runs).count();
    let all = text_runs.len() + other_runs.len() - shared;
    #[allow(clippy::cast_precision_loss)] // a passage has some hundred runs
    let share = shared as f64 / all.max(1) as f64;
    share >= ALIKE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_changes_are_alike_and_other_figures_are_not() {
        let text = "The Great Tide Clock was built by Ada Lindqvist of Gothenburg for the harbour office, which \
                    used it to warn ships of low water. It came to the museum in 1962 and was repaired twice.";
        let mut seen = Seen::default();
        assert_eq!(seen.alike(text), None);
        assert_eq!(seen.alike("鐘在入口大廳，高 2 公尺。"), None);
        assert_eq!(seen.alike(&text.replace("twice.", "twice!").replace("The ", "the  ")), Some(0));
        assert_eq!(seen.alike(&text.replace("warn", "warm")), Some(0));
        assert_eq!(seen.alike(&text.replace("1962", "1963")), None);
        assert_eq!(seen.alike("鐘在入口大廳，高2公尺"), Some(1));
        assert_eq!(seen.alike("鐘在入口大廳，高 3 公尺。"), None);
        assert_eq!(seen.alike("鐘"), None);
        assert_eq!(seen.alike("鐘！"), Some(4));
    }
}
