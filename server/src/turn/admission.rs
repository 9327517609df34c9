//! How many turns run at once: as many as the models take without making visitors wait. What comes beyond is told so at
//! once, and costs those who are being answered nothing.
//!
//! The limit is found, not configured, by what first tokens take. It doubles until they take twice as long as in a quiet
//! house, then falls by as many turns as wait at the models; from then on it grows slowly while they come in time, and falls
//! again when they don't (as TCP's congestion control does). A few may wait for a place, if one will be free in a moment.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

/// Before anything is known: a small machine's model takes this many, a large one's limit doubles with each round.
const FIRST: f64 = 8.0;

/// Fewer are never let in: a house with a few visitors is slow rather than closed.
const LEAST: f64 = 4.0;

/// More say nothing of the models any more.
const MOST: f64 = 10_000.0;

/// Nobody waits longer for a place, as far as can be foreseen, than a first token takes, within these bounds.
const PATIENCE: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(1));

/// What the limit grows by in a round of as many first tokens: below the limit that was last too much, and near it. A
/// try beyond what the models take makes some visitors wait, so there are few.
const GROWTH: f64 = 0.5;
const CAREFUL: f64 = 0.005;
const SHRINKING: f64 = 0.95;

/// First tokens are late when they take so many times as long as in a quiet house, and this much longer.
const LATE: f64 = 2.0;
const SLACK: f64 = 0.05;

/// What a new sample weighs: of what is normal, and of what is now.
const SLOW: f64 = 0.05;
const QUICK: f64 = 0.2;

/// A refused visitor is asked to come back within these.
const RETRY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// Lets turns in.
pub struct Admission {
    state: Mutex<State>,
}

struct State {
    limit: f64,
    is_fixed: bool,
    running: usize,
    waiting: VecDeque<oneshot::Sender<()>>,
    /// Seconds to the first token: in a quiet house, and of late.
    normal: Option<f64>,
    of_late: Option<f64>,
    /// Seconds that a turn takes.
    turn: f64,
    /// No limit was met by late tokens yet: it doubles.
    is_starting: bool,
    /// The limit that was last too much.
    too_much: f64,
    /// First tokens since the limit shrank last.
    since_shrunk: usize,
}

/// A place among the running turns, or soon one; given back when it is dropped.
pub struct Place {
    admission: Arc<Admission>,
    granted: Option<oneshot::Receiver<()>>,
    is_held: bool,
}

/// No place is free, and none will be in a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full {
    /// When one may be.
    pub retry_after: Duration,
}

/// How things stand, for operators.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Crowd {
    /// How many turns may run.
    pub limit: usize,
    /// How many wait for a place.
    pub waiting: usize,
}

impl Default for Admission {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Admission {
    /// Lets in what the models take, or, if it is `fixed`, so many.
    pub fn new(fixed: Option<u32>) -> Self {
        Self {
            state: Mutex::new(State {
                limit: fixed.map_or(FIRST, f64::from),
                is_fixed: fixed.is_some(),
                running: 0,
                waiting: VecDeque::new(),
                normal: None,
                of_late: None,
                turn: 1.0,
                is_starting: true,
                too_much: MOST,
                since_shrunk: 0,
            }),
        }
    }

    /// Takes a place, or one in the queue; an error says that there is none.
    pub fn enter(self: &Arc<Self>) -> Result<Place, Full> {
        let mut state = self.lock();
        if state.has_room() {
            state.running += 1;
            return Ok(self.place(None));
        }
        let wait = state.wait();
        if wait > state.patience() {
            return Err(Full { retry_after: wait.clamp(RETRY.0, RETRY.1) });
        }
        let (grant, granted) = oneshot::channel();
        state.waiting.push_back(grant);
        Ok(self.place(Some(granted)))
    }

    /// Takes a place whether there is one or not: for a turn that was let in elsewhere.
    pub fn force(self: &Arc<Self>) -> Place {
        self.lock().running += 1;
        self.place(None)
    }

    fn place(self: &Arc<Self>, granted: Option<oneshot::Receiver<()>>) -> Place {
        let is_held = granted.is_none();
        Place { admission: Arc::clone(self), granted, is_held }
    }

    /// A model's answer has begun, so long after it was asked for.
    pub fn first_token(&self, took: Duration) {
        self.lock().first_token(took.as_secs_f64());
    }

    /// A model has said that it has too much to do.
    pub fn pushed_back(&self) {
        let mut state = self.lock();
        if !state.is_fixed && state.since_shrunk > 0 {
            state.shrink(0.0);
        }
    }

    /// How things stand.
    pub fn crowd(&self) -> Crowd {
        let state = self.lock();
        Crowd { limit: state.places(), waiting: state.waiting.len() }
    }

    /// A turn that has asked a model is over.
    pub fn turn_ended(&self, took: Duration) {
        let mut state = self.lock();
        state.turn += QUICK * (took.as_secs_f64() - state.turn);
    }

    fn leave(&self) {
        let mut state = self.lock();
        state.running -= 1;
        state.grant();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn places(&self) -> usize {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // from LEAST to MOST
        let places = self.limit as usize;
        places
    }

    fn has_room(&self) -> bool {
        self.running < self.places()
    }

    /// How long one who comes now would wait for a place: each place is free once a turn.
    fn wait(&self) -> Duration {
        #[allow(clippy::cast_precision_loss)] // a queue is no longer than that
        let before = (self.waiting.len() + 1) as f64;
        Duration::from_secs_f64(before * self.turn / self.limit)
    }

    fn patience(&self) -> Duration {
        self.normal.map_or(PATIENCE.1, |normal| Duration::from_secs_f64(normal).clamp(PATIENCE.0, PATIENCE.1))
    }

    /// Gives free places to those who wait.
    fn grant(&mut self) {
        while self.has_room()
            && let Some(next) = self.waiting.pop_front()
        {
            // One that is gone needs none.
            self.running += usize::from(next.send(()).is_ok());
        }
    }

    fn first_token(&mut self, took: f64) {
        let is_quiet = self.running * 2 <= self.places();
        let normal = match self.normal {
            None => took,
            // In a rush only what is quicker than ever says what is normal.
            Some(normal) if is_quiet || took < normal => normal + SLOW * (took - normal),
            Some(normal) => normal,
        };
        let of_late = self.of_late.map_or(took, |of_late| of_late + QUICK * (took - of_late));
        (self.normal, self.of_late) = (Some(normal), Some(of_late));
        self.since_shrunk += 1;
        if self.is_fixed {
            return;
        }
        let most = LATE * normal + SLACK;
        if of_late > most || self.is_starting && took > most {
            // What was begun before the limit shrank is late still.
            if self.since_shrunk > self.places() || self.is_starting {
                let took = if self.is_starting { took } else { of_late };
                self.shrink(took - normal);
            }
        } else if self.running >= self.places() {
            let a_round = if self.limit + 1.0 < self.too_much { GROWTH } else { CAREFUL };
            let growth = if self.is_starting { 1.0 } else { a_round / self.limit };
            self.limit = (self.limit + growth).min(MOST);
            self.grant();
        }
    }

    /// Shrinks the limit: first tokens come late by so many seconds.
    fn shrink(&mut self, late_by: f64) {
        self.too_much = self.limit;
        // Who waits at the models: by Little's law, the share of a turn that is spent waiting (as TCP Vegas has it).
        let served = 1.0 - late_by / self.turn.max(0.001);
        self.limit = (self.limit * served.clamp(0.5, SHRINKING)).max(LEAST);
        (self.is_starting, self.since_shrunk) = (false, 0);
    }
}

impl Place {
    /// Waits until the place is free.
    pub async fn ready(&mut self) {
        if let Some(granted) = &mut self.granted {
            let _ = granted.await; // it is sent, or all is over
            (self.granted, self.is_held) = (None, true);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // It may have been granted and not been heard of.
        let is_granted = self.granted.take().is_some_and(|mut granted| granted.try_recv().is_ok());
        if self.is_held || is_granted {
            self.admission.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use futures_util::future::join_all;
    use tokio::sync::Semaphore;
    use tokio::time::{Instant, sleep};

    use super::*;

    const MODEL_FIRST: Duration = Duration::from_millis(100);
    /// In ms.
    const MODEL_REST: std::ops::Range<u64> = 500..1300;

    /// A run of an open load over models that do `capacity` calls at once; more wait.
    struct Run {
        served: usize,
        refused: usize,
        /// First tokens, from a visitor's arrival.
        p99: Duration,
        limit: usize,
    }

    async fn run(admission: &Arc<Admission>, capacity: usize, a_second: u32, seconds: u32) -> Run {
        let models = Rc::new(Semaphore::new(capacity));
        let refused = Rc::new(Cell::new(0));
        // As visitors come: two at once, then none.
        let (mut dice, mut at) = (fastrand::Rng::with_seed(7), 0.0);
        let visitors = (0..a_second * seconds).map(|_| {
            let (models, refused) = (Rc::clone(&models), Rc::clone(&refused));
            at -= dice.f64().ln() / f64::from(a_second);
            let comes = Duration::from_secs_f64(at);
            let rest = Duration::from_millis(dice.u64(MODEL_REST));
            async move {
                sleep(comes).await;
                let arrived = Instant::now();
                let Ok(mut place) = admission.enter() else {
                    refused.set(refused.get() + 1);
                    return None;
                };
                place.ready().await;
                let asked = Instant::now();
                let _served = models.acquire().await.unwrap();
                sleep(MODEL_FIRST).await;
                admission.first_token(asked.elapsed());
                let first = arrived.elapsed();
                sleep(rest).await;
                admission.turn_ended(asked.elapsed());
                Some(first)
            }
        });
        let mut firsts: Vec<Duration> = join_all(visitors).await.into_iter().flatten().collect();
        firsts.sort_unstable();
        let p99 = firsts.get(firsts.len() * 99 / 100).copied().unwrap_or_default();
        Run { served: firsts.len(), refused: refused.get(), p99, limit: admission.crowd().limit }
    }

    #[tokio::test(start_paused = true)]
    async fn the_limit_finds_what_the_models_take() {
        for capacity in [8, 20, 60] {
            let admission = Arc::new(Admission::default());
            let a_second = u32::try_from(capacity).unwrap(); // each call takes a second
            let at_once = run(&admission, capacity, a_second, 60).await;
            run(&admission, capacity, 2 * a_second, 20).await; // finds the limit
            let rush = run(&admission, capacity, 10 * a_second, 60).await;
            let told = format!("{capacity}: {} refused, limit {}, {:?}", rush.refused, rush.limit, rush.p99);
            assert!(rush.served * 10 >= at_once.served * 9, "{told}; {} of {}", rush.served, at_once.served);
            assert!(rush.p99 <= 2 * at_once.p99, "{told}; {:?}", at_once.p99);
            // And it is as before when the rush is over.
            let after = run(&admission, capacity, a_second / 2, 20).await;
            assert!(after.refused * 20 <= after.served, "{told}; {} of {}", after.refused, after.served);
            assert!(after.p99 <= at_once.p99, "{told}; {:?}", after.p99);
            println!("{told}; {} of {}, {:?}", rush.served, at_once.served, at_once.p99);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn places_are_given_back_and_granted_in_turn() {
        let admission = Arc::new(Admission::default());
        admission.lock().turn = 0.1;
        let held: Vec<_> = (0..8).map(|_| admission.enter().unwrap()).collect();
        let mut waiting: Vec<_> = std::iter::from_fn(|| admission.enter().ok()).collect();
        assert_eq!(admission.crowd(), Crowd { limit: 8, waiting: 80 });
        assert!(admission.enter().is_err_and(|full| full.retry_after >= RETRY.0));
        drop(waiting.remove(0)); // it gave up
        drop(held);
        for place in waiting.iter_mut().take(8) {
            place.ready().await;
        }
        assert_eq!(admission.lock().running, 8);
        drop(waiting);
        let state = admission.lock();
        assert_eq!((state.running, state.waiting.len()), (0, 0));
    }
}
