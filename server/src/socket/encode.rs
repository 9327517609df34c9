//! Events in a socket's format, and what a socket has to say of its own.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::close::{self, Ending};
use super::converse::error_of;
use super::line::Frames;
use super::{Format, Host};
use crate::event::Event;
use crate::session::{Attached, Sequenced, Session};
use crate::wire::native::{self, Greeting, SnapshotFrame};
use crate::wire::text::{self, TextEncoder};

/// Writes a session's events for one socket.
pub(super) struct Encoder {
    format: Format,
    host: Arc<Host>,
    attached: Attached,
    text: TextEncoder,
    /// A turn runs: its own end is still to come.
    is_replying: bool,
    has_replied: bool,
}

impl Encoder {
    pub(super) fn new(format: Format, host: Arc<Host>, attached: Attached) -> Self {
        let is_replying = attached.is_replying;
        Self { format, host, attached, text: TextEncoder::default(), is_replying, has_replied: false }
    }

    /// Whether a reply to a message is complete.
    pub(super) fn has_replied(&self) -> bool {
        self.has_replied
    }

    /// The `session` frame that begins every JSON socket.
    pub(super) fn greeting(&mut self, frames: &mut Frames) {
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
            limits: &self.host.limits_told,
            server: self.host.engine,
            version: env!("CARGO_PKG_VERSION"),
            demo: self.host.is_demo,
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
    pub(super) fn encode(&mut self, event: &Sequenced, frames: &mut Frames) {
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
    pub(super) fn pong(&self, t: Option<&Value>, frames: &mut Frames) {
        if self.format == Format::Json {
            say(frames, &native::pong(t));
        }
    }

    /// Tells a client of its own mistake, as a frame of its session.
    pub(super) fn say_why(&self, ending: Ending, session: &Session) {
        if self.format == Format::Json && [close::PROTOCOL, close::BAD_UTF8, close::TOO_BIG].contains(&ending)
        {
            session.refuse(error_of(ending));
        }
    }

    /// The socket's last words before the close frame.
    pub(super) fn farewell(&self, ending: Ending, frames: &mut Frames) {
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
