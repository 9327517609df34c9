//! The `OpenAI` Realtime protocol over a socket: a session of its own, which ends with it.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::close::Ending;
use super::line::Frames;
use super::talk::{Heard, Talk};
use crate::session::{GivenUp, Listener, Sessions};
use crate::wire::realtime::{self, Rate, Step};

/// A session's talk with one socket.
pub struct Realtime {
    listener: Listener,
    /// Where the session is ended: its client can't come back.
    sessions: Arc<Sessions>,
    codec: realtime::Realtime,
}

impl Realtime {
    /// `model`: as the client calls it.
    pub fn new(listener: Listener, sessions: Arc<Sessions>, model: Option<&str>) -> Self {
        let codec = realtime::Realtime::new(fastrand::u64(..), model);
        Self { listener, sessions, codec }
    }

    fn do_step(&self, step: Step, frames: &mut Frames) {
        say(frames, &step.frames);
        for command in step.commands {
            self.listener.handle(command);
        }
    }
}

impl Talk for Realtime {
    fn greet(&mut self, frames: &mut Frames) {
        say(frames, &self.codec.greet());
    }

    fn hear_text(&mut self, text: &str, frames: &mut Frames) -> Heard {
        let step = self.codec.hear(text);
        self.do_step(step, frames);
        Heard::GoOn
    }

    fn hear_binary(&mut self, _: Bytes, frames: &mut Frames) -> Heard {
        // No event is binary: it is refused as any text that is no JSON.
        let step = self.codec.hear("");
        self.do_step(step, frames);
        Heard::GoOn
    }

    fn poll_tell(&mut self, cx: &mut Context<'_>, frames: &mut Frames) -> Poll<Result<(), GivenUp>> {
        let events = match ready!(self.listener.outbox.poll_take(cx)) {
            Ok(events) => events,
            Err(why) => return Poll::Ready(Err(why)),
        };
        for event in events {
            let session = &self.listener.session;
            let rate = || session.rate_left().map(|(limit, remaining)| Rate { limit, remaining });
            say(frames, &self.codec.tell(&event.event, rate));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_given_up(&mut self, cx: &mut Context<'_>) -> Poll<GivenUp> {
        self.listener.outbox.poll_given_up(cx)
    }

    fn end(&mut self, ending: Option<Ending>, frames: &mut Frames) {
        tracing::debug!(session = &**self.listener.session.id(), ?ending, "socket ends");
        for event in self.listener.outbox.take() {
            say(frames, &self.codec.tell(&event.event, || None));
        }
        if let Some(ending) = ending {
            say(frames, &self.codec.farewell(ending.name, ending.message));
        }
    }
}

impl Drop for Realtime {
    fn drop(&mut self) {
        self.sessions.close(&self.listener.session);
    }
}

fn say(frames: &mut Frames, told: &[String]) {
    for text in told {
        frames.text(|out| out.extend_from_slice(text.as_bytes()));
    }
}
