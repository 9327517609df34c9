//! One socket's life: the session frame, then frames both ways until an end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::Error as WsError;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};

use super::close::{self, End, Ending, close};
use super::{Format, Leave, Limits};
use crate::event::{ErrorEvent, Event};
use crate::session::{Attached, Opened, Outbox, Sequenced, Session};
use crate::wire::native::{self, Greeting, SnapshotFrame};
use crate::wire::text::{self, TextEncoder};
use crate::wire::{self, ClientFrame};

/// A read buffer of 128 KiB, the library's default, would be most of an idle connection's memory.
const READ_BUFFER: usize = 4 * 1024;

/// Written to the connection once so much has gathered; a flush writes less.
const WRITE_BUFFER: usize = 16 * 1024;

/// Pongs of the application that may wait for a client that reads slowly; then its pings wait too.
const WAITING_PONGS: usize = 16;

/// What all sockets of a server share.
#[derive(Debug)]
pub struct Host {
    /// The limits.
    pub limits: Limits,
    /// The limits as clients are told them.
    pub limits_told: native::LimitsFrame,
    /// Who answers: `builtin` or `llm`.
    pub engine: &'static str,
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
    let ws = websocket(io, &host.limits).await;
    let (mut sink, mut stream) = ws.split();
    let mut encoder = Encoder { format, host, attached, text: TextEncoder::default() };
    let (pongs, mut waiting_pongs) = mpsc::channel(WAITING_PONGS);
    let life = Life::default();

    let end = tokio::select! {
        end = read(&mut stream, &session, &host.limits, &pongs, &life, format) => end,
        end = write(&mut sink, &mut encoder, &outbox, &mut waiting_pongs, &life, once) => end,
        end = watch(&outbox, host, &life) => End::Server(end),
    };
    tracing::debug!(session = &**session.id(), ?end, "socket ends");

    if let Ok(mut ws) = stream.reunite(sink) {
        let (code, reason) = match &end {
            End::Peer => (1000, ""),
            End::Replied => (1000, "replied"),
            End::Server(ending) => {
                encoder.say_why(*ending, &session);
                (ending.code, ending.name)
            }
        };
        let mut last: Vec<_> = outbox.take().iter().flat_map(|event| encoder.encode(event)).collect();
        if let End::Server(ending) = end {
            last.extend(encoder.farewell(ending));
        }
        session.detach(&outbox);
        let saying = async {
            for text in last {
                if ws.feed(Message::text(text)).await.is_err() {
                    break;
                }
            }
        };
        // A client that doesn't read gets the close frame or nothing.
        let _ = tokio::time::timeout(Duration::from_secs(1), saying).await;
        close(ws, code, reason).await;
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

/// What reader and writer know of the peer's life.
#[derive(Debug, Default)]
struct Life {
    /// When the ping went out that is not yet answered.
    pinged: Mutex<Option<Instant>>,
}

impl Life {
    fn ping(&self) {
        self.lock().get_or_insert_with(Instant::now);
    }

    fn pong(&self) {
        *self.lock() = None;
    }

    /// Waits until a ping stays unanswered for too long.
    async fn end(&self, pong_timeout: Duration) {
        loop {
            let pinged = *self.lock();
            if pinged.is_some_and(|pinged| pinged.elapsed() >= pong_timeout) {
                return;
            }
            sleep_until(pinged.unwrap_or_else(Instant::now) + pong_timeout).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.pinged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads client frames and hands them to the session.
async fn read<S>(
    stream: &mut SplitStream<WebSocketStream<S>>,
    session: &Arc<Session>,
    limits: &Limits,
    pongs: &mpsc::Sender<Option<serde_json::Value>>,
    life: &Life,
    format: Format,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let message = match stream.next().await {
            Some(Ok(message)) => message,
            Some(Err(error)) => return ending_of(&error).map_or(End::Peer, End::Server),
            None => return End::Peer,
        };
        match message {
            Message::Text(text) if text.len() > limits.max_message => return End::Server(close::TOO_BIG),
            Message::Text(text) => match wire::native::decode(&text) {
                Ok(ClientFrame::Command(command)) => session.handle(command),
                // A terminal has no use for pongs.
                Ok(ClientFrame::Ping(_)) if format == Format::Text => {}
                Ok(ClientFrame::Ping(t)) => {
                    let _ = pongs.send(t).await; // the writer ends with this reader
                }
                Err(error) => session.refuse(error),
            },
            Message::Binary(bytes) if bytes.len() > limits.max_image => return End::Server(close::TOO_BIG),
            Message::Binary(bytes) => session.refuse_image(wire::image_refusal(&bytes)),
            Message::Pong(_) => life.pong(),
            Message::Close(_) => return End::Peer,
            Message::Ping(_) | Message::Frame(_) => {} // the library answers
        }
    }
}

/// Which end a broken connection deserves; none if it is simply gone.
fn ending_of(error: &WsError) -> Option<Ending> {
    use tokio_tungstenite::tungstenite::error::ProtocolError;
    match error {
        WsError::Capacity(_) => Some(close::TOO_BIG),
        WsError::Utf8(_) => Some(close::BAD_UTF8),
        WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        WsError::Protocol(_) => Some(close::PROTOCOL),
        _ => None,
    }
}

/// Writes what the session tells, all that waits at once; pings on the side.
async fn write<S>(
    sink: &mut SplitSink<WebSocketStream<S>, Message>,
    encoder: &mut Encoder<'_>,
    outbox: &Outbox,
    pongs: &mut mpsc::Receiver<Option<serde_json::Value>>,
    life: &Life,
    once: bool,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let limits = &encoder.host.limits;
    let mut ping = interval_at(Instant::now() + limits.ping_interval, limits.ping_interval);
    let mut messages: Vec<Message> = encoder.greeting(None).map(Message::text).into_iter().collect();
    let (mut is_replying, mut is_replied) = (false, false);
    loop {
        for message in messages.drain(..) {
            if sink.feed(message).await.is_err() {
                return End::Peer;
            }
        }
        if sink.flush().await.is_err() {
            return End::Peer;
        }
        if is_replied {
            return End::Replied;
        }
        tokio::select! {
            waited = outbox.wait() => {
                if let Err(why) = waited {
                    return End::Server(why.into());
                }
                for event in outbox.take() {
                    messages.extend(encoder.encode(&event).into_iter().map(Message::text));
                    match &event.event {
                        Event::TurnStarted { .. } => is_replying = true,
                        Event::TurnDone(_) => is_replied = once,
                        // Refused: all the reply that this message gets.
                        Event::Error(_) if !is_replying => is_replied = once,
                        _ => {}
                    }
                    if is_replied {
                        break;
                    }
                }
            }
            Some(t) = pongs.recv() => messages.push(Message::text(native::pong(t.as_ref()))),
            _ = ping.tick() => {
                life.ping();
                messages.push(Message::Ping(bytes::Bytes::new()));
            }
        }
    }
}

/// Waits for what ends a socket even while its client doesn't read.
async fn watch(outbox: &Outbox, host: &Host, life: &Life) -> Ending {
    tokio::select! {
        why = outbox.given_up() => why.into(),
        ending = host.leave.asked() => ending,
        () = life.end(host.limits.pong_timeout) => close::NO_PONG,
    }
}

fn error_of(ending: Ending) -> ErrorEvent {
    ErrorEvent {
        code: ending.name,
        message: ending.message.to_owned(),
        retryable: false,
        retry_after: None,
        turn_id: None,
        id: None,
    }
}

/// Writes events in a socket's format.
struct Encoder<'a> {
    format: Format,
    host: &'a Host,
    attached: Attached,
    text: TextEncoder,
}

impl Encoder<'_> {
    /// The `session` frame; with a new epoch, that of a session that was forgotten.
    fn greeting(&self, epoch: Option<(u64, u64, &str)>) -> Option<String> {
        if self.format == Format::Text {
            return None;
        }
        let attached = &self.attached;
        let (epoch, last_seq, resume_token) =
            epoch.unwrap_or((attached.epoch, attached.last_seq, &attached.resume_token));
        let snapshot = attached.snapshot.as_ref().filter(|_| epoch == attached.epoch).map(|snapshot| {
            let turn = snapshot.turn.as_ref().map(|(turn_id, text)| (&**turn_id, text.as_str()));
            SnapshotFrame::new(&snapshot.history, turn)
        });
        let greeting = Greeting {
            session_id: &attached.session_id,
            resume_token,
            resumed: attached.resumed && epoch == attached.epoch,
            epoch,
            last_seq,
            limits: &self.host.limits_told,
            server: self.host.engine,
            version: env!("CARGO_PKG_VERSION"),
            snapshot,
        };
        Some(greeting.encode())
    }

    fn encode(&mut self, event: &Sequenced) -> Vec<String> {
        if let Event::EpochBegan { epoch, last_seq, resume_token } = &event.event {
            return self.greeting(Some((*epoch, *last_seq, resume_token))).into_iter().collect();
        }
        match self.format {
            Format::Json => native::encode(event.seq.unwrap_or_default(), &event.event).into_iter().collect(),
            Format::Text => self.text.encode(&event.event),
        }
    }

    /// Tells a client of its own mistake, as a frame of its session.
    fn say_why(&self, ending: Ending, session: &Session) {
        if self.format == Format::Json && [close::PROTOCOL, close::BAD_UTF8, close::TOO_BIG].contains(&ending)
        {
            session.refuse(error_of(ending));
        }
    }

    /// The socket's last words before the close frame.
    fn farewell(&self, ending: Ending) -> Option<String> {
        match self.format {
            // Terminals don't show close codes.
            Format::Text => Some(text::error_line(ending.name, ending.message)),
            Format::Json if [close::GOING_AWAY, close::RESTARTING].contains(&ending) => {
                // Spread over a second, so that a restarted server isn't met by all at once.
                let retry_after = Duration::from_millis(fastrand::u64(500..1500));
                Some(native::closing(ending.name, retry_after))
            }
            Format::Json => None,
        }
    }
}
