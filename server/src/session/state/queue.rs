//! What a session is asked to do, one after the other, and the turn that runs.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use super::{Active, State};
use crate::description::Image;
use crate::event::{Event, HistoryMessage, Message, Speaker, Status, TurnReport};
use crate::session::store::Running;
use crate::session::{Knobs, MAX_WAITING};
use crate::turn::{Ended, Request, Stop};

/// How many messages a session remembers, questions and answers together.
const MAX_HISTORY: usize = 10;

/// Something for the driver to do.
#[derive(Debug)]
pub(in crate::session) enum Job {
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

impl State {
    /// Whether a turn runs or waits.
    pub(in crate::session) fn is_busy(&self) -> bool {
        self.active.is_some() || !self.jobs.is_empty()
    }

    /// Whether a message's turn runs, or is about to be begun again.
    pub(in crate::session) fn is_answering(&self, id: &str) -> bool {
        let restarts = self.jobs.iter().filter_map(|job| match job {
            Job::Restart(running) => Some(running),
            _ => None,
        });
        let mut running = self.active.iter().map(|active| &active.running).chain(restarts);
        running.any(|running| running.message.id.as_deref() == Some(id))
    }

    /// Whether a turn is about to be begun again.
    pub(in crate::session) fn restarts(&self) -> bool {
        self.jobs.iter().any(|job| matches!(job, Job::Restart(_)))
    }

    /// Whether no further message may wait.
    pub(in crate::session) fn is_full(&self) -> bool {
        self.jobs.iter().filter(|job| matches!(job, Job::Message { .. })).count() >= MAX_WAITING
    }

    pub(in crate::session) fn push_job(&mut self, job: Job) {
        // What is of a visitor who is to be forgotten is not looked at, and of one visitor only the last still.
        if matches!(job, Job::Forget | Job::Show(_)) {
            self.jobs.retain(|waiting| !matches!(waiting, Job::Show(_)));
        }
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
    pub(in crate::session) fn pop_job(&mut self) -> Option<Job> {
        let job = self.jobs.pop_front();
        if job.is_none() {
            self.jobs = VecDeque::new();
        }
        job
    }

    /// Whether the visitor epoch ends behind the job just popped.
    pub(in crate::session) fn is_forgetting(&self) -> bool {
        self.jobs.iter().any(|job| matches!(job, Job::Forget))
    }

    /// Whether another message waits.
    pub(in crate::session) fn has_newer_message(&self) -> bool {
        self.jobs.iter().any(|job| matches!(job, Job::Message { .. }))
    }

    /// Cancels the running turn, if it is the one meant. Without a turn that runs on, a cancel that names
    /// none is for the message that has just come and whose turn has not begun.
    pub(in crate::session) fn cancel(&mut self, turn_id: Option<&str>) {
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

    /// Cancels a message's turn, whether it runs or waits.
    pub(in crate::session) fn cancel_message(&mut self, id: &str) {
        let running = self.active.iter().find(|active| active.running.message.id.as_deref() == Some(id));
        if let Some(active) = running {
            return active.stop.with(Status::Cancelled);
        }
        for job in &mut self.jobs {
            if let Job::Message { message, is_cancelled, .. } = job
                && message.id.as_deref() == Some(id)
            {
                *is_cancelled = true;
            }
        }
    }

    /// Asks the running turn to end.
    pub(in crate::session) fn stop_active(&self, status: Status) {
        if let Some(active) = &self.active {
            active.stop.with(status);
        }
    }

    /// What the running turn has sent.
    pub(in crate::session) fn active_text(&self) -> String {
        self.active.as_ref().map_or_else(String::new, |active| active.text.clone())
    }

    /// Makes a message the next turn.
    pub(in crate::session) fn next_turn(
        &mut self,
        session_id: &Arc<str>,
        knobs: &Knobs,
        message: Message,
        arrived: Instant,
    ) -> Request {
        self.turns += 1;
        let history = match &message.history {
            _ if !message.include_history => Vec::new(),
            Some(history) => history.clone(),
            None => self.history(),
        };
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
    pub(in crate::session) fn next_restart(
        &mut self,
        session_id: &Arc<str>,
        knobs: &Knobs,
        running: Running,
    ) -> Request {
        let request = self.next_turn(session_id, knobs, running.message, Instant::now());
        self.turns -= 1; // it was counted
        Request { turn_id: running.turn_id, restarted: true, ..request }
    }

    /// The turn now running; returns what stops it.
    pub(in crate::session) fn activate(&mut self, request: &Request, attempts: u32) -> Arc<Stop> {
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
    pub(in crate::session) fn finish(&mut self, request: &Request, ended: Ended) {
        self.active = None;
        self.mention_due &= !ended.mentioned;
        // A client that keeps the conversation tells it with each message.
        if !ended.heard.is_empty() && request.message.history.is_none() {
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
}
