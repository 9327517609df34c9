//! Pools of scripted replicas, on a paused clock.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{FutureExt, join_all};
use tokio::time::{Instant, sleep};

use super::*;
use crate::observe::Metrics;

const KIND: Kind = Kind { number: 0, is_hedged: false, first_token: Duration::from_secs(60) };
const HEDGED: Kind = Kind { number: 1, is_hedged: true, first_token: Duration::from_secs(60) };

#[derive(Debug, PartialEq)]
struct Broke(Verdict);

impl fmt::Display for Broke {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl Failure for Broke {
    fn verdict(&self) -> Verdict {
        self.0
    }

    fn away(_: String, retry_after: Duration) -> Self {
        Self(Verdict::Failed { retry_after: Some(retry_after) })
    }

    fn late(_: Duration) -> Self {
        Self(Verdict::Unfit)
    }
}

const FAILED: Verdict = Verdict::Failed { retry_after: None };

/// A replica that takes its time, and fails while it is told to.
struct Scripted {
    latency: Mutex<VecDeque<Duration>>,
    fails: Mutex<Option<Verdict>>,
    calls: AtomicU32,
}

impl Scripted {
    /// The latencies one after the other; the last again and again.
    fn new(ms: impl IntoIterator<Item = u64>) -> Arc<Self> {
        let latency = Mutex::new(ms.into_iter().map(Duration::from_millis).collect());
        Arc::new(Self { latency, fails: Mutex::new(None), calls: AtomicU32::new(0) })
    }

    fn fail(&self, how: Option<Verdict>) {
        *self.fails.lock().unwrap() = how;
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    async fn call(self: Arc<Self>) -> Result<Duration, Broke> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let latency = {
            let mut latencies = self.latency.lock().unwrap();
            if latencies.len() > 1 { latencies.pop_front().unwrap() } else { latencies[0] }
        };
        sleep(latency).await;
        let fails = *self.fails.lock().unwrap();
        fails.map_or(Ok(latency), |verdict| Err(Broke(verdict)))
    }
}

fn pool(replicas: &[&Arc<Scripted>]) -> Arc<Pool<Scripted>> {
    let clients = replicas.iter().enumerate().map(|(at, &client)| (at.to_string(), Arc::clone(client)));
    Arc::new(Pool::new(clients.collect(), Metrics::new().upstream("test")))
}

/// A call that is over with its first token; how long that took.
async fn call(pool: &Pool<Scripted>, kind: Kind) -> Result<Duration, Broke> {
    let begun = Instant::now();
    let (_, lease) = pool.call(kind, |client| client.call().boxed()).await?;
    lease.ended();
    Ok(begun.elapsed())
}

fn p99(mut latencies: Vec<Duration>) -> Duration {
    latencies.sort_unstable();
    latencies[latencies.len() * 99 / 100]
}

/// So many calls, one every `every`, as visitors come; each with its latency.
async fn open_loop(pool: &Arc<Pool<Scripted>>, kind: Kind, calls: u32, every: Duration) -> Vec<Duration> {
    let calls = (0..calls).map(|nth| async move {
        sleep(every * nth).await;
        call(pool, kind).await.unwrap()
    });
    join_all(calls).await
}

#[tokio::test(start_paused = true)]
async fn a_dead_service_is_called_five_times_then_once_a_second() {
    let dead = Scripted::new([1]);
    dead.fail(Some(FAILED));
    let pool = pool(&[&dead]);
    for _ in 0..100 {
        assert!(call(&pool, KIND).await.is_err());
    }
    assert_eq!(dead.calls(), 5);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(10) {
        let _ = call(&pool, KIND).await;
        sleep(Duration::from_millis(10)).await;
    }
    assert!((13..=15).contains(&dead.calls()), "{}", dead.calls());
    // It is used again within a second.
    dead.fail(None);
    sleep(Duration::from_secs(1)).await;
    for _ in 0..10 {
        assert!(call(&pool, KIND).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_is_made_again_elsewhere_within_a_budget() {
    let (dead, well) = (Scripted::new([1]), Scripted::new([1]));
    let pool = pool(&[&dead, &well]);
    dead.fail(Some(FAILED));
    assert!(call(&pool, KIND).await.is_ok() && call(&pool, KIND).await.is_ok());
    assert_eq!((dead.calls(), well.calls()), (1, 2));
    // Where all fail, one call in five is made again.
    let replicas: Vec<_> = (0..200).map(|_| Scripted::new([1])).collect();
    for replica in &replicas {
        replica.fail(Some(FAILED));
    }
    let pool = self::pool(&replicas.iter().collect::<Vec<_>>());
    for _ in 0..100 {
        assert!(call(&pool, KIND).await.is_err());
    }
    let calls: u32 = replicas.iter().map(|replica| replica.calls()).sum();
    assert!((118..=124).contains(&calls), "{calls}");
    // What would fail again is not made again, and what the request did wrong says nothing of the replica.
    let picky = Scripted::new([1]);
    let pool = self::pool(&[&picky]);
    picky.fail(Some(Verdict::Innocent));
    for nth in 1..=20 {
        assert_eq!(call(&pool, KIND).await, Err(Broke(Verdict::Innocent)));
        assert_eq!(picky.calls(), nth);
    }
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_asks_for_time_is_given_it() {
    let busy = Scripted::new([1]);
    let pool = pool(&[&busy]);
    busy.fail(Some(Verdict::Failed { retry_after: Some(Duration::from_secs(1)) }));
    let (begun, asking) = (
        Instant::now(),
        tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { call(&pool, KIND).await }
        }),
    );
    sleep(Duration::from_millis(500)).await;
    busy.fail(None);
    assert!(asking.await.unwrap().is_ok());
    assert!(begun.elapsed() >= Duration::from_secs(1) && busy.calls() == 2);
    // Too long a time is told instead.
    busy.fail(Some(Verdict::Failed { retry_after: Some(Duration::from_secs(30)) }));
    let begun = Instant::now();
    assert!(call(&pool, KIND).await.is_err() && call(&pool, KIND).await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(1) && busy.calls() == 3);
}

#[tokio::test(start_paused = true)]
async fn one_slow_replica_of_four_is_hardly_called() {
    let well: Vec<_> = (0..3).map(|_| Scripted::new([100])).collect();
    let slow = Scripted::new([1000]);
    let pool = pool(&[&well[0], &slow, &well[1], &well[2]]);
    let latencies = open_loop(&pool, KIND, 1000, Duration::from_millis(50)).await;
    let (balanced, round_robin) = (p99(latencies), Duration::from_secs(1));
    assert!(balanced.as_secs_f64() <= 0.25 * round_robin.as_secs_f64(), "{balanced:?}");
    assert!((1..10).contains(&slow.calls()), "{}", slow.calls());
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_was_slow_is_tried_again() {
    let (well, slow) = (Scripted::new([100]), Scripted::new([1000, 100]));
    let pool = pool(&[&slow, &well]);
    open_loop(&pool, KIND, 1200, Duration::from_millis(100)).await;
    assert!(slow.calls() > 100, "{}", slow.calls());
}

#[tokio::test(start_paused = true)]
async fn stragglers_are_hedged_for_five_percent_more() {
    let latencies = || {
        let mut dice = fastrand::Rng::with_seed(7);
        Scripted::new((0..4000).map(move |_| if dice.f64() < 0.02 { 1000 } else { 100 }))
    };
    let run = async |kind| {
        let replicas = [latencies(), latencies()];
        let pool = pool(&[&replicas[0], &replicas[1]]);
        let p99 = p99(open_loop(&pool, kind, 2000, Duration::from_millis(20)).await);
        (p99.as_secs_f64(), replicas.iter().map(|replica| replica.calls()).sum::<u32>())
    };
    let ((plain, calls), (hedged, more)) = (run(KIND).await, run(HEDGED).await);
    assert!(hedged <= 0.35 * plain, "{hedged} / {plain}");
    assert!(calls == 2000 && (2001..=2100).contains(&more), "{more}");
}

#[tokio::test(start_paused = true)]
async fn load_counts_until_the_lease_ends_and_late_calls_fail() {
    let (first, second) = (Scripted::new([10]), Scripted::new([10]));
    let pool = pool(&[&first, &second]);
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(pool.call(KIND, |client| client.call().boxed()).await.unwrap());
    }
    assert_eq!((first.calls(), second.calls()), (2, 2));
    // A call given up before it brought anything was slow, not wrong.
    let hanging = Scripted::new([100_000]);
    let pool = self::pool(&[&hanging]);
    for _ in 0..10 {
        assert!(tokio::time::timeout(Duration::from_secs(1), call(&pool, KIND)).await.is_err());
    }
    assert_eq!(hanging.calls(), 10);
    for nth in 0..10 {
        let is_late = call(&pool, KIND).await == Err(Broke(Verdict::Unfit));
        assert_eq!(is_late, nth < 5, "the breaker opens at the fifth");
    }
    assert_eq!(hanging.calls(), 15);
}
