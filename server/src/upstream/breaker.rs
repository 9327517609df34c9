//! A replica's circuit breaker: after failures in a row it is left alone, but for one probe a second.

use std::time::Duration;

use tokio::time::Instant;

/// So many failures in a row open the breaker: fewer may be chance, more cost visitors their time.
const FAILURES: u32 = 5;

/// How long an open breaker stays open before a call may try: a replica that comes back is used within a second.
const PROBE_AFTER: Duration = Duration::from_secs(1);

/// How long a replica that has failed is called only if there is no better.
const GRUDGE: Duration = Duration::from_secs(5);

/// Whether a replica may be called.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    failed_at: Option<Instant>,
    /// When the next call may try; none while closed.
    probe_at: Option<Instant>,
    /// The replica has asked to be left alone until then.
    spare_until: Option<Instant>,
}

impl Breaker {
    /// How long no call may be made; zero: one may.
    pub(super) fn closed_for(&self, now: Instant) -> Duration {
        let until = [self.probe_at, self.spare_until].into_iter().flatten().max();
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// How many times worse than others it is for its failures: from 1.
    pub(super) fn grudge(&self, now: Instant) -> f64 {
        let is_recent = self.failed_at.is_some_and(|at| now.saturating_duration_since(at) < GRUDGE);
        if is_recent { 1.0 + f64::from(self.failures) } else { 1.0 }
    }

    /// A call begins. On an open breaker it is the probe, and the next one is a second away.
    pub(super) fn begin(&mut self, now: Instant) {
        if let Some(probe_at) = &mut self.probe_at {
            *probe_at = now + PROBE_AFTER;
        }
    }

    /// A call brought something. Whether the breaker closes by it; one more failure opens it again.
    pub(super) fn answered(&mut self) -> bool {
        self.spare_until = None;
        self.probe_at.take().is_some()
    }

    /// A call went well to its end.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// A call failed by the replica's own fault. `spare`: how long it asked to be left alone. Whether the breaker opens
    /// by it.
    pub(super) fn failed(&mut self, spare: Option<Duration>, now: Instant) -> bool {
        (self.failures, self.failed_at) = (self.failures.saturating_add(1), Some(now));
        self.spare_until = spare.map(|spare| now + spare).or(self.spare_until);
        if self.failures < FAILURES {
            return false;
        }
        self.probe_at.replace(now + PROBE_AFTER).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_at_the_fifth_failure_and_lets_one_probe_a_second_through() {
        let (mut breaker, mut now) = (Breaker::default(), Instant::now());
        for _ in 0..4 {
            assert!(!breaker.failed(None, now));
            assert!(breaker.closed_for(now).is_zero());
        }
        breaker.succeeded();
        let opened: Vec<bool> = (0..5).map(|_| breaker.failed(None, now)).collect();
        assert_eq!(opened, [false, false, false, false, true]);
        assert_eq!(breaker.closed_for(now), PROBE_AFTER);
        for _ in 0..3 {
            now += PROBE_AFTER;
            assert!(breaker.closed_for(now).is_zero());
            breaker.begin(now);
            assert_eq!(breaker.closed_for(now), PROBE_AFTER, "a second probe");
            assert!(!breaker.failed(None, now));
        }
        assert!(breaker.answered() && breaker.closed_for(now).is_zero());
        assert!(breaker.failed(None, now), "a stream that broke off opens it again");
        assert!(breaker.answered());
        breaker.succeeded();
        assert!(!breaker.failed(None, now));
    }

    #[test]
    fn a_replica_that_asks_for_it_is_left_alone() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        assert!(!breaker.failed(Some(Duration::from_secs(3)), now));
        assert_eq!(breaker.closed_for(now), Duration::from_secs(3));
        assert!(breaker.closed_for(now + Duration::from_secs(3)).is_zero());
    }
}
