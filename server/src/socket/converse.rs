//! One socket's life: the session frame, then frames both ways until an end.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{Error as WsError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};

use super::close::{self, End, Ending, close};
use super::encode::Encoder;
use super::{Format, Leave, Limits};
use crate::event::{ErrorEvent, Event};
use crate::session::{Opened, Outbox, Session};
use crate::wire::{self, ClientFrame, native, text};

/// A read buffer of 128 KiB, the library's default, would be most of an idle connection's memory.
const READ_BUFFER: usize = 4 * 1024;

/// Written to the connection once so much has gathered; a flush writes less.
const WRITE_BUFFER: usize = 16 * 1024;

/// While more messages wait to be written, nothing is read: `ping` frames can't fill the memory.
const MAX_UNSENT: usize = 4096;

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

/// Carries a session's frames over a connection that is a WebSocket by now. Ends when either side does.
pub async fn serve<S>(io: S, opened: Opened, format: Format, once: bool, host: &Host)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Opened { session, attached } = opened;
    let outbox = Arc::clone(&attached.outbox);
    let attachment = Attachment { session: &session, outbox: &outbox };
    let encoder = Encoder::new(format, host, attached);
    let ws = websocket(io, &host.limits).await;
    let mut socket =
        Socket { ws, session: &session, host, encoder, unsent: VecDeque::new(), is_flushed: true };
    let end = socket.converse(&outbox, once).await;
    tracing::debug!(session = &**session.id(), ?end, "socket ends");

    let Socket { mut ws, mut encoder, mut unsent, .. } = socket;
    let (code, reason) = match &end {
        End::Peer => (1000, ""),
        End::Replied => (1000, "replied"),
        End::Server(ending) => {
            encoder.say_why(*ending, &session);
            (ending.code, ending.name)
        }
    };
    unsent.extend(outbox.take().iter().flat_map(|event| encoder.encode(event)).map(Message::text));
    if let End::Server(ending) = end {
        unsent.extend(encoder.farewell(ending).map(Message::text));
    }
    drop(attachment);
    let saying = async {
        for message in unsent {
            if ws.feed(message).await.is_err() {
                break;
            }
        }
    };
    // A client that doesn't read gets the close frame or nothing.
    let _ = tokio::time::timeout(LAST_WORDS, saying).await;
    close(ws, code, reason).await;
}

/// A session's hold on a socket; ends whatever happens to the socket's task.
struct Attachment<'a> {
    session: &'a Session,
    outbox: &'a Arc<Outbox>,
}

impl Drop for Attachment<'_> {
    fn drop(&mut self) {
        self.session.detach(self.outbox);
    }
}

/// Tells a browser without a token why it may not come in.
pub async fn turn_away<S>(io: S, format: Format, host: &Host)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut ws = websocket(io, &host.limits).await;
    let ending = close::UNAUTHORIZED;
    let told = match format {
        Format::Json => native::encode(1, &Event::Error(error_of(ending))),
        Format::Text => Some(text::error_line(ending.name, ending.message)),
    };
    if let Some(told) = told
        && ws.feed(Message::text(told)).await.is_ok()
    {
        close(ws, ending.code, ending.name).await;
    }
}

async fn websocket<S>(io: S, limits: &Limits) -> WebSocketStream<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let largest = limits.max_message.max(limits.max_image);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        // Room for the largest frame of ours behind a full buffer.
        .max_write_buffer_size(WRITE_BUFFER + 1024 * 1024)
        .max_message_size(Some(largest))
        .max_frame_size(Some(largest));
    WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await
}

/// When the ping went out that is not yet answered.
#[derive(Debug, Default)]
struct Life {
    pinged: Option<Instant>,
}

impl Life {
    /// Waits until a ping has stayed unanswered for too long.
    async fn end(&self, pong_timeout: Duration) {
        match self.pinged {
            Some(pinged) => sleep_until(pinged + pong_timeout).await,
            None => std::future::pending().await,
        }
    }
}

/// A socket while both sides talk.
struct Socket<'a, S> {
    ws: WebSocketStream<S>,
    session: &'a Arc<Session>,
    host: &'a Host,
    encoder: Encoder<'a>,
    /// Encoded and not yet taken by the WebSocket.
    unsent: VecDeque<Message>,
    /// Nothing that the WebSocket has taken waits in its buffer.
    is_flushed: bool,
}

/// What the connection brought about.
enum Step {
    /// A message came, or the connection ended.
    Heard(Option<Result<Message, WsError>>),
    /// All that was to be written is on its way.
    Flushed,
    /// Writing failed: the connection is gone.
    Gone,
}

impl<S> Socket<'_, S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    async fn converse(&mut self, outbox: &Outbox, once: bool) -> End {
        let host = self.host;
        let limits = &host.limits;
        let mut ping = interval_at(Instant::now() + limits.ping_interval, limits.ping_interval);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut life = Life::default();
        let mut is_replied = false;
        self.unsent.extend(self.encoder.greeting().map(Message::text));
        loop {
            let takes_events = self.unsent.is_empty() && !is_replied;
            tokio::select! {
                step = poll_fn(|cx| self.poll_step(cx)) => match step {
                    Step::Heard(heard) => {
                        if let Some(end) = self.hear(heard, &mut life) {
                            return end;
                        }
                    }
                    Step::Flushed if is_replied => return End::Replied,
                    Step::Flushed => {}
                    Step::Gone => return End::Peer,
                },
                waited = outbox.wait(), if takes_events => {
                    if let Err(why) = waited {
                        return End::Server(why.into());
                    }
                    self.take_events(outbox);
                    is_replied = once && self.encoder.has_replied();
                }
                // These two end a socket even while its client doesn't read.
                why = outbox.given_up() => return End::Server(why.into()),
                ending = host.leave.asked() => return End::Server(ending),
                () = life.end(limits.pong_timeout) => return End::Server(close::NO_PONG),
                _ = ping.tick() => {
                    life.pinged.get_or_insert_with(Instant::now);
                    self.unsent.push_back(Message::Ping(bytes::Bytes::new()));
                }
            }
        }
    }

    /// Writes what it can and reads a message. Both go on side by side: a client whose line is slow can still
    /// say `cancel`. Holds nothing of its own, so that it may be dropped and begun again at any time.
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        while !self.unsent.is_empty() {
            match self.ws.poll_ready_unpin(cx) {
                Poll::Pending => break,
                Poll::Ready(Err(_)) => return Poll::Ready(Step::Gone),
                Poll::Ready(Ok(())) => {
                    let message = self.unsent.pop_front().expect("looked at above");
                    self.is_flushed = false;
                    if self.ws.start_send_unpin(message).is_err() {
                        return Poll::Ready(Step::Gone);
                    }
                }
            }
        }
        if !self.is_flushed {
            match self.ws.poll_flush_unpin(cx) {
                Poll::Pending => {}
                Poll::Ready(Err(_)) => return Poll::Ready(Step::Gone),
                Poll::Ready(Ok(())) => {
                    self.is_flushed = true;
                    if self.unsent.is_empty() {
                        return Poll::Ready(Step::Flushed);
                    }
                }
            }
        }
        // A client that asks faster than it reads waits for its own answers.
        if self.unsent.len() > MAX_UNSENT {
            return Poll::Pending;
        }
        self.ws.poll_next_unpin(cx).map(Step::Heard)
    }

    /// Hands a message to the session; returns the end that it brings, if any.
    fn hear(&mut self, heard: Option<Result<Message, WsError>>, life: &mut Life) -> Option<End> {
        let limits = &self.host.limits;
        let message = match heard {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Some(ending_of(&error).map_or(End::Peer, End::Server)),
            None => return Some(End::Peer),
        };
        match message {
            Message::Text(text) if text.len() > limits.max_message => {
                return Some(End::Server(close::TOO_BIG));
            }
            Message::Text(text) => match wire::native::decode(&text) {
                Ok(ClientFrame::Command(command)) => self.session.handle(command),
                Ok(ClientFrame::Ping(t)) => {
                    self.unsent.extend(self.encoder.pong(t.as_ref()).map(Message::text));
                }
                Err(error) => self.session.refuse(error),
            },
            Message::Binary(bytes) if bytes.len() > limits.max_image => {
                return Some(End::Server(close::TOO_BIG));
            }
            Message::Binary(bytes) => self.session.refuse_image(wire::image_refusal(&bytes)),
            Message::Pong(_) => life.pinged = None,
            Message::Close(_) => return Some(End::Peer),
            Message::Ping(_) | Message::Frame(_) => {} // the library answers
        }
        None
    }

    /// Encodes all that waits.
    fn take_events(&mut self, outbox: &Outbox) {
        let encoder = &mut self.encoder;
        self.unsent.extend(outbox.take().iter().flat_map(|event| encoder.encode(event)).map(Message::text));
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
        code: ending.name,
        message: ending.message.to_owned(),
        retryable: false,
        retry_after: None,
        turn_id: None,
        id: None,
    }
}
