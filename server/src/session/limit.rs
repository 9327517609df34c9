//! A session's rate limit, on the clock that tests can pause.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, Reference as _};
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

/// So many a minute, in a burst or spread out; or unlimited.
#[derive(Debug)]
pub(super) struct RateLimit(
    Option<RateLimiter<NotKeyed, InMemoryState, TokioClock, governor::middleware::NoOpMiddleware<Duration>>>,
);

impl RateLimit {
    /// 0 means no limit.
    pub(super) fn per_minute(count: u32) -> Self {
        Self(NonZeroU32::new(count).map(|count| {
            RateLimiter::direct_with_clock(Quota::per_minute(count), TokioClock { start: Instant::now() })
        }))
    }

    /// Takes one, or says how long to wait.
    pub(super) fn take(&self) -> Result<(), Duration> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        limiter
            .check()
            .map_err(|refused| refused.earliest_possible().duration_since(limiter.clock().now()).into())
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
        for _ in 0..30 {
            limit.take().unwrap();
        }
        let wait = limit.take().unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(2), "{wait:?}");
        tokio::time::advance(wait).await;
        limit.take().unwrap();
        limit.take().unwrap_err();
        RateLimit::per_minute(0).take().unwrap();
    }
}
