//! The cache of descriptions: a `DashMap` keyed by session id, with one fetch in flight a session.
//!
//! A fetch belongs to the server, not to the turn that asked: when a turn stops waiting, the description
//! still lands here for the next one. Only another visitor ([`Descriptions::change_visitor`]), the
//! session's end and the server's own stop it. No map guard is held across an await.

mod slot;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use dashmap::DashMap;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Eyes, Image, Scene, Vlm, VlmError, clean};
use crate::observe::Metrics;
use crate::tone::{Selected, Selector, rules};
use slot::{Slot, Still};

/// After this many failures in a row, nobody waits for the VLM until a call succeeds again.
const FAILURES_TO_DISTRUST: u32 = 2;

/// How long a still waits for somebody to look at it: an older one shows who was there before.
const IMAGE_TTL: Duration = Duration::from_secs(10);

/// What is known of a visitor: a description and its tone.
#[derive(Debug, Clone)]
pub struct Sight {
    /// The description; empty when nobody is there.
    pub text: Arc<str>,
    /// When the VLM was asked.
    pub asked: Instant,
    /// When it had answered.
    pub described: Instant,
    /// From when the description's age counts: when the still came, else when the VLM had answered.
    pub seen: Instant,
    /// The tone, selected the moment the description was known.
    pub selected: Selected,
    /// When the tone was selected: from then on the sight is of use.
    pub selected_at: Instant,
}

impl Sight {
    /// How old the description is.
    pub fn age(&self) -> Duration {
        self.seen.elapsed()
    }
}

/// A fetch in flight; clones of it wait for the same one.
#[derive(Debug, Clone)]
pub struct Flight {
    /// When the VLM was asked.
    pub asked: Instant,
    /// When the still came that is looked at, if one is.
    shown: Option<Instant>,
    /// The description and when it came, before its tone is selected.
    seen: Arc<OnceLock<(Arc<str>, Instant)>>,
    state: watch::Receiver<Option<Landed>>,
}

/// The end of a fetch.
#[derive(Debug, Clone)]
pub struct Landed {
    /// When it ended, the tone selected.
    pub at: Instant,
    /// What it brought.
    pub sight: Result<Sight, VlmError>,
}

impl Flight {
    /// The description and when it came, even while its tone is still being selected.
    pub fn seen(&self) -> Option<(Arc<str>, Instant)> {
        self.seen.get().cloned()
    }

    /// From when the age of a description counts that came at a moment.
    pub fn seen_since(&self, described: Instant) -> Instant {
        self.shown.unwrap_or(described)
    }

    /// Whether it can still land.
    fn is_alive(&self) -> bool {
        self.state.has_changed().is_ok()
    }

    /// The result, if it has landed.
    pub fn landed(&self) -> Option<Landed> {
        self.state.borrow().clone()
    }

    /// Waits for the result; `None` if the fetch was given up (a new visitor, or the server's end).
    pub async fn land(&mut self) -> Option<Landed> {
        self.state.wait_for(Option::is_some).await.ok()?.clone()
    }
}

/// A fetch outside the cache, or what a look at the same still has brought.
#[derive(Debug)]
pub struct Look {
    /// When the VLM was asked.
    pub asked: Instant,
    /// When it had answered, or failed.
    pub ended: Instant,
    /// From when the description's age counts.
    pub seen: Instant,
    /// The description.
    pub text: Result<Arc<str>, VlmError>,
}

impl Look {
    /// What a fetch for the cache has brought by now.
    fn at(asked: Instant, sight: Result<Sight, VlmError>) -> Self {
        let ended = Instant::now();
        let seen = sight.as_ref().map_or(ended, |sight| sight.seen);
        Self { asked, ended, seen, text: sight.map(|sight| sight.text) }
    }
}

/// Called once when a description lands, before those who wait for it.
pub type Landing = Box<dyn FnOnce(&Sight) + Send + Sync>;

/// The descriptions of all sessions.
pub struct Descriptions {
    vlm: Option<Arc<dyn Vlm>>,
    selector: Arc<Selector>,
    /// `vlm_timeout`
    timeout: Duration,
    slots: DashMap<Arc<str>, Slot>,
    failures: AtomicU32,
    metrics: Arc<Metrics>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Descriptions {
    /// An empty cache. Without a VLM nobody is ever described. Fetches run on `tasks` and end with `shutdown`.
    pub fn new(
        vlm: Option<Arc<dyn Vlm>>,
        selector: Arc<Selector>,
        timeout: Duration,
        metrics: Arc<Metrics>,
        tasks: TaskTracker,
        shutdown: CancellationToken,
    ) -> Arc<Self> {
        let (slots, failures) = (DashMap::new(), AtomicU32::new(0));
        Arc::new(Self { vlm, selector, timeout, slots, failures, metrics, tasks, shutdown })
    }

    /// Whether anyone can be described at all.
    pub fn has_vlm(&self) -> bool {
        self.vlm.is_some()
    }

    /// Whether the stills that clients send are of any use.
    pub fn takes_images(&self) -> bool {
        self.vlm.as_ref().is_some_and(|vlm| vlm.eyes() != Eyes::Camera)
    }

    /// Whether a [`Descriptions::look`] would bring anything now.
    pub fn can_look(&self, session_id: &str) -> bool {
        let Some(eyes) = self.vlm.as_ref().map(|vlm| vlm.eyes()) else { return false };
        self.slots.get(session_id).map_or(eyes != Eyes::Stills, |slot| {
            slot.still.is_some()
                || slot.has_camera(eyes)
                || slot.flight().is_some()
                || slot.of_last_still(eyes).is_some()
        })
    }

    /// Keeps a still for the next look, in place of an earlier one.
    pub fn show(self: &Arc<Self>, session_id: &Arc<str>, image: Image) {
        let taken = self.shutdown.child_token();
        let still = Still { image, came: Instant::now(), _kept: taken.clone().drop_guard() };
        let mut slot = self.slots.entry(Arc::clone(session_id)).or_default();
        (slot.still, slot.has_shown) = (Some(Box::new(still)), true);
        drop(slot);
        let (this, session_id) = (Arc::clone(self), Arc::clone(session_id));
        self.tasks.spawn(async move {
            if taken.run_until_cancelled(sleep(IMAGE_TTL)).await.is_some()
                && let Some(mut slot) = this.slots.get_mut(&session_id)
                && !taken.is_cancelled()
            {
                slot.still = None;
            }
        });
    }

    /// Whether the VLM may be waited for: its last two calls did not both fail by its own fault.
    pub fn is_trusted(&self) -> bool {
        self.failures.load(Ordering::Relaxed) < FAILURES_TO_DISTRUST
    }

    /// The session's last description, however old.
    pub fn cached(&self, session_id: &str) -> Option<Sight> {
        self.slots.get(session_id)?.cached.clone()
    }

    /// The fetch in flight, if there is one.
    pub fn flight(&self, session_id: &str) -> Option<Flight> {
        self.slots.get(session_id)?.flight().cloned()
    }

    /// Asks ahead of need, unless the VLM was asked within `refresh_after`, or what it said is younger.
    pub fn prefetch(self: &Arc<Self>, session_id: &Arc<str>, refresh_after: Duration, on_landing: Landing) {
        let is_recent = self.slots.get(session_id).is_some_and(|slot| {
            let described = slot.cached.as_ref().map(|sight| sight.described);
            [slot.asked, described].into_iter().flatten().any(|at| at.elapsed() < refresh_after)
        });
        if !is_recent {
            self.refresh(session_id, on_landing);
        }
    }

    /// Asks for a new description, or joins the fetch in flight; a still that came since is looked at when that
    /// has landed. `on_landing` is called only for a fetch that starts by this call. `None` without a VLM, and where
    /// it has nothing to look at.
    pub fn refresh(self: &Arc<Self>, session_id: &Arc<str>, on_landing: Landing) -> Option<Flight> {
        let vlm = Arc::clone(self.vlm.as_ref()?);
        let mut slot = self.slots.entry(Arc::clone(session_id)).or_default();
        if let Some(flight) = slot.flight().cloned() {
            if slot.still.is_some() {
                slot.next = Some(on_landing);
            }
            return Some(flight);
        }
        let (scene, shown) = slot.scene(session_id, vlm.eyes())?;
        let (landed, state) = watch::channel(None);
        let flight = Flight { asked: Instant::now(), shown, seen: Arc::default(), state };
        slot.asked = Some(flight.asked);
        let given_up = self.shutdown.child_token();
        slot.flight = Some((flight.clone(), given_up.clone().drop_guard()));
        drop(slot);

        let (this, session_id, own) = (Arc::clone(self), Arc::clone(session_id), flight.clone());
        self.tasks.spawn(async move {
            let fetch = this.fetch(&*vlm, scene, &own);
            let Some(result) = given_up.run_until_cancelled(fetch).await else { return };
            if !this.settle(&session_id, &own, &result) {
                return;
            }
            if let Ok(sight) = &result {
                on_landing(sight);
            }
            landed.send_replace(Some(Landed { at: Instant::now(), sight: result }));
            this.look_at_next(&session_id);
        });
        Some(flight)
    }

    /// Puts a fetch's result into its slot, unless that slot is another visitor's by now.
    fn settle(&self, session_id: &str, flight: &Flight, result: &Result<Sight, VlmError>) -> bool {
        let Some(mut slot) = self.slots.get_mut(session_id) else { return false };
        if slot.flight.take_if(|(current, _)| current.state.same_channel(&flight.state)).is_none() {
            return false;
        }
        if let Ok(sight) = result {
            slot.cached = Some(sight.clone());
        }
        true
    }

    /// Looks at a still that came while another was looked at.
    fn look_at_next(self: &Arc<Self>, session_id: &Arc<str>) {
        let next = self.slots.get_mut(session_id).and_then(|mut slot| {
            let next = slot.next.take();
            next.filter(|_| slot.still.is_some())
        });
        if let Some(on_landing) = next {
            self.refresh(session_id, on_landing);
        }
    }

    /// Asks the VLM on the caller's own account: neither reads nor fills the cache. For the strategies that are
    /// measured against the race. Only where the still is gone because a prefetch looks at it, or has, what that
    /// brings is used. `None` without a VLM, where it has nothing to look at, and where the visitor changes meanwhile.
    pub async fn look(&self, session_id: &Arc<str>) -> Option<Look> {
        let asked = Instant::now();
        let vlm = self.vlm.as_ref()?;
        let mut slot = self.slots.entry(Arc::clone(session_id)).or_default();
        let Some((scene, shown)) = slot.scene(session_id, vlm.eyes()) else {
            let (flight, last) = (slot.flight().cloned(), slot.of_last_still(vlm.eyes()).cloned());
            drop(slot);
            return match flight {
                Some(mut flight) => flight.land().await.map(|landed| Look::at(asked, landed.sight)),
                None => last.map(|sight| Look::at(asked, Ok(sight))),
            };
        };
        let given_up = slot.looking.get_or_insert_default().clone();
        drop(slot);
        let text = given_up.run_until_cancelled(self.describe(&**vlm, scene)).await?;
        let ended = Instant::now();
        Some(Look { asked, ended, seen: shown.unwrap_or(ended), text: text.map(Arc::from) })
    }

    /// Takes what another node saw of the visitor, unless something newer is known.
    pub fn recall(self: &Arc<Self>, session_id: &Arc<str>, text: Arc<str>, age: Duration) {
        let Some(described) = Instant::now().checked_sub(age) else { return };
        let visitor = self.slots.entry(Arc::clone(session_id)).or_default().visitor;
        let (this, session_id) = (Arc::clone(self), Arc::clone(session_id));
        self.tasks.spawn(async move {
            let selected = match this.selector.known(&text) {
                Some(known) => known,
                None => this.selector.select(&text).await,
            };
            let sight = Sight {
                text,
                asked: described,
                seen: described,
                described,
                selected,
                selected_at: Instant::now(),
            };
            if let Some(mut slot) = this.slots.get_mut(&session_id)
                && slot.visitor == visitor
            {
                slot.cached.get_or_insert(sight);
            }
        });
    }

    /// Another visitor stands there: drops what is known and gives up what looks at the last one.
    pub fn change_visitor(&self, session_id: &Arc<str>) {
        let mut slot = self.slots.entry(Arc::clone(session_id)).or_default();
        if let Some(looking) = slot.looking.take() {
            looking.cancel();
        }
        let (visitor, asked) = (slot.visitor.wrapping_add(1), slot.asked);
        *slot = Slot { visitor, asked, has_shown: slot.has_shown, ..Slot::default() };
    }

    /// How many visitors a session had before this one.
    pub fn visitor(&self, session_id: &str) -> u32 {
        self.slots.get(session_id).map_or(0, |slot| slot.visitor)
    }

    /// A session comes from another node: what was known of it here is of another time. `visitor`: how many visitors
    /// it had before this one.
    pub fn begin_anew(&self, session_id: &Arc<str>, visitor: u32) {
        self.slots.insert(Arc::clone(session_id), Slot { visitor, ..Slot::default() });
    }

    /// Drops all of a session that has ended.
    pub fn remove(&self, session_id: &str) {
        self.slots.remove(session_id);
    }

    /// How many sessions hold a description or wait for one.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    async fn fetch(&self, vlm: &dyn Vlm, scene: Scene, flight: &Flight) -> Result<Sight, VlmError> {
        let text: Arc<str> = self.describe(vlm, scene).await?.into();
        let described = Instant::now();
        let _ = flight.seen.set((Arc::clone(&text), described)); // set here only
        let selected = if let Some(known) = self.selector.known(&text) {
            known
        } else {
            let selected = self.selector.select(&text).await;
            self.metrics.selected(selected.took);
            selected
        };
        let seen = flight.seen_since(described);
        Ok(Sight { text, asked: flight.asked, described, seen, selected, selected_at: Instant::now() })
    }

    async fn describe(&self, vlm: &dyn Vlm, scene: Scene) -> Result<String, VlmError> {
        let asked = Instant::now();
        let described = timeout(self.timeout, vlm.describe(scene));
        let result = match described.await.unwrap_or(Err(VlmError::TimedOut(self.timeout))) {
            Ok(text) if rules::is_instruction(&text) => Err(VlmError::Garbage("instructions")),
            result => result.map(|text| clean(&text)),
        };
        match &result {
            Ok(_) => self.failures.store(0, Ordering::Relaxed),
            Err(error) => {
                // What the model makes of one visitor's still says nothing of the next one's.
                self.failures.fetch_add(u32::from(error.is_fault()), Ordering::Relaxed);
                tracing::warn!(%error, "no description");
            }
        }
        let became = match &result {
            Ok(text) if text.is_empty() => "nobody",
            Ok(_) => "described",
            Err(error) => error.as_str(),
        };
        self.metrics.described(became, asked.elapsed());
        result
    }
}

#[cfg(test)]
mod tests;
