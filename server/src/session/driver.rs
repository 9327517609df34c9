//! The driver: works off a session's queue, one job after the other, and ends when none is left.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::time::Instant;

use super::joined::shown;
use super::state::{Job, Seat, State};
use super::{Overlap, Session};
use crate::event::{Outcome, Status, Tone, TurnReport};
use crate::turn::admission::Place;
use crate::turn::{self, Emit, Request, Stop};

/// How often a turn is begun whose owner dies: a third death is hardly the node's fault.
const MAX_ATTEMPTS: u32 = 3;

/// A message on its way to become a turn.
struct Next {
    request: Request,
    /// The visitor epoch that it belongs to.
    epoch: u64,
    /// What stops the turn; or the status of one that is over before it began.
    how: Result<Arc<Stop>, Status>,
}

impl Session {
    /// Queues a job and sees to it that somebody does it.
    pub(super) fn enqueue(self: &Arc<Self>, state: &mut State, job: Job) {
        state.push_job(job);
        if !state.is_driven {
            state.is_driven = true;
            let driver = self.shared.drivers.track_future(Arc::clone(self).drive());
            self.shared.tasks.spawn(driver);
        }
    }

    async fn drive(self: Arc<Self>) {
        let mut place: Option<Box<Place>> = None;
        loop {
            let taken = self.lock().seat.take();
            if let Some(mut taken) = taken {
                taken.ready().await;
                place = Some(taken);
            }
            let Some(Next { request, epoch, how }) = self.next() else { break };
            let emit = self.emit(epoch);
            self.shared.metrics.turn_began();
            let begun = Instant::now();
            let ended = match how {
                Ok(stop) => {
                    let turn = turn::run(&self.shared.engine, &request, &stop, &emit);
                    // A defect in one turn must not silence its session for good.
                    let played = AssertUnwindSafe(turn).catch_unwind().await;
                    played.unwrap_or_else(|_| turn::crashed(&request, self.lock().active_text(), &emit))
                }
                Err(status) => turn::unplayed(&request, status, &emit),
            };
            if let Some(admission) = &self.shared.engine.admission
                && ended.report.usage.llm_calls > 0
            {
                admission.turn_ended(begun.elapsed());
            }
            self.log(&ended.report);
            self.shared.metrics.turn_ended(&ended.report);
            self.lock().finish(&request, ended);
        }
        drop(place);
        // The last turn may have looked at the visitor after all else of the session was gone.
        let state = self.lock();
        let is_gone = state.is_lost() && state.journal.is_none();
        drop(state);
        if is_gone {
            self.shared.engine.descriptions.remove(&self.id);
        }
    }

    /// Tells operators how a turn went; nothing of what was said.
    fn log(&self, report: &TurnReport) {
        tracing::info!(
            session = &*shown(&self.id),
            turn_id = &*report.turn_id,
            status = report.status.as_str(),
            tone = report.tone.map(Tone::as_str),
            outcome = report.outcome.map(Outcome::as_str),
            degraded = report.degraded.join(","),
            first_token_ms = report.timings.first_token.map(f64::round),
            total_ms = report.timings.total.map(f64::round),
            "turn ended"
        );
    }

    /// The next message of the queue; ends of epochs on the way are carried out at once.
    fn next(self: &Arc<Self>) -> Option<Next> {
        let mut state = self.lock();
        loop {
            match state.pop_job() {
                None => {
                    (state.is_driven, state.seat) = (false, Seat::None);
                    if self.shared.draining.is_cancelled() {
                        state.release_if_idle();
                    }
                    return None;
                }
                Some(Job::Forget) => {
                    self.shared.engine.descriptions.change_visitor(&self.id);
                    state.begin_epoch(&self.shared.knobs);
                }
                Some(Job::Prepare) => self.prefetch(state.epoch()),
                Some(Job::Show(image)) => self.show(image, state.epoch()),
                Some(Job::Message { message, arrived, is_cancelled }) => {
                    let request = state.next_turn(&self.id, &self.shared.knobs, message, arrived);
                    let is_interrupting = self.shared.knobs.on_overlap == Overlap::Interrupt;
                    let how = if is_cancelled || state.is_forgetting() || self.shared.shutdown.is_cancelled()
                    {
                        Err(Status::Cancelled)
                    } else if is_interrupting && state.has_newer_message() {
                        Err(Status::Interrupted)
                    } else {
                        Ok(state.activate(&request, 1))
                    };
                    return Some(Next { request, epoch: state.epoch(), how });
                }
                Some(Job::Restart(running)) => {
                    let attempts = running.attempts + 1;
                    let request = state.next_restart(&self.id, &self.shared.knobs, running);
                    let is_interrupting = self.shared.knobs.on_overlap == Overlap::Interrupt;
                    let how = if state.is_forgetting() {
                        Err(Status::Cancelled)
                    } else if is_interrupting && state.has_newer_message() {
                        Err(Status::Interrupted)
                    } else if attempts > MAX_ATTEMPTS {
                        Err(Status::Failed)
                    } else {
                        Ok(state.activate(&request, attempts))
                    };
                    return Some(Next { request, epoch: state.epoch(), how });
                }
            }
        }
    }

    /// Emits for one visitor epoch.
    fn emit(self: &Arc<Self>, epoch: u64) -> Emit {
        let session = Arc::clone(self);
        Arc::new(move |event| session.emit_in(epoch, event))
    }
}
