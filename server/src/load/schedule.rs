//! When sessions arrive.

use std::time::Duration;

use super::plan::{Arrivals, Plan};

/// The arrivals of a plan, as offsets from the run's start, in order.
#[derive(Debug)]
pub(super) struct Schedule {
    arrivals: Arrivals,
    rate: f64,
    random: fastrand::Rng,
    /// How many were told.
    told: u64,
    sessions: u64,
    /// Seconds.
    last: f64,
    /// Seconds; later ones don't come.
    end: f64,
}

impl Schedule {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            arrivals: plan.arrivals,
            rate: plan.rate,
            random: fastrand::Rng::with_seed(plan.seed),
            told: 0,
            sessions: plan.sessions,
            last: 0.0,
            end: plan.duration.map_or(f64::INFINITY, |duration| duration.as_secs_f64()),
        }
    }
}

impl Iterator for Schedule {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        if self.told == self.sessions {
            return None;
        }
        match self.arrivals {
            // The draw is from [0, 1): its complement has a logarithm.
            Arrivals::Poisson => self.last -= (1.0 - self.random.f64()).ln() / self.rate,
            // Not summed up, so that no error adds up either.
            #[allow(clippy::cast_precision_loss)] // far below 2^52 sessions
            Arrivals::Constant => self.last = self.told as f64 / self.rate,
        }
        self.told += 1;
        (self.last <= self.end).then(|| Duration::try_from_secs_f64(self.last).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Target;

    fn plan(change: impl FnOnce(&mut Plan)) -> Plan {
        let mut plan = Plan::new(Target::parse("ws://127.0.0.1:1", None).unwrap());
        change(&mut plan);
        plan
    }

    #[test]
    fn constant_arrivals_are_evenly_spread() {
        let plan = plan(|plan| {
            (plan.arrivals, plan.rate, plan.sessions) = (Arrivals::Constant, 4.0, 5);
        });
        let millis: Vec<_> = Schedule::new(&plan).map(|at| at.as_millis()).collect();
        assert_eq!(millis, [0, 250, 500, 750, 1000]);
    }

    #[test]
    fn poisson_arrivals_keep_the_rate_by_chance_and_repeat_with_their_seed() {
        let plan = plan(|plan| (plan.rate, plan.sessions, plan.seed) = (50.0, 20_000, 7));
        let times: Vec<_> = Schedule::new(&plan).collect();
        assert_eq!(times, Schedule::new(&plan).collect::<Vec<_>>());
        assert!(times.is_sorted());
        let gaps: Vec<f64> =
            times.windows(2).map(|pair| pair[1].as_secs_f64() - pair[0].as_secs_f64()).collect();
        let count = f64::from(u32::try_from(gaps.len()).unwrap());
        let mean = gaps.iter().sum::<f64>() / count;
        let deviation = (gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / count).sqrt();
        // An exponential distribution: the deviation is the mean. 1/50 s each, within 4 standard errors.
        assert!((mean - 0.02).abs() < 0.02 * 4.0 / count.sqrt(), "{mean}");
        assert!((deviation / mean - 1.0).abs() < 0.05, "{deviation}");
    }

    #[test]
    fn nobody_arrives_after_the_end() {
        let plan = plan(|plan| {
            (plan.arrivals, plan.rate, plan.sessions) = (Arrivals::Constant, 1.0, 100);
            plan.duration = Some(Duration::from_secs(3));
        });
        assert_eq!(Schedule::new(&plan).count(), 4);
    }

    #[test]
    fn questions_are_due_by_count_and_by_time() {
        let secs = Duration::from_secs;
        let plan = plan(|plan| {
            (plan.think, plan.turns, plan.duration) = (secs(2), Some(3), Some(secs(10)));
        });
        assert_eq!(plan.due_within(secs(0), None), 3);
        assert_eq!(plan.due_within(secs(5), None), 2);
        assert_eq!(plan.due_within(secs(9), None), 0);
        assert_eq!(plan.due_within(secs(0), Some(secs(3))), 1);
        assert_eq!(plan.due(3), secs(6));
    }
}
