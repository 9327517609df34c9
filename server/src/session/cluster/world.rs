//! What all parts of one run share: its dice, its store, its weather and its history.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::line::Trip;
use super::model::{Model, Rules};
use super::node::House;

/// A house's settings that a seed draws.
pub(super) const SESSION_TTL: Duration = Duration::from_secs(20);

/// What is wrong on purpose, so that a test can show that it is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Bug {
    #[default]
    None,
    /// The store takes every fence.
    NoFences,
    /// A resume sends one frame too many.
    ReplayOffByOne,
    /// The store takes an owner's writes in whatever order they come, so also those of an epoch that is over.
    EpochIgnored,
}

thread_local! {
    static IDS: RefCell<Option<fastrand::Rng>> = const { RefCell::new(None) };
}

/// Fills bytes as the operating system does; repeatably, where a run is played.
pub(in crate::session) fn fill(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
    IDS.with_borrow_mut(|ids| match ids {
        Some(rng) => {
            rng.fill(bytes);
            Ok(())
        }
        None => getrandom::fill(bytes),
    })
}

/// Whether a process runs: on, stopped for a while, or off for good.
pub(super) struct Power {
    stalled: watch::Sender<Instant>,
    off: CancellationToken,
}

impl Power {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { stalled: watch::Sender::new(Instant::now()), off: CancellationToken::new() })
    }

    pub(super) fn is_off(&self) -> bool {
        self.off.is_cancelled()
    }

    pub(super) fn cut(&self) {
        self.off.cancel();
    }

    pub(super) async fn is_cut(&self) {
        self.off.cancelled().await;
    }

    /// Stops it for a while.
    pub(super) fn stall(&self, pause: Duration) {
        self.stalled.send_replace(Instant::now() + pause);
    }

    /// Waits while it is stopped.
    pub(super) async fn awake(&self) {
        loop {
            let until = *self.stalled.borrow();
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
    }
}

/// How bad the lines are: each a share of the calls.
#[derive(Debug, Clone, Copy)]
struct Weather {
    slow: f64,
    late: f64,
    lost: f64,
    reply_lost: f64,
}

/// One run.
pub(super) struct World {
    pub(super) bug: Bug,
    started: Instant,
    rng: Mutex<fastrand::Rng>,
    model: Mutex<Model>,
    weather: Weather,
    /// What a call takes at most, one way, in ms, where nothing is wrong.
    distance: u64,
    /// The store is away until then, and whether it says so.
    outage: Mutex<(Instant, bool)>,
    is_calm: AtomicBool,
    is_noted: bool,
    history: Mutex<Vec<String>>,
    wrongs: Mutex<Vec<String>>,
    pub(super) houses: Mutex<Vec<Arc<House>>>,
}

impl World {
    pub(super) fn new(seed: u64, bug: Bug, is_noted: bool) -> Arc<Self> {
        let mut rng = fastrand::Rng::with_seed(seed);
        IDS.with_borrow_mut(|ids| *ids = Some(rng.fork()));
        let rules = Rules { fences: bug != Bug::NoFences, order: bug != Bug::EpochIgnored };
        let badness = [0.0, 0.3, 1.0, 2.0][rng.usize(..4)];
        let distance = [3, 3, 30, 110][rng.usize(..4)];
        let weather = Weather {
            slow: 0.05 * badness,
            late: 0.02 * badness,
            lost: 0.01 * badness,
            reply_lost: 0.01 * badness,
        };
        Arc::new(Self {
            bug,
            started: Instant::now(),
            rng: Mutex::new(rng),
            model: Mutex::new(Model::new(rules, SESSION_TTL, Duration::from_secs(60))),
            weather,
            distance,
            outage: Mutex::new((Instant::now(), false)),
            is_calm: AtomicBool::new(false),
            is_noted,
            history: Mutex::default(),
            wrongs: Mutex::default(),
            houses: Mutex::default(),
        })
    }

    pub(super) fn rng(&self) -> MutexGuard<'_, fastrand::Rng> {
        self.rng.lock().unwrap()
    }

    pub(super) fn chance(&self, share: f64) -> bool {
        self.rng().f64() < share
    }

    /// A duration of so many milliseconds, below `to`.
    pub(super) fn millis(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(self.rng().u64(from..to))
    }

    pub(super) fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap()
    }

    /// Does something to the store, and looks at what it must not be.
    pub(super) fn apply<T>(&self, apply: impl FnOnce(&mut Model) -> T) -> T {
        let mut model = self.model();
        let result = apply(&mut model);
        let wrongs = std::mem::take(&mut model.wrongs);
        drop(model);
        for wrong in wrongs {
            self.wrong(wrong);
        }
        result
    }

    pub(super) fn note(&self, what: impl FnOnce() -> String) {
        if self.is_noted {
            let line = format!("{:>6} {}", self.started.elapsed().as_millis(), what());
            self.history.lock().unwrap().push(line);
        }
    }

    /// Something that must never happen has.
    pub(super) fn wrong(&self, what: String) {
        self.note(|| format!("WRONG: {what}"));
        self.wrongs.lock().unwrap().push(what);
    }

    pub(super) fn wrongs(&self) -> Vec<String> {
        self.wrongs.lock().unwrap().clone()
    }

    pub(super) fn history(&self) -> Vec<String> {
        self.history.lock().unwrap().clone()
    }

    pub(super) fn is_calm(&self) -> bool {
        self.is_calm.load(Ordering::Relaxed)
    }

    /// From now on nothing fails.
    pub(super) fn calm_down(&self) {
        self.note(|| "calm".into());
        self.is_calm.store(true, Ordering::Relaxed);
        *self.outage.lock().unwrap() = (Instant::now(), false);
    }

    /// The store is away for a while; `says_so`: calls fail at once.
    pub(super) fn store_away(&self, pause: Duration, says_so: bool) {
        self.note(|| format!("the store is away for {} ms", pause.as_millis()));
        *self.outage.lock().unwrap() = (Instant::now() + pause, says_so);
    }

    pub(super) fn is_store_down(&self) -> bool {
        self.outage.lock().unwrap().0 > Instant::now()
    }

    pub(super) fn refuses(&self) -> bool {
        self.is_store_down() && self.outage.lock().unwrap().1
    }

    pub(super) fn trip(&self) -> Trip {
        let mut rng = self.rng();
        let mut there = Duration::from_millis(rng.u64(0..=self.distance));
        let back = Duration::from_millis(rng.u64(0..=self.distance));
        if self.is_calm() {
            return Trip { there, back, is_lost: false, is_reply_lost: false };
        }
        let Weather { slow, late, lost, reply_lost } = self.weather;
        let die = rng.f64();
        if die < slow {
            there = Duration::from_millis(rng.u64(50..600));
        } else if die < slow + late {
            there = Duration::from_millis(rng.u64(600..5000));
        }
        Trip { there, back, is_lost: rng.f64() < lost, is_reply_lost: rng.f64() < reply_lost }
    }
}
