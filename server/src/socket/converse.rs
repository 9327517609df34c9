//! One socket's life: the session frame, then frames both ways until an end.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::error::{Error as WsError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::Message;

use super::close::{self, End, Ending, close};
use super::encode::Encoder;
use super::line::Line;
use super::{Format, Leave, Limits};
use crate::event::{Command, ErrorEvent, Event, Upload};
use crate::session::{Opened, Outbox, Sequenced, Session};
use crate::wire::{self, ClientFrame, native, text};

/// While more bytes wait to be written, nothing is read: a client's pings can't fill the memory with pongs.
/// A reply that is sent at once is below this; so a client whose line is slow can still say `cancel`.
const MAX_UNSENT: usize = 64 * 1024;

/// A token's frame, about: so much is set aside for each before a batch is encoded.
const USUAL_FRAME: usize = 96;

/// How long what is still to be said may take when a socket ends.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What all sockets of a server share.
#[derive(Debug)]
pub struct Host {
    /// The limits.
    pub limits: Limits,
    /// The limits as clients are told them.
    pub limits_told: native::LimitsFrame,
    /// Who answers: `builtin` or `llm`.
    pub engine: &'static str,
    /// The demo: the documents are the sample museum.
    pub is_demo: bool,
    /// Ends all sockets.
    pub leave: Leave,
}

/// Carries a session's frames over a connection that is a WebSocket by now; `already_read` is what came
/// right behind its handshake. Ends when either side does. Not `async`: its arguments would stay in the future
/// beside what is made of them, for as long as a visitor idles.
pub fn serve<S>(
    io: S,
    already_read: Vec<u8>,
    opened: Opened,
    format: Format,
    once: bool,
    host: Arc<Host>,
) -> impl Future<Output = ()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Opened { session, attached } = opened;
    let attachment = Attachment { session, outbox: Arc::clone(&attached.outbox) };
    let mut socket = Socket {
        line: Line::new(io, already_read, &host.limits),
        attachment,
        encoder: Encoder::new(format, Arc::clone(&host), attached),
        once,
        is_replied: false,
        ping_at: Instant::now() + host.limits.ping_interval,
        host,
        pinged: None,
    };
    async move {
        let end = socket.converse().await;
        // Boxed: what a socket's end needs, an idle one must not hold.
        Box::pin(socket.end(end)).await;
    }
}

/// A session's hold on a socket; ends whatever happens to the socket's task.
struct Attachment {
    session: Arc<Session>,
    outbox: Arc<Outbox>,
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.session.detach(&self.outbox);
    }
}

/// Why a client may not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Away {
    /// It has no token; only browsers are told so by a frame.
    NoToken,
    /// The store is away, so that its session can't be found, or no new one begun.
    Store,
}

/// Tells a client why it may not come in.
pub async fn turn_away<S>(io: S, already_read: Vec<u8>, format: Format, host: &Host, why: Away)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut line = Line::new(io, already_read, &host.limits);
    let ending = match why {
        Away::NoToken => close::UNAUTHORIZED,
        Away::Store => close::STORE_AWAY,
    };
    line.frames.text(|out| match format {
        Format::Json => native::write(1, None, &Event::Error(Box::new(error_of(ending))), out),
        Format::Text => out.extend_from_slice(text::error_line(ending.name, ending.message).as_bytes()),
    });
    say_and_close(line, ending.code, ending.name).await;
}

/// Writes what waits and ends the connection.
async fn say_and_close<S>(mut line: Line<S>, code: u16, reason: &'static str)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // A client that doesn't read gets the close frame or nothing.
    let _ = timeout(LAST_WORDS, poll_fn(|cx| line.poll_send(cx))).await;
    close(line, code, reason).await;
}

/// A socket while both sides talk.
struct Socket<S> {
    line: Line<S>,
    attachment: Attachment,
    host: Arc<Host>,
    encoder: Encoder,
    /// Close after the first reply.
    once: bool,
    /// The only reply that was asked for is complete.
    is_replied: bool,
    /// When the next ping is due.
    ping_at: Instant,
    /// When the ping went out that is not yet answered.
    pinged: Option<Instant>,
}

impl<S> Socket<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// Says what is still to be said and ends the connection.
    async fn end(self, end: End) {
        let Self { mut line, mut encoder, attachment, .. } = self;
        tracing::debug!(session = &**attachment.session.id(), ?end, "socket ends");
        let (code, reason) = match &end {
            End::Peer => (1000, ""),
            End::Replied => (1000, "replied"),
            End::Server(ending) => {
                encoder.say_why(*ending, &attachment.session);
                (ending.code, ending.name)
            }
        };
        for event in attachment.outbox.take() {
            encoder.encode(&event, &mut line.frames);
        }
        if let End::Server(ending) = end {
            encoder.farewell(ending, &mut line.frames);
        }
        drop(attachment);
        say_and_close(line, code, reason).await;
    }

    async fn converse(&mut self) -> End {
        self.encoder.greeting(&mut self.line.frames);
        let host = Arc::clone(&self.host);
        let mut leave = pin!(host.leave.asked());
        let mut alarm = pin!(sleep_until(self.ping_at));
        poll_fn(|cx| self.poll(cx, leave.as_mut(), alarm.as_mut())).await
    }

    /// Does all there is to do: reads what has come, writes what waits with one flush, and looks at the clock.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        leave: Pin<&mut impl Future<Output = Ending>>,
        mut alarm: Pin<&mut Sleep>,
    ) -> Poll<End> {
        if let Poll::Ready(ending) = leave.poll(cx) {
            return Poll::Ready(End::Server(ending));
        }
        loop {
            if let Poll::Ready(end) = self.poll_talk(cx) {
                return Poll::Ready(end);
            }
            ready!(self.poll_alarm(cx, alarm.as_mut()));
            if self.is_dead() {
                return Poll::Ready(End::Server(close::NO_PONG));
            }
            self.line.frames.ping();
            self.ping_at = Instant::now() + self.host.limits.ping_interval;
            self.pinged.get_or_insert_with(Instant::now);
        }
    }

    /// Resolves when a ping is due, or an answer to one is overdue.
    fn poll_alarm(&self, cx: &mut Context<'_>, mut alarm: Pin<&mut Sleep>) -> Poll<()> {
        let overdue_at = self.pinged.map(|pinged| pinged + self.host.limits.pong_timeout);
        let due = overdue_at.map_or(self.ping_at, |overdue| overdue.min(self.ping_at));
        if alarm.deadline() != due {
            alarm.as_mut().reset(due);
        }
        alarm.poll(cx)
    }

    /// Whether a ping has stayed unanswered for too long.
    fn is_dead(&self) -> bool {
        self.pinged.is_some_and(|pinged| pinged.elapsed() >= self.host.limits.pong_timeout)
    }

    /// Reads and writes until neither can go on. Both go on side by side: a client whose line is slow can
    /// still say `cancel`.
    fn poll_talk(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            // A client that asks faster than it reads waits for its own answers.
            let mut is_held = true;
            while self.line.frames.len() <= MAX_UNSENT {
                match self.line.poll_hear(cx) {
                    Poll::Ready(heard) => {
                        if let Some(end) = self.hear(heard) {
                            return Poll::Ready(end);
                        }
                    }
                    Poll::Pending => {
                        is_held = false;
                        break;
                    }
                }
            }
            if let Some(end) = ready!(self.poll_write(cx, is_held)) {
                return Poll::Ready(end);
            }
        }
    }

    /// Takes events and writes them until no more come (pending) or the connection takes no more (pending).
    /// Ready: the socket's end, or, where reading was held back, none.
    fn poll_write(&mut self, cx: &mut Context<'_>, is_held: bool) -> Poll<Option<End>> {
        loop {
            match self.line.poll_send(cx) {
                Poll::Ready(Err(_)) => return Poll::Ready(Some(End::Peer)),
                Poll::Ready(Ok(())) if self.is_replied => return Poll::Ready(Some(End::Replied)),
                Poll::Ready(Ok(())) if is_held => return Poll::Ready(None),
                Poll::Ready(Ok(())) => {}
                Poll::Pending => {
                    // Given up for a newer socket, or as too slow.
                    let why = ready!(self.attachment.outbox.poll_given_up(cx));
                    return Poll::Ready(Some(End::Server(why.into())));
                }
            }
            match ready!(self.attachment.outbox.poll_take(cx)) {
                Ok(events) => self.encode(events),
                Err(why) => return Poll::Ready(Some(End::Server(why.into()))),
            }
        }
    }

    fn encode(&mut self, events: Vec<Sequenced>) {
        self.line.frames.reserve(events.len() * USUAL_FRAME);
        for event in events {
            self.encoder.encode(&event, &mut self.line.frames);
            if self.once && self.encoder.has_replied() {
                self.is_replied = true;
                return;
            }
        }
    }

    /// Hands a message to the session; returns the end that it brings, if any.
    fn hear(&mut self, heard: Result<Message, WsError>) -> Option<End> {
        let limits = &self.host.limits;
        let message = match heard {
            Ok(message) => message,
            Err(error) => return Some(ending_of(&error).map_or(End::Peer, End::Server)),
        };
        match message {
            Message::Text(text) if text.len() > limits.max_message => {
                return Some(End::Server(close::TOO_BIG));
            }
            Message::Text(text) => match wire::native::decode(&text) {
                Ok(ClientFrame::Command(command)) => {
                    if command == Command::Forget {
                        self.line.wipe();
                    }
                    self.attachment.session.handle(command);
                }
                Ok(ClientFrame::Ping(t)) => self.encoder.pong(t.as_ref(), &mut self.line.frames),
                Err(error) => self.attachment.session.refuse(error),
            },
            Message::Binary(bytes) if bytes.len() > limits.max_image => {
                return Some(End::Server(close::TOO_BIG));
            }
            Message::Binary(bytes) => {
                self.attachment.session.handle(Command::Image(Upload { bytes, mime: None, id: None }));
            }
            Message::Pong(_) => self.pinged = None,
            Message::Close(_) => return Some(End::Peer),
            Message::Ping(_) | Message::Frame(_) => {} // the library answers
        }
        None
    }
}

/// Which end a broken connection deserves; none if it is simply gone.
fn ending_of(error: &WsError) -> Option<Ending> {
    match error {
        WsError::Capacity(_) => Some(close::TOO_BIG),
        WsError::Utf8(_) => Some(close::BAD_UTF8),
        WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        WsError::Protocol(_) => Some(close::PROTOCOL),
        _ => None,
    }
}

pub(super) fn error_of(ending: Ending) -> ErrorEvent {
    ErrorEvent {
        code: ending.name.into(),
        message: ending.message.to_owned(),
        retryable: ending == close::STORE_AWAY,
        retry_after: None,
        turn_id: None,
        id: None,
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    /// The size of what an async function of so many arguments makes.
    const fn size<A, B, C, D, E, F, Task>(_: fn(A, B, C, D, E, F) -> Task) -> usize {
        size_of::<Task>()
    }

    #[test]
    fn an_idle_visitor_holds_a_small_task() {
        let size = size(serve::<TcpStream>);
        assert!(size <= 1024, "{size} bytes");
    }
}
