//! The driver: works off a session's queue, one job after the other, and ends when none is left.

use std::sync::Arc;

use super::state::{Job, State};
use super::{Overlap, Session};
use crate::event::{Event, Message, Status};
use crate::turn::{self, Emit, Request};

use tokio::time::Instant;

impl Session {
    /// Queues a job and sees to it that somebody does it.
    pub(super) fn enqueue(self: &Arc<Self>, state: &mut State, job: Job) {
        state.push_job(job);
        if !state.is_driven {
            state.is_driven = true;
            self.shared.tasks.spawn(Arc::clone(self).drive());
        }
    }

    async fn drive(self: Arc<Self>) {
        loop {
            let next = {
                let mut state = self.lock();
                match state.pop_job() {
                    None => {
                        state.is_driven = false;
                        return;
                    }
                    Some(Job::Forget) => {
                        self.shared.engine.descriptions.change_visitor(&self.id);
                        state.begin_epoch(&self.shared.knobs);
                        None
                    }
                    Some(Job::Message { message, arrived }) => Some(self.begin(&mut state, message, arrived)),
                }
            };
            if let Some((request, Ok(stop))) = next {
                let epoch = self.lock().epoch();
                let ended = turn::run(&self.shared.engine, &request, &stop, &self.emit(epoch)).await;
                self.lock().finish(&request, ended);
            } else if let Some((request, Err(status))) = next {
                let id = request.message.id.as_deref().map(Arc::from);
                let mut state = self.lock();
                state.emit(Event::TurnStarted { turn_id: Arc::clone(&request.turn_id), id });
                state.finish(&request, turn::unplayed(&request, status));
            }
        }
    }

    /// Makes a message a turn: one to play, with what stops it, or one that is over before it began.
    fn begin(
        &self,
        state: &mut State,
        message: Message,
        arrived: Instant,
    ) -> (Request, Result<Arc<turn::Stop>, Status>) {
        let request = state.next_turn(&self.id, &self.shared.knobs, message, arrived);
        let is_interrupting = self.shared.knobs.on_overlap == Overlap::Interrupt;
        let how = if state.is_forgetting() || self.shared.shutdown.is_cancelled() {
            Err(Status::Cancelled)
        } else if is_interrupting && state.has_newer_message() {
            Err(Status::Interrupted)
        } else {
            Ok(state.activate(&request))
        };
        (request, how)
    }

    fn emit(self: &Arc<Self>, epoch: u64) -> Emit {
        // Weak: a description may land long after the session is gone.
        let session = Arc::downgrade(self);
        Arc::new(move |event| {
            if let Some(session) = session.upgrade() {
                session.emit_in(epoch, event);
            }
        })
    }
}
