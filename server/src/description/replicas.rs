//! The replicas of one description service as one: see [`Pool`].

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};

use super::{Eyes, Scene, Vlm, VlmError};
use crate::observe::UpstreamMetrics;
use crate::upstream::{Kind, Pool};

/// A call ends by its own bound just before whoever waits for it gives up: else it would not count as a failure.
const AHEAD: Duration = Duration::from_millis(10);

/// Description services that are alike.
pub(super) struct Replicas {
    pool: Pool<dyn Vlm>,
    eyes: Eyes,
    kind: Kind,
}

impl Replicas {
    /// Services with the addresses that people know them by. `timeout`: how long a description is waited for.
    pub(super) fn new(
        services: Vec<(String, Arc<dyn Vlm>)>,
        timeout: Duration,
        metrics: UpstreamMetrics,
    ) -> Self {
        let eyes = services.first().map_or(Eyes::Camera, |(_, service)| service.eyes());
        let kind = Kind { number: 0, is_hedged: true, first_token: timeout.saturating_sub(AHEAD) };
        Self { pool: Pool::new(services, metrics), eyes, kind }
    }
}

impl Vlm for Replicas {
    fn describe(&self, scene: Scene) -> BoxFuture<'_, Result<String, VlmError>> {
        Box::pin(async move {
            let begin = |service: Arc<dyn Vlm>| -> BoxFuture<'static, _> {
                let scene = scene.clone();
                Box::pin(async move { service.describe(scene).await })
            };
            let (text, lease) = self.pool.call(self.kind, begin).await?;
            lease.ended();
            Ok(text)
        })
    }

    fn eyes(&self) -> Eyes {
        self.eyes
    }

    fn reach(&self) -> BoxFuture<'_, Result<(), VlmError>> {
        Box::pin(async move {
            let reached = join_all(self.pool.clients().map(|service| service.reach())).await;
            let (well, failed): (Vec<_>, Vec<_>) = reached.into_iter().partition(Result::is_ok);
            if well.is_empty() { failed.into_iter().next().unwrap_or(Ok(())) } else { Ok(()) }
        })
    }
}
