//! The native protocol over a socket: one session, whose events go out in the socket's format.

use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::Format;
use super::close::{self, Ending};
use super::converse::error_of;
use super::line::Frames;
use super::talk::{Heard, Talk};
use crate::event::{Command, Event, Upload};
use crate::session::{Attached, Gate, GivenUp, Listener, Opened, Sequenced};
use crate::wire::ClientFrame;
use crate::wire::native::{self, Greeting, LimitsFrame, SnapshotFrame};
use crate::wire::text::{self, TextEncoder};

/// A token's frame, about: so much is set aside for each before a batch is encoded.
const USUAL_FRAME: usize = 96;

/// What a `session` frame says of the server.
#[derive(Debug)]
pub struct House {
    /// The limits as clients are told them.
    pub limits: LimitsFrame,
    /// Who answers: `builtin` or `llm`.
    pub engine: &'static str,
    /// The demo: the documents are the sample museum.
    pub is_demo: bool,
}

/// A session's talk with one socket.
pub struct Native {
    listener: Listener,
    encoder: Encoder,
    /// Over behind the first reply.
    once: bool,
    is_over: bool,
}

impl Native {
    /// `once`: close after the first reply. `gate`: counts its messages with others'.
    pub fn new(opened: Opened, format: Format, once: bool, house: Arc<House>, gate: Option<Gate>) -> Self {
        let listener = Listener::from(&opened).gated(gate);
        Self { listener, encoder: Encoder::new(format, house, opened.attached), once, is_over: false }
    }
}

impl Talk for Native {
    fn greet(&mut self, frames: &mut Frames) {
        self.encoder.greeting(frames);
    }

    fn hear_text(&mut self, text: &str, frames: &mut Frames) -> Heard {
        let session = &self.listener.session;
        match native::decode(text) {
            Ok(ClientFrame::Command(command)) => {
                let heard = if command == Command::Forget { Heard::Wipe } else { Heard::GoOn };
                self.listener.handle(command);
                return heard;
            }
            Ok(ClientFrame::Ping(t)) => self.encoder.pong(t.as_ref(), frames),
            Err(error) => session.refuse(error),
        }
        Heard::GoOn
    }

    fn hear_binary(&mut self, bytes: Bytes, _: &mut Frames) -> Heard {
        self.listener.session.handle(Command::Image(Upload { bytes, mime: None, id: None }));
        Heard::GoOn
    }

    fn poll_tell(&mut self, cx: &mut Context<'_>, frames: &mut Frames) -> Poll<Result<(), GivenUp>> {
        let events = match ready!(self.listener.outbox.poll_take(cx)) {
            Ok(events) => events,
            Err(why) => return Poll::Ready(Err(why)),
        };
        frames.reserve(events.len() * USUAL_FRAME);
        for event in events {
            self.encoder.encode(&event, frames);
            if self.once && self.encoder.has_replied {
                self.is_over = true;
                break;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_given_up(&mut self, cx: &mut Context<'_>) -> Poll<GivenUp> {
        self.listener.outbox.poll_given_up(cx)
    }

    fn is_over(&self) -> bool {
        self.is_over
    }

    fn end(&mut self, ending: Option<Ending>, frames: &mut Frames) {
        let Self { listener, encoder, .. } = self;
        tracing::debug!(session = &**listener.session.id(), ?ending, "socket ends");
        // The client's own mistake is told as a frame of its session.
        if let Some(ending) = ending
            && encoder.format == Format::Json
            && [close::PROTOCOL, close::BAD_UTF8, close::TOO_BIG].contains(&ending)
        {
            listener.session.refuse(error_of(ending));
        }
        for event in listener.outbox.take() {
            encoder.encode(&event, frames);
        }
        if let Some(ending) = ending {
            encoder.farewell(ending, frames);
        }
    }
}

/// Writes a session's events for one socket.
struct Encoder {
    format: Format,
    house: Arc<House>,
    attached: Attached,
    text: TextEncoder,
    /// A turn runs: its own end is still to come.
    is_replying: bool,
    /// A reply to a message is complete.
    has_replied: bool,
}

impl Encoder {
    fn new(format: Format, house: Arc<House>, attached: Attached) -> Self {
        let is_replying = attached.is_replying;
        Self { format, house, attached, text: TextEncoder::default(), is_replying, has_replied: false }
    }

    /// The `session` frame that begins every JSON socket.
    fn greeting(&mut self, frames: &mut Frames) {
        let snapshot = self.attached.snapshot.take(); // told once; an idle socket must not hold it
        let snapshot = snapshot.as_ref().map(|snapshot| {
            let turn = snapshot.turn.as_ref().map(|(turn_id, text)| (&**turn_id, text.as_str()));
            SnapshotFrame::new(&snapshot.history, turn)
        });
        let attached = &self.attached;
        let epoch = (attached.epoch, attached.last_seq, &*attached.resume_token);
        self.session_frame(epoch, attached.resumed, snapshot, frames);
    }

    /// `epoch`: its number, the session's last sequence number, and its resume token.
    fn session_frame(
        &self,
        (epoch, last_seq, resume_token): (u64, u64, &str),
        resumed: bool,
        snapshot: Option<SnapshotFrame<'_>>,
        frames: &mut Frames,
    ) {
        if self.format != Format::Json {
            return;
        }
        let greeting = Greeting {
            session_id: &self.attached.session_id,
            resume_token,
            resumed,
            epoch,
            last_seq,
            owner: self.attached.owner,
            limits: &self.house.limits,
            server: self.house.engine,
            version: env!("CARGO_PKG_VERSION"),
            demo: self.house.is_demo,
            snapshot,
        };
        say(frames, &greeting.encode());
    }

    /// Whether an event ends the reply to a message: a turn's end, or a refusal while no turn runs.
    fn ends_reply(&mut self, event: &Event) -> bool {
        match event {
            Event::TurnStarted { .. } => self.is_replying = true,
            Event::TurnDone(_) => {
                self.is_replying = false;
                return true;
            }
            Event::Error(_) => return !self.is_replying,
            _ => {}
        }
        false
    }

    /// Adds an event's frames: one in JSON, but for its own none; in text any number.
    fn encode(&mut self, event: &Sequenced, frames: &mut Frames) {
        let ends_reply = self.ends_reply(&event.event);
        self.has_replied |= ends_reply;
        if let Event::EpochBegan { epoch, last_seq, resume_token } = &*event.event {
            return self.session_frame((*epoch, *last_seq, resume_token), false, None, frames);
        }
        match self.format {
            Format::Json => {
                frames.text(|out| {
                    native::write(event.seq.unwrap_or_default(), event.from_seq, &event.event, out);
                });
            }
            Format::Text => {
                self.text.encode(&event.event, ends_reply).iter().for_each(|line| say(frames, line));
            }
        }
    }

    /// The answer to a `ping`. A terminal has no use for it.
    fn pong(&self, t: Option<&Value>, frames: &mut Frames) {
        if self.format == Format::Json {
            say(frames, &native::pong(t));
        }
    }

    /// The socket's last words before the close frame.
    fn farewell(&self, ending: Ending, frames: &mut Frames) {
        match self.format {
            // Terminals don't show close codes.
            Format::Text => say(frames, &text::error_line(ending.name, ending.message)),
            Format::Json if [close::GOING_AWAY, close::RESTARTING].contains(&ending) => {
                // Spread over a second, so that a restarted server isn't met by all at once.
                let retry_after = Duration::from_millis(fastrand::u64(500..1500));
                say(frames, &native::closing(ending.name, retry_after));
            }
            Format::Json => {}
        }
    }
}

fn say(frames: &mut Frames, text: &str) {
    frames.text(|out| out.extend_from_slice(text.as_bytes()));
}
