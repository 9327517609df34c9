//! When each token leaves.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Nothing is scheduled later than this: a clock can be overrun by a name like `sim-tps0.000000000001`.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A duration from seconds; what no clock can hold becomes [`FOREVER`].
pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).map_or(FOREVER, |duration| duration.min(FOREVER))
}

/// A timetable of tokens. All times count from one start, so that late timers do not add up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    start: Instant,
    /// Seconds until the tokens start to flow.
    first: f64,
    /// Seconds between two tokens.
    each: f64,
}

impl Pace {
    /// `first` is the time to first token in seconds, `tps` tokens a second (0: all at once); `factor` stretches both.
    pub(crate) fn new(start: Instant, first: f64, tps: f64, factor: f64) -> Self {
        let each = if tps > 0.0 { factor / tps } else { 0.0 };
        Self { start, first: first * factor, each }
    }

    /// When the token of this number leaves, counted from 1; 0 is the time to first token.
    #[allow(clippy::cast_precision_loss)] // no text has 2^52 tokens
    pub(crate) fn due(&self, token: usize) -> Instant {
        self.start + seconds(self.first + token as f64 * self.each)
    }

    /// Waits until the token of this number leaves. What is due already waits for nothing: a timer of the runtime
    /// would round it up to the next millisecond.
    pub(crate) async fn wait(&self, token: usize) {
        let due = self.due(token);
        if Instant::now() < due {
            sleep_until(due).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_n_leaves_at_ttft_plus_n_over_tps() {
        let start = Instant::now();
        let check = |first, tps, factor, token, expect| {
            let after = Pace::new(start, first, tps, factor).due(token) - start;
            assert_eq!(after, Duration::from_millis(expect), "{first} {tps} {factor} {token}");
        };
        check(0.3, 50.0, 1.0, 0, 300);
        check(0.3, 50.0, 1.0, 1, 320);
        check(0.3, 50.0, 1.0, 10, 500);
        check(0.3, 50.0, 10.0, 10, 5000);
        check(0.3, 0.0, 1.0, 9999, 300);
        check(0.3, 0.0, 2.0, 9999, 600);
        check(0.0, 0.0, 1.0, 5, 0);
    }

    #[test]
    fn no_pace_overruns_the_clock() {
        let start = Instant::now();
        assert_eq!(Pace::new(start, 1e300, 1e-300, 1e300).due(usize::MAX) - start, FOREVER);
    }
}
