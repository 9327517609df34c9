//! Services that several replicas do alike: which one is called, when a call is made again, and when a replica is left
//! alone. A [`Pool`] knows neither HTTP nor what is said: it holds clients, and calls them.
//!
//! - The replica with the least latency times load is chosen. Load counts from a call until its [`Lease`] ends, with a
//!   stream's last byte, not with its headers.
//! - A call that fails before its first token is made again, elsewhere if that can be, while the budget allows: an
//!   outage must not be multiplied by those who wait.
//! - A replica that fails five times in a row is left alone, but for one probe a second.
//! - A short call that takes longer than nineteen of twenty is made a second time (hedged), for 5 % of calls at most.

mod breaker;
mod budget;
mod latency;
mod replica;
#[cfg(test)]
mod tests;

use std::fmt::Display;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};
use tokio::time::{Instant, sleep, timeout};

use crate::observe::UpstreamMetrics;
use budget::Budget;
use latency::Window;
pub use replica::Lease;
use replica::Replica;

/// How often a call may be made again.
const RETRIES: u32 = 2;

/// Retries are at most this share of all calls, and one in ten seconds.
const RETRY_SHARE: f64 = 0.2;
const RETRY_EVERY: Duration = Duration::from_secs(10);

/// Hedges are at most this share of the calls that may be hedged.
const HEDGE_SHARE: f64 = 0.05;

/// The first wait before a call is made again, drawn between half and all of it; each further one is twice as long.
const BACKOFF: Duration = Duration::from_millis(100);

/// A replica that asks for a longer wait is not waited for: whoever asked is told instead.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What an error says of the replica it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: the request itself is at fault.
    Innocent,
    /// It failed, and would again: a wrong key, an unknown model, a call that has cost its time already.
    Unfit,
    /// It failed. The same call may succeed elsewhere, or here later.
    Failed {
        /// How long the replica asked to be left alone.
        retry_after: Option<Duration>,
    },
}

/// The error of a call.
pub trait Failure: Display {
    /// What it says of the replica.
    fn verdict(&self) -> Verdict;

    /// No replica may be called at present: why the last one failed, and when one may be called again.
    fn away(reason: String, retry_after: Duration) -> Self;

    /// No first token has come for this long.
    fn late(after: Duration) -> Self;
}

/// A kind of calls that take about as long as each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Below [`KINDS`].
    pub number: usize,
    /// A second call may be made where the first is late: it must be short, and cost little.
    pub is_hedged: bool,
    /// A call is failed by now if it has brought no first token.
    pub first_token: Duration,
}

/// How many kinds of calls are told apart.
pub const KINDS: usize = 4;

/// The replicas of one service.
pub struct Pool<C: ?Sized> {
    replicas: Vec<Arc<Replica<C>>>,
    retries: Mutex<Budget>,
    hedges: Mutex<Budget>,
    windows: [Mutex<Window>; KINDS],
    /// Where the search begins: replicas that are alike take turns.
    turn: AtomicUsize,
    metrics: Arc<UpstreamMetrics>,
}

impl<C: ?Sized + Send + Sync> Pool<C> {
    /// A pool of clients, each with the address that people know it by.
    pub fn new(clients: Vec<(String, Arc<C>)>, metrics: UpstreamMetrics) -> Self {
        let metrics = Arc::new(metrics);
        let replicas = clients.into_iter().map(|(shown, client)| {
            metrics.opened(&shown, false);
            Arc::new(Replica::new(client, shown, Arc::clone(&metrics)))
        });
        Self {
            replicas: replicas.collect(),
            retries: Mutex::new(Budget::new(RETRY_SHARE, Some(RETRY_EVERY), f64::from(RETRIES))),
            hedges: Mutex::new(Budget::new(HEDGE_SHARE, None, 0.0)),
            windows: Default::default(),
            turn: AtomicUsize::new(0),
            metrics,
        }
    }

    /// All clients.
    pub fn clients(&self) -> impl Iterator<Item = &Arc<C>> {
        self.replicas.iter().map(|replica| &replica.client)
    }

    /// Makes a call: `begin` resolves with its first token. The lease must live as long as the call goes on.
    pub async fn call<T, E: Failure>(
        &self,
        kind: Kind,
        begin: impl Fn(Arc<C>) -> BoxFuture<'static, Result<T, E>>,
    ) -> Result<(T, Lease<C>), E> {
        lock(&self.retries).earn();
        let mut tried = Vec::new();
        loop {
            let replica = self.choose(kind, &tried).map_err(|(reason, wait)| E::away(reason, wait))?;
            let called = if kind.is_hedged {
                self.hedged(&replica, kind, &begin).await
            } else {
                self.attempt(&replica, kind, &begin).await
            };
            let error = match called {
                Ok(called) => return Ok(called),
                Err(error) => error,
            };
            let retries = u32::try_from(tried.len()).unwrap_or(RETRIES);
            let Verdict::Failed { retry_after } = error.verdict() else { return Err(error) };
            let asked = retry_after.filter(|_| !self.has_other(&replica)).unwrap_or_default();
            if retries == RETRIES || asked > LONGEST_WAIT || !lock(&self.retries).spend(Instant::now()) {
                return Err(error);
            }
            self.metrics.retried();
            let backoff = BACKOFF * 2_u32.pow(retries);
            sleep(backoff.mul_f64(fastrand::f64().midpoint(1.0)).max(asked)).await;
            tried.push(replica);
        }
    }

    /// The replica to call, one that was not tried if there is such; else why none may be called, and for how long.
    fn choose(&self, kind: Kind, tried: &[Arc<Replica<C>>]) -> Result<Arc<Replica<C>>, (String, Duration)> {
        let now = Instant::now();
        let open: Vec<_> = self.replicas.iter().filter(|replica| replica.closed_for(now).is_zero()).collect();
        if open.is_empty() {
            let soonest = self.replicas.iter().min_by_key(|replica| replica.closed_for(now));
            let told = soonest.map(|replica| (replica.last_failure(), replica.closed_for(now)));
            return Err(told.unwrap_or_default());
        }
        let best =
            open.iter().filter_map(|replica| replica.latency(kind)).min_by(f64::total_cmp).unwrap_or(0.0);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let costs = open.iter().enumerate().map(|(at, replica)| {
            let was_tried = tried.iter().any(|tried| Arc::ptr_eq(tried, replica));
            let place = (at + turn) % open.len();
            ((was_tried, replica.cost(kind, best, now), replica.load(), place), replica)
        });
        let cheapest = costs.min_by(|((was_tried, cost, load, place), _), (other, _)| {
            let by_trial = was_tried.cmp(&other.0);
            by_trial.then(cost.total_cmp(&other.1)).then(load.cmp(&other.2)).then(place.cmp(&other.3))
        });
        cheapest.map(|(_, replica)| Arc::clone(replica)).ok_or_else(Default::default)
    }

    fn has_other(&self, replica: &Arc<Replica<C>>) -> bool {
        let now = Instant::now();
        self.replicas.iter().any(|other| !Arc::ptr_eq(other, replica) && other.closed_for(now).is_zero())
    }

    /// Calls one replica.
    async fn attempt<T, E: Failure>(
        &self,
        replica: &Arc<Replica<C>>,
        kind: Kind,
        begin: &impl Fn(Arc<C>) -> BoxFuture<'static, Result<T, E>>,
    ) -> Result<(T, Lease<C>), E> {
        let mut lease = Lease::new(replica, kind);
        let call = timeout(kind.first_token, begin(Arc::clone(&replica.client)));
        match call.await.unwrap_or_else(|_| Err(E::late(kind.first_token))) {
            Ok(first) => {
                lock(&self.windows[kind.number]).add(lease.brought_first());
                Ok((first, lease))
            }
            Err(error) => {
                lease.failed(&error);
                Err(error)
            }
        }
    }

    /// Calls one replica, and another if that is late; the first to bring a token goes on, the other is dropped.
    async fn hedged<T, E: Failure>(
        &self,
        replica: &Arc<Replica<C>>,
        kind: Kind,
        begin: &impl Fn(Arc<C>) -> BoxFuture<'static, Result<T, E>>,
    ) -> Result<(T, Lease<C>), E> {
        lock(&self.hedges).earn();
        let late = lock(&self.windows[kind.number]).p95();
        let mut first = pin!(self.attempt(replica, kind, begin));
        let Some(late) = late else { return first.await };
        if let Ok(called) = timeout(late, first.as_mut()).await {
            return called;
        }
        let Ok(other) = self.choose(kind, std::slice::from_ref(replica)) else { return first.await };
        if !lock(&self.hedges).spend(Instant::now()) {
            return first.await;
        }
        self.metrics.hedged();
        let second = pin!(self.attempt(&other, kind, begin));
        match select(first, second).await {
            Either::Left((Err(_), second)) => second.await,
            Either::Right((Err(_), first)) => first.await,
            Either::Left((called, _)) | Either::Right((called, _)) => called,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
