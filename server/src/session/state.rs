//! A session's state, behind its lock.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::journal::{Journal, undurable};
use super::limit::RateLimit;
use super::outbox::{self, GivenUp, Outbox, Sequenced};
use super::registry::random_id;
use super::replay::Replay;
use super::store::{Kept, Record, Running};
use super::{Knobs, MAX_WAITING};
use crate::description::Image;
use crate::event::{Event, HistoryMessage, Message, Speaker, Status, TurnReport};
use crate::turn::{Ended, Request, Stop};

/// How many messages a session remembers, questions and answers together.
const MAX_HISTORY: usize = 10;

/// How many message ids are known again when they are repeated.
const MAX_RECENT: usize = 32;

/// A client may have heard so many frames more than the store was told; who claims more is not believed. A turn has
/// fewer, even if every token was a frame.
const MAX_UNWRITTEN: u64 = 100_000;

/// Something for the driver to do.
#[derive(Debug)]
pub(super) enum Job {
    Message {
        message: Message,
        arrived: Instant,
        is_cancelled: bool,
    },
    Forget,
    /// A description is asked for behind a `Forget`.
    Prepare,
    /// A still came behind a `Forget`.
    Show(Image),
    /// A turn that a former owner of the session did not end.
    Restart(Running),
}

/// What a new socket is told first.
#[derive(Debug)]
pub struct Attached {
    /// The session.
    pub session_id: Arc<str>,
    /// Proves that a client may come back to this session.
    pub resume_token: Arc<str>,
    /// The visitor epoch.
    pub epoch: u64,
    /// The session's last sequence number.
    pub last_seq: u64,
    /// Whether the client missed nothing.
    pub resumed: bool,
    /// What the client can't be sent again frame by frame.
    pub snapshot: Option<Snapshot>,
    /// A turn runs: its end is still to come.
    pub is_replying: bool,
    /// What follows.
    pub outbox: Arc<Outbox>,
}

/// A session's past, for a client that missed some of it.
#[derive(Debug)]
pub struct Snapshot {
    /// Questions and plain answers, oldest first.
    pub history: Vec<HistoryMessage>,
    /// The running turn and its text so far.
    pub turn: Option<(Arc<str>, String)>,
}

pub(super) struct State {
    epoch: u64,
    seq: u64,
    resume_token: Arc<str>,
    outbox: Option<Arc<Outbox>>,
    detached_at: Instant,
    active: Option<Active>,
    jobs: VecDeque<Job>,
    /// The driver runs.
    pub(super) is_driven: bool,
    turns: u64,
    history: VecDeque<HistoryMessage>,
    recent: VecDeque<Recent>,
    /// The visitor's appearance was not yet spoken of.
    mention_due: bool,
    rng: fastrand::Rng,
    rate: RateLimit,
    image_rate: RateLimit,
    pub(super) replay: Replay,
    /// The way to the store, if there is one. Boxed: most servers have none.
    pub(super) journal: Option<Box<Journal>>,
    /// The snapshot that the socket was given holds all up to here.
    snapshot_seq: u64,
    /// Another owner goes on with the session.
    is_lost: bool,
}

struct Active {
    running: Running,
    stop: Arc<Stop>,
    text: String,
}

/// A message that had an id of its own, so that a repetition is known.
#[derive(Debug)]
struct Recent {
    id: Arc<str>,
    /// Its turn has begun. Before, only this node knows of the message.
    is_begun: bool,
    started: Option<Sequenced>,
    done: Option<Sequenced>,
}

impl State {
    pub(super) fn new(knobs: &Knobs, rng: fastrand::Rng) -> Self {
        Self {
            epoch: 1,
            seq: 0,
            resume_token: random_id(),
            outbox: None,
            detached_at: Instant::now(),
            active: None,
            jobs: VecDeque::new(),
            is_driven: false,
            turns: 0,
            history: VecDeque::new(),
            recent: VecDeque::new(),
            mention_due: knobs.mention_first,
            rng,
            rate: RateLimit::per_minute(knobs.messages_per_minute),
            image_rate: RateLimit::per_minute(knobs.images_per_minute),
            replay: Replay::new(knobs.replay_bytes),
            journal: None,
            snapshot_seq: 0,
            is_lost: false,
        }
    }

    /// A session that was another node's, or this one's before its end. `last_seq`: the last number that the client
    /// knows; it may have heard more than was written.
    pub(super) fn restore(
        knobs: &Knobs,
        rng: fastrand::Rng,
        resume_token: &str,
        kept: &Kept,
        last_seq: u64,
    ) -> Self {
        let Kept { record, frames, .. } = kept;
        let mut state = Self {
            epoch: record.epoch,
            resume_token: Arc::from(resume_token),
            turns: record.turns,
            history: record.history.iter().cloned().collect(),
            mention_due: record.mention_due,
            ..Self::new(knobs, rng)
        };
        for id in &record.ids {
            state.remember_id(Some(id));
            state.recent.back_mut().into_iter().for_each(|recent| recent.is_begun = true);
        }
        for frame in frames {
            state.note(frame);
            state.replay.push(frame.clone());
        }
        state.seq = frames.last().and_then(|frame| frame.seq).unwrap_or_default().max(record.seq);
        if (1..=MAX_UNWRITTEN).contains(&last_seq.saturating_sub(state.seq)) {
            // Of a turn that runs, tokens: it is begun again. Else turns that are not kept: the client is given a
            // snapshot, because nothing else would tell it that they are gone.
            state.seq = if record.running.is_some() { last_seq } else { last_seq + 1 };
            state.replay.clear();
        }
        state
    }

    /// What the store keeps of the session besides its frames.
    pub(super) fn record(&self) -> Record {
        Record {
            epoch: self.epoch,
            seq: self.seq,
            turns: self.turns,
            mention_due: self.mention_due,
            history: self.history.iter().cloned().collect(),
            ids: self.recent.iter().filter(|it| it.is_begun).map(|recent| Arc::clone(&recent.id)).collect(),
            running: self.active.as_ref().map(|active| active.running.clone()),
        }
    }

    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    /// Another owner goes on: nothing more is said, the socket is given up, and what runs is stopped.
    pub(super) fn lose(&mut self) {
        self.is_lost = true;
        self.jobs.clear();
        self.stop_active(Status::Cancelled);
        if let Some(outbox) = self.outbox.take() {
            outbox.give_up(GivenUp::Replaced);
            self.detached_at = Instant::now();
        }
    }

    /// The fence that the session is held by, if it is.
    pub(super) fn fence(&self) -> Option<u64> {
        self.journal.as_ref().filter(|_| !self.is_lost).map(|journal| journal.fence())
    }

    pub(super) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Whether the session must not run out.
    pub(super) fn is_in_use(&self) -> bool {
        !self.is_lost && (self.outbox.is_some() || self.is_driven)
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) fn has_token(&self, token: &str) -> bool {
        *self.resume_token == *token
    }

    pub(super) fn resume_token(&self) -> Arc<str> {
        Arc::clone(&self.resume_token)
    }

    pub(super) fn attach(&mut self, id: &Arc<str>, outbound_queue: usize, last_seq: Option<u64>) -> Attached {
        let missed = last_seq.and_then(|last_seq| self.replay.after(last_seq, self.seq));
        let resumed = missed.is_some();
        let mut missed = missed.unwrap_or_default();
        if let Some(held) = self.journal.as_ref().and_then(|journal| journal.first_held()) {
            missed.retain(|event| event.seq < Some(held)); // the rest follows once it is written
        }
        let outbox = Arc::new(Outbox::new(outbound_queue, missed));
        if let Some(former) = self.outbox.replace(Arc::clone(&outbox)) {
            former.give_up(GivenUp::Replaced);
        }
        self.snapshot_seq = if resumed { 0 } else { self.seq };
        let snapshot = last_seq.filter(|_| !resumed).map(|_| Snapshot {
            history: self.history.iter().cloned().collect(),
            turn: self
                .active
                .as_ref()
                .map(|active| (Arc::clone(&active.running.turn_id), active.text.clone())),
        });
        Attached {
            session_id: Arc::clone(id),
            resume_token: Arc::clone(&self.resume_token),
            epoch: self.epoch,
            last_seq: self.seq,
            resumed,
            snapshot,
            is_replying: self.active.is_some(),
            outbox,
        }
    }

    pub(super) fn detach(&mut self, outbox: &Arc<Outbox>) {
        if self.outbox.as_ref().is_some_and(|current| Arc::ptr_eq(current, outbox)) {
            self.outbox = None;
            self.detached_at = Instant::now();
        }
    }

    /// Whether nobody has come back for so long, and nothing is left to do.
    pub(super) fn is_abandoned(&self, ttl: Duration) -> bool {
        self.outbox.is_none() && !self.is_driven && (self.is_lost || self.detached_at.elapsed() >= ttl)
    }

    /// Numbers an event and queues it for the socket, if there is one.
    pub(super) fn emit(&mut self, event: Event) {
        if self.is_lost {
            return;
        }
        self.seq += 1;
        let event = Sequenced::new(self.seq, event);
        if let (Event::Token { text, .. }, Some(active)) = (&*event.event, &mut self.active) {
            active.text.push_str(text);
        }
        self.note(&event);
        self.replay.push(event.clone());
        self.show(event);
    }

    /// Shows an event as soon as the client may rely on it.
    fn show(&mut self, event: Sequenced) {
        let event = match &mut self.journal {
            Some(journal) => journal.take(event),
            None => Some(event),
        };
        if let Some(event) = event {
            self.replace(&event);
            self.push(event);
        }
    }

    /// What is sent again says what was said at first: a turn's end may not be in the store, other than was hoped.
    pub(super) fn replace(&mut self, event: &Sequenced) {
        let Event::TurnDone(report) = &*event.event else { return };
        if report.durable != Some(false) {
            return;
        }
        self.replay.replace(event);
        let mut done = self.recent.iter_mut().filter_map(|recent| recent.done.as_mut());
        if let Some(done) = done.find(|done| done.seq == event.seq) {
            done.clone_from(event);
        }
    }

    /// Pushes an event that was held back, unless the socket was given a snapshot that holds it.
    pub(super) fn push_held(&mut self, event: Sequenced) {
        if event.seq.is_none_or(|seq| seq > self.snapshot_seq) {
            self.push(event);
        }
    }

    /// Remembers what came of a message that had an id.
    fn note(&mut self, event: &Sequenced) {
        match &*event.event {
            Event::TurnStarted { id: Some(id), .. } => {
                if let Some(recent) = self.recent.iter_mut().find(|recent| recent.id == *id) {
                    recent.started = Some(event.clone());
                    recent.is_begun = true;
                }
            }
            Event::TurnDone(report) => {
                let of_turn = |recent: &&mut Recent| {
                    let started = recent.started.as_ref().map(|started| &*started.event);
                    matches!(started, Some(Event::TurnStarted { turn_id, .. }) if *turn_id == report.turn_id)
                };
                if let Some(recent) = self.recent.iter_mut().find(of_turn) {
                    recent.done = Some(event.clone());
                    self.trim_recent();
                }
            }
            _ => {}
        }
    }

    pub(super) fn push(&mut self, event: Sequenced) {
        if let Some(outbox) = &self.outbox
            && !outbox.push(event)
        {
            self.outbox = None;
            self.detached_at = Instant::now();
        }
    }

    /// Whether a message id was seen before; if so, its turn's frames are sent again, but for those that are still
    /// to be sent at first.
    pub(super) fn repeat(&mut self, id: &str) -> bool {
        let Some(recent) = self.recent.iter().find(|recent| *recent.id == *id) else { return false };
        let held = self.journal.as_ref().and_then(|journal| journal.first_held());
        let frames = [recent.started.clone(), recent.done.clone()];
        for frame in frames.into_iter().flatten() {
            if held.is_none() || frame.seq < held {
                self.push(frame);
            } else if frame.seq <= Some(self.snapshot_seq) {
                self.push(undurable(frame)); // as far as is known
            }
        }
        true
    }

    pub(super) fn remember_id(&mut self, id: Option<&str>) {
        let Some(id) = id else { return };
        if self.recent.len() == MAX_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(Recent { id: Arc::from(id), is_begun: false, started: None, done: None });
    }

    /// Drops the oldest frames kept for repetitions until the rest is small enough.
    fn trim_recent(&mut self) {
        let size = |recent: &Recent| recent.done.as_ref().map_or(0, |done| outbox::size(&done.event));
        let mut bytes: usize = self.recent.iter().map(size).sum();
        for oldest in &mut self.recent {
            if bytes <= self.replay.limit() {
                break;
            }
            bytes -= size(oldest);
            oldest.done = None; // the id stays known
        }
    }

    pub(super) fn take_rate(&self) -> Result<(), Duration> {
        self.rate.take()
    }

    pub(super) fn take_image_rate(&self) -> Result<(), Duration> {
        self.image_rate.take()
    }

    /// Whether a turn runs or waits.
    pub(super) fn is_busy(&self) -> bool {
        self.active.is_some() || !self.jobs.is_empty()
    }

    /// Whether no further message may wait.
    pub(super) fn is_full(&self) -> bool {
        self.jobs.iter().filter(|job| matches!(job, Job::Message { .. })).count() >= MAX_WAITING
    }

    /// What the running turn has sent.
    pub(super) fn active_text(&self) -> String {
        self.active.as_ref().map_or_else(String::new, |active| active.text.clone())
    }

    /// Asks the running turn to end.
    pub(super) fn stop_active(&self, status: Status) {
        if let Some(active) = &self.active {
            active.stop.with(status);
        }
    }

    /// Cancels the running turn, if it is the one meant. Without a turn that runs on, a cancel that names
    /// none is for the message that has just come and whose turn has not begun.
    pub(super) fn cancel(&mut self, turn_id: Option<&str>) {
        let running = self.active.as_ref().filter(|active| active.stop.status().is_none());
        match (running, turn_id) {
            (Some(active), Some(meant)) if *meant != *active.running.turn_id => {}
            (Some(active), _) => active.stop.with(Status::Cancelled),
            (None, Some(_)) => {}
            (None, None) => {
                let next = self.jobs.iter_mut().find_map(|job| match job {
                    Job::Message { is_cancelled, .. } if !*is_cancelled => Some(is_cancelled),
                    _ => None,
                });
                if let Some(is_cancelled) = next {
                    *is_cancelled = true;
                }
            }
        }
    }

    pub(super) fn push_job(&mut self, job: Job) {
        // Twice in a row is once.
        let is_repeated = matches!(
            (&job, self.jobs.back()),
            (Job::Forget, Some(Job::Forget)) | (Job::Prepare, Some(Job::Prepare))
        );
        if !is_repeated {
            self.jobs.push_back(job);
        }
    }

    /// The next job. An empty queue holds no memory: most sessions idle.
    pub(super) fn pop_job(&mut self) -> Option<Job> {
        let job = self.jobs.pop_front();
        if job.is_none() {
            self.jobs = VecDeque::new();
        }
        job
    }

    /// Whether the visitor epoch ends behind the job just popped.
    pub(super) fn is_forgetting(&self) -> bool {
        self.jobs.iter().any(|job| matches!(job, Job::Forget))
    }

    /// Whether another message waits.
    pub(super) fn has_newer_message(&self) -> bool {
        self.jobs.iter().any(|job| matches!(job, Job::Message { .. }))
    }

    /// Makes a message the next turn.
    pub(super) fn next_turn(
        &mut self,
        session_id: &Arc<str>,
        knobs: &Knobs,
        message: Message,
        arrived: Instant,
    ) -> Request {
        self.turns += 1;
        let history =
            if message.include_history { self.history.iter().cloned().collect() } else { Vec::new() };
        let mention = self.mention_due || self.rng.f64() < knobs.mention_rate;
        Request {
            turn_id: Arc::from(format!("t{}", self.turns)),
            session_id: Arc::clone(session_id),
            message,
            arrived,
            history,
            mention,
            restarted: false,
        }
    }

    /// Begins a former owner's turn again.
    pub(super) fn next_restart(&mut self, session_id: &Arc<str>, knobs: &Knobs, running: Running) -> Request {
        let request = self.next_turn(session_id, knobs, running.message, Instant::now());
        self.turns -= 1; // it was counted
        Request { turn_id: running.turn_id, restarted: true, ..request }
    }

    /// The turn now running; returns what stops it.
    pub(super) fn activate(&mut self, request: &Request, attempts: u32) -> Arc<Stop> {
        let stop = Arc::new(Stop::default());
        self.active = Some(Active {
            running: Running {
                turn_id: Arc::clone(&request.turn_id),
                message: request.message.clone(),
                attempts,
            },
            stop: Arc::clone(&stop),
            text: String::new(),
        });
        stop
    }

    /// Keeps what the visitor got to know and tells the turn's end.
    pub(super) fn finish(&mut self, request: &Request, ended: Ended) {
        self.active = None;
        self.mention_due &= !ended.mentioned;
        if !ended.heard.is_empty() {
            let question = request.message.text.clone();
            let asked = HistoryMessage { speaker: Speaker::Visitor, text: question, tone: None };
            let Ended { heard: text, heard_in: tone, .. } = ended;
            self.history.push_back(asked);
            self.history.push_back(HistoryMessage { speaker: Speaker::House, text, tone });
            while self.history.len() > MAX_HISTORY {
                self.history.pop_front();
            }
        }
        let durable = self.journal.is_some().then_some(true); // as long as nothing else is known
        self.emit(Event::TurnDone(Arc::new(TurnReport { durable, ..ended.report })));
    }

    /// Ends the visitor epoch: nothing of this visitor is left, only the sequence goes on.
    pub(super) fn begin_epoch(&mut self, knobs: &Knobs) {
        self.epoch += 1;
        self.resume_token = random_id();
        self.history = VecDeque::new();
        // What waits is of the epoch that begins: it is known again when it is repeated.
        self.recent = std::mem::take(&mut self.recent).into_iter().filter(|it| !it.is_begun).collect();
        self.replay.clear();
        self.mention_due = knobs.mention_first;
        let (epoch, last_seq, resume_token) = (self.epoch, self.seq, Arc::clone(&self.resume_token));
        if let Some(journal) = &mut self.journal {
            journal.begin_epoch(&resume_token);
        }
        let event = Arc::new(Event::EpochBegan { epoch, last_seq, resume_token });
        self.show(Sequenced { seq: None, from_seq: None, event });
    }
}
