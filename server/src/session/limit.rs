//! A session's rate limit, on the clock that tests can pause.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, Reference as _};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

/// So many a minute, in a burst or spread out; or unlimited.
#[derive(Debug)]
pub(super) struct RateLimit(Option<Limited>);

#[derive(Debug)]
struct Limited {
    limiter: RateLimiter<NotKeyed, InMemoryState, TokioClock, StateInformationMiddleware>,
    limit: u32,
    /// What was left when the last one was taken or refused.
    left: AtomicU32,
}

impl RateLimit {
    /// 0 means no limit.
    pub(super) fn per_minute(count: u32) -> Self {
        Self(NonZeroU32::new(count).map(|count| {
            let clock = TokioClock { start: Instant::now() };
            let limiter = RateLimiter::direct_with_clock(Quota::per_minute(count), clock);
            Limited {
                limiter: limiter.with_middleware(),
                limit: count.get(),
                left: AtomicU32::new(count.get()),
            }
        }))
    }

    /// Takes one, or says how long to wait.
    pub(super) fn take(&self) -> Result<(), Duration> {
        let Some(Limited { limiter, left, .. }) = &self.0 else { return Ok(()) };
        match limiter.check() {
            Ok(snapshot) => {
                left.store(snapshot.remaining_burst_capacity(), Ordering::Relaxed);
                Ok(())
            }
            Err(refused) => {
                left.store(0, Ordering::Relaxed);
                Err(refused.earliest_possible().duration_since(limiter.clock().now()).into())
            }
        }
    }

    /// The limit, and what was left of it when the last one was taken; none if there is no limit.
    pub(super) fn left(&self) -> Option<(u32, u32)> {
        self.0.as_ref().map(|limited| (limited.limit, limited.left.load(Ordering::Relaxed)))
    }
}

#[derive(Debug, Clone)]
struct TokioClock {
    start: Instant,
}

impl Clock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_let_through_and_then_one_at_a_time() {
        let limit = RateLimit::per_minute(30);
        for taken in 1..=30 {
            limit.take().unwrap();
            assert_eq!(limit.left(), Some((30, 30 - taken)));
        }
        let wait = limit.take().unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(2), "{wait:?}");
        tokio::time::advance(wait).await;
        limit.take().unwrap();
        limit.take().unwrap_err();
        RateLimit::per_minute(0).take().unwrap();
        assert_eq!(RateLimit::per_minute(0).left(), None);
    }
}
