//! The session: one visitor's conversation. It outlives its socket, has one turn at a time, and numbers
//! all it tells.
//!
//! A [`Session`] is plain state behind a short lock; nothing runs for an idle one. While there is something
//! to do, one task ([`driver`]) works off its queue: turns and the ends of visitor epochs, in order.

#[cfg(test)]
mod cluster;
mod driver;
mod joined;
mod journal;
mod limit;
mod node;
mod outbox;
mod registry;
mod replay;
mod state;
mod store;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use joined::{Gate, Listener, Namespace, StoreAway, is_plain};
pub use node::StoreOutage;
pub use outbox::{GivenUp, Outbox, Sequenced};
pub(crate) use registry::random_id;
pub use registry::{Located, Opened, Sessions, StoreKnobs, Wanted};
pub use state::{Attached, Snapshot};

use crate::description::{Image, ImageError, Landing};
use crate::event::{Command, DescriptionSource, ErrorEvent, Event, Message, Status, Upload};
use crate::observe::Metrics;
use crate::turn::Engine;
use crate::turn::admission::Full;
use node::Node;
use state::{Beside, Job, Known, Seat, State};
use store::Seen;

/// How many messages may wait behind a running turn (`on_overlap = queue`): a visitor hardly types more.
const MAX_WAITING: usize = 8;

/// What a message does to a running turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// It takes its place.
    Interrupt,
    /// It waits for its end.
    Queue,
    /// It is refused.
    Reject,
}

impl Overlap {
    /// All, as flags name them.
    pub const NAMES: [(&str, Self); 3] =
        [("interrupt", Self::Interrupt), ("queue", Self::Queue), ("reject", Self::Reject)];
}

/// How sessions behave, as configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Knobs {
    /// Descriptions are fetched before a message needs them.
    pub prefetch: bool,
    /// The first message that has a description mentions the visitor's appearance.
    pub mention_first: bool,
    /// The share of later messages that do, 0 to 1.
    pub mention_rate: f64,
    /// Makes the draw of mentions repeatable.
    pub seed: Option<u64>,
    /// What a message does to a running turn.
    pub on_overlap: Overlap,
    /// Messages a minute and session; 0: unlimited.
    pub messages_per_minute: u32,
    /// Images a minute and session; 0: unlimited.
    pub images_per_minute: u32,
    /// Bytes that may wait for a socket.
    pub outbound_queue: usize,
    /// Bytes of frames that are kept to be sent again.
    pub replay_bytes: usize,
    /// How long a session is kept without a socket.
    pub session_ttl: Duration,
}

/// What all sessions share.
struct Shared {
    engine: Engine,
    knobs: Knobs,
    metrics: Arc<Metrics>,
    /// The drivers, so that shutdown and tests can wait for them.
    tasks: TaskTracker,
    /// The drivers alone, without the fetches that `tasks` holds too.
    drivers: TaskTracker,
    /// Messages are refused; turns that were taken are played to their end.
    draining: CancellationToken,
    shutdown: CancellationToken,
    /// The store that is shared with other nodes, if there is one.
    node: Option<Arc<Node>>,
}

/// One visitor's conversation.
pub struct Session {
    id: Arc<str>,
    shared: Arc<Shared>,
    state: Mutex<State>,
}

impl Session {
    /// The session's id.
    pub fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// Gives the session a socket's queue. `known`: what the client knows, when it resumes. None if the session is
    /// another node's by now.
    fn attach(&self, known: Option<Known>, beside: Beside) -> Option<Attached> {
        let mut state = self.lock();
        if state.is_lost() {
            return None;
        }
        if known.is_some_and(|known| known.owner > state.fence()) {
            state.lose(GivenUp::Replaced); // the client has heard another owner, which the store could not tell
            return None;
        }
        let attached = state.attach(&self.id, self.shared.knobs.outbound_queue, known, beside);
        if self.shared.draining.is_cancelled() {
            state.release_if_idle(); // its handshake was complete before the server began to drain
        }
        Some(attached)
    }

    /// Gives the session a listener that is told its last turn from the start. None if that is not known.
    fn attach_to_last_turn(&self) -> Option<Attached> {
        let mut state = self.lock();
        if state.is_lost() {
            return None;
        }
        state.attach_to_last_turn(&self.id, self.shared.knobs.outbound_queue)
    }

    /// Takes a socket's queue away, if it is still the session's.
    pub fn detach(&self, outbox: &Arc<Outbox>) {
        self.lock().detach(outbox);
    }

    /// Does what a client asks. Answers, refusals too, come as events.
    pub fn handle(self: &Arc<Self>, command: Command) {
        if self.lock().is_lost() {
            return; // nothing that came of it would be told; the socket is about to end
        }
        match command {
            Command::Message(message) => self.take_message(message),
            Command::Typing { refresh: false } => self.prepare(false),
            Command::Typing { refresh: true } => {
                // Each one is a call to the VLM, so it counts like a message.
                let taken = self.lock().take_rate();
                match taken {
                    Ok(()) => self.prepare(true),
                    Err(wait) => self.refuse(self.rate_limited(wait)),
                }
            }
            Command::Image(Upload { bytes, mime, id }) => {
                if let Err(error) = self.take_image(bytes, mime.as_deref()) {
                    self.refuse(ErrorEvent { id: id.as_deref().map(Arc::from), ..error });
                }
            }
            Command::Cancel { turn_id } => self.lock().cancel(turn_id.as_deref()),
            Command::CancelMessage { id } => self.cancel_message(&id),
            Command::Forget => {
                let mut state = self.lock();
                state.stop_active(Status::Cancelled);
                self.enqueue(&mut state, Job::Forget);
            }
        }
    }

    /// Cancels the turn of the message with this id, whether it runs or waits.
    pub fn cancel_message(&self, id: &str) {
        self.lock().cancel_message(id);
    }

    /// How many messages a minute it may take, and how many of them are left; none if they are not limited.
    pub fn rate_left(&self) -> Option<(u32, u32)> {
        self.lock().rate_left()
    }

    /// Tells the client of something it did that can't be done.
    pub fn refuse(&self, error: ErrorEvent) {
        self.lock().emit(Event::Error(Box::new(error)));
    }

    /// Has the VLM look at a still. What is none counts against the rate as well.
    fn take_image(self: &Arc<Self>, bytes: Bytes, mime: Option<&str>) -> Result<(), ErrorEvent> {
        let for_good = |code, message: &str| ErrorEvent { retryable: false, ..refusal(code, message, None) };
        if !self.shared.engine.descriptions.takes_images() {
            let message = "This server has no use for images: its VLM is not asked with `--vlm-api openai`.";
            return Err(for_good("image_unsupported", message));
        }
        let admitted = self.lock().take_image_rate();
        admitted.map_err(|wait| {
            let message = format!("More than {} images a minute.", self.shared.knobs.images_per_minute);
            refusal("rate_limited", &message, Some(wait))
        })?;
        let image = Image::read(bytes, mime).map_err(|error| {
            let code = match error {
                ImageError::TooLarge { .. } => "image_too_large",
                _ => "bad_image",
            };
            for_good(code, &error.to_string())
        })?;
        // Held until the still is the visitor's: a `forget` must come before or behind both steps.
        let mut state = self.lock();
        if state.is_lost() {
            return Ok(()); // it has ended since
        }
        if state.is_forgetting() {
            state.push_job(Job::Show(image)); // it is of the next visitor
        } else {
            self.show(image, state.epoch());
        }
        Ok(())
    }

    fn show(self: &Arc<Self>, image: Image, epoch: u64) {
        let Shared { engine, knobs, .. } = &*self.shared;
        engine.descriptions.show(&self.id, image);
        // The other strategies look when they are asked.
        if knobs.prefetch && engine.knobs.strategy.reads_cache() {
            engine.descriptions.refresh(&self.id, self.landing(epoch));
        }
    }

    /// The visitor has come: asks who they are, so that the first turn need not wait.
    pub fn prefetch_at_opening(self: &Arc<Self>) {
        // The other strategies read no prefetch.
        if self.shared.engine.knobs.strategy.reads_cache() {
            self.prepare(false);
        }
    }

    fn prepare(self: &Arc<Self>, refresh: bool) {
        let mut state = self.lock();
        if state.is_forgetting() {
            // It is of the next visitor that the description must be.
            state.push_job(Job::Prepare);
            return;
        }
        let epoch = state.epoch();
        drop(state);
        if refresh {
            self.shared.engine.descriptions.change_visitor(&self.id);
            if let Some(journal) = &mut self.lock().journal {
                journal.note_change();
            }
            self.shared.engine.descriptions.refresh(&self.id, self.landing(epoch));
        } else {
            self.prefetch(epoch);
        }
    }

    fn prefetch(self: &Arc<Self>, epoch: u64) {
        let Shared { engine, knobs, .. } = &*self.shared;
        if knobs.prefetch {
            engine.descriptions.prefetch(&self.id, engine.knobs.refresh_after, self.landing(epoch));
        }
    }

    /// Tells of a description that lands, unless the visitor has changed by then.
    fn landing(self: &Arc<Self>, epoch: u64) -> Landing {
        let session = Arc::downgrade(self);
        Box::new(move |sight| {
            if let Some(session) = session.upgrade() {
                session.emit_in(
                    epoch,
                    Event::Description {
                        text: Arc::clone(&sight.text),
                        source: DescriptionSource::Vlm,
                        age: sight.age(),
                        turn_id: None,
                    },
                );
            }
        })
    }

    fn take_message(self: &Arc<Self>, message: Message) {
        let mut state = self.lock();
        if state.is_lost() {
            return;
        }
        if let Some(id) = &message.id
            && state.repeat(id)
        {
            return;
        }
        if let Err(error) = self.admit(&state) {
            let id = message.id.as_deref().map(Arc::from);
            state.emit(Event::Error(Box::new(ErrorEvent { id, ..error })));
            return;
        }
        if let Err(error) = self.take_place(&mut state) {
            let id = message.id.as_deref().map(Arc::from);
            state.emit(Event::Error(Box::new(ErrorEvent { id, ..error })));
            return;
        }
        if self.shared.knobs.on_overlap == Overlap::Interrupt {
            state.stop_active(Status::Interrupted);
        }
        state.remember_id(message.id.as_deref());
        self.enqueue(&mut state, Job::Message { message, arrived: Instant::now(), is_cancelled: false });
    }

    fn admit(&self, state: &State) -> Result<(), ErrorEvent> {
        if self.shared.draining.is_cancelled() || self.shared.shutdown.is_cancelled() {
            return Err(refusal(
                "shutting_down",
                "The server is stopping. Please ask again in a moment.",
                None,
            ));
        }
        let knobs = &self.shared.knobs;
        if knobs.on_overlap == Overlap::Reject && state.is_busy() {
            return Err(refusal("busy", "A reply is still running. Wait for its end or cancel it.", None));
        }
        // Where a message interrupts, those that wait before it are over at once.
        if knobs.on_overlap == Overlap::Queue && state.is_full() {
            return Err(refusal("queue_full", "Too many questions wait already. Wait for a reply.", None));
        }
        state.take_rate().map_err(|wait| self.rate_limited(wait))
    }

    /// Takes a place among the running turns for the session's driver, unless it has one: what interrupts a turn has its
    /// place.
    fn take_place(&self, state: &mut State) -> Result<(), ErrorEvent> {
        let Some(admission) = self.shared.engine.admission.as_ref() else {
            return Ok(());
        };
        if !matches!(state.seat, Seat::None) {
            return Ok(());
        }
        match admission.enter() {
            Ok(place) => {
                state.seat = Seat::Kept(Box::new(place));
                Ok(())
            }
            Err(Full { retry_after }) => {
                self.shared.metrics.turn_refused();
                let message = "Too many visitors ask at once. Please ask again in a moment.";
                Err(refusal("overloaded", message, Some(retry_after)))
            }
        }
    }

    fn rate_limited(&self, wait: Duration) -> ErrorEvent {
        let message = format!("More than {} messages a minute.", self.shared.knobs.messages_per_minute);
        refusal("rate_limited", &message, Some(wait))
    }

    /// What the camera last saw, for the store.
    fn seen(&self) -> Option<Seen> {
        let sight = self.shared.engine.descriptions.cached(&self.id)?;
        Some(Seen { age: sight.age(), text: sight.text })
    }

    /// Emits an event of a visitor epoch, unless that epoch is over.
    fn emit_in(&self, epoch: u64, event: Event) {
        let mut state = self.lock();
        if state.epoch() == epoch {
            state.emit(event);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A refusal of something that may succeed later.
fn refusal(code: &'static str, message: &str, retry_after: Option<Duration>) -> ErrorEvent {
    ErrorEvent {
        code: code.into(),
        message: message.to_owned(),
        retryable: true,
        retry_after,
        turn_id: None,
        id: None,
    }
}
