//! A run over time, in slices of equal length. Their number is bounded: when a run outgrows them, pairs are
//! joined and the slices are twice as long.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::tally::micros;

/// The most slices; a plot shows no more.
const SLICES: usize = 240;

/// The first slices' length.
const SHORTEST: Duration = Duration::from_secs(1);

/// Latencies of one slice in microseconds, to two digits; small while there are few.
#[derive(Debug, Clone)]
pub(super) struct Sample(pub(super) Histogram<u32>);

impl Default for Sample {
    fn default() -> Self {
        Self(Histogram::new(2).expect("two digits are valid"))
    }
}

impl Sample {
    pub(super) fn record(&mut self, latency: Duration) {
        // An hour at most: a histogram that grows must not grow without bound.
        let _ = self.0.record(micros(latency).min(3_600_000_000));
    }
}

/// A slice.
#[derive(Debug, Clone, Default)]
pub(super) struct Slice {
    /// Sessions whose time to arrive was in this slice.
    pub(super) arrivals: u64,
    /// Questions that were due in it (and sent, whenever).
    pub(super) due: u64,
    /// Questions that were sent in it.
    pub(super) sent: u64,
    /// The most turns that ran at one time.
    pub(super) running: u64,
    /// The most sessions that were open at one time.
    pub(super) open: u64,
    /// Of the questions that were due in it.
    pub(super) first_token: Sample,
    /// Of the questions that were due in it.
    pub(super) total: Sample,
}

impl Slice {
    fn join(&mut self, next: &Self) {
        self.arrivals += next.arrivals;
        self.due += next.due;
        self.sent += next.sent;
        self.running = self.running.max(next.running);
        self.open = self.open.max(next.open);
        // Both grow as they must: adding can't fail.
        let _ = self.first_token.0.add(&next.first_token.0);
        let _ = self.total.0.add(&next.total.0);
    }
}

/// All slices.
#[derive(Debug)]
pub(super) struct Timeline {
    width: Duration,
    slices: Vec<Slice>,
    running: u64,
    open: u64,
}

impl Default for Timeline {
    fn default() -> Self {
        Self { width: SHORTEST, slices: Vec::new(), running: 0, open: 0 }
    }
}

impl Timeline {
    /// How long a slice is.
    pub(super) fn width(&self) -> Duration {
        self.width
    }

    /// Turns that run now.
    pub(super) fn running(&self) -> u64 {
        self.running
    }

    pub(super) fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// The slice of a time since the run's start.
    pub(super) fn at(&mut self, time: Duration) -> &mut Slice {
        let index = loop {
            let index = time.as_nanos() / self.width.as_nanos().max(1);
            match usize::try_from(index) {
                Ok(index) if index < SLICES => break index,
                _ => self.halve(),
            }
        };
        while self.slices.len() <= index {
            self.slices.push(Slice { running: self.running, open: self.open, ..Slice::default() });
        }
        &mut self.slices[index]
    }

    /// More or fewer turns run.
    pub(super) fn run(&mut self, now: Duration, change: i64) {
        self.at(now); // what was before still counts for the slices passed over
        self.running = self.running.saturating_add_signed(change);
        let running = self.running;
        let slice = self.at(now);
        slice.running = slice.running.max(running);
    }

    /// More or fewer sessions are open.
    pub(super) fn open(&mut self, now: Duration, change: i64) {
        self.at(now);
        self.open = self.open.saturating_add_signed(change);
        let open = self.open;
        let slice = self.at(now);
        slice.open = slice.open.max(open);
    }

    fn halve(&mut self) {
        self.width = self.width.saturating_mul(2);
        let pairs = self.slices.chunks(2).map(|pair| {
            let mut joined = pair[0].clone();
            pair.iter().skip(1).for_each(|next| joined.join(next));
            joined
        });
        self.slices = pairs.collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_on_counts_for_every_slice_it_runs_through() {
        let secs = Duration::from_secs;
        let mut timeline = Timeline::default();
        timeline.run(secs(0), 1);
        timeline.run(secs(0), 1);
        timeline.run(secs(3), -1);
        timeline.run(secs(4), -1);
        timeline.run(secs(5), 1);
        let running: Vec<_> = timeline.slices().iter().map(|slice| slice.running).collect();
        assert_eq!(running, [2, 2, 2, 2, 1, 1]);
    }

    #[test]
    fn a_long_run_keeps_its_counts_in_fewer_longer_slices() {
        let mut timeline = Timeline::default();
        for second in 0..10_000 {
            let slice = timeline.at(Duration::from_secs(second));
            slice.arrivals += 1;
            slice.first_token.record(Duration::from_micros(second));
        }
        assert_eq!(timeline.width(), Duration::from_secs(64));
        assert!(timeline.slices().len() <= SLICES);
        assert_eq!(timeline.slices().iter().map(|slice| slice.arrivals).sum::<u64>(), 10_000);
        assert_eq!(timeline.slices().iter().map(|slice| slice.first_token.0.len()).sum::<u64>(), 10_000);
        timeline.at(Duration::MAX); // absurd, and no reason to fall over
    }
}
