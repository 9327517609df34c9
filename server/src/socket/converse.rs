//! One socket's life: frames both ways until an end.

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
use super::line::Line;
use super::talk::{Heard, Talk};
use super::{Format, Leave, Limits};
use crate::event::{ErrorEvent, Event};
use crate::wire::realtime::Realtime;
use crate::wire::{native, text};

/// While more bytes wait to be written, nothing is read: a client's pings can't fill the memory with pongs.
/// A reply that is sent at once is below this; so a client whose line is slow can still say `cancel`.
const MAX_UNSENT: usize = 64 * 1024;

/// How long what is still to be said may take when a socket ends.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What all sockets of a server share.
#[derive(Debug)]
pub struct Host {
    /// The limits.
    pub limits: Limits,
    /// Ends all sockets.
    pub leave: Leave,
}

/// Carries a talk over a connection that is a WebSocket by now; `already_read` is what came
/// right behind its handshake. Ends when either side does, and says why, in a word of
/// [`REASONS`](close::REASONS). Not `async`: its arguments would stay in the future
/// beside what is made of them, for as long as a visitor idles.
pub fn serve<S, T>(
    io: S,
    already_read: Vec<u8>,
    talk: T,
    host: Arc<Host>,
) -> impl Future<Output = &'static str>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: Talk,
{
    let mut socket = Socket {
        line: Line::new(io, already_read, host.limits.max_message.max(host.limits.max_image)),
        talk,
        ping_at: Instant::now() + host.limits.ping_interval,
        host,
        pinged: None,
    };
    async move {
        let end = socket.converse().await;
        // Boxed: what a socket's end needs, an idle one must not hold.
        Box::pin(socket.end(end)).await
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

impl From<Away> for Ending {
    fn from(why: Away) -> Self {
        match why {
            Away::NoToken => close::UNAUTHORIZED,
            Away::Store => close::STORE_AWAY,
        }
    }
}

/// The protocol in which a client is told why it may not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Farewell {
    /// An `error` frame, or its line.
    Native(Format),
    /// An `error` event of the Realtime protocol.
    Realtime,
    /// Nothing but the close frame: in the AI SDK's, a frame would name no request.
    CloseFrame,
}

/// Tells a client why it may not come in.
pub async fn turn_away<S>(io: S, already_read: Vec<u8>, farewell: Farewell, host: &Host, why: Away)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut line = Line::new(io, already_read, host.limits.max_message);
    let ending: Ending = why.into();
    let error = error_of(ending);
    match farewell {
        Farewell::Native(Format::Json) => {
            line.frames.text(|out| native::write(1, None, &Event::Error(Box::new(error)), out));
        }
        Farewell::Native(Format::Text) => {
            line.frames
                .text(|out| out.extend_from_slice(text::error_line(ending.name, ending.message).as_bytes()));
        }
        Farewell::Realtime => {
            let told = Realtime::new(fastrand::u64(..), None).farewell(&error.code, &error.message);
            line.frames.text(|out| out.extend_from_slice(told.concat().as_bytes()));
        }
        Farewell::CloseFrame => {}
    }
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
struct Socket<S, T> {
    line: Line<S>,
    talk: T,
    host: Arc<Host>,
    /// When the next ping is due.
    ping_at: Instant,
    /// When the ping went out that is not yet answered.
    pinged: Option<Instant>,
}

impl<S, T> Socket<S, T>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: Talk,
{
    /// Says what is still to be said and ends the connection.
    async fn end(self, end: End) -> &'static str {
        let Self { mut line, mut talk, .. } = self;
        let (code, reason, ending) = match end {
            End::Peer => (1000, "", None),
            End::Over => (1000, close::REPLIED, None),
            End::Server(ending) => (ending.code, ending.name, Some(ending)),
        };
        talk.end(ending, &mut line.frames);
        drop(talk);
        say_and_close(line, code, reason).await;
        if reason.is_empty() { close::PEER } else { reason }
    }

    async fn converse(&mut self) -> End {
        self.talk.greet(&mut self.line.frames);
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

    /// Writes what is to be told until no more comes (pending) or the connection takes no more (pending).
    /// Ready: the socket's end, or, where reading was held back, none.
    fn poll_write(&mut self, cx: &mut Context<'_>, is_held: bool) -> Poll<Option<End>> {
        loop {
            match self.line.poll_send(cx) {
                Poll::Ready(Err(_)) => return Poll::Ready(Some(End::Peer)),
                Poll::Ready(Ok(())) if self.talk.is_over() => return Poll::Ready(Some(End::Over)),
                Poll::Ready(Ok(())) if is_held => return Poll::Ready(None),
                Poll::Ready(Ok(())) => {}
                Poll::Pending => {
                    // Given up for a newer socket, or as too slow.
                    let why = ready!(self.talk.poll_given_up(cx));
                    return Poll::Ready(Some(End::Server(why.into())));
                }
            }
            if let Err(why) = ready!(self.talk.poll_tell(cx, &mut self.line.frames)) {
                return Poll::Ready(Some(End::Server(why.into())));
            }
        }
    }

    /// Hands a message to the talk; returns the end that it brings, if any.
    fn hear(&mut self, heard: Result<Message, WsError>) -> Option<End> {
        let limits = &self.host.limits;
        let message = match heard {
            Ok(message) => message,
            Err(error) => return Some(ending_of(&error).map_or(End::Peer, End::Server)),
        };
        let heard = match message {
            Message::Text(text) if text.len() > limits.max_message => Heard::End(close::TOO_BIG),
            Message::Text(text) => self.talk.hear_text(&text, &mut self.line.frames),
            Message::Binary(bytes) if bytes.len() > limits.max_image => Heard::End(close::TOO_BIG),
            Message::Binary(bytes) => self.talk.hear_binary(bytes, &mut self.line.frames),
            Message::Pong(_) => {
                self.pinged = None;
                return None;
            }
            Message::Close(_) => return Some(End::Peer),
            Message::Ping(_) | Message::Frame(_) => return None, // the library answers
        };
        match heard {
            Heard::GoOn => None,
            Heard::Wipe => {
                self.line.wipe();
                None
            }
            Heard::End(ending) => Some(End::Server(ending)),
        }
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

    /// The size of what a function of so many arguments makes.
    const fn size<A, B, C, D, Task>(_: fn(A, B, C, D) -> Task) -> usize {
        size_of::<Task>()
    }

    #[test]
    fn an_idle_visitor_holds_a_small_task() {
        let size = size(serve::<TcpStream, crate::socket::Native>);
        assert!(size <= 1024, "{size} bytes");
    }
}
