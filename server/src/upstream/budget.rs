//! What calls beyond the first of each may cost: a share of all calls, and a trickle.

use std::time::Duration;

use tokio::time::Instant;

/// So many extra calls may be saved up: a burst of failures is met, an outage is not multiplied.
const MOST: f64 = 10.0;

/// A budget of extra calls.
#[derive(Debug)]
pub(super) struct Budget {
    /// What each call adds: 0.2 allows one extra call for five.
    share: f64,
    /// What each second adds: a quiet house may try again as well.
    a_second: f64,
    saved: f64,
    at: Instant,
}

impl Budget {
    /// A budget that has `saved` from the start.
    pub(super) fn new(share: f64, every: Option<Duration>, saved: f64) -> Self {
        let a_second = every.map_or(0.0, |every| every.as_secs_f64().recip());
        Self { share, a_second, saved, at: Instant::now() }
    }

    /// A first call is made.
    pub(super) fn earn(&mut self) {
        self.saved = (self.saved + self.share).min(MOST);
    }

    /// Whether an extra call may be made; it is paid for.
    pub(super) fn spend(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        (self.saved, self.at) = ((self.saved + passed * self.a_second).min(MOST), now);
        let is_enough = self.saved >= 1.0;
        if is_enough {
            self.saved -= 1.0;
        }
        is_enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_calls_are_a_share_of_all_and_a_trickle() {
        let now = Instant::now();
        let mut budget = Budget::new(0.2, Some(Duration::from_secs(10)), 1.0);
        assert!(budget.spend(now) && !budget.spend(now), "what was saved");
        assert!(!budget.spend(now + Duration::from_secs(9)) && budget.spend(now + Duration::from_secs(10)));
        let later = now + Duration::from_secs(10);
        let extra = (0..1000).filter(|_| {
            budget.earn();
            budget.spend(later)
        });
        assert!((195..=200).contains(&extra.count()));
        (0..1000).for_each(|_| budget.earn());
        assert_eq!((0..1000).filter(|_| budget.spend(later)).count(), 10, "an outage is not multiplied");
    }
}
