//! How long replicas take to their first token: an average for the choice among them, a quantile for hedging.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// What a new sample weighs in the average.
const WEIGHT: f64 = 0.3;

/// How fast a bad memory fades, so that a replica that was slow is tried again: after three of these a tenfold
/// latency looks like twice that of the others.
const FADE: Duration = Duration::from_secs(30);

/// A replica's average latency.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Average(Option<(f64, Instant)>);

impl Average {
    /// Takes a sample.
    pub(super) fn add(&mut self, latency: Duration, now: Instant) {
        let sample = latency.as_secs_f64();
        let average = self.0.map_or(sample, |(average, _)| average + WEIGHT * (sample - average));
        self.0 = Some((average, now));
    }

    /// Seconds; none without any sample.
    pub(super) fn seconds(&self) -> Option<f64> {
        self.0.map(|(average, _)| average)
    }

    /// Seconds, nearer to the `best` of all replicas the longer nothing was heard of this one.
    pub(super) fn faded(&self, best: f64, now: Instant) -> Option<f64> {
        self.0.map(|(average, heard)| {
            let age = now.saturating_duration_since(heard).as_secs_f64();
            best + (average - best) * (-age / FADE.as_secs_f64()).exp()
        })
    }
}

/// So many samples are looked at: what was long ago says nothing of now.
const WINDOW: usize = 200;

/// With fewer, a quantile means nothing.
const ENOUGH: usize = 20;

/// The latest latencies.
#[derive(Debug, Default)]
pub(super) struct Window(VecDeque<Duration>);

impl Window {
    /// Takes a sample.
    pub(super) fn add(&mut self, latency: Duration) {
        if self.0.len() == WINDOW {
            self.0.pop_front();
        }
        self.0.push_back(latency);
    }

    /// What 95 of 100 stay below; none while there are too few.
    pub(super) fn p95(&self) -> Option<Duration> {
        if self.0.len() < ENOUGH {
            return None;
        }
        let mut sorted: Vec<_> = self.0.iter().copied().collect();
        let at = sorted.len() * 95 / 100;
        Some(*sorted.select_nth_unstable(at).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_follows_and_fades_towards_the_best() {
        let (mut average, now) = (Average::default(), Instant::now());
        assert_eq!(average.seconds(), None);
        average.add(Duration::from_secs(10), now);
        assert_eq!(average.seconds(), Some(10.0));
        average.add(Duration::from_secs(20), now);
        assert_eq!(average.seconds(), Some(13.0));
        assert_eq!(average.faded(1.0, now), Some(13.0));
        let later = average.faded(1.0, now + 3 * FADE).unwrap();
        assert!((1.0..2.0).contains(&later), "{later}");
    }

    #[test]
    fn a_quantile_needs_enough_samples_and_forgets_old_ones() {
        let mut window = Window::default();
        (1..=19).for_each(|ms| window.add(Duration::from_millis(ms)));
        assert_eq!(window.p95(), None);
        (20..=100).for_each(|ms| window.add(Duration::from_millis(ms)));
        assert_eq!(window.p95(), Some(Duration::from_millis(96)));
        (0..WINDOW).for_each(|_| window.add(Duration::from_millis(7)));
        assert_eq!(window.p95(), Some(Duration::from_millis(7)));
    }
}
